"""The store follows a few tracks whose metadata has just been edited, without a sync.

Owns that it then has exactly what a sync would give it: the same log, read and derived by the same code.
What else a sync reads of a track has not changed. The fingerprint of the last sync stays, so that the next
one reads these tracks again, and finds nothing new.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mcfs.annex.branch import Logs, logs_of
from mcfs.annex.journal import metadata_log_in_journal
from mcfs.annex.library import Library
from mcfs.annex.logs import first_added, parse_metadata
from mcfs.annex.read_library import AnnexedKey, fingerprint_and_journal
from mcfs.store import Store, TrackRecord
from mcfs.store.locks import sync_lock
from mcfs.sync.derive import added_at, field_values, track_record

# Seconds to wait for a sync that is running. It may have read the log before the edit, so it has to be over.
_PATIENCE = 30.0


def update_edited_tracks(library: Library, store: Store, annex_keys: Collection[str]) -> None:
    """Bring the store in step with the library for these tracks, as one generation."""
    with sync_lock(store.folder, _PATIENCE), store.cache.writing() as write:
        stored = write.records(annex_keys)
        logs = _logs(library, stored)
        write.update((_record(track, logs[key]) for key, track in stored.items()), stored)


def _logs(library: Library, stored: Mapping[str, TrackRecord]) -> dict[str, Logs]:
    """The logs of tracks: most often only that of the metadata is needed, which is still in the journal."""
    found: dict[str, Logs] = {}
    for key, track in stored.items():
        text = metadata_log_in_journal(library, key)
        if text is not None and _first_added_is_known(track, text):
            found[key] = Logs(text)
    if others := stored.keys() - found.keys():
        state, journal = fingerprint_and_journal(library)
        found |= logs_of(library, state.annex_commit, others, journal)
    return found


def _first_added_is_known(track: TrackRecord, log: bytes) -> bool:
    """Whether the stored time at which a track was added is what its location log says, or is not needed."""
    return (
        added_at(field_values(track.values)) is None
        or added_at(field_values(parse_metadata(log).values)) is not None
    )


def _record(stored: TrackRecord, logs: Logs) -> TrackRecord:
    return track_record(
        AnnexedKey(
            key=stored.annex_key,
            work_paths=stored.files,
            content_path=stored.content_path,
            present=stored.present,
            size=stored.size,
            metadata=parse_metadata(logs.metadata),
            added_at=first_added(logs.location) if logs.location else stored.added_at,
            hidden=stored.hidden,
            blobs=stored.blobs,
        )
    )
