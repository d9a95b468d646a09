"""The two logs that git-annex keeps about a key: its metadata, and where its content is.

Pure: bytes in, values out. Which value holds is git-annex's rule, not ours: the newest sign wins for
each (field, value), and the order of lines in a file means nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Signed = tuple[bytes, bytes, bool]  # field, value, whether it is set


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a metadata log says now. Fields are spelled as they were last written."""

    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changed_at: datetime | None = None


def parse_metadata(log: bytes) -> Metadata:
    """The values that hold; lines that git-annex could not read either are skipped."""
    lines = sorted(_metadata_lines(log), key=lambda line: line[:3])
    state: dict[str, dict[bytes, bool]] = defaultdict(dict)
    spelling: dict[str, str] = {}
    for _, _, _, signs in lines:
        for name, value, is_set in signs:
            shown = name.decode("utf-8", "surrogateescape")
            folded = shown.casefold()
            spelling[folded] = shown
            state[folded][value] = is_set
    values = {
        spelling[folded]: tuple(
            sorted(v.decode("utf-8", "surrogateescape") for v, is_set in signs.items() if is_set)
        )
        for folded, signs in state.items()
    }
    newest = max((line[0] for line in lines), default=None)
    return Metadata(
        {name: held for name, held in values.items() if held},
        None if newest is None else _moment(newest),
    )


def _metadata_lines(
    log: bytes,
) -> Iterator[tuple[int, list[tuple[str, list[bytes]]], int, list[_Signed]]]:
    """(time, what orders lines of one time, place in the file, what the line says)."""
    # bytes.split: only \n ends a line and only a space ends a word; git-annex writes tabs as they are.
    for place, line in enumerate(log.split(b"\n")):
        stamp, *words = line.split(b" ")
        time = _nanoseconds(stamp)
        if time is None or not words:
            continue
        signs = list(_signed(words))
        compared: dict[str, set[bytes]] = defaultdict(set)
        for name, value, _ in signs:
            compared[name.decode("utf-8", "surrogateescape").casefold()].add(value)
        order = sorted((name, sorted(held)) for name, held in compared.items())
        yield time, order, place, signs


def _signed(words: list[bytes]) -> Iterator[_Signed]:
    name = b""
    for word in words:
        value = _value(word[1:]) if word[:1] in (b"+", b"-") else None
        if value is None:
            name = word
        else:
            yield name, value, word[:1] == b"+"


def _value(word: bytes) -> bytes | None:
    """A leading `!` says base64; what does not decode is no value, and so begins a field."""
    if not word.startswith(b"!"):
        return word
    try:
        return base64.b64decode(word[1:], validate=True)
    except binascii.Error:
        return None


def first_added(log: bytes) -> datetime | None:
    """The earliest time a location log speaks of: when the key came into the library."""
    times = [
        time
        for line in log.split(b"\n")
        if line and (time := _nanoseconds(line.partition(b" ")[0])) is not None
    ]
    return _moment(min(times)) if times else None


def is_dead(log: bytes) -> bool:
    """Whether the newest word on every location is that the key is dead, as `git annex dead` says it."""
    newest: dict[bytes, tuple[int, bytes]] = {}
    for line in log.split(b"\n"):
        parts = line.split(b" ", 2)
        if len(parts) == 3 and (time := _nanoseconds(parts[0])) is not None:
            newest[parts[2]] = max((time, parts[1]), newest.get(parts[2], (time, parts[1])))
    return bool(newest) and all(status == b"X" for _, status in newest.values())


def _nanoseconds(stamp: bytes) -> int | None:
    """`1700000000.123456789s` as an integer: a float would round the last digits away."""
    try:
        seconds = Decimal(stamp.removesuffix(b"s").decode("ascii"))
        return int(seconds * 1_000_000_000)
    except (UnicodeDecodeError, InvalidOperation, ValueError, OverflowError):
        return None


def _moment(nanoseconds: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return None
