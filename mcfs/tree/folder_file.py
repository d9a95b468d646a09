"""A folder as one file: the playlist, the table or the objects of all that is in it, and below it.

Owns what such a file holds and in which order; `export/` owns the formats.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcfs.export.csv_table import as_csv
from mcfs.export.json_objects import as_json
from mcfs.export.playlist import as_m3u8
from mcfs.store.cache_reader import CacheReader
from mcfs.tree.nodes import ExportNode, Format


def written(node: ExportNode, names: Iterable[tuple[str, str]], read: CacheReader) -> bytes:
    """The file; `names` are the annex key and the mount path of every track, in their order."""
    lies_at = dict(names)
    tracks = read.records_in_order(lies_at)
    match node.format:
        case Format.M3U8:
            pieces = as_m3u8(tracks, lambda track: lies_at[track.annex_key])
        case Format.JSON:
            pieces = as_json(tracks)
        case Format.CSV:
            pieces = as_csv(tracks, [field.shown for field in read.fields()])
    return "".join(pieces).encode("utf-8", "surrogateescape")
