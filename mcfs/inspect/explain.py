"""What a query or a path means, in words, in SQL, and in numbers.

Owns the telling of a path name by name, and the layout of a statement. It finds out nothing by itself:
the parser read the text, `sql/` made the statement, the store says its plan, the tree resolves names;
the words are `wording.py`'s.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import sqlite

from mcfs.errors import NotFoundError, QueryError, TemplateError, TextError
from mcfs.inspect.describe import in_words, remarks
from mcfs.mount_table import mount_of
from mcfs.query import Contains, Vocabulary, canonical_text, format_term, parse
from mcfs.sql import Compiled, count_tracks, select_tracks
from mcfs.store import Store
from mcfs.template import looks_like_template
from mcfs.text.raw_text import stored_text
from mcfs.text.timestamps import to_microseconds
from mcfs.tree.nodes import (
    EmptyPinNode,
    ExportNode,
    Format,
    InfoFileNode,
    InfoFolderNode,
    Node,
    PinsNode,
    QueryFolderNode,
    RootNode,
    TrackNode,
    TracksNode,
    ValueNode,
    ValuesNode,
)
from mcfs.tree.route import Route, can_become_valid, name_as_query, name_as_template
from mcfs.tree.tree import Tree


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
    error: TextError | None = None


def report(text: str, store: Store, tree: Tree) -> Report:
    """Read a query, or a path name by name, and say all there is to say."""
    told = Report(text)
    try:
        if is_path(text, tree):
            folder = _followed(inside_mount(text), tree, told)
        else:
            folder = TracksNode(parse(text, tree.vocabulary))
            told.remarks += remarks(text)
        if folder is not None:
            told.explanation = explain(folder, store, tree)
    except TextError as error:
        told.error = error
    return told


def _followed(mount_path: str, tree: Tree, told: Report) -> QueryFolderNode | None:
    """The folder that a path leads to; None where it leads to something else."""
    told.steps.append(Step("/", "the mount", RootNode()))
    for step in follow(mount_path, tree):
        told.steps.append(step)
        told.remarks += remarks(step.name)
    match told.steps[-1].node:
        case TracksNode() | ValuesNode() as folder:
            return folder
        case ValueNode() as value:
            return value.folder()
        case ExportNode(folder):
            return folder
        case _:
            return None


def explain(folder: QueryFolderNode, store: Store, tree: Tree) -> Explanation:
    """The query as a folder answers it, and how many it would find with what is not here."""
    query, answered = folder.query, tree.shown_query(folder)
    with store.cache.reading() as read:
        compiled = select_tracks(tree.bind(read, answered), tree.day)
        plan = read.plan(compiled)
        # Once unmeasured: making the statement is not what the next one costs.
        read.select(compiled)
        began = time.perf_counter()
        shown = len(read.select(compiled))
        seconds = time.perf_counter() - began
        every = shown
        if answered != query:
            counted = count_tracks(tree.bind(read, query), tree.day)
            every = read.select(counted)[0][0]
    return Explanation(
        canonical=canonical_text(query),
        words=tuple(_words(folder, tree)),
        sql=sql_text(compiled),
        plan=tuple(f"{'  ' * depth}{said}" for depth, said in plan),
        shown=shown,
        all=every,
        seconds=seconds,
        decides_presence=answered == query,
    )


def _words(folder: QueryFolderNode, tree: Tree) -> Iterator[str]:
    yield from in_words(folder.query, tree.day)
    if isinstance(folder, ValuesNode):
        yield "in folders by " + ", then by ".join(template.text for template in folder.templates)
    if folder.presentation.file_names is not None:
        yield f"files are called {folder.presentation.file_names.text}"


# --- a path, name by name


def is_path(text: str, tree: Tree) -> bool:
    """Whether a text is a path in a mount. A slash alone says nothing: `artist:AC/DC` is a query."""
    if is_place(text):
        return True
    if looks_like_template(text) or _is_export(text, tree):
        return True  # as a query, this would look for braces, or for the end of a name
    names = text.split("/")
    if names[0] in tree.children(RootNode()).entries:
        return True
    if len(names) == 1 or any(name.count('"') % 2 for name in names):
        return False  # a slash within quotes is text
    return all(can_become_valid(name) for name in names if name) or _is_there(text, tree)


def is_place(text: str) -> bool:
    """Whether a text is a path whatever the library holds: it says so, or leads into a mount."""
    if text in (".", "..") or text.startswith(("/", "./", "../", "~/")):
        return True
    # For who stands in a mount, every word would lead into it.
    return "/" in text and mount_of(text) is not None and mount_of(".") is None


def _is_export(text: str, tree: Tree) -> bool:
    try:
        return isinstance(tree.resolve(Route.parse(text)), ExportNode)
    except NotFoundError:
        return False


def _is_there(mount_path: str, tree: Tree) -> bool:
    try:
        tree.resolve(Route.parse(mount_path))
    except NotFoundError:
        return False
    return True


def inside_mount(text: str) -> str:
    """The part of a path that is inside a mount; a path that is in none is taken as inside one."""
    found = mount_of(text)
    return text if found is None else found[1]


def follow(mount_path: str, tree: Tree) -> Iterator[Step]:
    """Name by name; a `QueryError` at the one that leads nowhere."""
    node: Node = RootNode()
    at = 0
    for depth, name in enumerate(Route.parse(mount_path).names):
        at = mount_path.index(name, at)
        inside = node
        try:
            node = _child(inside, name, tree, depth)
        except TextError as error:
            kind = TemplateError if isinstance(error, TemplateError) else QueryError
            raise kind(error.message, mount_path, at + error.position, error.suggestion) from error
        except NotFoundError as error:
            raise QueryError(str(error), mount_path, at, _instead(inside, name)) from error
        yield Step(name, _meaning(name, inside, node, tree.vocabulary), node)
        at += len(name)


def _child(inside: Node, name: str, tree: Tree, depth: int) -> Node:
    try:
        return tree.child(inside, name, depth)
    except NotFoundError:
        # The tree says that there is none, and the parsers where it stops being something.
        open_to_all = isinstance(inside, RootNode | TracksNode | ValuesNode | ValueNode)
        if (
            open_to_all
            and can_become_valid(name)
            and name_as_template(name, tree.vocabulary) is None
        ):
            parse(name, tree.vocabulary)
        raise


def _instead(inside: Node, name: str) -> str | None:
    if isinstance(inside, TrackNode | PinsNode) or can_become_valid(name) or name.startswith("."):
        return None
    return f"to look for it in all text, write {format_term(Contains('any', name))}"


_AS = {Format.M3U8: "a playlist", Format.JSON: "a file of JSON", Format.CSV: "a table"}


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
            return f"a pin of {canonical_text(query) or 'all tracks'}"
        case InfoFolderNode():
            return "what the mount tells of itself"
        case InfoFileNode():
            return "a file"
        case ExportNode(_, form, stem):
            return f"{_AS[form]} of all that is in {stem}"
        case ValueNode(ValuesNode(_, templates)):
            return f"a value of {templates[0].text}"
        case TracksNode() | ValuesNode() if isinstance(inside, RootNode) and not can_become_valid(
            name
        ):
            return "a view"
        case TracksNode() | ValuesNode() if template := name_as_template(name, vocabulary):
            if template.names_files:
                return f"a template, for the names of files: {template.text}"
            return f"a template, for folders: {template.text}"
        case TracksNode() | ValuesNode() if (by := name_as_query(name, vocabulary)) is not None:
            within = "" if isinstance(inside, RootNode) else " inside the one before"
            return f"a query{within}: {canonical_text(by)}"
        case _:
            return "a folder"


# --- the statement


_DIALECT = sqlite.dialect(paramstyle="named")
_PARAMETER = re.compile(r":([A-Za-z_]\w*)")
# Query text is 4 KiB at most: what is longer, nobody wrote.
_LONGEST_LITERAL = 4096
_BEGINNING = 60
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
            return f"{to_microseconds(value)} /* {value:%Y-%m-%d %H:%M} */"
        case int() | float():
            return repr(value)
        case bytes():
            return f"X'{value.hex()}'"
        case str() if len(value) > _LONGEST_LITERAL:
            # A value of a template may be thousands of tracks.
            return f"{_literal(value[:_BEGINNING])} /* … {len(value)} characters */"
        case str():
            kept = stored_text(value)
            return (
                _literal(kept) if isinstance(kept, bytes) else "'" + value.replace("'", "''") + "'"
            )
        case _:
            return str(value)
