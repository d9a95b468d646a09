"""Column types that both databases share: times in UTC, and text that need not be UTF-8.

Owns how SQLAlchemy converts such values. The rules themselves are in `text/`, so that a bulk load, which
bypasses SQLAlchemy's work per row, stores the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text, TypeDecorator

from mcfs.text.raw_text import as_text, stored_text
from mcfs.text.timestamps import from_microseconds, to_microseconds


class UtcTime(TypeDecorator[datetime]):
    """A `datetime` with a time zone, stored as microseconds since 1970, always read back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else from_microseconds(value)


class RawText(TypeDecorator[str]):
    """A `str` that may hold surrogate escapes, kept as `stored_text`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | bytes | None:  # noqa: ARG002
        return None if value is None else stored_text(value)

    def process_result_value(self, value: str | bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return as_text(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], str | None]:  # noqa: ARG002
        """The same in one call per value instead of three: a listing reads a hundred thousand."""
        return as_text
