"""Marketplaces: scouts, sellers and their orders, in the words of the marketplace document."""
