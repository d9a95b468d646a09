"""The tracks of a source as they are now: in their order, with names, folders and metadata.

Owns that a snapshot shows for ever what a mount would show at this moment. A template is evaluated here and
never again, so that no later change moves a track to another folder of the snapshot.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import product

from mcfs.fields import Vocabulary
from mcfs.snapshots.source import Levels
from mcfs.sql import BoundQuery, FoundTrack, select_found
from mcfs.store.cache_reader import CacheReader
from mcfs.store.snapshot_records import Folders, FrozenTrack
from mcfs.template import Template
from mcfs.text.escape import escape, file_name
from mcfs.text.unique_names import unique_names
from mcfs.tree.rendered_template import RenderedTemplate
from mcfs.tree.state import TreeState
from mcfs.tree.template_cells import cells_by_track

# Folded → as it is spelled, for each value that a template has for one track.
_Values = Mapping[str, str]


def freeze(
    read: CacheReader, bound: BoundQuery, levels: Levels, state: TreeState
) -> tuple[FrozenTrack, ...]:
    """The tracks of a query, in its order."""
    tracks = list(map(FoundTrack._make, read.tuples(select_found(bound))))
    names = _names(read, bound, tracks, levels.file_names, state)
    folders = _folders(read, bound, tracks, levels.folders, state.vocabulary)
    records = read.records([track.annex_key for track in tracks])
    return tuple(
        FrozenTrack(
            track.annex_key,
            names[track.id],
            tuple(folders[track.id]),
            records[track.annex_key].values,
            bool(track.present),
        )
        for track in tracks
    )


def _names(
    read: CacheReader,
    bound: BoundQuery,
    tracks: Collection[FoundTrack],
    template: Template | None,
    state: TreeState,
) -> dict[int, str]:
    if template is None:
        return {track.id: track.name for track in tracks}
    cells = state.group_cache.file_cells(read, bound, template)
    by_key = unique_names((t.annex_key, file_name(template.render(cells[t.id]))) for t in tracks)
    return {track.id: by_key[track.annex_key] for track in tracks}


def _folders(
    read: CacheReader,
    bound: BoundQuery,
    tracks: Collection[FoundTrack],
    templates: Collection[Template],
    vocabulary: Vocabulary,
) -> dict[int, list[Folders]]:
    """Id of each track → the folders that it is in."""
    values = [_values(read, bound, template, vocabulary) for template in templates]
    found: dict[int, list[Folders]] = {track.id: [] for track in tracks}
    _fill(found, list(found), values, ())
    return found


def _fill(
    found: dict[int, list[Folders]],
    ids: Collection[int],
    values: Sequence[Mapping[int, _Values]],
    above: Folders,
) -> None:
    """Put some tracks, which are all in one folder, into the folders below it."""
    if not values:
        for track_id in ids:
            found[track_id].append(above)
        return
    first, *rest = values
    spellings = defaultdict[str, Counter[str]](Counter)
    members = defaultdict[str, list[int]](list)
    for track_id in ids:
        for folded, text in first[track_id].items():
            spellings[folded][text] += 1
            members[folded].append(track_id)
    # As in a mount: the commonest spelling, and of equally common ones the first in the alphabet.
    shown = {
        folded: min(counts, key=lambda text: (-counts[text], text))
        for folded, counts in spellings.items()
    }
    escaped = ((folded, escape(text.strip())) for folded, text in shown.items())
    for folded, name in unique_names(escaped, of_files=False).items():
        _fill(found, members[folded], rest, (*above, name))


def _values(
    read: CacheReader, bound: BoundQuery, template: Template, vocabulary: Vocabulary
) -> dict[int, _Values]:
    """Id of each track → the values that a template has for it."""
    rendered = RenderedTemplate(template, vocabulary)
    return {
        track_id: {value.folded: value.text for value in map(rendered.value, product(*all_cells))}
        for track_id, all_cells in cells_by_track(read, rendered.sources, bound)
    }
