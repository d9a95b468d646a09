"""Keeps the store in step with its library for as long as that is mounted.

Owns the loop: something may have changed, so look, and sync what did. Whatever goes wrong is said and
the mount serves what it knows; the next change, or the next minute, is another try.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from mcfs.annex.library import Library, open_library
from mcfs.config.load import config_files, config_stamp
from mcfs.config.settings import Settings
from mcfs.error_log import ErrorLog
from mcfs.errors import ConfigError, LibraryError, McfsError, SyncRunningError, bug_sentence
from mcfs.store import Store
from mcfs.store.locks import wait_for_sync
from mcfs.sync.run import SyncKind, SyncReport, sync
from mcfs.sync.watch import Change, watch

log = logging.getLogger(__name__)

_AFTER_A_BUG = 10.0


@dataclass(slots=True)
class BackgroundSync:
    """For a thread of its own."""

    library: Library
    store: Store
    # As the mount was made by them.
    settings: Settings
    # What they are now; a `ConfigError` where they cannot be read.
    read_settings: Callable[[], Settings]
    # Called when they are other ones.
    on_new_settings: Callable[[Settings], None]
    error_log: ErrorLog
    # Called after a sync that found something.
    on_synced: Callable[[SyncReport], None] = lambda _: None

    def run(self, stop: threading.Event) -> None:
        """Until it is stopped."""
        while not stop.is_set():
            try:
                self._follow(stop)
            except Exception as error:
                # A bug must not end the following, of which nobody would know.
                log.exception("the library could not be followed")
                self._complain(bug_sentence(error))
                stop.wait(_AFTER_A_BUG)

    def _follow(self, stop: threading.Event) -> None:
        stamp = None
        for changes in watch(self.library, config_files(self.library.top), stop):
            if Change.GONE in changes:
                self._complain(f"{self.library.top} is gone; the mount shows what it knew")
                continue
            if stamp != (stamp := config_stamp(self.library.top)):
                self._configure()
            self._sync(stop)

    def _configure(self) -> None:
        try:
            settings = self.read_settings()
        except ConfigError as error:
            self._complain(f"{error}; what was set before still holds")
            return
        if settings != self.settings:
            self.settings = settings
            self.on_new_settings(settings)

    def _sync(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._must_be_the_same()
                report = sync(self.library, self.store, self.settings)
            except SyncRunningError:
                # What it brings is what we want; what it may have missed is looked for after it.
                wait_for_sync(self.store.folder, stop)
                continue
            except McfsError as error:
                self._complain(f"sync failed: {error}")
            else:
                if report.kind is not SyncKind.NOTHING:
                    log.info("synced: %d tracks, %d present", report.tracks, report.present)
                    self.on_synced(report)
            return

    def _must_be_the_same(self) -> None:
        """Another disk may have taken its place."""
        found = open_library(self.library.top)
        if found.uuid != self.library.uuid:
            raise LibraryError(f"{self.library.top} is another library now; mount that one anew")

    def _complain(self, sentence: str) -> None:
        log.warning("%s", sentence)
        self.error_log.add(sentence)
