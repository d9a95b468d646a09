"""Text that need not be UTF-8: file names, annex keys and metadata may hold any bytes.

Inside a `str` such bytes are surrogate escapes (PEP 383). Owns the test for them, and how such text is
stored: SQLite and JSON have no surrogates.
"""

from __future__ import annotations

import re
from typing import overload

_SURROGATES = re.compile(r"[\ud800-\udfff]")


def is_utf8(text: str) -> bool:
    """Whether the text can be written as UTF-8."""
    return first_not_utf8(text) is None


def first_not_utf8(text: str) -> int | None:
    """The position of the first character that cannot be written as UTF-8; None when all can."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def replace_not_utf8(text: str) -> str:
    """Show every character that is not UTF-8 as U+FFFD, for formats that allow only UTF-8."""
    return text if is_utf8(text) else _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def stored_text(text: str) -> str | bytes:
    """What a database keeps: the text itself, or its bytes when it is not UTF-8."""
    # Tested here too: a full sync stores a million texts, nearly all of them ASCII.
    if text.isascii() or is_utf8(text):
        return text
    return text.encode("utf-8", "surrogateescape")


@overload
def as_text(stored: str | bytes) -> str: ...
@overload
def as_text(stored: None) -> None: ...
@overload
def as_text(stored: str | bytes | None) -> str | None: ...
def as_text(stored: str | bytes | None) -> str | None:
    """The text that `stored_text` was given."""
    return stored.decode("utf-8", "surrogateescape") if isinstance(stored, bytes) else stored
