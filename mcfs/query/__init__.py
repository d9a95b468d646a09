"""The query language: query text and its meaning, without SQL.

    lexer.py           text → tokens, and which field a term asks for
    parser.py          tokens → AST, over query.lark
    written_term.py    one term in pieces, as it was written
    field_terms.py     what a term of a field means, by the kind of the field
    text_terms.py      what a term of text means: contains, begins, ends, words, patterns, folders
    ranges.py          ranges of numbers and of days
    unknown_fields.py  the error for a field that does not exist
    foreign_operators.py   what is an operator in other search languages only
    missing_colon.py   the error for a comparison without a colon
    snapshot_terms.py  what a term that names a snapshot means
    terms.py           the AST, frozen and hashable, and how queries combine
    canonical.py       AST → text: `parse(canonical_text(query)) == query`

Pure. Only `sql/` decides which tracks a query finds.
"""

from mcfs.query.canonical import canonical_text, format_term
from mcfs.query.foreign_operators import foreign_operators
from mcfs.query.lexer import field_prefix, unscoped_words
from mcfs.query.parser import begins_with_sign, parse, starts_like_query
from mcfs.query.terms import (
    ALL,
    And,
    AnnexKeys,
    AsTaken,
    Between,
    Contains,
    ContainsAt,
    Cut,
    DateBetween,
    Equals,
    Flag,
    InFolder,
    InKey,
    InSnapshot,
    Leaf,
    Missing,
    Not,
    Or,
    Order,
    OrderKey,
    Query,
    RegularExpression,
    Shuffle,
    Sort,
    Tempo,
    Term,
    ValueIs,
    all_of,
    any_of,
    hiding_absent,
    is_relative_to_today,
    leaves,
    ordering_snapshot,
)
from mcfs.query.unknown_fields import similar_fields, unknown_field

__all__ = [
    "ALL",
    "And",
    "AnnexKeys",
    "AsTaken",
    "Between",
    "Contains",
    "ContainsAt",
    "Cut",
    "DateBetween",
    "Equals",
    "Flag",
    "InFolder",
    "InKey",
    "InSnapshot",
    "Leaf",
    "Missing",
    "Not",
    "Or",
    "Order",
    "OrderKey",
    "Query",
    "RegularExpression",
    "Shuffle",
    "Sort",
    "Tempo",
    "Term",
    "ValueIs",
    "all_of",
    "any_of",
    "begins_with_sign",
    "canonical_text",
    "field_prefix",
    "foreign_operators",
    "format_term",
    "hiding_absent",
    "is_relative_to_today",
    "leaves",
    "ordering_snapshot",
    "parse",
    "similar_fields",
    "starts_like_query",
    "unknown_field",
    "unscoped_words",
]
