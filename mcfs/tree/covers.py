"""The covers in folders: in `library/` each where it is, and one in a folder whose tracks are one album.

Owns which folders are those of an album, which image is its cover, and the inode of a cover. A flat folder of
a query has no cover, not even if all its tracks happen to be of one album.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcfs.query import And, Query, ValueIs
from mcfs.sql import BoundQuery
from mcfs.sql.groups import select_columns
from mcfs.store.cache_reader import CacheReader
from mcfs.store.inodes import candidate_inode
from mcfs.store.records import CoverRecord
from mcfs.text.cover_names import ALBUM_COVER_NAMES, album_cover_name, cover_rank
from mcfs.text.fold import fold
from mcfs.tree.nodes import AlbumCoverNode, Node, TrackNode, TracksNode, WorkCoverNode

_ALBUM = "album"


def work_covers(directory: str, read: CacheReader) -> dict[str, WorkCoverNode]:
    """Name → cover: those in a folder of the work tree whose content is here."""
    covers = (cover for cover in read.covers_in([directory]) if cover.present)
    return {cover.name: WorkCoverNode(*_row(cover)) for cover in covers}


def album_cover(
    query: Query, tracks: Iterable[TrackNode], bound: BoundQuery, read: CacheReader
) -> tuple[str, AlbumCoverNode] | None:
    """The name and the cover that a folder of these tracks shows: the best image beside any of them."""
    if not _is_value_of_album(query):
        return None
    directories = {
        track.work_path.rpartition("/")[0] for track in tracks if track.work_path is not None
    }
    covers = [cover for cover in read.covers_in(directories) if cover.present]
    if not covers:
        return None
    albums = {album and fold(album) for _, album in read.rows(select_columns(bound, (_ALBUM,)))}
    if len(albums) != 1 or None in albums:
        return None
    best = min(covers, key=lambda cover: cover_rank(cover.work_path))
    return album_cover_name(best.name), AlbumCoverNode(*_row(best))


def can_be_album_cover(folder: Node, name: str) -> bool:
    """Whether a folder may show a cover by this name."""
    return (
        name in ALBUM_COVER_NAMES
        and isinstance(folder, TracksNode)
        and _is_value_of_album(folder.query)
    )


def _is_value_of_album(query: Query) -> bool:
    terms = query.where.terms if isinstance(query.where, And) else {query.where}
    return any(isinstance(term, ValueIs) and _ALBUM in term.template.fields for term in terms)


def _row(cover: CoverRecord) -> tuple[str, int, str | None, str, int | None, None, str | None]:
    """In the order of an `EntryRow`."""
    return (
        cover.name,
        # Another content is another inode: what the kernel has cached of the old one is not shown.
        candidate_inode(f"{cover.work_path}\0{cover.blob}\0{cover.in_work_tree}"),
        cover.work_path if cover.in_work_tree else None,
        cover.content_path or "",
        cover.size,
        None,
        cover.annex_key,
    )
