"""The functions that the statements of `sql/` call, in Python: SQLite has none for what they do.

Owns their names, and how text that is not UTF-8 comes: as bytes.
"""

from __future__ import annotations

import hashlib
import sqlite3

from mcfs.text.folders import is_in_folder
from mcfs.text.raw_text import as_text
from mcfs.text.regular_expressions import has_match
from mcfs.text.whole_words import contains_at

Stored = str | bytes


def add_functions(connection: sqlite3.Connection) -> None:
    """Make all functions known to a connection."""
    for name, arguments, function in (
        ("mcfs_shuffle", 2, _shuffle_key),
        ("mcfs_contains_at", 5, _contains_at),
        ("mcfs_has_match", 2, _has_match),
        ("mcfs_is_in_folder", 2, _is_in_folder),
    ):
        connection.create_function(name, arguments, function, deterministic=True)


def _shuffle_key(seed: Stored, annex_key: Stored) -> bytes:
    """The sort key of a track in a shuffled order; it does not depend on the other tracks."""
    seed, key = (text if isinstance(text, bytes) else text.encode() for text in (seed, annex_key))
    return hashlib.blake2b(seed + b"\0" + key, digest_size=8).digest()


def _contains_at(text: Stored, part: Stored, at_start: int, at_end: int, words: int) -> bool:
    return contains_at(
        as_text(text),
        as_text(part),
        at_start=bool(at_start),
        at_end=bool(at_end),
        words=bool(words),
    )


def _has_match(pattern: str, text: Stored) -> bool:
    # A byte that is not UTF-8 counts as one character.
    return has_match(pattern, text.decode("utf-8", "replace") if isinstance(text, bytes) else text)


def _is_in_folder(folder: Stored, folded: Stored) -> bool:
    return is_in_folder(as_text(folder), as_text(folded))
