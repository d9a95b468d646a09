"""Reads the keys of a library: their files, logs and contents, put together.

Owns the two ways of reading: all keys as a stream, and a few keys. Which of them are tracks, and their names,
is decided in `sync/`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from mcfs.annex.branch import Logs, all_logs, list_branch, logs_of
from mcfs.annex.files import AnnexedFile, read_files
from mcfs.annex.fingerprint import Fingerprint, take_fingerprint
from mcfs.annex.journal import Journal, read_journal
from mcfs.annex.keys import content_path, key_size
from mcfs.annex.library import Library
from mcfs.annex.logs import Metadata, first_added, is_dead, parse_metadata
from mcfs.annex.objects import content_finder

# From so many keys on, listing the whole branch is quicker than having git find each log by its path.
MANY_KEYS = 5000


@dataclass(frozen=True, slots=True)
class AnnexedKey:
    """Everything that the library has about one key that has files."""

    key: str
    work_paths: tuple[str, ...]
    content_path: str
    present: bool
    size: int | None
    metadata: Metadata
    added_at: datetime | None
    # Work paths at which the content cannot be reached.
    hidden: frozenset[str]
    # Work path → git object. Not compared: it is not about the key.
    blobs: Mapping[str, str] = field(compare=False)


def fingerprint_and_journal(library: Library) -> tuple[Fingerprint, Journal]:
    """The state of a library and its uncommitted logs, read in the only order that misses no change.

    A log that is committed after the journal was read is in the commit that is looked up afterwards; a change
    after that makes the next fingerprint differ.
    """
    journal = read_journal(library)
    found = take_fingerprint(library)
    return replace(found, journal=journal.stamps, blobs=journal.blobs), journal


def read_library(
    library: Library, state: Fingerprint, is_wanted: Callable[[str], bool], journal: Journal
) -> tuple[int, Iterator[AnnexedKey]]:
    """How many keys have `is_wanted` files, and these keys, as `read_all_keys` yields them."""
    # We parse the files while git lists the branch: that uses two processors.
    with ThreadPoolExecutor(1) as executor:
        listing = executor.submit(list_branch, library, state.annex_commit)
        files = read_files(library, state, is_wanted, {})
        paths = _paths_by_key(files)
        return len(paths), _combine(library, listing.result(), files, paths, journal)


def read_all_keys(
    library: Library, commit: str | None, files: Mapping[str, AnnexedFile], journal: Journal
) -> Iterator[AnnexedKey]:
    """Every key that has one of these files, except dead ones. In no order."""
    yield from _combine(library, list_branch(library, commit), files, _paths_by_key(files), journal)


def _combine(
    library: Library,
    listed: bytes,
    files: Mapping[str, AnnexedFile],
    paths: dict[str, list[str]],
    journal: Journal,
) -> Iterator[AnnexedKey]:
    find = content_finder(library)
    for key, logs in all_logs(library, listed, paths, journal):
        # Popped, to free memory as we go: half a million keys need much of it.
        work_paths = paths.pop(key)
        if not is_dead(logs.location):
            yield _make_annexed_key(library, key, work_paths, files, find(key), logs)
    for key, work_paths in paths.items():
        yield _make_annexed_key(library, key, work_paths, files, find(key), Logs())


def read_keys(
    library: Library,
    commit: str | None,
    files: Mapping[str, AnnexedFile],
    journal: Journal,
    keys: Collection[str],
) -> Iterator[AnnexedKey]:
    """These keys, except dead ones and those without a file."""
    paths = _paths_by_key({path: file for path, file in files.items() if file.key in keys})
    find = content_finder(library)
    if len(paths) >= MANY_KEYS:
        listed = list_branch(library, commit)
        found = dict.fromkeys(paths, Logs()) | dict(all_logs(library, listed, paths, journal))
    else:
        found = logs_of(library, commit, paths, journal)
    for key, logs in found.items():
        if not is_dead(logs.location):
            yield _make_annexed_key(library, key, paths[key], files, find(key), logs)


def _paths_by_key(files: Mapping[str, AnnexedFile]) -> dict[str, list[str]]:
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for path, file in files.items():
        paths[file.key].append(path)
    return dict(paths)


def _make_annexed_key(
    library: Library,
    key: str,
    paths: list[str],
    files: Mapping[str, AnnexedFile],
    found_path: str | None,
    logs: Logs,
) -> AnnexedKey:
    size = key_size(key)
    if size is None and found_path is not None:
        try:
            size = (library.common_dir / found_path).stat().st_size
        except OSError:
            found_path = None  # dropped meanwhile
    paths.sort()
    return AnnexedKey(
        key=key,
        work_paths=tuple(paths),
        content_path=found_path or content_path(key),
        present=found_path is not None,
        size=size,
        metadata=parse_metadata(logs.metadata),
        added_at=first_added(logs.location),
        blobs={path: files[path].blob for path in paths},
        hidden=frozenset(path for path in paths if not files[path].in_work_tree),
    )
