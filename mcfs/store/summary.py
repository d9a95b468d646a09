"""A summary of a store, read without changing anything: for `mcfs status`.

Owns reading databases that may be missing, of another version, or on a disk that cannot be written, while
other processes write them. Each database is read in one state, but the two states need not belong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from mcfs.errors import StoreError
from mcfs.fields import Vocabulary
from mcfs.schema.cache import schema_stamp
from mcfs.store import engine as sqlite
from mcfs.store.cache_reader import CacheReader
from mcfs.store.migrations import HEAD, revision_of
from mcfs.store.records import Counts, Generation, Run, SyncState
from mcfs.store.user_repository import UserRepository


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """What is in a store; a database that does not exist leaves the defaults."""

    generation: Generation | None = None
    state: SyncState = field(default_factory=SyncState)
    counts: Counts | None = None
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    # The names of the pins.
    pins: tuple[str, ...] = ()
    # The names of the snapshots; and of those that are stale, with the reason.
    snapshots: tuple[str, ...] = ()
    stale_snapshots: Mapping[str, str] = field(default_factory=dict)
    # Runs of all kinds, the newest first.
    runs: tuple[Run, ...] = ()
    # The newest run of each kind.
    done_sync: Run | None = None
    failed_sync: Run | None = None
    last_import: Run | None = None
    # Why a database could not be read.
    errors: tuple[str, ...] = ()


def read_summary(folder: Path, most_runs: int) -> StoreSummary:
    """Read a summary of the store in this folder."""
    summary = StoreSummary()
    readings = (("cache.db", _of_cache), ("user.db", partial(_of_user, most_runs=most_runs)))
    for name, read in readings:
        path = folder / name
        if path.exists():
            engine = sqlite.open_read_only(path)
            try:
                summary = read(summary, engine)
            except StoreError as error:
                summary = replace(summary, errors=(*summary.errors, str(error)))
            finally:
                engine.dispose()
    return summary


def _of_cache(summary: StoreSummary, engine: Engine) -> StoreSummary:
    with sqlite.reading(engine) as connection:
        if connection.exec_driver_sql("PRAGMA user_version").scalar_one() != schema_stamp():
            path = sqlite.path_of(engine)
            raise StoreError(f"{path} is of another version of mcfs; a sync rebuilds it")
        read = CacheReader(connection)
        state = read.state()
        # The counts are missing when a sync was killed just before it recorded them.
        counts = read.counts() if state.counts is None else Counts(**state.counts)
        return replace(
            summary,
            generation=read.generation(),
            state=state,
            counts=counts,
            vocabulary=read.vocabulary(),
        )


def _of_user(summary: StoreSummary, engine: Engine, most_runs: int) -> StoreSummary:
    with sqlite.reading(engine) as connection:
        if revision_of(connection) != HEAD:
            path = sqlite.path_of(engine)
            raise StoreError(f"{path} is of another version of mcfs; a sync carries it over")
    user = UserRepository(engine)
    snapshots = user.snapshots.all()
    return replace(
        summary,
        snapshots=tuple(snapshot.name for snapshot in snapshots),
        stale_snapshots={each.name: each.stale_reason or "" for each in snapshots if each.is_stale},
        pins=tuple(user.pin_names()),
        runs=tuple(user.runs(most_runs)),
        done_sync=user.last_run("sync", "done"),
        failed_sync=user.last_run("sync", "failed"),
        last_import=user.last_run("import"),
    )
