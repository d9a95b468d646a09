"""The flow of an import: sync, read, compare, write, remember, report.

Owns the order of these, and that whatever happens in between an import can simply be run again: what it
is about to write is remembered before it is written. Streams: at any time it holds a few thousand tracks,
beside the list of those that were skipped or failed.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.annex.metadata_writer import MetadataChange, MetadataWriter, metadata_writer
from mcfs.config.settings import DEFAULTS, Settings
from mcfs.errors import McfsError, SyncRunningError, TagsError
from mcfs.imports.changes import (
    Change,
    Changes,
    Fields,
    filled,
    followed,
    is_said,
    remembered,
    replaced,
)
from mcfs.imports.mixxx_database import FIELDS, Mixxx, open_mixxx
from mcfs.imports.result import Failed, Imported, ImportResult, OnEvent, OnProgress, Skipped
from mcfs.imports.track_matching import Matcher
from mcfs.imports.track_selection import Selection, select
from mcfs.query import ALL
from mcfs.sql import select_tracks
from mcfs.store import Store
from mcfs.store.batches import chunks
from mcfs.store.cache_reader import CacheReader
from mcfs.store.clock import today
from mcfs.store.locks import import_lock
from mcfs.sync.run import sync
from mcfs.text.raw_text import is_utf8
from mcfs.tree.tree import Tree

# So many tracks are told git-annex at once, at least and at most.
_FEW = 16
_AT_ONCE = 500
# A running mount syncs by itself, and at the same moment as we.
_PATIENCE = 600.0
NOT_HERE = "its content is not here"
_UNSAYABLE = "git-annex takes no key in JSON that is not UTF-8"
_NOTHING: Mapping[str, tuple[str, ...]] = {}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written of a track, and what is remembered of it: before, and when that is done."""

    annex_key: str
    changes: Changes
    imported: Fields = field(default_factory=dict)
    remembered: Fields = field(default_factory=dict)


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
    """What Mixxx's database says becomes metadata of the library's tracks."""
    result = ImportResult("mixxx", dry_run)
    detail = {"database": str(database)}
    with (
        _running(library, store, settings, result, detail) as broke_off,
        ExitStack() as stack,
    ):
        mixxx = stack.enter_context(open_mixxx(database))
        result.lost_folders = [folder for folder in mixxx.folders() if not Path(folder).is_dir()]
        read = stack.enter_context(store.cache.reading())
        flow = _Flow(library, store, settings, read, result, on_event, on_progress, mixxx.count())
        matcher = Matcher(library, Tree(store, settings), music_dir)
        _match(mixxx, matcher, read, select(library, read, paths), flow)
        wanted = _differing(mixxx, store, read, flow, everything=everything, broke_off=broke_off)
        flow.write(wanted, commit_every)
    return result


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
    """What the tags inside the files that are here say becomes metadata, where there is none yet."""
    result = ImportResult("tags", dry_run)
    differs = replaced if overwrite else filled
    with (
        _running(library, store, settings, result, {}),
        store.cache.reading() as read,
    ):
        selection = select(library, read, paths)
        flow = _Flow(library, store, settings, read, result, on_event, on_progress, read.count())
        flow.write(_tagged(library, read, selection, flow, differs))
    return result


def _tagged(
    library: Library,
    read: CacheReader,
    selection: Selection | None,
    flow: _Flow,
    differs: Callable[[Fields, Fields], Changes],
) -> Iterator[Wanted]:
    """The tracks whose tags say what git-annex does not have."""
    from mcfs.imports.file_tags import read_tags  # mutagen is slow to import

    for some in chunks(read.stream(select_tracks(ALL, today()))):
        keys = [row.annex_key for row in some]
        meant = set(keys) if selection is None else selection.among(read, keys)
        files = flow.files(meant)
        places = read.track_ids_of_keys(meant)
        held_at = read.values_of_ids(list(places.values()), (*FIELDS, "bitrate"))
        for row in some:
            key = row.annex_key
            if key not in meant:
                continue
            if not row.present:
                flow.skip(files[key], NOT_HERE)
                continue
            try:
                said = read_tags(library.common_dir / row.content_path, files[key])
            except TagsError as error:
                flow.fail(files[key], key, str(error))
                continue
            if changes := differs(said, held_at[places[key]]):
                yield Wanted(key, changes)
            else:
                flow.unchanged()


