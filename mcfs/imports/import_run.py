"""One import at a time, with the store synced before and after it, and a record of it in `user.db`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from mcfs.annex.library import Library
from mcfs.config.settings import Settings
from mcfs.errors import McfsError
from mcfs.imports.result import ImportResult
from mcfs.store import Store
from mcfs.store.locks import import_lock
from mcfs.sync.run import sync
from mcfs.sync.waiting import sync_in_turn

# A running mount syncs by itself, often at the same moment.
_WAIT_FOR_SYNC_SECONDS = 600.0


@contextmanager
def import_run(
    library: Library,
    store: Store,
    settings: Settings,
    result: ImportResult,
    details: Mapping[str, str],
) -> Iterator[bool]:
    """Do everything around an import; yields whether the import before this one was interrupted.

    A dry run changes nothing, so it takes no lock and leaves no record.
    """
    started = time.monotonic()
    last = store.user.last_run("import")
    interrupted = last is not None and last.outcome not in ("done", "partly")
    if result.dry_run:
        _sync(library, store, settings)
        yield interrupted
        result.seconds = time.monotonic() - started
        return
    with import_lock(store.folder):
        _sync(library, store, settings)
        number = store.user.start_run("import", {"source": result.source, **details})
        try:
            yield interrupted
            if result.imported or result.failed:
                _sync(library, store, settings)
        except (McfsError, OSError, KeyboardInterrupt) as error:
            sentence = str(error) or "interrupted"
            result.seconds = time.monotonic() - started
            # If the record fails too, the first error is the one to report.
            with suppress(McfsError):
                record = {**result.as_log(), **details, "error": sentence}
                store.user.finish_run(number, "failed", record)
            raise
        result.seconds = time.monotonic() - started
        outcome = "done" if result.success else "partly"
        store.user.finish_run(number, outcome, {**result.as_log(), **details})


def _sync(library: Library, store: Store, settings: Settings) -> None:
    """Sync, waiting for a sync that another process has begun."""
    sync_in_turn(
        store.folder, lambda: sync(library, store, settings), patience=_WAIT_FOR_SYNC_SECONDS
    )
