"""A statement ready to be executed.

Owns that a query is lowered, and that a statement is built of nothing but its shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVarTuple

from sqlalchemy import Select

from mcfs.sql.bound_query import BoundQuery
from mcfs.sql.lowering import lower
from mcfs.sql.shape import Parameter, ParameterValue

# So many statements of each kind are remembered: each is fifty kilobytes of SQLAlchemy's objects, and a
# hundred shapes are more than anybody looks at in turns.
MAX_SHAPES = 100

# The types of the columns.
Columns = TypeVarTuple("Columns")


class Compiled(NamedTuple, Generic[*Columns]):
    """A statement that many queries share, and the parameters that make it this query."""

    statement: Select[*Columns]
    parameters: dict[Parameter, ParameterValue]


# Whatever its columns are.
AnyCompiled = Compiled[*tuple[Any, ...]]


def compile_query(
    build: Callable[..., Select[*Columns]],
    bound: BoundQuery,
    *about: Any,
    **parameters: ParameterValue,
) -> Compiled[*Columns]:
    """What `build` makes of the shape of a query, and of what else the statement is about."""
    shape, words = lower(bound)
    words.update(parameters)
    return Compiled(build(shape, *about), words)
