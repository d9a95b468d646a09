"""Fetching the content of tracks that is not here."""