def _match(
    mixxx: Mixxx, matcher: Matcher, read: CacheReader, selection: Selection | None, flow: _Flow
) -> None:
    """Find out which track each location is; matches are kept beside Mixxx's tracks."""
    for some in chunks(mixxx.locations()):
        numbers = {location: number for number, location in some}
        found, unmatched = matcher.match(read, numbers)
        if selection is None:
            for path, reason in unmatched:
                flow.skip(path, reason)
        else:
            keys = read.keys_of_ids(list(found.values()))
            meant = selection.among(read, list(keys.values()))
            found = {path: place for path, place in found.items() if keys[place] in meant}
        mixxx.match((place, numbers[path]) for path, place in found.items())


def _differing(
    mixxx: Mixxx,
    store: Store,
    read: CacheReader,
    flow: _Flow,
    *,
    everything: bool,
    broke_off: bool,
) -> Iterator[Wanted]:
    """The tracks of which something is to be written.

    What an import that `broke_off` had remembered ahead is put right, where all else is as it should be.
    """
    for some in chunks(mixxx.described()):
        held_at = read.values_of_ids([place for place, _ in some], FIELDS)
        if not everything and not broke_off:
            # Nothing to write, and nothing there that an import could have written too much.
            differing = [(place, said) for place, said in some if held_at[place] != said]
            flow.unchanged(len(some) - len(differing))
        else:
            differing = list(some)
        yield from _compared(differing, held_at, store, read, flow, everything=everything)


def _compared(
    some: Sequence[tuple[int, Fields]],
    held_at: Mapping[int, Fields],
    store: Store,
    read: CacheReader,
    flow: _Flow,
    *,
    everything: bool,
) -> Iterator[Wanted]:
    """The same of a few."""
    keys = read.keys_of_ids([place for place, _ in some])
    imported_of = store.user.imported(keys.values())
    forgotten: dict[str, Fields] = {}
    unchanged = 0
    for place, said in some:
        key, held = keys[place], held_at[place]
        imported = imported_of.get(key, _NOTHING)
        changes = followed(said, held, imported)
        if everything:
            for name in said.keys() - changes.keys():
                changes[name] = Change(held[name], held[name])
        if changes:
            yield Wanted(key, changes, imported, remembered(said, held, imported))
            continue
        unchanged += 1
        if not is_said(imported, said):
            forgotten[key] = remembered(said, held, imported)
    flow.unchanged(unchanged)
    if forgotten and not flow.dry_run:
        store.user.remember_imported(forgotten)


@contextmanager
def _running(
    library: Library,
    store: Store,
    settings: Settings,
    result: ImportResult,
    detail: Mapping[str, str],
) -> Iterator[bool]:
    """One import at a time, between two syncs, and logged; of a dry run there is nothing to log.

    Whether the one before broke off.
    """
    started = time.monotonic()
    last = store.user.last_run("import")
    broke_off = last is not None and last.outcome not in ("done", "partly")
    if result.dry_run:
        _sync(library, store, settings)
        yield broke_off
        result.seconds = time.monotonic() - started
        return
    with import_lock(store.folder):
        _sync(library, store, settings)
        number = store.user.start_run("import", {"source": result.source, **detail})
        try:
            yield broke_off
            if result.imported or result.failed:
                _sync(library, store, settings)
        except (McfsError, OSError, KeyboardInterrupt) as error:
            sentence = str(error) or "interrupted"
            result.seconds = time.monotonic() - started
            # The failure itself is what has to be heard, not that it could not be written down.
            with suppress(McfsError):
                log = {**result.as_log(), **detail, "error": sentence}
                store.user.finish_run(number, "failed", log)
            raise
        result.seconds = time.monotonic() - started
        outcome = "done" if result.success else "partly"
        store.user.finish_run(number, outcome, {**result.as_log(), **detail})


