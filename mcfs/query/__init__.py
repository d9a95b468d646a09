"""The query language: query text and what it means, without SQL.

    fields.py     which fields there are, of what kind, and where their values lie
    parser.py     text → AST, over query.lark; amounts.py, dates.py: how numbers and days are written
    terms.py      the AST, frozen and hashable, and how queries combine
    canonical.py  AST → text: `parse(canonical_text(query)) == query`
    tempo.py      which tempos a tempo means

Pure. What a query means is `sql/`'s alone to say.
"""

from mcfs.fields.table import (
    BUILT_IN,
    DIRECTORY,
    LOCATION,
    TYPE,
    Kind,
    Vocabulary,
    kind_of,
    sources,
)
from mcfs.query.canonical import canonical_text, format_term
from mcfs.query.parser import parse, starts_like_query
from mcfs.query.terms import (
    ALL,
    And,
    AnnexKeys,
    Between,
    Contains,
    Cut,
    DateBetween,
    Equals,
    Flag,
    InKey,
    Leaf,
    Missing,
    Not,
    Or,
    Order,
    Query,
    Shuffle,
    Sort,
    Tempo,
    Term,
    ValueIs,
    all_of,
    any_of,
    hiding_absent,
    leaves,
)

__all__ = [
    "ALL",
    "BUILT_IN",
    "DIRECTORY",
    "LOCATION",
    "TYPE",
    "And",
    "AnnexKeys",
    "Between",
    "Contains",
    "Cut",
    "DateBetween",
    "Equals",
    "Flag",
    "InKey",
    "Kind",
    "Leaf",
    "Missing",
    "Not",
    "Or",
    "Order",
    "Query",
    "Shuffle",
    "Sort",
    "Tempo",
    "Term",
    "ValueIs",
    "Vocabulary",
    "all_of",
    "any_of",
    "canonical_text",
    "format_term",
    "hiding_absent",
    "kind_of",
    "leaves",
    "parse",
    "sources",
    "starts_like_query",
]
