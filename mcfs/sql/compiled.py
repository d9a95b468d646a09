"""A statement ready to be executed.

Owns the one way from a query to its statement: lower it, and build the statement from its shape alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVarTuple

from sqlalchemy import Select

from mcfs.sql.bound_query import BoundQuery
from mcfs.sql.lowering import lower
from mcfs.sql.shape import Parameter, ParameterValue

# How many statements of each kind are cached: each is fifty kilobytes of SQLAlchemy's objects, and a
# program hardly uses a hundred shapes in turn.
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
    *details: Any,
    **parameters: ParameterValue,
) -> Compiled[*Columns]:
    """What `build` makes of the shape of a query and these details, with the parameters of both."""
    shape, words = lower(bound)
    words.update(parameters)
    return Compiled(build(shape, *details), words)
