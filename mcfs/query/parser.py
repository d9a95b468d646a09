"""Query text → AST, or an error that says where it stops making sense and what to write instead.

Owns the reading of terms; the grammar beside it (`query.lark`) owns how terms are joined. What a
program that guesses would let pass is an error here: a folder that quietly means something else is
worse than none.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import resources
from typing import Any, assert_never

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedToken

from mcfs.errors import QueryError
from mcfs.fields import amounts
from mcfs.fields.amounts import Amount
from mcfs.fields.dates import canonical_date
from mcfs.fields.table import RAW, Kind, Vocabulary, kind_of
from mcfs.query.lexer import WordLexer
from mcfs.query.terms import (
    Between,
    Contains,
    DateBetween,
    Equals,
    Flag,
    InKey,
    Missing,
    Not,
    Query,
    Shuffle,
    Sort,
    Tempo,
    Term,
    all_of,
    any_of,
)
from mcfs.text.fold import fold
from mcfs.text.musical_keys import key_number

MAX_BYTES = 4096
MAX_TERMS = 100
MAX_DEPTH = 20
MAX_LIMIT = 10**9

_FIELD = re.compile(r"(~?)([^\W\d][\w.-]*)(:(?!//)|=)(\s*)(.*)", re.DOTALL)
_STARTS_AS_QUERY = re.compile(r'[-~("]')
_COMPARED = re.compile(r"(<=|>=|<|>|=)(.*)", re.DOTALL)
_DIRECTIVES = frozenset({"sort", "limit", "shuffle"})
_NO_FUZZ = ("`~` means something before bpm and key only", "write ~bpm:120 or ~key:8A")
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_ENDS_IN_OR = re.compile(r"(?:\||(?:^|[\s|()])OR)\s*\Z")
_DECADE = re.compile(r"(\d{3})0s", re.ASCII)


def parse(text: str, vocabulary: Vocabulary = Vocabulary()) -> Query:  # noqa: B008  (frozen)
    """The query that `text` writes down."""
    if len(text.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        raise QueryError(f"a query may have {MAX_BYTES} bytes", text, 0, "write a shorter one")
    reader = _Reader(text, vocabulary)
    try:
        tree = _grammar().parse(text)
    except UnexpectedToken as error:
        raise _misplaced(text, error.token) from error
    where = reader.term(tree.children[0], 0) if tree.children else None
    return Query(where or all_of(), tuple(reader.order), reader.limit)


def starts_like_query(text: str, vocabulary: Vocabulary = Vocabulary()) -> bool:  # noqa: B008  (frozen)
    """Whether a folder name may be a query: it begins with a field's term, or as only queries do.

    Otherwise every name a file manager probes for would be a folder.
    """
    if _STARTS_AS_QUERY.match(text):
        return True
    found = _FIELD.match(text)
    if found is None:
        return False
    return fold(found.group(2)) in _DIRECTIVES or vocabulary.canonical(found.group(2)) is not None


@functools.cache
def _grammar() -> Lark:
    grammar = resources.files(__package__).joinpath("query.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer=WordLexer, maybe_placeholders=False)


@dataclass(slots=True)
class _Written:
    """A term in pieces: what was written for the field, and for the value, and where."""

    text: str
    at: int
    fuzzy: bool
    name: str
    separator: str
    value: str
    value_at: int
    quoted: bool
    whole: bool

    def wrong(
        self, message: str, suggestion: str | None = None, at: int | None = None
    ) -> QueryError:
        return QueryError(message, self.text, self.value_at if at is None else at, suggestion)


@dataclass(slots=True)
class _Reader:
    """Goes over one tree; what stands for the whole query is collected on the way."""

    text: str
    vocabulary: Vocabulary
    order: list[Sort | Shuffle] = field(default_factory=list)
    limit: int | None = None
    count: int = 0

    def term(self, branch: Any, depth: int, *, top: bool = True) -> Term | None:
        """The term of one branch; None where there stood only directives."""
        if depth > MAX_DEPTH:
            at = _position(branch)
            raise QueryError(f"parentheses may be {MAX_DEPTH} deep", self.text, at, "use fewer")
        if isinstance(branch, Token):
            return self.leaf(branch, top=top, negated=False)
        assert isinstance(branch, Tree)
        match branch.data:
            case "both":
                parts = [self.term(inner, depth, top=top) for inner in branch.children]
                terms = [part for part in parts if part is not None]
                return all_of(*terms) if terms else None
            case "either":
                return any_of(*(self._alternative(inner, depth, top) for inner in branch.children))
            case "group":
                return self.term(branch.children[1], depth + 1, top=False)
            case "negation":
                return self._negation(branch, depth)
            case _:  # pragma: no cover  (the grammar has no other rules)
                raise AssertionError(branch.data)

    def _alternative(self, branch: Any, depth: int, top: bool) -> Term:
        term = self.term(branch, depth, top=top)
        if term is None:
            at = _position(branch)
            raise QueryError("one side of OR is empty", self.text, at, "write a term on both sides")
        return term

    def _negation(self, branch: Tree[Token], depth: int) -> Term:
        inner = branch.children[1]
        if isinstance(inner, Token):
            term = self.leaf(inner, top=False, negated=True)
        else:
            term = self.term(inner, depth, top=False)
        assert term is not None
        return Not(term)

    def leaf(self, token: Token, *, top: bool, negated: bool) -> Term | None:
        """One term; a directive is kept aside."""
        self.count += 1
        if self.count > MAX_TERMS:
            at = token.start_pos or 0
            raise QueryError(f"a query may have {MAX_TERMS} terms", self.text, at, "write fewer")
        written = _take_apart(self.text, token)
        if not written.name:
            return _bare(written)
        name = fold(written.name)
        if name in _DIRECTIVES:
            if written.fuzzy:
                raise written.wrong(*_NO_FUZZ, written.at)
            if not top:
                where = "after `-`" if negated else "in parentheses"
                raise written.wrong(
                    f"{name}: cannot stand {where}", "it is said once for all of it", written.at
                )
            self._directive(name, written)
            return None
        canonical = self.vocabulary.canonical(written.name)
        if canonical is None:
            raise written.wrong(*_unknown(written.name, self.vocabulary), written.at)
        if not written.value and not written.quoted:
            raise written.wrong(
                f"nothing is asked of {written.name}", f"write for example {_example(canonical)}"
            )
        return _field_term(canonical, written, negated=negated)

    def _directive(self, name: str, written: _Written) -> None:
        value = written.value
        match name:
            case "limit":
                if (
                    not value.isascii()
                    or not value.isdigit()
                    or not 0 < int(value[:12]) <= MAX_LIMIT
                ):
                    raise written.wrong(
                        f'"{value}" is no number of tracks', "write for example limit:50"
                    )
                if self.limit is not None:
                    raise written.wrong("limit: is said twice", "say it once", written.at)
                self.limit = int(value)
            case "shuffle":
                if not value:
                    raise written.wrong("shuffle: needs a seed", "write for example shuffle:friday")
                if any(isinstance(order, Shuffle) for order in self.order):
                    raise written.wrong("shuffle: is said twice", "say it once", written.at)
                self.order.append(Shuffle(value))
            case _:
                descending = value.startswith("-")
                asked = value.removeprefix("-")
                if not asked:
                    raise written.wrong(
                        "sort: by what?", "write for example sort:bpm or sort:-rating"
                    )
                canonical = self.vocabulary.canonical(asked)
                if canonical == "any":
                    raise written.wrong(
                        "any: is no field to sort by", "write for example sort:artist"
                    )
                if canonical is None:
                    raise written.wrong(*_unknown(asked, self.vocabulary))
                self.order.append(Sort(canonical, descending))


def _take_apart(text: str, token: Token) -> _Written:
    at = token.start_pos or 0
    found = _FIELD.fullmatch(token)
    if found is None:
        value, quoted, whole = _unquoted(token)
        return _Written(text, at, token.startswith("~"), "", "", value, at, quoted, whole)
    fuzzy, name, separator, _, value = found.groups()
    bare, quoted, whole = _unquoted(value)
    start = at + found.start(5)
    return _Written(
        text, at, bool(fuzzy), name, separator, bare, start, quoted, whole or separator == "="
    )


def _unquoted(value: str) -> tuple[str, bool, bool]:
    """The value, whether it was in quotes, and whether `=` stood before them: all else is text."""
    whole = value.startswith('="')
    quoted = whole or value.startswith('"')
    return value[1 + whole :].removesuffix('"') if quoted else value, quoted, whole


def _bare(written: _Written) -> Term:
    if written.fuzzy and not written.quoted:
        raise written.wrong(*_NO_FUZZ)
    if written.value == "-" and not written.quoted:
        raise written.wrong("a lone `-`", 'write -genre:techno, or "-" in quotes')
    if not written.value:
        raise written.wrong("nothing is asked for", "write a word between the quotes")
    return (Equals if written.whole else Contains)("any", fold(written.value))


def _field_term(name: str, written: _Written, *, negated: bool) -> Term:
    kind = kind_of(name)
    if written.fuzzy and kind not in (Kind.BPM, Kind.KEY):
        raise written.wrong(*_NO_FUZZ, written.at)
    if kind is None:
        return _discovered_term(name, written)
    match kind:
        case Kind.TEXT:
            return _text_term(name, written)
        case Kind.KEY:
            return _key_term(written)
        case Kind.BPM:
            return _tempo_term(written, negated=negated)
        case Kind.NUMBER | Kind.RATING:
            return _amount_term(name, written, amounts.plain)
        case Kind.YEAR:
            return _year_term(written)
        case Kind.DECADE:
            return _decade_term(written)
        case Kind.DURATION:
            return _amount_term(name, written, amounts.duration)
        case Kind.SIZE:
            return _amount_term(name, written, amounts.size, amounts.size_bound)
        case Kind.DATE:
            return _date_term(name, written)
        case Kind.FLAG:
            return _flag_term(name, written)
        case unreachable:
            assert_never(unreachable)


def _text_term(name: str, written: _Written) -> Term:
    value, whole = written.value, written.whole
    if value.startswith("=") and not whole and not written.quoted:
        whole, value = True, value[1:]
    if not value:
        if written.quoted:
            return Missing(name)
        raise written.wrong(
            f"nothing is asked of {name}", f'write {name}:="…", or {name}:"" for none'
        )
    return (Equals if whole else Contains)(name, fold(value))


def _discovered_term(name: str, written: _Written) -> Term:
    """A field of this library: text, unless it is asked as only numbers can be."""
    if not written.quoted and not name.startswith(RAW):
        value = written.value = fold(written.value)
        compared = _COMPARED.fullmatch(value)
        if compared and compared.group(1) != "=":
            return _amount_term(name, written, amounts.plain)
        low, dots, high = value.partition("..")
        if dots and (low or high) and all(amounts.plain(end) for end in (low, high) if end):
            return _amount_term(name, written, amounts.plain)
    return _text_term(name, written)


def _key_term(written: _Written) -> Term:
    asked = written.value.removeprefix("=")
    number = key_number(asked) or key_number(fold(asked))
    if number is not None:
        return InKey(number, mixes=written.fuzzy)
    if written.fuzzy:
        raise written.wrong(f'"{written.value}" is no key', "write for example ~key:8A or ~key:Am")
    return _text_term("key", written)


def _tempo_term(written: _Written, *, negated: bool) -> Term:
    value = written.value.replace(",", ".")
    bare = value.removeprefix("=")
    is_zero = amounts.plain(bare) is not None and float(bare) == 0
    if not value or is_zero or (value == "-" and not written.quoted):
        if written.fuzzy:
            raise written.wrong("`~` of no tempo", "write for example ~bpm:120")
        return Missing("bpm")
    exact = value.startswith("=") or written.separator == "="
    number = value.removeprefix("=")
    if amounts.plain(number):
        # What a DJ excludes is the tempo as shown; half and double stay, as in Mixxx.
        return Tempo(
            _tempo(number), exact=(exact or negated) and not written.fuzzy, near=written.fuzzy
        )
    if written.fuzzy:
        raise written.wrong(f'"{written.value}" is no tempo', "write for example ~bpm:120")
    return _amount_term("bpm", written, amounts.plain)


def _tempo(number: str) -> str:
    whole, dot, places = number.partition(".")
    return f"{int(whole or 0)}{dot}{places}"


def _year_term(written: _Written) -> Term:
    if _DECADE.fullmatch(written.value.removeprefix("=")):
        return _decade_term(written)
    return _amount_term("year", written, amounts.year)


def _decade_term(written: _Written) -> Term:
    found = _DECADE.fullmatch(written.value.removeprefix("="))
    if found is None:
        if written.quoted and not written.value:
            return Missing("year")
        raise written.wrong(f'"{written.value}" is no decade', "write for example decade:1990s")
    first = float(found.group(1)) * 10
    return Between("year", first, first + 9)


def _flag_term(name: str, written: _Written) -> Term:
    yes = _YES.get(written.value.removeprefix("=").lower())
    if yes is None:
        raise written.wrong(
            f'"{written.value}" is neither yes nor no', f"write {name}:yes or {name}:no"
        )
    return Flag(name, yes)


_Read = Callable[[str], Amount | None]


def _amount_term(name: str, written: _Written, read: _Read, bound: _Read | None = None) -> Term:
    """`N`, `=N`, `<N`, `<=N`, `>N`, `>=N`, `A-B`, `A..B`, `A..`, `..B`, and `""` for none.

    `bound` reads the end of a range where that is less than what the same text means alone.
    """
    value = written.value
    bound = bound or read
    if not value:
        return Missing(name)
    if compared := _COMPARED.fullmatch(value):
        operator, digits = compared.groups()
        amount = _amount(name, written, read if operator == "=" else bound, digits)
        match operator:
            case "<":
                return Between(name, high=amount.low, high_open=True)
            case "<=":
                return _up_to(Between(name), amount)
            case ">":
                return _above(name, amount)
            case ">=":
                return Between(name, low=amount.low)
            case _:
                return _up_to(Between(name, low=amount.low), amount)
    alone = read(value)
    if alone is not None:
        return _up_to(Between(name, low=alone.low), alone)
    low, high = _ends(value, bound)
    if not low and not high:
        raise _no_amount(name, written, value)
    term = Between(name, low=_amount(name, written, bound, low).low if low else None)
    if not high:
        return term
    last = _amount(name, written, bound, high)
    if term.low is not None and last.low < term.low:
        raise written.wrong("this range is the wrong way round", f"write {name}:{high}-{low}")
    return _up_to(term, last)


def _ends(value: str, read: Callable[[str], object]) -> tuple[str, str]:
    """The two ends of a range; a `-` may belong to either, so the one that makes both ends readable."""
    low, dots, high = value.partition("..")
    if dots:
        return low, high
    places = [
        place for place, char in enumerate(value) if char == "-" and 0 < place < len(value) - 1
    ]
    for place in places:
        if read(value[:place]) and read(value[place + 1 :]):
            return value[:place], value[place + 1 :]
    return (value[: places[0]], value[places[0] + 1 :]) if places else ("", "")


def _up_to(term: Between, amount: Amount) -> Between:
    """To the end of what was written: `duration:1:30` goes on until 1:31."""
    return Between(term.field, term.low, amount.high, term.low_open, amount.high_open)


def _above(name: str, amount: Amount) -> Between:
    return Between(name, low=amount.high, low_open=not amount.high_open)


def _amount(name: str, written: _Written, read: _Read, digits: str) -> Amount:
    amount = read(digits)
    if amount is None:
        raise _no_amount(name, written, digits)
    return amount


def _no_amount(name: str, written: _Written, digits: str) -> QueryError:
    kind = kind_of(name)
    what = f"no {kind.value}" if kind in (Kind.YEAR, Kind.DURATION, Kind.SIZE) else "no number"
    return written.wrong(
        f'"{digits}" is {what}' if digits else f"a number is missing after {name}",
        f"write for example {_example(name)}",
    )


def _date_term(name: str, written: _Written) -> Term:
    value = written.value
    if not value:
        return Missing(name)
    if compared := _COMPARED.fullmatch(value):
        operator, rest = compared.groups()
        span = _span(name, written, rest)
        match operator:
            case "<":
                return DateBetween(name, high=span, high_open=True)
            case "<=":
                return DateBetween(name, high=span)
            case ">":
                return DateBetween(name, low=span, low_open=True)
            case ">=":
                return DateBetween(name, low=span)
            case _:
                return DateBetween(name, span, span)
    if value.startswith("-") and canonical_date(value):
        raise written.wrong(
            f'"{value}" is one day only', f"write {name}:>{value} for all the days since"
        )
    alone = canonical_date(value)
    if alone is not None:
        return DateBetween(name, alone, alone)
    low, high = _ends(value, canonical_date)
    first, last = canonical_date(low), canonical_date(high)
    if not (low or high) or (low and not first) or (high and not last):
        raise _no_date(name, written, value)
    if first and last and _reversed(first, last):
        raise written.wrong("this range is the wrong way round", f"write {name}:{high}..{low}")
    return DateBetween(name, first, last)


def _reversed(first: str, last: str) -> bool:
    """Only where both are of one kind; "2025" and "2025-06" lie inside one another."""
    if first.startswith("-") or last.startswith("-"):
        if first[-1] != last[-1] or not (first.startswith("-") and last.startswith("-")):
            return False
        return int(first[1:-1]) < int(last[1:-1])
    width = min(len(first), len(last))
    return last[:width] < first[:width]


def _span(name: str, written: _Written, value: str) -> str:
    span = canonical_date(value)
    if span is None:
        raise _no_date(name, written, value)
    return span


def _no_date(name: str, written: _Written, value: str) -> QueryError:
    return written.wrong(f'"{value}" is no date', f"write for example {_example(name)}")


def _example(name: str) -> str:
    match kind_of(name):
        case Kind.BPM:
            return "bpm:120, bpm:120-130 or bpm:>=120"
        case Kind.RATING:
            return "rating:4 or rating:>=4"
        case Kind.NUMBER:
            return f"{name}:3 or {name}:1-9"
        case Kind.YEAR:
            return "year:1998, year:1990-1999 or year:1990s"
        case Kind.DECADE:
            return "decade:1990s"
        case Kind.DURATION:
            return "duration:3:30 or duration:>6m"
        case Kind.SIZE:
            return "size:>10M or size:5M-20M"
        case Kind.KEY:
            return "key:8A or key:Am"
        case Kind.DATE:
            return f"{name}:2025-06, {name}:>-7d or {name}:2024..2025"
        case Kind.FLAG:
            return f"{name}:yes"
        case Kind.TEXT | None:
            return f'{name}:word, or {name}:"" for none'
        case unreachable:
            assert_never(unreachable)


def _unknown(written: str, vocabulary: Vocabulary) -> tuple[str, str]:
    near = get_close_matches(fold(written), vocabulary.names(), n=2, cutoff=0.6)
    hint = " or ".join(f'"{name}"' for name in near)
    return (
        f'unknown field "{written}"',
        f"did you mean {hint}?" if near else "`mcfs fields` lists what there is",
    )


def _position(branch: Any) -> int:
    while isinstance(branch, Tree):
        branch = branch.children[0]
    return branch.start_pos or 0


def _misplaced(text: str, token: Token) -> QueryError:
    at = token.start_pos if token.type != "$END" and token.start_pos is not None else len(text)
    match token.type:
        case "$END" if _ENDS_IN_OR.search(text):
            return QueryError("nothing after OR", text, at, "write a term on both sides of it")
        case "$END":
            return QueryError("a parenthesis is not closed", text, at, "write `)`")
        case "_OR":
            return QueryError("a lone `|`", text, at, "write a term on both sides of it")
        case "RPAR" if text[:at].rstrip().endswith("("):
            return QueryError("nothing between the parentheses", text, at, "write a term in them")
        case "RPAR":
            return QueryError("nothing to close here", text, at, 'put text in quotes: "(live)"')
        case "NOT":
            return QueryError("`-` twice", text, at, "write one")
        case _:
            return QueryError("this cannot stand here", text, at, "put it in quotes")
