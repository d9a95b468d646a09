"""The steps of an import from the tags inside the files: read each file, compare, write what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.config.settings import DEFAULTS, Settings
from mcfs.errors import TagsError
from mcfs.imports.changes import Changes, Fields, changes_to_fill, changes_to_overwrite
from mcfs.imports.import_run import import_run
from mcfs.imports.result import ImportResult, OnEvent, OnProgress
from mcfs.imports.track_selection import TrackSelection, select_paths
from mcfs.imports.track_writer import TrackWriter
from mcfs.query import ALL
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import Store
from mcfs.store.batches import chunks
from mcfs.store.cache_reader import CacheReader
from mcfs.store.clock import today
from mcfs.store.records import TrackChange

CONTENT_NOT_HERE = "absent: its content is not here"


def import_tags(
    library: Library,
    store: Store,
    settings: Settings = DEFAULTS,
    *,
    overwrite: bool = False,
    dry_run: bool = False,
    paths: Sequence[Path] = (),
    on_event: OnEvent = lambda _: None,
    on_progress: OnProgress = lambda _done, _total: None,
) -> ImportResult:
    """Write the tags of all files whose content is here into git-annex metadata, where that is empty.

    `overwrite` writes them where git-annex has other values too. `paths` are the files and folders that are
    meant, all without any.
    """
    result = ImportResult("tags", dry_run)
    compare = changes_to_overwrite if overwrite else changes_to_fill
    with (
        import_run(library, store, settings, result, {}) as editor,
        store.cache.reading() as read,
    ):
        selection = select_paths(library, read, paths)
        writer = TrackWriter(
            library, store, settings, editor, read, result, on_event, on_progress, read.count()
        )
        writer.write(_planned(library, read, selection, writer, compare))
    return result


def _planned(
    library: Library,
    read: CacheReader,
    selection: TrackSelection | None,
    writer: TrackWriter,
    compare: Callable[[Fields, Fields], Changes],
) -> Iterator[TrackChange]:
    """The tracks that need a change."""
    from mcfs.imports.file_tags import read_tags, tag_fields  # mutagen is slow to import

    for some in chunks(read.stream(select_tracks(bind_without_values(ALL, today())))):
        keys = [row.annex_key for row in some]
        selected = set(keys) if selection is None else selection.among(read, keys)
        files = writer.first_files(selected)
        track_ids = read.track_ids_of_keys(selected)
        current_of = read.values_of_ids(list(track_ids.values()), tag_fields())
        for row in some:
            key = row.annex_key
            if key not in selected:
                continue
            if not row.present:
                writer.skip(files[key], CONTENT_NOT_HERE)
                continue
            try:
                tags = read_tags(library.common_dir / row.content_path, files[key])
            except TagsError as error:
                writer.fail(files[key], key, str(error))
                continue
            if changes := compare(tags, current_of[track_ids[key]]):
                yield TrackChange(key, changes)
            else:
                writer.count_unchanged()
