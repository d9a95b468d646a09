"""Column types that both databases share: times in UTC, and text that may not be UTF-8.

Owns how such values are spelled inside SQLite, so that a bulk load which bypasses SQLAlchemy's
per-row work spells them the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, overload

from sqlalchemy import BigInteger, Dialect, Text, TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def utc_now() -> datetime:
    """Now, with its zone said: a naive time is refused by every column here."""
    return datetime.now(UTC)


def today() -> date:
    """The local day it is: what a query says relative to now holds for all of it."""
    return utc_now().astimezone().date()


def stored_time(moment: datetime) -> int:
    """Microseconds since 1970, which sort and subtract as they are and lose no precision."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment!r}")
    return (moment - _EPOCH) // _MICROSECOND


def stored_text(text: str) -> str | bytes:
    """Metadata and file names need not be UTF-8: such text (surrogateescape) is kept as its bytes."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


class UtcTime(TypeDecorator[datetime]):
    """An aware `datetime`, kept as `stored_time` and always read back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else stored_time(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + value * _MICROSECOND


class RawText(TypeDecorator[str]):
    """A `str` that may hold surrogate escapes, kept as `stored_text`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | bytes | None:  # noqa: ARG002
        return None if value is None else stored_text(value)

    def process_result_value(self, value: str | bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return as_text(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], str | None]:  # noqa: ARG002
        """The same with one call for each of a hundred thousand values, in the place of three."""
        return as_text


@overload
def as_text(kept: str | bytes) -> str: ...
@overload
def as_text(kept: None) -> None: ...
@overload
def as_text(kept: str | bytes | None) -> str | None: ...
def as_text(kept: str | bytes | None) -> str | None:
    """What `stored_text` made of it, as text again."""
    return kept.decode("utf-8", "surrogateescape") if isinstance(kept, bytes) else kept
