"""Statements: the same for every audience, each by its own door."""