def _sync(library: Library, store: Store, settings: Settings) -> None:
    """In step with the library, though somebody else may be at that as well."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            sync(library, store, settings)
        except SyncRunningError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


class _Flow:
    """Tracks on their way into git-annex, and the result as it grows."""

    def __init__(
        self,
        library: Library,
        store: Store,
        settings: Settings,
        read: CacheReader,
        result: ImportResult,
        on_event: OnEvent,
        on_progress: OnProgress,
        total: int,
    ) -> None:
        self._library = library
        self._store = store
        self._settings = settings
        self._read = read
        self._result = result
        self._on_event = on_event
        self._on_progress = on_progress
        self._total = total

    @property
    def dry_run(self) -> bool:
        """Whether nothing at all is to be written."""
        return self._result.dry_run

    def skip(self, file: str, reason: str) -> None:
        """A track that is left out."""
        skipped = Skipped(file, reason)
        self._result.skipped.append(skipped)
        _log.info("skipped %s: %s", file, reason)
        self._on_event(skipped)

    def fail(self, file: str, annex_key: str, reason: str) -> None:
        """A track that something is wrong with."""
        failed = Failed(file, annex_key, reason)
        self._result.failed.append(failed)
        _log.info("failed %s: %s", file, reason)
        self._on_event(failed)

    def unchanged(self, count: int = 1) -> None:
        """Tracks that have all their values."""
        self._result.unchanged += count

    def write(self, wanted: Iterable[Wanted], commit_every: int | None = None) -> None:
        """Write them, or say only what would be written."""
        if self.dry_run:
            for some in chunks(wanted, _AT_ONCE):
                self._done(some, [None] * len(some))
            return
        with metadata_writer(self._library, commit_every) as writer:
            told: deque[Wanted] = deque()
            waiting: list[Wanted] = []
            reasons: list[str | None] = []
            for each in wanted:
                if not is_utf8(each.annex_key):
                    key = each.annex_key
                    self.fail(self.files([key])[key], key, _UNSAYABLE)
                    continue
                waiting.append(each)
                # It gets the first soon, and then as many as it has still to do: it is the slowest of us
                # and shall hardly wait, nor be told of every track apart.
                if len(waiting) == _AT_ONCE or len(waiting) >= max(_FEW, writer.pending):
                    reasons += self._tell(writer, told, waiting)
                    waiting = []
                    if len(reasons) >= _AT_ONCE:
                        self._settle(told, reasons)
                        reasons = []
            reasons += self._tell(writer, told, waiting)
            self._settle(told, reasons)
            reasons = writer.wait_for_all()
            writer.end_input()
            self._settle(told, reasons)
            if self._result.imported:
                # While git-annex commits: what it commits is in its journal, where a sync finds it, and
                # the one at the end has next to nothing to read. If it fails, that one says so.
                with suppress(McfsError):
                    sync(self._library, self._store, self._settings)

    def _tell(
        self, writer: MetadataWriter, told: deque[Wanted], some: Sequence[Wanted]
    ) -> list[str | None]:
        before = {
            each.annex_key: _joined(each.imported, each.remembered)
            for each in some
            if each.imported or each.remembered
        }
        if before:
            self._store.user.remember_imported(before)
        told += some
        return writer.submit(
            MetadataChange(each.annex_key, {name: c.new for name, c in each.changes.items()})
            for each in some
        )

    def _settle(self, told: deque[Wanted], reasons: Sequence[str | None]) -> None:
        """What became of the first that were told."""
        answered = [told.popleft() for _ in reasons]
        corrected = {
            each.annex_key: kept
            for each, reason in zip(answered, reasons, strict=True)
            if (kept := each.remembered if reason is None else each.imported)
            != _joined(each.imported, each.remembered)
        }
        if corrected:
            self._store.user.remember_imported(corrected)
        if answered:
            self._done(answered, reasons)

    def _done(self, some: Sequence[Wanted], reasons: Sequence[str | None]) -> None:
        files = self.files(each.annex_key for each in some)
        for each, reason in zip(some, reasons, strict=True):
            file = files[each.annex_key]
            if reason is None:
                self._result.imported += 1
                self._on_event(Imported(file, each.annex_key, each.changes))
            else:
                self.fail(file, each.annex_key, reason)
        self._on_progress(self._result.total_requested, self._total)

    def files(self, annex_keys: Iterable[str]) -> dict[str, str]:
        """The first file of each, to call it by."""
        files: dict[str, str] = {}
        for file in self._read.work_files(annex_keys):
            files[file.annex_key] = min(file.work_path, files.get(file.annex_key, file.work_path))
        return files


def _joined(one: Fields, other: Fields) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(sorted({*one.get(name, ()), *other.get(name, ())}))
        for name in (*one, *(name for name in other if name not in one))
    }
