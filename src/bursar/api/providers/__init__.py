"""The providers' API: people who act for a holder ask for that holder's money, and see what becomes of it."""
