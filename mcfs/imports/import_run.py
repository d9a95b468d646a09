"""An import is one edit of the library. The store is synced before and after it, and `user.db` has a log."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from mcfs.annex.library import Library
from mcfs.config.settings import Settings
from mcfs.editing.editor import Editor, editing
from mcfs.errors import McfsError
from mcfs.imports.result import ImportResult
from mcfs.store import Store
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
) -> Iterator[Editor | None]:
    """Do everything around an import; yields the editor that makes the changes.

    A dry run changes nothing, so it has no editor, takes no lock and is not logged.
    """
    started = time.monotonic()
    if result.dry_run:
        _sync(library, store, settings)
        yield None
        result.seconds = time.monotonic() - started
        return
    with editing(library, store) as editor:
        _sync(library, store, settings)
        number = store.user.start_run("import", {"source": result.source, **details})
        try:
            yield editor
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
