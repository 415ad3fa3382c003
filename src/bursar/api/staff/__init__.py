"""The staff's API: signing in, all payouts of all programs, deciding about them, and stopping money."""
