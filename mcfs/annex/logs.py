"""Parses the two logs that git-annex has for a key: its metadata, and the locations of its content.

Pure: bytes in, values out. git-annex's rules decide which values are set: for each (field, value) the newest
sign wins, and the order of lines in a file means nothing.
"""

from __future__ import annotations

import binascii
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mcfs.text.timestamps import read_moment

# Hardly any log needs it.
if TYPE_CHECKING:
    from decimal import Decimal

_STATUSES = (b"1", b"0", b"X")
_SIGNS = (b"+", b"-")
# Python reads no longer number as an int. git-annex does.
_MAX_DIGITS = 4000
# The nanoseconds of its time since 1970, and the words that follow.
_Line = tuple["int | Decimal", list[bytes]]


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of a key now. Fields are spelled as they were last written."""

    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changed_at: datetime | None = None


_NOTHING = Metadata()


def parse_metadata(log: bytes) -> Metadata:
    """The values that are set; lines that git-annex could not parse either are skipped."""
    # On bytes: only \n or \r ends a line and only a space ends a word; git-annex writes tabs unescaped.
    if b"\r" in log:
        log = log.replace(b"\r", b"\n")
    lines: list[_Line] = []
    is_utf8 = log.isascii() or _is_utf8(log)
    for line in log.split(b"\n"):
        stamp, space, rest = line.partition(b" ")
        time = _nanoseconds(stamp)
        if time is not None and space:
            words = rest.split(b" ")
            lines.append((time, words if is_utf8 else _readable(words)))
    if not lines:
        return _NOTHING
    if len(lines) > 1:
        lines = _in_order(lines)
    # Folded field → its values (a dict keeps their order).
    state: dict[str, dict[str, None]] = {}
    spelling: dict[str, str] = {}
    respelled = False
    # A million values pass through this loop.
    read = _WORDS.__getitem__
    for _, words in lines:
        texts: dict[str, None] = {}
        others = words
        if words and words[0].startswith(_SIGNS):
            # The first word is the name of a field, even if it looks like a value.
            name = words[0].decode()
            texts = state.setdefault(name.casefold(), {})
            respelled = respelled or spelling.setdefault(name.casefold(), name) != name
            others = words[1:]
        for sign, text, folded in map(read, others):
            if sign == b"+":
                texts[text] = None
            elif sign == b"-":
                texts.pop(text, None)
            else:
                texts = state.setdefault(folded, {})
                if spelling.setdefault(folded, text) != text:
                    respelled = True
    if respelled:
        spelling = _newest_spellings(lines)
    values = {
        spelling[folded]: tuple(texts) if len(texts) == 1 else tuple(sorted(texts))
        for folded, texts in state.items()
        if texts
    }
    return Metadata(values, _moment(lines[-1][0]))


def _newest_spellings(lines: list[_Line]) -> dict[str, str]:
    """Folded field → its name as it was last written with a value."""
    spelling: dict[str, str] = {}
    for _, words in lines:
        name = ""
        for word, value in _values_and_names(words):
            if value is None:
                name = word.decode()
            else:
                spelling[name.casefold()] = name
    return spelling


class _Words(dict[bytes, tuple[bytes, str, str]]):
    """Word → what it means. Most words are in many logs; the cache is emptied when it is full."""

    def __missing__(self, word: bytes) -> tuple[bytes, str, str]:
        if len(self) >= _MAX_CACHED_WORDS:
            self.clear()
        self[word] = read = _word(word)
        return read


def _word(word: bytes) -> tuple[bytes, str, str]:
    """(sign, value, "") for a value; (b"", field, folded field) for a field."""
    sign = word[:1]
    value = _value(word[1:]) if sign in _SIGNS else None
    return _field(word) if value is None else (sign, value.decode("utf-8", "surrogateescape"), "")


def _field(word: bytes) -> tuple[bytes, str, str]:
    name = word.decode()
    return b"", name, name.casefold()


def _readable(words: list[bytes]) -> list[bytes]:
    """The words before a field whose name is not UTF-8: git-annex does not read on there."""
    named = enumerate(_values_and_names(words))
    end = (at for at, (word, value) in named if value is None and not _is_utf8(word))
    return words[: next(end, None)]


_MAX_CACHED_WORDS = 1 << 17
_WORDS = _Words()


def _in_order(lines: list[_Line]) -> list[_Line]:
    """Sorted by time; lines of the same time by their fields and values, as git-annex compares them."""
    lines.sort(key=lambda line: line[0])
    if any(one[0] == other[0] for one, other in itertools.pairwise(lines)):
        lines.sort(key=lambda line: (line[0], _comparison_key(line[1])))
    return lines


def _comparison_key(words: list[bytes]) -> list[tuple[str, list[bytes]]]:
    values: defaultdict[str, set[bytes]] = defaultdict(set)
    name = ""
    for word, value in _values_and_names(words):
        if value is None:
            name = word.decode().casefold()
        else:
            values[name].add(value)
    return sorted((name, sorted(texts)) for name, texts in values.items())


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _values_and_names(words: list[bytes]) -> Iterator[tuple[bytes, bytes | None]]:
    """Each word of a line with the value that it is; None where it is the name of a field."""
    for place, word in enumerate(words):
        yield word, _value(word[1:]) if place and word[:1] in _SIGNS else None


def _value(word: bytes) -> bytes | None:
    """The value of a word: a leading `!` means base64. None for bad base64: git-annex takes it as a field."""
    if word[:1] != b"!":
        return word
    encoded = word[1:]
    padding = encoded.find(b"=")
    if padding >= 0:
        if padding % 4 < 2:
            return None  # needless padding, which not every Python's strict mode refuses
        encoded = encoded[: padding - padding % 4 + 4]  # git-annex ignores what follows
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        return None


def first_added(log: bytes) -> datetime | None:
    """The earliest time in a location log: when the key was added to the library."""
    first: int | Decimal | None = None
    for line in log.split(b"\n"):
        if line:
            time = _nanoseconds(line.partition(b" ")[0])
            if time is not None and (first is None or time < first):
                first = time
    return None if first is None else _moment(first)


def is_dead(log: bytes) -> bool:
    """Whether the newest status of every location is "dead", as `git annex dead` sets it."""
    if b" X " not in log:
        return False
    newest: dict[bytes, tuple[int | Decimal, bytes]] = {}
    for line in log.replace(b"\r", b"\n").split(b"\n"):
        stamp, _, rest = line.partition(b" ")
        status, _, place = rest.partition(b" ")
        time = _nanoseconds(stamp)
        # Of two lines with the same time the first counts.
        if (
            time is not None
            and status in _STATUSES
            and (place not in newest or newest[place][0] < time)
        ):
            newest[place] = time, status
    return bool(newest) and all(status == b"X" for _, status in newest.values())


def _nanoseconds(stamp: bytes) -> int | Decimal | None:
    """`1700000000.123456789s` as a whole number of nanoseconds: a float would lose the last digits."""
    whole, dot, places = stamp.removesuffix(b"s").partition(b".")
    if not whole.isdigit():
        if whole[:1] not in _SIGNS or not whole[1:].isdigit():
            return None
        after = _nanoseconds(stamp[1:])
        if after is None or whole[:1] == b"+":
            return after
        # Not `-after`: that rounds a Decimal.
        return -after if isinstance(after, int) else after.copy_negate()
    if not dot:
        places = b""
    elif not places.isdigit():
        return None
    digits = whole + places[:9].ljust(9, b"0")
    if len(digits) <= _MAX_DIGITS:
        return int(digits)
    from decimal import Decimal

    # Of any length, in linear time, and comparable with an int.
    return Decimal(digits.decode())


def _moment(nanoseconds: int | Decimal) -> datetime | None:
    return read_moment(nanoseconds // 1000) if isinstance(nanoseconds, int) else None
