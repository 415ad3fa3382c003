"""Bursar: money out to the people a business owes, on time, once, and with proof."""
