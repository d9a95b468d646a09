"""The shape of a query: its structure, with the names of parameters in place of its words and numbers.

    query      genre:techno bpm:>120 limit:5
    shape      QueryShape(AllOf((HasText(("genre",), ContainsTrigrams("p0")),
                                 HasNumber(("bpm",), AllTests((IsSet(), Compare(">", "p1")))))), (), "p2")
    parameters {"p0": '"techno"', "p1": 120.0, "p2": 5}

Owns the closed unions between a query and its SQL: `lowering.py` makes shapes, `expressions.py` and the
modules of statements read them. Queries of equal shape share one built statement, so a shape is the key
of a cache and is hashed for every query. They are named tuples because those are hashed in C; as plain
tuples of equal content are equal, each class has a `tag` that tells it from the others.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

# The name of a parameter of the statement, and what it can be bound to.
Parameter = str
ParameterValue = str | bytes | float | datetime
Comparison = Literal["=", "<", "<=", ">", ">="]


# --- tests of a folded text


class ContainsTrigrams(NamedTuple):
    """The text contains this phrase, by the trigram index; the parameter is in FTS5's quotes."""

    phrase: Parameter
    tag: Literal["contains trigrams"] = "contains trigrams"


class ContainsScan(NamedTuple):
    """The text contains this one, by comparing all: too short for trigrams, or not UTF-8."""

    text: Parameter
    tag: Literal["contains scan"] = "contains scan"


class EqualsText(NamedTuple):
    """The text is this one, whole."""

    text: Parameter
    tag: Literal["equals text"] = "equals text"


class BeginsWith(NamedTuple):
    """The text begins with this one: it lies between two others, by the index of texts.

    Text that is not UTF-8 is stored as bytes, which come after all text: a range of its own.
    """

    first: Parameter
    after: Parameter
    first_bytes: Parameter
    after_bytes: Parameter
    tag: Literal["begins with"] = "begins with"


class ContainsPlaced(NamedTuple):
    """The text contains this one at its beginning, at its end or as whole words, by looking at each text.

    `candidate` says which texts contain it at all.
    """

    candidate: ContainsTrigrams | ContainsScan
    text: Parameter
    at_start: bool
    at_end: bool
    words: bool
    tag: Literal["contains placed"] = "contains placed"


class FitsPattern(NamedTuple):
    """A regular expression finds something in the text; `exact`: in the text as it is, not folded."""

    pattern: Parameter
    exact: bool
    tag: Literal["fits pattern"] = "fits pattern"


class FolderInside(NamedTuple):
    """The text is the path of a folder, which is this one or inside it."""

    candidate: BeginsWith
    folder: Parameter
    tag: Literal["folder inside"] = "folder inside"


class NotEmpty(NamedTuple):
    """There is any text."""

    tag: Literal["not empty"] = "not empty"


TextTest = (
    ContainsTrigrams
    | ContainsScan
    | EqualsText
    | BeginsWith
    | ContainsPlaced
    | FitsPattern
    | FolderInside
    | NotEmpty
)


# --- tests of a number, or of a column


class Compare(NamedTuple):
    """The number compares to this one."""

    comparison: Comparison
    operand: Parameter
    tag: Literal["compare"] = "compare"


class IsSet(NamedTuple):
    """There is a number: not NULL."""

    tag: Literal["is set"] = "is set"


class AllTests(NamedTuple):
    """The number passes all of these."""

    tests: tuple[NumberTest, ...]
    tag: Literal["all tests"] = "all tests"


class AnyTest(NamedTuple):
    """The number passes one of these."""

    tests: tuple[NumberTest, ...]
    tag: Literal["any test"] = "any test"


NumberTest = Compare | IsSet | AllTests | AnyTest


# --- conditions on a track


class HasText(NamedTuple):
    """A value of one of these stored fields has a text that passes the test."""

    fields: tuple[str, ...]
    test: TextTest
    tag: Literal["has text"] = "has text"


class HasNumber(NamedTuple):
    """A value of one of these stored fields has a number that passes the test."""

    fields: tuple[str, ...]
    test: NumberTest
    tag: Literal["has number"] = "has number"


class HasDate(NamedTuple):
    """A value of one of these stored fields is days or a moment between two days; None is no bound."""

    fields: tuple[str, ...]
    # The days as values of days are compared …
    first: Parameter | None
    end: Parameter | None
    # … and the moments at which they begin here.
    begins: Parameter | None
    ends: Parameter | None
    tag: Literal["has date"] = "has date"


class ColumnTest(NamedTuple):
    """A column of the track passes the test."""

    column: str
    test: NumberTest
    tag: Literal["column test"] = "column test"


class FlagIs(NamedTuple):
    """A column of the track that is true or false."""

    column: str
    yes: bool
    tag: Literal["flag is"] = "flag is"


class KeyIn(NamedTuple):
    """The track's annex key is in a JSON array."""

    annex_keys: Parameter
    tag: Literal["key in"] = "key in"


class TrackIn(NamedTuple):
    """The track's id is in a JSON array."""

    ids: Parameter
    tag: Literal["track in"] = "track in"


class ValueIn(NamedTuple):
    """The id of one of the track's values is in a JSON array."""

    ids: Parameter
    tag: Literal["value in"] = "value in"


class InCut(NamedTuple):
    """The track is among the first of a query with a limit."""

    query: QueryShape
    tag: Literal["in cut"] = "in cut"


class NotThat(NamedTuple):
    """The condition does not hold."""

    condition: Condition
    tag: Literal["not"] = "not"


class AllOf(NamedTuple):
    """All of these hold."""

    conditions: tuple[Condition, ...]
    tag: Literal["all of"] = "all of"


class AnyOf(NamedTuple):
    """One of these holds."""

    conditions: tuple[Condition, ...]
    tag: Literal["any of"] = "any of"


class Subquery(NamedTuple):
    """The same condition, as a statement of its own: for what is too deep or too long for SQLite's parser."""

    condition: Condition
    tag: Literal["subquery"] = "subquery"


Condition = (
    HasText
    | HasNumber
    | HasDate
    | ColumnTest
    | FlagIs
    | KeyIn
    | TrackIn
    | ValueIn
    | InCut
    | NotThat
    | AllOf
    | AnyOf
    | Subquery
)


# --- order and the whole query


class ByField(NamedTuple):
    """Sorted by a field of the language."""

    field: str
    descending: bool
    as_dates: bool = False
    tag: Literal["by field"] = "by field"


class ByShuffle(NamedTuple):
    """Sorted by a hash of a seed and the annex key."""

    seed: Parameter
    tag: Literal["by shuffle"] = "by shuffle"


class AsListed(NamedTuple):
    """In the order of a JSON array of ids of tracks, which has all of them."""

    ids: Parameter
    tag: Literal["as listed"] = "as listed"


SortKey = ByField | ByShuffle | AsListed


class QueryShape(NamedTuple):
    """Filter, order, limit."""

    where: Condition
    order: tuple[SortKey, ...]
    limit: Parameter | None
