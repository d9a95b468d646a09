"""The tables of both databases."""
