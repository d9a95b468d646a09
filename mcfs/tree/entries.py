"""The entries of a folder: the tracks or the values of its query, each under the name it has there.

Owns which name that is (the track's own, a number before it, or what a template renders) and the order of
values. `text/` makes names legal and unique. `possible_names.py` follows from these rules: change them
together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, assert_never

from mcfs.config.settings import Names
from mcfs.sql import BoundQuery
from mcfs.sql.groups import select_columns
from mcfs.store.cache_reader import CacheReader
from mcfs.template import Cell, Template
from mcfs.template.values import cell_number
from mcfs.text.escape import escape, file_name, fit_file_name
from mcfs.text.fold import fold
from mcfs.text.portable import portable_name
from mcfs.text.unique_names import unique_names
from mcfs.tree.covers import album_cover
from mcfs.tree.group_cache import Group, GroupCache
from mcfs.tree.nodes import Node, QueryFolderNode, TrackNode, TracksNode, ValueNode, ValuesNode
from mcfs.tree.track_nodes import track_nodes


def list_entries(
    node: QueryFolderNode,
    bound: BoundQuery,
    read: CacheReader,
    group_cache: GroupCache,
    style: Names,
    empty_values: Iterable[str] = (),
) -> dict[str, Node]:
    """Name → node, in the order of the folder. `bound` is the query that the folder answers.

    A folder of values also lists `empty_values`.
    """
    named: Iterable[tuple[str, Node]]
    cover: tuple[str, Node] | None = None
    match node:
        case ValuesNode(_, templates):
            groups = group_cache.groups(read, bound, templates[0])
            having = {group.folded for group in groups}
            begun = {fold(value.strip()): value for value in empty_values}
            groups += [Group(f, value) for f, value in begun.items() if f not in having]
            named = _values(node, groups)
        case TracksNode(_, presentation):
            tracks = track_nodes(read, bound)
            if presentation.file_names is not None:
                cells = group_cache.file_cells(read, bound, presentation.file_names)
                named = _by_template(presentation.file_names, tracks, cells, _keys(read, bound))
            elif bound.query.order:
                named = _numbered(tracks)
            else:
                named = ((track.name, track) for track in tracks)
            cover = album_cover(node.query, tracks, bound, read)
        case unreachable:
            assert_never(unreachable)
    if style is Names.PORTABLE:
        named = ((portable_name(name), entry) for name, entry in named)
    entries = dict(named)
    if cover is not None:
        entries.setdefault(*cover)
    return entries


def plain_track_name(stored_name: str, style: Names) -> str:
    """The name of a track in folders that neither number nor rename their tracks."""
    return portable_name(stored_name) if style is Names.PORTABLE else stored_name


def _numbered(tracks: Sequence[TrackNode]) -> Iterator[tuple[str, Node]]:
    """Numbers make every program keep the order."""
    width = max(3, len(str(len(tracks))))
    for place, track in enumerate(tracks, 1):
        yield fit_file_name(f"{place:0{width}} {track.name}"), track


def _by_template(
    template: Template,
    tracks: Sequence[TrackNode],
    cells: Mapping[int, tuple[Cell, ...]],
    keys: Mapping[int, _Key],
) -> Iterator[tuple[str, Node]]:
    by_key = {keys[track.inode]: track for track in tracks}
    rendered = ((key.annex_key, file_name(template.render(cells[key.track_id]))) for key in by_key)
    names = unique_names(rendered)
    for key, track in by_key.items():
        yield names[key.annex_key], track


class _Key(NamedTuple):
    track_id: int
    annex_key: str


def _keys(read: CacheReader, bound: BoundQuery) -> dict[int, _Key]:
    """Inode → which track of a query that is."""
    rows = read.rows(select_columns(bound, ("inode", "annex_key")))
    return {inode: _Key(track_id, annex_key) for track_id, inode, annex_key in rows}


def _values(node: ValuesNode, groups: Iterable[Group]) -> Iterator[tuple[str, Node]]:
    rendered = ((group.folded, escape(group.shown.strip())) for group in groups)
    names = unique_names(rendered, of_files=False)
    for folded in sorted(names, key=value_order):
        yield names[folded], ValueNode(node, folded)


def value_order(folded: str) -> tuple[float, str]:
    """Numbers in their order, then all text. `nan` counts as text, because it has no order among numbers."""
    number = cell_number(folded)
    return math.inf if number is None else number, folded
