"""What a command works on: a library, its settings, its store and its tree.

Each is opened when it is first used, as opening takes time: `mcfs search` needs no tree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mcfs.annex.library import Library, open_library
from mcfs.cli.terminal import print_message
from mcfs.config.load import load_settings
from mcfs.config.settings import Absent, Settings
from mcfs.errors import (
    CacheDamagedError,
    StoreDamagedError,
    StoreRepairedError,
    SyncRunningError,
)
from mcfs.mount_table import mount_containing
from mcfs.query import InSnapshot, Query, parse
from mcfs.sql import BoundQuery, LookedUp, Members, bind
from mcfs.store import CacheRepository, Store, open_cache, open_store
from mcfs.store.clock import today
from mcfs.text.fold import fold

if TYPE_CHECKING:
    from mcfs.fields import Vocabulary
    from mcfs.store.cache_reader import CacheReader
    from mcfs.store.known_snapshots import KnownSnapshots
    from mcfs.sync.report import SyncReport
    from mcfs.tree.tree import Tree


_RUN_AGAIN = "this command met the damage; run it again"


class Session:
    """One library, for as long as one command runs."""

    def __init__(
        self, place: Path, resources: ExitStack, *, absent: str | None, sync_first: bool
    ) -> None:
        self._place = place
        self._resources = resources
        self._absent = absent
        self._sync_first = sync_first

    @cached_property
    def library(self) -> Library:
        """The git-annex repository."""
        return open_library(self._place)

    @cached_property
    def settings(self) -> Settings:
        """The library's and the user's settings; the option --absent overrides them."""
        settings = load_settings(self.library.top)
        return settings if self._absent is None else replace(settings, absent=Absent(self._absent))

    @cached_property
    def store(self) -> Store:
        """Both databases. A library that was never synced is synced first."""
        store = self._resources.enter_context(open_store(self.library.store_dir))
        for line in (store.notice or "").splitlines():
            print_message(line)
        if sentence := self._merge_pins(store):
            print_message(sentence)
        # A store of another library counts as never synced: nothing of it may be shown.
        if self._sync_first and not self._is_synced(store.cache):
            self._sync_in_turn(store)
        return store

    def _merge_pins(self, store: Store) -> str | None:
        """Bring pins over from where the store was while the library's rights were others."""
        # os.path: a folder that this user may not enter is no error.
        if not os.path.exists(self.library.other_store_dir / "user.db"):  # noqa: PTH110
            return None
        from mcfs.store.pin_merge import merge_pins  # few libraries have two

        return merge_pins(store, self.library.other_store_dir)

    def _is_synced(self, cache: CacheRepository) -> bool:
        try:
            return cache.state().library_uuid == self.library.uuid
        except CacheDamagedError:
            return False  # the sync makes a new one

    def _sync_in_turn(self, store: Store) -> SyncReport | None:
        from mcfs.cli.progress import sync_with_bar  # few commands have to sync
        from mcfs.sync.waiting import sync_in_turn

        def sync() -> SyncReport:
            try:
                return sync_with_bar(self.library, store, self.settings)
            except SyncRunningError as error:
                print_message(f"{error}; waiting until that is done")
                raise

        report = sync_in_turn(store.folder, sync)
        if report is not None and report.rebuilt is not None:
            print_message(report.rebuilt)
        return report

    @cached_property
    def cache(self) -> CacheRepository:
        """Only the library's metadata: opens faster than the whole store."""
        cache, notice = open_cache(self.library.store_dir)
        self._resources.callback(cache.close)
        if notice:
            print_message(notice)
        if not self._is_synced(cache):
            self.ensure_synced()
        return cache

    def vocabulary(self, read: CacheReader) -> Vocabulary:
        """The fields that queries can name, and their kinds, as the settings have them."""
        return read.vocabulary().configured(self.settings.field_kinds)

    def parse(self, text: str, read: CacheReader) -> Query:
        """The query that a text writes down."""
        vocabulary = self.vocabulary(read)
        # Only such a query needs the other database.
        if "snapshot" in fold(text):
            vocabulary = replace(vocabulary, snapshots=self.snapshots.names)
        return parse(text, vocabulary)

    def bind(self, query: Query, read: CacheReader) -> BoundQuery:
        """A query that was read from text, with the tracks of the snapshots in it."""
        return bind(query, today(), lambda term: self._members(term, read))

    def _members(self, term: LookedUp, read: CacheReader) -> Members:
        assert isinstance(term, InSnapshot), "no text says a value of a template"
        return self.snapshots.members(read, term)

    @cached_property
    def snapshots(self) -> KnownSnapshots:
        """The snapshots that queries can name."""
        from mcfs.store.known_snapshots import known_snapshots

        return known_snapshots(self.store.user.snapshots)

    @cached_property
    def tree(self) -> Tree:
        """What a mount of this library shows."""
        from mcfs.tree.tree import Tree  # not needed by every command

        return Tree(self.store, self.settings)

    def rebuild_cache(self, damage: str) -> None:
        """Put a new cache in the place of one in which this command has met damage."""
        with open_store(self.library.store_dir) as store:
            store.cache.damage = damage
            self._sync_in_turn(store)

    def rescue_user_data(self) -> None:
        """Rescue what can be read of a damaged user.db."""
        with open_store(self.library.store_dir) as store:
            if sentence := store.notice or store.user.rescue():
                print_message(sentence)

    def ensure_synced(self) -> None:
        """Sync now if the library was never synced."""
        _ = self.store


@contextmanager
def open_session(
    library_path: Path | None, *, absent: str | None = None, sync_first: bool = True
) -> Iterator[Session]:
    """The library at this path, or the one that `locate_library` finds."""
    place = locate_library(library_path)
    with ExitStack() as resources:
        session = Session(place, resources, absent=absent, sync_first=sync_first)
        try:
            yield session
        except CacheDamagedError as error:
            session.rebuild_cache(str(error))
            raise StoreRepairedError(_RUN_AGAIN) from error
        except StoreDamagedError as error:
            session.rescue_user_data()
            raise StoreRepairedError(_RUN_AGAIN) from error


def locate_library(library_path: Path | None) -> Path:
    """Where to look for the library: at `--library`, `$MCFS_LIBRARY`, or the current folder or mount."""
    if place := library_path or os.environ.get("MCFS_LIBRARY"):
        return Path(place)
    in_mount = mount_containing(".")
    return Path() if in_mount is None else Path(in_mount[0].source)


def locate_path(path: str, library_path: Path | None) -> tuple[Path, str]:
    """Where to look for the library that a path is about, and the path below the root of its mount.

    A path in a mount is about the library of that mount, even with `--library`. Any other path starts at
    the root that a mount would have.
    """
    in_mount = mount_containing(path)
    if in_mount is None:
        return locate_library(library_path), path
    mount, inside = in_mount
    return Path(mount.source), inside
