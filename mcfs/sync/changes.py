"""What may have changed in a library since its last sync, and whether a full sync is the quicker way.

Owns the decision what has to be read again. It compares fingerprints and files; which metadata a key has
now is read afterwards, for the keys that are named here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from mcfs.annex.branch import changed_keys
from mcfs.annex.covers import located_covers, read_covers
from mcfs.annex.files import AnnexedFile, read_files
from mcfs.annex.fingerprint import Fingerprint
from mcfs.annex.library import Library
from mcfs.store import CacheRepository, SyncState
from mcfs.store.records import CoverRecord
from mcfs.sync.derive import as_cover, cover_records

# When more keys changed than this, and more than this part of all tracks, a full sync is quicker.
FEW_KEYS = 1000
FEW_OF_ALL = 0.2


@dataclass(frozen=True, slots=True)
class ChangedKeys:
    """Keys that may differ from what the store has, and files: at least all files of these keys."""

    keys: set[str]
    files: Mapping[str, AnnexedFile]
    # Covers that may differ, as the store has them and as they are now.
    old_covers: Collection[CoverRecord] = ()
    new_covers: Collection[CoverRecord] = ()


def synced_fingerprint(
    state: SyncState, library: Library, extensions: Collection[str]
) -> Fingerprint | None:
    """The fingerprint at the last sync of this library; None when the store has another library.

    When other file extensions counted as tracks then, the index of that fingerprint is None: it differs
    from every index, so that all files are read again.
    """
    stored = state.fingerprint
    if stored is None or state.library_uuid != library.uuid:
        return None
    fingerprint = Fingerprint.of_json(stored)
    same = stored.get("extensions") == sorted(extensions)
    return fingerprint if same else replace(fingerprint, index=None)


def find_changes(
    library: Library,
    cache: CacheRepository,
    before: Fingerprint,
    now: Fingerprint,
    is_wanted: Callable[[str], bool],
) -> ChangedKeys | None:
    """The keys that may have changed between two fingerprints; None when that cannot be found out."""
    keys = changed_keys(library, before, now)
    if keys is None:
        return None
    with cache.reading() as read:
        old_covers = read.covers()
    if _state_of_files(before) == _state_of_files(now):
        files = stored_files(cache, keys)
        old_covers = [cover for cover in old_covers if cover.annex_key in keys]
        # A key that the store does not have may have files all the same: it was dead until now.
        if keys <= {
            *(file.key for file in files.values()),
            *(cover.annex_key for cover in old_covers),
        }:
            located = located_covers(library, map(as_cover, old_covers))
            return ChangedKeys(keys, files, old_covers, cover_records(located))
        with cache.reading() as read:
            old_covers = read.covers()
    new_covers = cover_records(read_covers(library, now, map(as_cover, old_covers)))
    old = stored_files(cache)
    new = read_files(library, now, is_wanted, old)
    for path in old.keys() | new.keys():
        if old.get(path) != new.get(path):
            keys |= {file.key for file in (old.get(path), new.get(path)) if file}
    return ChangedKeys(keys, new, old_covers, new_covers)


def full_sync_is_quicker(changed: ChangedKeys, cache: CacheRepository) -> bool:
    """Whether to read everything as one stream instead of these keys one by one."""
    count = len(changed.keys)
    return count > FEW_KEYS and count > cache.count() * FEW_OF_ALL


def stored_files(
    cache: CacheRepository, keys: Iterable[str] | None = None
) -> dict[str, AnnexedFile]:
    """The files that the store knows, by work path: all, or those of some keys."""
    with cache.reading() as read:
        return {
            file.work_path: AnnexedFile(file.annex_key, file.blob, file.in_work_tree)
            for file in read.work_files(keys)
        }


def _state_of_files(fingerprint: Fingerprint) -> tuple[object, ...]:
    """The part of a fingerprint that the files of the library depend on."""
    return fingerprint.index, fingerprint.head, fingerprint.basis_commit
