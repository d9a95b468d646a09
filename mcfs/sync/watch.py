"""Notices that a library may have changed: a wake-up for whoever then looks what it was.

Owns which files tell, and the waiting until they are quiet. What has changed is for a sync to find out,
which is cheap; so a wake-up too many does little harm, and one too few is made good by the next, which
comes by itself after a minute. Contents and git's objects are not listened to, whose folders are many:
every get, drop and change of metadata ends in a log or a ref.
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

_QUIET = 0.2  # seconds without a change, which end a burst
_LONGEST = 1.0  # a burst that does not end is told of all the same
_LOOK_EVERY = 2.0  # whether the folders are still the ones we watch
_TELL_EVERY = 60.0  # for what no file system told us, one over the network say; and watch anew
_UNWATCHED = 10.0  # the same where nothing can be watched
_STEP_MS = 100


class Change(Enum):
    """What may have changed."""

    LIBRARY = "library"
    CONFIG = "config"
    # It cannot be reached any more, as when a disk was unplugged. LIBRARY follows when it can.
    GONE = "gone"


_ANYTHING = frozenset({Change.LIBRARY, Change.CONFIG})
_COME_OR_GONE = (watchfiles.Change.added, watchfiles.Change.deleted)
# Each folder that is watched, and which one it was: another may take its path.
_Folders = dict[str, tuple[int, int]]


def watch(
    library: Library, config_files: Collection[Path], stop: threading.Event
) -> Iterator[frozenset[Change]]:
    """What may have changed, whenever something may have; for a thread of its own.

    The first comes as soon as watching has begun, so that nothing is missed before it. What happens while
    the caller is busy is told next time.
    """
    # It would write a line for every change into the log of the mount.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    # Whoever keeps settings in git links to them: what is written to is elsewhere.
    files = {path for file in config_files for path in (file.absolute(), file.resolve())}
    polling = False
    while not stop.is_set():
        if not library.is_reachable():
            yield frozenset({Change.GONE})
            while not library.is_reachable():
                if stop.wait(_LOOK_EVERY):
                    return
        began = False
        try:
            for changes in _until_moved(library, files, stop, polling):
                began = True
                if changes:
                    yield changes
        except FileNotFoundError:
            stop.wait(_QUIET)  # one of the folders went just as we were to watch it
        except (OSError, RuntimeError, UnicodeError) as error:
            if not began and not polling:
                polling = True
                _log.warning("%s", _cannot(library, error))
                continue
            # Begun, it fails at names that are not UTF-8; else there is nothing to do but ask.
            yield _ANYTHING
            stop.wait(_LOOK_EVERY if began else _UNWATCHED)


def _until_moved(
    library: Library, files: Collection[Path], stop: threading.Event, polling: bool
) -> Iterator[frozenset[Change]]:
    """What may have changed, as long as the folders to watch are these; empty where nothing has.

    Whoever watches anew is told of anything first: what changed meanwhile is in that.
    """
    folders = _folders(library, files)
    meaning = _Meaning(library, files)
    found = set(_ANYTHING)
    begun = first = last = looked = time.monotonic()
    with contextlib.closing(_steps(folders, stop, polling)) as steps:
        for step in steps:
            now = time.monotonic()
            if new := meaning.of(path for _, path in step):
                first = first if found else now
                last = now
                found |= new
            over = bool(found) and (now - last >= _QUIET or now - first >= _LONGEST)
            if over or now - looked >= _LOOK_EVERY:
                if _folders(library, files) != folders:
                    return
                looked = now
            # Number and all, a folder may be another one than it was.
            remade = any(how in _COME_OR_GONE and path in folders for how, path in step)
            if remade or now - begun >= _TELL_EVERY:
                return
            changes = frozenset(found) if over else frozenset()
            found -= changes
            yield changes


def _steps(
    folders: Iterable[str], stop: threading.Event, polling: bool
) -> Generator[set[tuple[watchfiles.Change, str]], None, None]:
    """What was written to, some ten times a second; most times nothing."""
    return watchfiles.watch(
        *folders,
        watch_filter=None,  # it would go on waiting for one that passes
        recursive=False,
        stop_event=stop,
        debounce=2 * _STEP_MS,
        step=_STEP_MS,
        rust_timeout=_STEP_MS,
        yield_on_timeout=True,
        force_polling=polling or None,
        poll_delay_ms=int(_LOOK_EVERY * 1000),
    )


class _Meaning:
    """Which files tell of what. git writes a file beside (`index.lock`) and renames it."""

    def __init__(self, library: Library, config_files: Collection[Path]) -> None:
        common = library.common_dir
        journals = [common / "annex" / name for name in JOURNALS]
        heads = (library.git_dir / "HEAD", library.git_dir / "index", common / "packed-refs")
        self._library = {str(path) for path in (*heads, *journals)}
        self._below = tuple(f"{path}/" for path in (common / "refs", *journals))
        # Of a file that is not there yet, the folder that it will be in may come first.
        self._config = {str(path) for file in config_files for path in (file, *file.parents)}

    def of(self, paths: Iterable[str]) -> frozenset[Change]:
        """What may have changed when these were written to."""
        found = set()
        for path in paths:
            if path in self._library or (
                path.startswith(self._below) and not path.endswith(".lock")
            ):
                found.add(Change.LIBRARY)
            if path in self._config:
                found.add(Change.CONFIG)
        return frozenset(found)


def _folders(library: Library, config_files: Iterable[Path]) -> _Folders:
    """Those that can be watched, none of them with what is below it."""
    common = library.common_dir
    annex = common / "annex"
    places = [library.git_dir, common, annex, *(annex / name for name in JOURNALS)]
    places += (Path(folder) for folder, _, _ in os.walk(common / "refs"))
    places += (next(up for up in file.parents if up.is_dir()) for file in config_files)
    found: _Folders = {}
    for place in places:
        with contextlib.suppress(OSError):
            what = place.stat()
            found[str(place)] = what.st_dev, what.st_ino
    return found


def _cannot(library: Library, error: Exception) -> str:
    return (
        f"{library.top} cannot be watched for changes ({error}); looking every {_LOOK_EVERY:g} s "
        "instead. More can be watched with a higher fs.inotify.max_user_watches"
    )
