"""What a query or a path means, in words, in SQL, and in numbers.

Owns the wording of terms, and the telling of a path name by name. It finds out nothing by itself: the
parser read the text, `sql.py` made the statement, the store says its plan, the tree resolves names.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, assert_never

from sqlalchemy.dialects import sqlite

from mcfs.columns import stored_text, stored_time
from mcfs.errors import NotFoundError, QueryError
from mcfs.musickey import lancelot, mixes_with
from mcfs.query import (
    And,
    Between,
    Contains,
    Cut,
    DateBetween,
    Equals,
    Flag,
    InKey,
    Keys,
    Kind,
    Missing,
    Not,
    Or,
    Query,
    Shuffle,
    Sort,
    Tempo,
    Term,
    ValueIs,
    Vocabulary,
    format,
    format_term,
    hiding_absent,
    kind_of,
    parse,
    sources,
)
from mcfs.query.dates import days_of
from mcfs.query.tempo import Span, tempo_spans
from mcfs.route import Route, is_shaped, query_of
from mcfs.sql import Compiled, counts_unrated, select_tracks
from mcfs.store import CacheRepository, Store
from mcfs.tree import EmptyPinNode, Node, PinsNode, RootNode, TrackNode, TracksNode, Tree


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say of a query; `all` counts what is not here too."""

    canonical: str
    words: tuple[str, ...]
    sql: str
    plan: tuple[str, ...]
    shown: int
    all: int
    seconds: float
    # Whether the query itself says what to do with tracks that are not here.
    decides_presence: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path, what it is, and where one is then."""

    name: str
    meaning: str
    node: Node


@dataclass(slots=True)
class Report:
    """What there is to tell of one text: as far as it could be read, and where it could not."""

    text: str
    steps: list[Step] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    explanation: Explanation | None = None
    error: QueryError | None = None


def report(text: str, store: Store, day: date) -> Report:
    """Read a query, or a path name by name, and say all there is to say."""
    told = Report(text)
    tree = Tree(store)
    try:
        if is_path(text, tree):
            query = _followed(inside_mount(text), tree, told)
        else:
            query = parse(text, tree.vocabulary())
            told.remarks += remarks(text)
        if query is not None:
            told.explanation = explain(query, store.cache, day)
    except QueryError as error:
        told.error = error
    return told


def _followed(mount_path: str, tree: Tree, told: Report) -> Query | None:
    """The query that a path leads to; None where it leads to something else."""
    told.steps.append(Step("/", "the mount", RootNode()))
    for step in follow(mount_path, tree):
        told.steps.append(step)
        told.remarks += remarks(step.name)
    match told.steps:
        case [*_, Step(node=TracksNode(query))]:
            return query
        case _:
            return None


def explain(query: Query, cache: CacheRepository, day: date) -> Explanation:
    """The query as a folder answers it, and how many it would find with what is not here."""
    answered = hiding_absent(query)
    compiled = select_tracks(answered, day)
    with cache.reading() as read:
        plan = read.plan(compiled)
        # Once unmeasured: making the statement is not what the next one costs.
        read.select(compiled)
        began = time.perf_counter()
        shown = len(read.select(compiled))
        seconds = time.perf_counter() - began
        every = shown if answered == query else read.count(query)
    return Explanation(
        canonical=format(query),
        words=tuple(in_words(query, day)),
        sql=sql_text(compiled),
        plan=tuple(f"{'  ' * depth}{said}" for depth, said in plan),
        shown=shown,
        all=every,
        seconds=seconds,
        decides_presence=answered == query,
    )


# --- a path, name by name


def is_path(text: str, tree: Tree) -> bool:
    """Whether a text is a path in a mount. A slash alone says nothing: `artist:AC/DC` is a query."""
    if text in (".", "..") or text.startswith(("/", "./", "../", "~/")):
        return True
    names = text.split("/")
    if names[0] in tree.children(RootNode()).entries:
        return True
    if len(names) == 1 or any(name.count('"') % 2 for name in names):
        return False  # a slash within quotes is text
    return all(is_shaped(name) for name in names if name) or _is_there(text, tree)


def _is_there(mount_path: str, tree: Tree) -> bool:
    try:
        tree.resolve(Route.parse(mount_path))
    except NotFoundError:
        return False
    return True


def inside_mount(text: str) -> str:
    """The part of a path that is inside a mount; a path that is in none is taken as inside one."""
    place = os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111  (Path.resolve would ask)
    for mounted in _mounts():
        if place == mounted or place.startswith(f"{mounted}/"):
            return place[len(mounted) :]
    return text


def _mounts() -> list[str]:
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            return [
                re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), line.split(" ")[4])
                for line in lines
                if " - fuse.mcfs " in line
            ]
    except OSError:
        return []


def follow(mount_path: str, tree: Tree) -> Iterator[Step]:
    """Name by name; a `QueryError` at the one that leads nowhere."""
    node: Node = RootNode()
    at = 0
    for name in Route.parse(mount_path).names:
        at = mount_path.index(name, at)
        inside = node
        try:
            node = _child(inside, name, tree)
        except QueryError as error:
            raise QueryError(
                error.message, mount_path, at + error.position, error.suggestion
            ) from error
        except NotFoundError as error:
            raise QueryError(str(error), mount_path, at, _instead(inside, name)) from error
        yield Step(name, _meaning(name, inside, node, tree.vocabulary()), node)
        at += len(name)


def _child(inside: Node, name: str, tree: Tree) -> Node:
    try:
        return tree.child(inside, name)
    except NotFoundError:
        # The tree says that there is none, and the parser where it stops being a query.
        if not isinstance(inside, PinsNode | TrackNode) and _is_meant_as_query(name):
            parse(name, tree.vocabulary())
        raise


def _is_meant_as_query(name: str) -> bool:
    return is_shaped(name) and "{" not in name


def _instead(inside: Node, name: str) -> str | None:
    if isinstance(inside, TrackNode | PinsNode) or is_shaped(name) or name.startswith("."):
        return None
    return f"to look for it in all text, write {format_term(Contains('any', name))}"


def _meaning(name: str, inside: Node, node: Node, vocabulary: Vocabulary) -> str:
    match node:
        case TrackNode():
            where = node.work_path or f"{node.content_path}, which is not here"
            return f"a track: {where} ({node.annex_key})"
        case PinsNode():
            return "the pins: queries somebody made folders of"
        case EmptyPinNode():
            return "a pin that is no query yet: an empty folder"
        case TracksNode(query) if isinstance(inside, PinsNode):
            return f"a pin of {format(query) or 'all tracks'}"
        case TracksNode() if isinstance(inside, RootNode) and not is_shaped(name):
            return "a view"
        case TracksNode() if (by := query_of(name, vocabulary)) is not None:
            within = " inside the one before" if isinstance(inside, TracksNode) else ""
            return f"a query{within}: {format(by)}"
        case _:
            return "a folder"


# --- queries in words


_ALTERNATIVE = re.compile(
    r'(?<![\w~"])(?P<field>[^\W\d][\w.-]*)[:=]=?(?P<one>[^\s|"()]+)\|(?P<two>[^\s|"():=~-][^\s|"():=]*)'
    r"(?=[\s|)]|$)"
)


def remarks(text: str) -> Iterator[str]:
    """What reads otherwise than it looks."""
    bare = re.sub(r'"[^"]*("|$)', lambda quoted: "\0" * len(quoted.group()), text)
    for found in _ALTERNATIVE.finditer(bare):
        field, one, two = found.group("field", "one", "two")
        yield (
            f'"|" means OR anywhere: "{two}" is looked for in all text, not in {field}; '
            f"for that write {field}:{one}|{field}:{two}"
        )


def in_words(query: Query, day: date) -> Iterator[str]:
    """The query line by line, what belongs together indented."""
    match query.where:
        case And(terms) if not terms:
            yield "every track"
        case And(terms):
            for term in _sorted(terms):
                yield from _term(term, day)
        case term:
            yield from _term(term, day)
    yield from _order(query)


def _order(query: Query) -> Iterator[str]:
    for place, key in enumerate(query.order):
        then = "then " if place else "ordered "
        match key:
            case Sort(field, descending):
                way = ", highest first" if descending else ""
                yield f"{then}by {field}{way}; tracks without it last"
            case Shuffle(seed):
                yield f'{then}by lot, always the same for "{seed}"'
            case unreachable:
                assert_never(unreachable)
    if query.limit is not None:
        by_name = "" if query.order else " by name"
        yield f"the first {query.limit}{by_name} of them"


def _sorted(terms: Iterable[Term]) -> list[Term]:
    return sorted(terms, key=format_term)


def _term(term: Term, day: date) -> Iterator[str]:
    match term:
        case And(terms):
            yield "all of these:"
            for inner in _sorted(terms):
                yield from _indented(_term(inner, day))
        case Or(terms):
            yield "at least one of these:"
            for inner in _sorted(terms):
                yield from _indented(_term(inner, day))
        case Not(Missing(field)):
            yield f"has {field}"
        case Not(inner):
            first, *rest = _term(inner, day)
            yield f"not: {first}{_kept(inner)}"
            yield from rest
        case Cut(query):
            yield "among these:"
            yield from _indented(in_words(query, day))
        case _:
            yield _leaf(term, day)


def _kept(term: Term) -> str:
    """A NOT keeps what has no value, which not everybody expects."""
    match term:
        case Contains(field) | Equals(field) if field != "any":
            return f" (tracks without {field} stay)"
        case Between("rating") if counts_unrated(term):
            return " (tracks without rating go too)"
        case Between(field) | DateBetween(field):
            return f" (tracks without {field} stay)"
        case Tempo():
            return " (tracks without bpm stay)"
        case InKey():
            return " (tracks without key stay)"
        case _:
            return ""


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _leaf(
    term: Contains
    | Equals
    | Missing
    | Between
    | Tempo
    | InKey
    | DateBetween
    | Flag
    | Keys
    | ValueIs,
    day: date,
) -> str:
    match term:
        case Contains(field, text):
            return f'{_asked(field)} contains "{text}"'
        case Equals(field, text):
            return f'{_asked(field)} is "{text}", the whole value'
        case Missing(field):
            return f"has no {field}"
        case Between():
            return _between(term) + (", or none" if counts_unrated(term) else "")
        case Tempo(bpm, exact, near):
            return _tempo(bpm, exact, near)
        case InKey(number, mixes):
            if mixes:
                keys = " ".join(map(lancelot, mixes_with(number)))
                return f"key mixes with {lancelot(number)}: {keys}, in any notation"
            return f"key {lancelot(number)}, in any notation"
        case DateBetween():
            return _days(term, day)
        case Flag("present", yes):
            return "content is here" if yes else "content is not here"
        case Flag(_, yes):
            return "a live recording" if yes else "no live recording"
        case Keys(annex_keys):
            return f"one of {len(annex_keys)} tracks of a snapshot"
        case ValueIs(template, text):
            return f'{template} is "{text}"'
        case unreachable:
            assert_never(unreachable)


_CALLED = {
    "/location": "work path",
    "/directory": "folder",
    "/type": "file type",
    "albumartist": "album artist",
}


def _asked(field: str) -> str:
    """The fields that a name looks into, in words."""
    names = [
        _CALLED.get(name, f'the annex field "{name}"' if field.startswith("meta.") else name)
        for name in sources(field)
        if name != "album_artist"
    ]
    # Programs spell some fields in two ways; that is no news to anybody.
    names = names[:1] if kind_of(field) is Kind.NUMBER else names
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _tempo(bpm: str, exact: bool, near: bool) -> str:
    said = f"tempo near {bpm}: " if near else f"tempo {bpm}: "
    itself, *others = map(_span, tempo_spans(bpm, exact=exact, near=near))
    if not others:
        return f"{said}{itself}, without half and double"
    half, double = others
    return f"{said}{itself}, its half {half}, its double {double}"


def _span(span: Span) -> str:
    return f"{_number(span.low)} {'up to' if span.high_open else 'to'} {_number(span.high)}"


def _number(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _between(term: Between) -> str:
    def shown(number: float) -> str:
        return _amount(term.field, number)

    low, high = term.low, term.high
    if low is None:
        assert high is not None
        return f"{term.field} {'below' if term.high_open else 'at most'} {shown(high)}"
    if high is None:
        return f"{term.field} {'above' if term.low_open else 'at least'} {shown(low)}"
    if low == high:
        return f"{term.field} {shown(low)}"
    to = "up to" if term.high_open else "to"
    return f"{term.field} {shown(low)} {to} {shown(high)}"


def _amount(field: str, number: float) -> str:
    match kind_of(field):
        case Kind.DURATION if number.is_integer():
            minutes, seconds = divmod(int(number), 60)
            return f"{minutes}:{seconds:02}"
        case Kind.SIZE:
            return f"{int(number)} bytes{_in_units(number)}"
        case _:
            return _number(number)


def _in_units(number: float) -> str:
    for unit, power in (("G", 3), ("M", 2), ("k", 1)):
        if number >= 1024**power:
            return f" ({_number(round(number / 1024**power, 2))}{unit})"
    return ""


def _days(term: DateBetween, day: date) -> str:
    first = last = None
    if term.low is not None:
        begins, after = days_of(term.low, day)
        first = after if term.low_open else begins
    if term.high is not None:
        begins, after = days_of(term.high, day)
        last = (
            (begins if term.high_open else after) - timedelta(days=1) if after.year > 1 else after
        )
    if first is None:
        return f"{term.field} on {last} or before"
    if last is None:
        return f"{term.field} on {first} or after"
    return f"{term.field} on {first}" if first == last else f"{term.field} {first} to {last}"


# --- the statement


_DIALECT = sqlite.dialect(paramstyle="named")
_PARAMETER = re.compile(r":([A-Za-z_]\w*)")
_BREAK = re.compile(r" (?=ORDER BY )|(?<= )(?=AND (?:\(|track\.id|NOT|track\.present))")


def sql_text(compiled: Compiled) -> str:
    """The statement laid out, its parameters in their places. For reading: it is run with them apart."""
    statement = compiled.statement.compile(dialect=_DIALECT)
    values = statement.construct_params(compiled.parameters)
    laid_out = _laid_out(str(statement))
    return _PARAMETER.sub(lambda found: _literal(values[found.group(1)]), laid_out)


def _laid_out(sql: str) -> str:
    lines: list[str] = []
    depth = 0
    for line in _BREAK.sub("\n", sql).splitlines():
        text = line.strip()
        lines.append("  " * depth + text)
        depth += text.count("(") - text.count(")")
    return "\n".join(lines)


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(int(value))
        case datetime():
            return f"{stored_time(value)} /* {value:%Y-%m-%d %H:%M} */"
        case int() | float():
            return repr(value)
        case bytes():
            return f"X'{value.hex()}'"
        case str():
            kept = stored_text(value)
            return (
                _literal(kept) if isinstance(kept, bytes) else "'" + value.replace("'", "''") + "'"
            )
        case _:
            return str(value)
