"""The steps of an import from Mixxx: match its tracks, compare their values, write what differs.

Owns their order. It streams: at any time it holds a few thousand tracks, and the list of those that were
skipped or failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.config.settings import DEFAULTS, Settings
from mcfs.imports.changes import Fields, changes_to_follow, imported_after, source_still_has
from mcfs.imports.import_run import import_run
from mcfs.imports.mixxx_database import MixxxSnapshot, mixxx_fields, open_mixxx
from mcfs.imports.result import ImportResult, OnEvent, OnProgress
from mcfs.imports.track_matching import TrackMatcher
from mcfs.imports.track_selection import TrackSelection, select_paths
from mcfs.imports.track_writer import TrackWriter
from mcfs.store import Store
from mcfs.store.batches import chunks
from mcfs.store.cache_reader import CacheReader
from mcfs.store.records import Change, TrackChange
from mcfs.tree.tree import Tree

_NOTHING: Mapping[str, tuple[str, ...]] = {}


def import_mixxx(
    library: Library,
    store: Store,
    database: Path,
    settings: Settings = DEFAULTS,
    *,
    everything: bool = False,
    dry_run: bool = False,
    commit_every: int | None = None,
    music_dir: str | None = None,
    paths: Sequence[Path] = (),
    on_event: OnEvent = lambda _: None,
    on_progress: OnProgress = lambda _done, _total: None,
) -> ImportResult:
    """Write the values that Mixxx has into git-annex metadata, where they differ.

    `everything` writes values that do not differ too. `paths` are the files and folders that are meant, all
    without any. `music_dir` is what Mixxx calls the library's top folder, if it has moved since.
    """
    result = ImportResult("mixxx", dry_run)
    details = {"database": str(database)}
    with (
        import_run(library, store, settings, result, details) as editor,
        ExitStack() as stack,
    ):
        mixxx = stack.enter_context(open_mixxx(database))
        result.lost_folders = [folder for folder in mixxx.folders() if not Path(folder).is_dir()]
        read = stack.enter_context(store.cache.reading())
        writer = TrackWriter(
            library, store, settings, editor, read, result, on_event, on_progress, mixxx.count()
        )
        matcher = TrackMatcher(library, Tree(store, settings), music_dir)
        _match_tracks(mixxx, matcher, read, select_paths(library, read, paths), writer)
        planned = _planned(mixxx, store, read, writer, everything=everything)
        writer.write(planned, commit_every=commit_every, detail=details)
    return result


def _match_tracks(
    mixxx: MixxxSnapshot,
    matcher: TrackMatcher,
    read: CacheReader,
    selection: TrackSelection | None,
    writer: TrackWriter,
) -> None:
    """Find the track of each location that Mixxx has, and remember it in the snapshot."""
    for some in chunks(mixxx.locations()):
        mixxx_ids = {location: mixxx_id for mixxx_id, location in some}
        track_ids, unmatched = matcher.match(read, mixxx_ids)
        if selection is None:
            for path, reason in unmatched:
                writer.skip(path, reason)
        else:
            keys = read.keys_of_ids(list(track_ids.values()))
            selected = selection.among(read, list(keys.values()))
            track_ids = {
                path: track_id for path, track_id in track_ids.items() if keys[track_id] in selected
            }
        mixxx.remember_matches((track_id, mixxx_ids[path]) for path, track_id in track_ids.items())


def _planned(
    mixxx: MixxxSnapshot,
    store: Store,
    read: CacheReader,
    writer: TrackWriter,
    *,
    everything: bool,
) -> Iterator[TrackChange]:
    """The tracks that need a change."""
    for some in chunks(mixxx.matched_tracks()):
        current_of = read.values_of_ids([track_id for track_id, _ in some], mixxx_fields())
        if everything:
            to_compare = list(some)
        else:
            # Where all values are equal there is nothing to write, and nothing that imports wrote is to
            # be removed.
            to_compare = [
                (track_id, source) for track_id, source in some if current_of[track_id] != source
            ]
            writer.count_unchanged(len(some) - len(to_compare))
        yield from _compare(to_compare, current_of, store, read, writer, everything=everything)


def _compare(
    tracks: Sequence[tuple[int, Fields]],
    current_of: Mapping[int, Fields],
    store: Store,
    read: CacheReader,
    writer: TrackWriter,
    *,
    everything: bool,
) -> Iterator[TrackChange]:
    keys = read.keys_of_ids([track_id for track_id, _ in tracks])
    imported_of = store.user.imported(keys.values())
    corrections: dict[str, Fields] = {}
    unchanged = 0
    for track_id, source in tracks:
        key, current = keys[track_id], current_of[track_id]
        imported = imported_of.get(key, _NOTHING)
        changes = changes_to_follow(source, current, imported)
        if everything:
            for name in source.keys() - changes.keys():
                changes[name] = Change(current[name], current[name])
        if changes:
            after = imported_after(source, current, imported)
            yield TrackChange(key, changes, imported, after)
            continue
        unchanged += 1
        if not source_still_has(imported, source):
            corrections[key] = imported_after(source, current, imported)
    writer.count_unchanged(unchanged)
    writer.correct_imported(corrections)
