"""How much of something one statement is given, and how."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from mcfs.text.raw_text import is_utf8

T = TypeVar("T")

# SQLite allows 32,766 variables.
_AT_ONCE = 1000


def chunks(items: Iterable[T], size: int = _AT_ONCE) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def column_in(
    column: InstrumentedAttribute[Any], some: Sequence[str] | Sequence[int]
) -> ColumnElement[bool]:
    """`column IN some` with one parameter: to write a thousand takes SQLAlchemy longer than to ask.

    Text that is not UTF-8 has no place in JSON, and is asked for as it always is.
    """
    array = json.dumps(some, ensure_ascii=False)
    if not is_utf8(array):
        return column.in_(some)
    return column.in_(select(func.json_each(array).table_valued("value").c.value))
