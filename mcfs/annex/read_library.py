"""What a library says of its keys: files, logs and contents, put together.

Owns the two readings: of everything, streamed, and of a few keys. What a track is, and what it is
called, is decided above.
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

# To list the whole branch is quicker than to have git find the logs of so many keys one by one.
MANY_KEYS = 5000


@dataclass(frozen=True, slots=True)
class AnnexedKey:
    """All that the library says about one key that has files."""

    key: str
    work_paths: tuple[str, ...]
    # The first file that can be reached in the work tree.
    work_path: str | None
    content_path: str
    present: bool
    size: int | None
    metadata: Metadata
    added_at: datetime | None
    # Work paths at which it cannot be reached.
    hidden: frozenset[str]
    # What git has at each work path: not what is said of the key, but what says so.
    blobs: Mapping[str, str] = field(compare=False)


def fingerprint_and_journal(library: Library) -> tuple[Fingerprint, Journal]:
    """What to read a library by, taken in the one order that misses nothing of what happens meanwhile.

    What leaves the journal after it was read is in the commit that is looked up after it; what comes
    later differs from this fingerprint.
    """
    journal = read_journal(library)
    found = take_fingerprint(library)
    return replace(found, journal=journal.stamps, blobs=journal.blobs), journal


def read_library(
    library: Library, state: Fingerprint, wanted: Callable[[str], bool], journal: Journal
) -> tuple[int, Iterator[AnnexedKey]]:
    """How many keys have `wanted` files, and what `read_all_keys` says of them."""
    # Files are ours to read, and the branch is git's to list: at once, they take two processors.
    with ThreadPoolExecutor(1) as beside:
        listing = beside.submit(list_branch, library, state.annex_commit)
        files = read_files(library, state, wanted, {})
        paths = _paths_by_key(files)
        return len(paths), _read(library, listing.result(), files, paths, journal)


def read_all_keys(
    library: Library, commit: str | None, files: Mapping[str, AnnexedFile], journal: Journal
) -> Iterator[AnnexedKey]:
    """Every key that has one of the files; dead ones are left out. In no order."""
    yield from _read(library, list_branch(library, commit), files, _paths_by_key(files), journal)


def _read(
    library: Library,
    listed: bytes,
    files: Mapping[str, AnnexedFile],
    paths: dict[str, list[str]],
    journal: Journal,
) -> Iterator[AnnexedKey]:
    find = content_finder(library)
    for key, logs in all_logs(library, listed, paths, journal):
        # What has been told of a key is forgotten: at half a million keys, all of it is much.
        work_paths = paths.pop(key)
        if not is_dead(logs.location):
            yield _put_together(library, key, work_paths, files, find(key), logs)
    for key, work_paths in paths.items():
        yield _put_together(library, key, work_paths, files, find(key), Logs())


def read_keys(
    library: Library,
    commit: str | None,
    files: Mapping[str, AnnexedFile],
    journal: Journal,
    keys: Collection[str],
) -> Iterator[AnnexedKey]:
    """The same for a few keys; those without a file are left out."""
    paths = _paths_by_key({path: file for path, file in files.items() if file.key in keys})
    find = content_finder(library)
    if len(paths) >= MANY_KEYS:
        listed = list_branch(library, commit)
        found = dict.fromkeys(paths, Logs()) | dict(all_logs(library, listed, paths, journal))
    else:
        found = logs_of(library, commit, paths, journal)
    for key, logs in found.items():
        if not is_dead(logs.location):
            yield _put_together(library, key, paths[key], files, find(key), logs)


def _paths_by_key(files: Mapping[str, AnnexedFile]) -> dict[str, list[str]]:
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for path, file in files.items():
        paths[file.key].append(path)
    return dict(paths)


def _put_together(
    library: Library,
    key: str,
    paths: list[str],
    files: Mapping[str, AnnexedFile],
    where: str | None,
    logs: Logs,
) -> AnnexedKey:
    size = key_size(key)
    if size is None and where is not None:
        try:
            size = (library.common_dir / where).stat().st_size
        except OSError:
            where = None  # dropped since we looked
    paths.sort()
    hidden = [path for path in paths if not files[path].in_work_tree]
    return AnnexedKey(
        key=key,
        work_paths=tuple(paths),
        work_path=next((path for path in paths if path not in hidden), None)
        if hidden
        else paths[0],
        content_path=where or content_path(key),
        present=where is not None,
        size=size,
        metadata=parse_metadata(logs.metadata),
        added_at=first_added(logs.location),
        blobs={path: files[path].blob for path in paths},
        hidden=frozenset(hidden),
    )
