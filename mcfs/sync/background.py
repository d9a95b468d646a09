"""Keeps the store in step with its library while that is mounted.

Owns the loop: when something may have changed, sync. After a failure, which is reported, the mount serves
what the store has; the next change, or the next minute, is another try.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mcfs.annex.library import Library, open_library
from mcfs.config.load import config_files, config_stamp
from mcfs.config.settings import Settings
from mcfs.errors import ConfigError, LibraryError, McfsError, bug_sentence
from mcfs.store import Store
from mcfs.store.records import incomplete_sentences
from mcfs.sync.report import SyncKind, SyncReport
from mcfs.sync.run import sync
from mcfs.sync.waiting import sync_in_turn
from mcfs.sync.watch import Change, watch

log = logging.getLogger(__name__)

_SECONDS_AFTER_A_BUG = 10.0
# How long a sync waits while somebody edits through the mount, and how often it looks.
_LONGEST_WAIT_FOR_EDITS = 5.0
_EDITS_PAUSE = 0.1


@dataclass(slots=True)
class BackgroundSync:
    """Watches one library and syncs its store, in a thread of its own."""

    library: Library
    store: Store
    # The settings of the mount, replaced when the configuration changes.
    settings: Settings
    # Reads the settings again; raises a `ConfigError` when they cannot be read.
    read_settings: Callable[[], Settings]
    # Called when the settings have changed.
    on_new_settings: Callable[[Settings], None]
    # Called with a sentence for the user when something went wrong.
    on_problem: Callable[[str], None]
    # Called after a sync that found changes.
    on_synced: Callable[[SyncReport], None] = lambda _: None
    # Whether somebody is editing through this mount right now, which the store follows without a sync.
    is_editing: Callable[[], bool] = lambda: False
    # What was last said about tracks that are stored without a part of their metadata.
    _incomplete: list[str] = field(default_factory=list, init=False)

    def run(self, stop: threading.Event) -> None:
        """Watch and sync until `stop` is set."""
        while not stop.is_set():
            try:
                self._watch_and_sync(stop)
            except Exception as error:
                # The thread must survive a bug: without it the mount would silently grow old.
                log.exception("the library could not be followed")
                self._report_problem(bug_sentence(error))
                stop.wait(_SECONDS_AFTER_A_BUG)

    def _watch_and_sync(self, stop: threading.Event) -> None:
        stamp = None
        files, wake = config_files(self.library.top), self.store.cache.met_damage
        for changes in watch(self.library, files, stop, wake):
            if Change.GONE in changes:
                self._report_problem(
                    f"{self.library.top} is gone; the mount shows what it last read"
                )
                continue
            if stamp != (stamp := config_stamp(self.library.top)):
                self._reload_settings()
            self._sync(stop)

    def _reload_settings(self) -> None:
        try:
            settings = self.read_settings()
        except ConfigError as error:
            self._report_problem(f"{error}; what was set before still holds")
            return
        if settings != self.settings:
            self.settings = settings
            self.on_new_settings(settings)

    def _sync(self, stop: threading.Event) -> None:
        # Each gesture wakes us, and a sync would make the next ones wait. Others may change the library, too.
        deadline = time.monotonic() + _LONGEST_WAIT_FOR_EDITS
        while self.is_editing() and time.monotonic() < deadline and not stop.wait(_EDITS_PAUSE):
            pass
        try:
            report = sync_in_turn(self.store.folder, self._sync_same_library, stop=stop)
        except McfsError as error:
            self._report_problem(f"sync failed: {error}")
            return
        if report is None:
            return
        for sentence in (report.rebuilt, report.rescued):
            if sentence is not None:
                self._report_problem(sentence)
        incomplete = incomplete_sentences(report.incomplete, report.incomplete_tracks)
        if incomplete != self._incomplete:
            self._incomplete = incomplete
            for sentence in incomplete:
                self.on_problem(sentence)
        if report.kind is not SyncKind.NOTHING:
            log.info("synced: %d tracks, %d present", report.tracks, report.present)
            self.on_synced(report)

    def _sync_same_library(self) -> SyncReport:
        """Sync, unless another library has taken the place of the mounted one, as on another disk."""
        found = open_library(self.library.top)
        if found.uuid != self.library.uuid:
            raise LibraryError(
                f"{self.library.top} is another library now; unmount this one and mount that"
            )
        return sync(self.library, self.store, self.settings)

    def _report_problem(self, sentence: str) -> None:
        log.warning("%s", sentence)
        self.on_problem(sentence)
