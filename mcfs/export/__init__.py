"""Tracks as text that other programs read."""
