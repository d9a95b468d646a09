"""Notices that a library, or its configuration, may have changed.

Owns which files are watched, and the waiting until a burst of changes is over. A sync finds out what has
changed. That is cheap, so one wake-up too many does little harm; and after one too few, the next comes within
a minute. Contents and git's objects are not watched, because their folders are many, and every get, drop and
change of metadata also writes a log or a ref, which is watched.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Collection, Generator, Iterable, Iterator
from enum import Enum
from pathlib import Path

import watchfiles

from mcfs.annex.fingerprint import JOURNALS
from mcfs.annex.library import Library

_log = logging.getLogger(__name__)

# Seconds between two wake-ups when nothing seems to happen: some file systems, such as those of a network,
# report no changes. Watching starts again then.
WAKE_EVERY = 60.0
# The same where nothing can be watched.
WAKE_EVERY_UNWATCHED = 10.0
_QUIET = 0.2  # seconds without a change that end a burst
_LONGEST_BURST = 1.0  # a burst that does not end is reported after so long
_CHECK_FOLDERS_EVERY = 2.0  # whether the folders are still the ones that are watched
_STEP_MS = 100


class Change(Enum):
    """What may have changed."""

    LIBRARY = "library"
    CONFIG = "config"
    # The library cannot be reached any more, as when a disk was unplugged. LIBRARY follows when it can.
    GONE = "gone"


_ANYTHING = frozenset({Change.LIBRARY, Change.CONFIG})
_ADDED_OR_DELETED = (watchfiles.Change.added, watchfiles.Change.deleted)
# Each watched folder → device and inode: another folder may take its path.
_Folders = dict[str, tuple[int, int]]


def watch(
    library: Library,
    config_files: Collection[Path],
    stop: threading.Event,
    wake: threading.Event | None = None,
) -> Iterator[frozenset[Change]]:
    """What may have changed, each time something may have; blocks in between.

    Setting `wake` stands for a change of the library. The first is yielded as soon as watching has begun,
    so that nothing before it is missed. What happens while the caller is busy is yielded next.
    """
    # watchfiles logs a line for every change, which would fill the log of the mount.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    # Settings that are kept in git are symlinks: the file that is written is elsewhere.
    files = {path for file in config_files for path in (file.absolute(), file.resolve())}
    polling = False
    wake = wake or threading.Event()
    while not stop.is_set():
        if not library.is_reachable():
            yield frozenset({Change.GONE})
            while not library.is_reachable():
                if stop.wait(_CHECK_FOLDERS_EVERY):
                    return
        began = False
        try:
            for changes in _watch_until_moved(library, files, stop, wake, polling):
                began = True
                if changes:
                    yield changes
        except FileNotFoundError:
            stop.wait(_QUIET)  # one of the folders was removed just before it was to be watched
        except (OSError, RuntimeError, UnicodeError) as error:
            if not began and not polling:
                polling = True
                _log.warning("%s", _cannot_watch(library, error))
                continue
            # watchfiles fails at names that are not UTF-8. Where it cannot begin, only polling is left.
            yield _ANYTHING
            stop.wait(_CHECK_FOLDERS_EVERY if began else WAKE_EVERY_UNWATCHED)


def _watch_until_moved(
    library: Library,
    files: Collection[Path],
    stop: threading.Event,
    wake: threading.Event,
    polling: bool,
) -> Iterator[frozenset[Change]]:
    """What may have changed, until other folders have to be watched; empty sets when nothing has.

    The first is everything: that covers what changed before the watching began.
    """
    folders = _folders_to_watch(library, files)
    classifier = _Classifier(library, files)
    found = set(_ANYTHING)
    begun = first = last = checked = time.monotonic()
    with contextlib.closing(_steps(folders, stop, polling)) as steps:
        for step in steps:
            now = time.monotonic()
            if new := classifier.changes(path for _, path in step):
                first = first if found else now
                last = now
                found |= new
            if wake.is_set():
                wake.clear()
                found.add(Change.LIBRARY)
            over = bool(found) and (now - last >= _QUIET or now - first >= _LONGEST_BURST)
            if over or now - checked >= _CHECK_FOLDERS_EVERY:
                if _folders_to_watch(library, files) != folders:
                    return
                checked = now
            # A folder that was deleted and made again may have the inode of the old one.
            remade = any(how in _ADDED_OR_DELETED and path in folders for how, path in step)
            if remade or now - begun >= WAKE_EVERY:
                return
            changes = frozenset(found) if over else frozenset()
            found -= changes
            yield changes


def _steps(
    folders: Iterable[str], stop: threading.Event, polling: bool
) -> Generator[set[tuple[watchfiles.Change, str]], None, None]:
    """The paths that were written to, some ten times a second; mostly none."""
    return watchfiles.watch(
        *folders,
        watch_filter=None,  # with a filter, it would wait for a path that passes
        recursive=False,
        stop_event=stop,
        debounce=2 * _STEP_MS,
        step=_STEP_MS,
        rust_timeout=_STEP_MS,
        yield_on_timeout=True,
        force_polling=polling or None,
        poll_delay_ms=int(_CHECK_FOLDERS_EVERY * 1000),
    )


class _Classifier:
    """Which path stands for which change. git writes a file beside (`index.lock`) and renames it."""

    def __init__(self, library: Library, config_files: Collection[Path]) -> None:
        common = library.common_dir
        journals = [common / "annex" / name for name in JOURNALS]
        heads = (library.git_dir / "HEAD", library.git_dir / "index", common / "packed-refs")
        self._library = {str(path) for path in (*heads, *journals)}
        self._below = tuple(f"{path}/" for path in (common / "refs", *journals))
        # When a file does not exist yet, the folder that it will be in may be made first.
        self._config = {str(path) for file in config_files for path in (file, *file.parents)}

    def changes(self, paths: Iterable[str]) -> frozenset[Change]:
        """What may have changed when these paths were written to."""
        found = set()
        for path in paths:
            if path in self._library or (
                path.startswith(self._below) and not path.endswith(".lock")
            ):
                found.add(Change.LIBRARY)
            if path in self._config:
                found.add(Change.CONFIG)
        return frozenset(found)


def _folders_to_watch(library: Library, config_files: Iterable[Path]) -> _Folders:
    """The folders that exist, each watched without what is below it."""
    common = library.common_dir
    annex = common / "annex"
    places = [library.git_dir, common, annex, *(annex / name for name in JOURNALS)]
    places += (Path(folder) for folder, _, _ in os.walk(common / "refs"))
    places += (next(up for up in file.parents if up.is_dir()) for file in config_files)
    found: _Folders = {}
    for place in places:
        with contextlib.suppress(OSError):
            status = place.stat()
            found[str(place)] = status.st_dev, status.st_ino
    return found


def _cannot_watch(library: Library, error: Exception) -> str:
    return (
        f"{library.top} cannot be watched for changes ({error}); looking every "
        f"{_CHECK_FOLDERS_EVERY:g} s instead. "
        "More can be watched with a higher fs.inotify.max_user_watches"
    )
