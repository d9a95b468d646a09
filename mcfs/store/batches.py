"""How many values are given to one SQL statement, and how they are given."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, func, select

from mcfs.text.raw_text import is_utf8

T = TypeVar("T")

# SQLite allows 32,766 variables.
_AT_ONCE = 1000


def chunks(items: Iterable[T], size: int = _AT_ONCE) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def column_in(column: Column[Any], some: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """`column IN some` with one JSON parameter: SQLAlchemy would need longer to write a thousand parameters
    than SQLite to run the query.

    JSON cannot hold text that is not UTF-8; such text gets parameters of its own.
    """
    array = json.dumps(some, ensure_ascii=False)
    if not is_utf8(array):
        return column.in_(some)
    return column.in_(select(func.json_each(array).table_valued("value").c.value))
