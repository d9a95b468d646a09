"""The library a command is about, and its store, ready to be asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcfs.annex.library import Library, open_library
from mcfs.cli.terminal import say
from mcfs.config.load import load_settings
from mcfs.store import CacheRepository, Store, open_cache, open_store


@contextmanager
def opened(place: Path) -> Iterator[tuple[Library, Store]]:
    """What `--library` names. One that was never synced is synced first, as `mcfs mount` does.

    So is one whose store is of another library, of which nothing must be shown.
    """
    library = open_library(place)
    with open_store(library.store_dir) as store:
        if store.notice:
            say(store.notice)
        if store.cache.state().library_uuid != library.uuid:
            from mcfs.cli.progress import sync_with_bar  # a bar is slow to load

            sync_with_bar(library, store, load_settings(library.top))
        yield library, store


@contextmanager
def opened_cache(place: Path) -> Iterator[tuple[Library, CacheRepository]]:
    """The same without what the user made, for who has nothing to ask of that."""
    library = open_library(place)
    cache, notice = open_cache(library.store_dir)
    try:
        if notice:
            say(notice)
        if cache.state().library_uuid != library.uuid:
            with opened(place):
                pass
        yield library, cache
    finally:
        cache.close()
