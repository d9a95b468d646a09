"""Makes a legal name of a folder or a file from any text.

Owns what replaces `/`, control characters, a leading dot and empty text, and how long a name may be.
`unique_names.py` changes names that collide with others in their folder.
"""

from __future__ import annotations

import re

MAX_BYTES = 255  # of UTF-8, which is what Linux allows for one name
_LONGEST_EXTENSION = 20  # characters
UNKNOWN = "Unknown"

_STAND_INS = re.compile("[\u2400-\u241f\N{SYMBOL FOR DELETE}\N{DIVISION SLASH}]")
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/]")


def escape(value: str) -> str:
    """One folder name from one value: "AC/DC" → "AC∕DC", "" → "Unknown", ".hidden" → "․hidden"."""
    return cut_to_bytes(_without_dot(escape_value(value)), MAX_BYTES)


def _without_dot(name: str) -> str:
    """File managers hide names that begin with a dot."""
    return "\N{ONE DOT LEADER}" + name[1:] if name.startswith(".") else name


def escape_value(value: str) -> str:
    """A value as a part of a name: "AC/DC" → "AC∕DC", "" → "Unknown".

    The whole name may still begin with a dot or be too long.
    """
    return _NOT_IN_NAMES.sub(_stand_in, value) if value.strip() else UNKNOWN


def unescape(name: str) -> str:
    """The value that a folder name stands for: "AC∕DC" → "AC/DC". `escape` makes the same name of it again.

    A value that holds one of the stand-ins itself cannot be told from one that holds what they stand for.
    """
    if name.startswith("\N{ONE DOT LEADER}"):
        name = "." + name[1:]
    return _STAND_INS.sub(_stood_for, name)


def _stood_for(match: re.Match[str]) -> str:
    char = match.group()
    if char == "\N{DIVISION SLASH}":
        return "/"
    return "\x7f" if char == "\N{SYMBOL FOR DELETE}" else chr(ord(char) - 0x2400)


def _stand_in(match: re.Match[str]) -> str:
    char = match.group()
    if char == "/":
        return "\N{DIVISION SLASH}"  # as in git-annex's own views
    return "\N{SYMBOL FOR DELETE}" if char == "\x7f" else chr(0x2400 + ord(char))


def cut_to_bytes(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8, never half a character.

    Undecodable bytes of two values can form a character where they meet; it then counts as one.
    """
    if text.isascii():
        return text[:size]
    raw = text.encode("utf-8", "surrogateescape")
    end = size if len(raw) > size else len(raw)
    while 0 < end < len(raw) and raw[end] & 0xC0 == 0x80 and size - end < 4:
        end -= 1
    return raw[:end].decode("utf-8", "surrogateescape")


def file_name(shown: str) -> str:
    """A legal file name from the output of a template. A long one keeps its extension."""
    return fit_file_name(_without_dot(escape_value(shown.strip())))


def fit_file_name(name: str) -> str:
    """A file name that is not too long; its stem is cut, not its extension."""
    return join_name(*split_extension(name))


def split_extension(name: str) -> tuple[str, str]:
    """Stem and extension, with the dot. Text after a dot that is as long as a sentence is no extension."""
    stem, _, extension = name.rpartition(".")
    return (stem, f".{extension}") if stem and len(extension) <= _LONGEST_EXTENSION else (name, "")


def join_name(stem: str, *tail: str) -> str:
    """A name that ends in `tail` (a hash, an extension), with as much of the stem as fits before it."""
    end = "".join(tail)
    return cut_to_bytes(stem, MAX_BYTES - len(end.encode("utf-8", "surrogateescape"))) + end
