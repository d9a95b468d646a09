"""Tracks as text that other programs read: playlists, tables, JSON. Pure, and knows no database.

Text that is not UTF-8 passes through (surrogateescape), to be written as the bytes it was. Only JSON and the
titles in a playlist cannot carry such bytes.
"""
