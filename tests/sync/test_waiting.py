"""A sync that waits for its turn."""

from __future__ import annotations

import threading
import time

import pytest

from mcfs.errors import SyncRunningError
from mcfs.store import Store
from mcfs.store.locks import sync_lock
from mcfs.sync.report import SyncReport
from mcfs.sync.waiting import sync_in_turn


class Turns:
    """A sync that tries to take the lock, and how often it was called."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.called = threading.Semaphore(0)

    def sync(self) -> SyncReport:
        self.called.release()
        with sync_lock(self.store.folder):
            return SyncReport(tracks=7)


def test_it_syncs_at_once_when_no_other_sync_runs(synced: Store) -> None:
    turns = Turns(synced)
    assert sync_in_turn(synced.folder, turns.sync) == SyncReport(tracks=7)


def test_it_syncs_after_the_other_sync(synced: Store) -> None:
    turns = Turns(synced)
    reports: list[SyncReport | None] = []
    thread = threading.Thread(
        target=lambda: reports.append(sync_in_turn(synced.folder, turns.sync))
    )
    with sync_lock(synced.folder):
        thread.start()
        assert turns.called.acquire(timeout=30)
        time.sleep(0.2)
        assert not turns.called.acquire(blocking=False), "it waits before it tries again"
        assert reports == []
    thread.join(30)
    assert reports == [SyncReport(tracks=7)]


def test_it_gives_up_after_its_patience(synced: Store) -> None:
    with sync_lock(synced.folder), pytest.raises(SyncRunningError, match="already syncing"):
        sync_in_turn(synced.folder, Turns(synced).sync, patience=0.2)


def test_it_ends_when_it_is_stopped(synced: Store) -> None:
    stop = threading.Event()
    turns = Turns(synced)

    def sync_and_stop() -> SyncReport:
        stop.set()
        return turns.sync()

    with sync_lock(synced.folder):
        assert sync_in_turn(synced.folder, sync_and_stop, stop=stop) is None
