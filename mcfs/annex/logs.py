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

from mcfs.text.timestamps import from_microseconds

_STATUSES = (b"1", b"0", b"X")
_Signed = tuple[str, bytes, bool]  # the field as written, the value, whether it is set


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
    lines = []
    for line in log.split(b"\n"):
        stamp, _, rest = line.partition(b" ")
        time = _nanoseconds(stamp)
        if time is not None and rest:
            lines.append((time, rest.split(b" ")))
    if not lines:
        return _NOTHING
    if len(lines) > 1:
        lines = _in_order(lines)
    # Folded field → its values (a dict keeps their order). A value before any field is ignored.
    state: dict[str, dict[str, None]] = {}
    spelling = {}
    # A million values pass through this loop.
    read = _WORDS.__getitem__
    for _, words in lines:
        texts: dict[str, None] = {}
        for sign, text, folded in map(read, words):
            if sign == b"+":
                texts[text] = None
            elif sign == b"-":
                texts.pop(text, None)
            else:
                spelling[folded] = text
                texts = state.setdefault(folded, {})
    values = {
        spelling[folded]: tuple(texts) if len(texts) == 1 else tuple(sorted(texts))
        for folded, texts in state.items()
        if texts
    }
    return Metadata(values, _moment(lines[-1][0]))


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
    value = _value(word[1:]) if sign in (b"+", b"-") else None
    if value is not None:
        return sign, value.decode("utf-8", "surrogateescape"), ""
    name = word.decode("utf-8", "surrogateescape")
    return b"", name, name.casefold()


_MAX_CACHED_WORDS = 1 << 17
_WORDS = _Words()


def _in_order(lines: list[tuple[int, list[bytes]]]) -> list[tuple[int, list[bytes]]]:
    """Sorted by time; lines of the same time by their fields and values, as git-annex compares them."""
    lines.sort(key=lambda line: line[0])
    if any(one[0] == other[0] for one, other in itertools.pairwise(lines)):
        lines.sort(key=lambda line: (line[0], _comparison_key(line[1])))
    return lines


def _comparison_key(words: list[bytes]) -> list[tuple[str, list[bytes]]]:
    values: defaultdict[str, set[bytes]] = defaultdict(set)
    for name, value, _ in _signed(words):
        values[name.casefold()].add(value)
    return sorted((name, sorted(texts)) for name, texts in values.items())


def _signed(words: list[bytes]) -> Iterator[_Signed]:
    name = ""
    for word in words:
        sign = word[:1]
        value = _value(word[1:]) if sign in (b"+", b"-") else None
        if value is None:
            name = word.decode("utf-8", "surrogateescape")
        else:
            yield name, value, sign == b"+"


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
    first: int | None = None
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
    newest: dict[bytes, tuple[int, bytes]] = {}
    for line in log.replace(b"\r", b"\n").split(b"\n"):
        stamp, _, rest = line.partition(b" ")
        status, _, place = rest.partition(b" ")
        time = _nanoseconds(stamp)
        # Of two lines with the same time the first counts.
        if time is not None and status in _STATUSES and newest.get(place, (time - 1,))[0] < time:
            newest[place] = time, status
    return bool(newest) and all(status == b"X" for _, status in newest.values())


def _nanoseconds(stamp: bytes) -> int | None:
    """`1700000000.123456789s` as an integer: a float would lose the last digits."""
    whole, dot, places = stamp.removesuffix(b"s").partition(b".")
    if not whole.isdigit():
        if whole[:1] not in (b"-", b"+") or not whole[1:].isdigit():
            return None
        after = _nanoseconds(stamp[1:])
        return after if after is None or whole[:1] == b"+" else -after
    if not dot:
        return int(whole) * 1_000_000_000
    if not places.isdigit():
        return None
    return int(whole + places[:9].ljust(9, b"0"))


def _moment(nanoseconds: int) -> datetime | None:
    try:
        return from_microseconds(nanoseconds // 1000)
    except OverflowError:
        return None
