"""A statement ready to be executed.

Owns that a query is lowered, and a statement built of nothing but its shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from mcfs.query import Query
from mcfs.sql.lowering import lowered
from mcfs.sql.expressions import Statement

# So many statements of each kind are remembered: each is fifty kilobytes of SQLAlchemy's objects, and a
# hundred shapes are more than anybody looks at in turns.
MOST_SHAPES = 100


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement that many queries share, and what makes it this query."""

    statement: Statement
    parameters: dict[str, Any]


def compiled(
    build: Callable[..., Statement], query: Query, today: date, *about: Any, **parameters: Any
) -> Compiled:
    """What `build` makes of the shape of a query, and of what else the statement is about."""
    shape, words = lowered(query, today)
    return Compiled(build(shape, *about), words | parameters)
