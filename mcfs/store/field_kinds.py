"""Which fields of the cache have dates as values.

Owns the rule. It looks at the distinct values that are there and at nothing else, so that a sync by
difference finds the same as a full one.
"""

from __future__ import annotations

from sqlalchemy import Connection, and_, case, func, select, update

from mcfs.schema.cache import Field, Value

# "Nearly all": at most one value in ten is no date.
_OF_TEN = 9


def find_kinds(connection: Connection) -> None:
    """Find out for every field whether its values are dates.

    They are when nearly all of them can be read as dates, and one at least says more than a year: years
    alone are numbers like any others.
    """
    connection.execute(_UPDATE)


_is_read = Value.c.begins.is_not(None)
# A year alone is a number too.
_says_more_than_a_year = and_(_is_read, Value.c.number.is_(None))
_HAVE_DATES = select(Value.c.field_id).where(_is_read).distinct()
_ARE_DATES = (
    select(Value.c.field_id)
    .where(Value.c.field_id.in_(_HAVE_DATES), Value.c.folded != "")
    .group_by(Value.c.field_id)
    .having(
        func.count(Value.c.begins) * 10 >= func.count() * _OF_TEN,
        func.max(case((_says_more_than_a_year, 1), else_=0)) == 1,
    )
)
_UPDATE = (
    update(Field)
    .where(Field.c.is_date.is_distinct_from(Field.c.id.in_(_ARE_DATES)))
    .values(is_date=Field.c.id.in_(_ARE_DATES))
)
