"""Explains a query or a path: in words, in SQL, and what it finds.

Collects the parts. `walk.py` follows a path, `describe_query.py` and `describe_node.py` have the words,
`sql_text.py` shows the statement.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from mcfs.errors import TextError
from mcfs.fields import Vocabulary
from mcfs.inspect.describe_node import describe_node
from mcfs.inspect.describe_query import describe_query, query_remarks
from mcfs.inspect.path_or_query import is_path, path_inside_mount
from mcfs.inspect.sql_text import sql_text
from mcfs.inspect.walk import Step, walk
from mcfs.query import canonical_text, parse, starts_like_query
from mcfs.sql import select_tracks
from mcfs.store import Store
from mcfs.store.snapshot_records import Snapshot
from mcfs.tree.nodes import (
    ExportNode,
    Node,
    PinsNode,
    QueryFolderNode,
    SnapshotNode,
    SnapshotsNode,
    TracksNode,
    ValueNode,
    ValuesNode,
)
from mcfs.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class QueryExplanation:
    """What a query means and finds."""

    canonical: str
    words: tuple[str, ...]
    sql: str
    plan: tuple[str, ...]
    # Tracks that a folder of this query shows, and all tracks, including those that are not here.
    shown: int
    all: int
    seconds: float
    # Whether the query itself contains `present:`, so that the settings do not hide any track.
    decides_presence: bool


@dataclass(frozen=True, slots=True)
class ExplainedName:
    """One name of a path in words."""

    name: str
    meaning: str


@dataclass(slots=True)
class Explanation:
    """What a text means, as far as it can be read, and the error where it cannot."""

    text: str
    # Empty for a query.
    steps: list[ExplainedName] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    # None for a path that leads to no folder.
    query: QueryExplanation | None = None
    error: TextError | None = None


def explain(text: str, store: Store, tree: Tree) -> Explanation:
    """Explain a query, or a path name by name."""
    explanation = Explanation(text)
    try:
        if is_path(text, tree):
            folder = _explain_path(path_inside_mount(text), store, tree, explanation)
        else:
            folder = TracksNode(parse(text, tree.vocabulary))
            explanation.remarks += query_remarks(text)
        if folder is not None:
            explanation.query = _explain_query(folder, store, tree)
    except TextError as error:
        explanation.error = error
    return explanation


def _explain_path(
    mount_path: str, store: Store, tree: Tree, explanation: Explanation
) -> QueryFolderNode | None:
    """Add a step for each name; the folder that the path leads to."""
    node: Node | None = None
    for step in walk(mount_path, tree):
        explanation.steps.append(ExplainedName(step.name, describe_node(step, tree)))
        if (query_text := _query_text(step, tree.vocabulary)) is not None:
            explanation.remarks += query_remarks(query_text)
        if isinstance(step.parent, SnapshotsNode) and isinstance(step.node, SnapshotNode):
            explanation.remarks += _snapshot_remarks(store.user.snapshots.get(step.node.name))
        node = step.node
    match node:
        case TracksNode() | ValuesNode() as folder:
            return folder
        case ValueNode() as value:
            return value.folder()
        case ExportNode(TracksNode() | ValuesNode() as folder):
            return folder
        case _:
            return None


def _snapshot_remarks(snapshot: Snapshot) -> Iterator[str]:
    """What a frozen folder cannot say itself."""
    number = "1 track was" if snapshot.tracks == 1 else f"{snapshot.tracks} tracks were"
    asked = snapshot.folder or snapshot.query_text or "all tracks"
    yield f"{number} frozen {snapshot.taken_at.astimezone():%Y-%m-%d %H:%M}: {asked}"
    if snapshot.stale_reason:
        yield f"the library no longer agrees: {snapshot.stale_reason}"
    yield "it shows what was frozen; a query inside it asks what the library says now"


def _query_text(step: Step, vocabulary: Vocabulary) -> str | None:
    """The query that a name in a path is; None for a name that is listed, whatever words are in it."""
    match step:
        case Step(_, PinsNode(), _):
            return None
        case Step(_, _, ExportNode(_, _, name)) | Step(name, _, TracksNode() | ValuesNode()):
            return name if starts_like_query(name, vocabulary) else None
        case _:
            return None


def _explain_query(folder: QueryFolderNode, store: Store, tree: Tree) -> QueryExplanation:
    query, shown_query = folder.query, tree.shown_query(folder)
    with store.cache.reading() as read:
        compiled = select_tracks(tree.bind(read, shown_query))
        plan = read.plan(compiled)
        # Run it once before measuring: only the first run pays for preparing the statement.
        read.select(compiled)
        start = time.perf_counter()
        shown = len(read.select(compiled))
        seconds = time.perf_counter() - start
        all_tracks = shown
        if shown_query != query:
            all_tracks = read.count(tree.bind(read, query))
    return QueryExplanation(
        canonical=canonical_text(query),
        words=tuple(_words(folder, tree)),
        sql=sql_text(compiled),
        plan=tuple(f"{'  ' * depth}{line}" for depth, line in plan),
        shown=shown,
        all=all_tracks,
        seconds=seconds,
        decides_presence=shown_query == query,
    )


def _words(folder: QueryFolderNode, tree: Tree) -> Iterator[str]:
    yield from describe_query(folder.query, tree.day)
    if isinstance(folder, ValuesNode):
        yield "in folders by " + ", then by ".join(template.text for template in folder.templates)
    if folder.presentation.file_names is not None:
        yield f"file names are {folder.presentation.file_names.text}"
