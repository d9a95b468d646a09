"""The two logs that git-annex keeps about a key: its metadata, and where its content is.

Pure: bytes in, values out. Which value holds is git-annex's rule, not ours: the newest sign wins for
each (field, value), and the order of lines in a file means nothing.
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
_Signed = tuple[str, bytes, bool]  # field as spelled, value, whether it is set


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a metadata log says now. Fields are spelled as they were last written."""

    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changed_at: datetime | None = None


_NOTHING = Metadata()


def parse_metadata(log: bytes) -> Metadata:
    """The values that hold; lines that git-annex could not read either are skipped."""
    # bytes.split: only \n or \r ends a line and only a space a word; git-annex writes tabs as they are.
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
    # Field, folded → its values, in a dict for the order; a value before any field is nobody's.
    state: dict[str, dict[str, None]] = {}
    spelling = {}
    # A million values pass through here.
    read = _WORDS.__getitem__
    for _, words in lines:
        held: dict[str, None] = {}
        for sign, text, folded in map(read, words):
            if sign == b"+":
                held[text] = None
            elif sign == b"-":
                held.pop(text, None)
            else:
                spelling[folded] = text
                held = state.setdefault(folded, {})
    values = {
        spelling[folded]: tuple(held) if len(held) == 1 else tuple(sorted(held))
        for folded, held in state.items()
        if held
    }
    return Metadata(values, _moment(lines[-1][0]))


class _Words(dict[bytes, tuple[bytes, str, str]]):
    """Words as they were read before, for most of them are in many logs; so many, and then anew."""

    def __missing__(self, word: bytes) -> tuple[bytes, str, str]:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[word] = read = _word(word)
        return read


def _word(word: bytes) -> tuple[bytes, str, str]:
    """A value with its sign, or a field with none and as it is compared."""
    sign = word[:1]
    value = _value(word[1:]) if sign in (b"+", b"-") else None
    if value is not None:
        return sign, value.decode("utf-8", "surrogateescape"), ""
    name = word.decode("utf-8", "surrogateescape")
    return b"", name, name.casefold()


_REMEMBERED = 1 << 17
_WORDS = _Words()


def _in_order(lines: list[tuple[int, list[bytes]]]) -> list[tuple[int, list[bytes]]]:
    """By time; lines of one time as git-annex compares them, by their fields and values."""
    lines.sort(key=lambda line: line[0])
    if any(one[0] == other[0] for one, other in itertools.pairwise(lines)):
        lines.sort(key=lambda line: (line[0], _compared(line[1])))
    return lines


def _compared(words: list[bytes]) -> list[tuple[str, list[bytes]]]:
    compared: defaultdict[str, set[bytes]] = defaultdict(set)
    for name, value, _ in _signed(words):
        compared[name.casefold()].add(value)
    return sorted((name, sorted(held)) for name, held in compared.items())


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
    """A leading `!` says base64; what does not decode is no value, and so begins a field."""
    if word[:1] != b"!":
        return word
    encoded = word[1:]
    padding = encoded.find(b"=")
    if padding >= 0:
        if padding % 4 < 2:
            return None  # padded for nothing, which not every Python's strict mode refuses
        encoded = encoded[: padding - padding % 4 + 4]  # git-annex ignores what follows
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        return None


def first_added(log: bytes) -> datetime | None:
    """The earliest time a location log speaks of: when the key came into the library."""
    first: int | None = None
    for line in log.split(b"\n"):
        if line:
            time = _nanoseconds(line.partition(b" ")[0])
            if time is not None and (first is None or time < first):
                first = time
    return None if first is None else _moment(first)


def is_dead(log: bytes) -> bool:
    """Whether the newest word on every location is that the key is dead, as `git annex dead` says it."""
    if b" X " not in log:
        return False
    newest: dict[bytes, tuple[int, bytes]] = {}
    for line in log.replace(b"\r", b"\n").split(b"\n"):
        stamp, _, said = line.partition(b" ")
        status, _, place = said.partition(b" ")
        time = _nanoseconds(stamp)
        # Of two lines of one time the first counts.
        if time is not None and status in _STATUSES and newest.get(place, (time - 1,))[0] < time:
            newest[place] = time, status
    return bool(newest) and all(status == b"X" for _, status in newest.values())


def _nanoseconds(stamp: bytes) -> int | None:
    """`1700000000.123456789s` as an integer: a float would round the last digits away."""
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
