"""The invalidator without a kernel: it survives failures, and knows which answers may be cached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio

from mcfs.config.settings import DEFAULTS
from mcfs.errors import StoreError
from mcfs.fuse.announcements import Announcer
from mcfs.fuse.cached_listings import CachedListings
from mcfs.fuse.changes_under_way import ChangesUnderWay
from mcfs.fuse.inodes import InodeTable
from mcfs.fuse.invalidation import InvalidationOptions, Invalidator
from mcfs.store import Store
from mcfs.tree.change_feed import NameChangeFeed, Watched
from mcfs.tree.changed_names import NameChanges
from mcfs.tree.tree import Tree

_FAST = InvalidationOptions(poll_interval=0.001, repeat_after=0)


@pytest.mark.logs("could not be invalidated")
async def test_failures_are_reported_and_it_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[Exception] = [StoreError("the disk is gone"), ZeroDivisionError("x")]
    poll = NameChangeFeed.poll

    def fail_at_first(feed: NameChangeFeed, watched: Watched) -> NameChanges | None:
        if failures:
            raise failures.pop(0)
        return poll(feed, watched)

    monkeypatch.setattr(NameChangeFeed, "poll", fail_at_first)
    tree = Tree(store)
    reported: list[str] = []
    sent: list[tuple[int, int]] = []
    options = InvalidationOptions(
        poll_interval=0.001, repeat_after=0, on_sent=lambda *counts: sent.append(counts)
    )
    inodes = _inodes()
    announcer = Announcer(inodes, ChangesUnderWay(), can_expire=True)
    invalidator = Invalidator(
        tree, inodes, CachedListings(), reported.append, options, announcer, ChangesUnderWay()
    )
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(invalidator.run)
            await _poll(lambda: not failures)
            store.cache.replace_all([])
            # The kernel holds nothing that could be stale, so nothing is sent a second time.
            await _poll(lambda: len(sent) == 1)
            nursery.cancel_scope.cancel()
    finally:
        invalidator.close()
    assert reported == [
        "cannot read the store: the disk is gone",
        "a bug in mcfs: ZeroDivisionError: x",
    ]
    assert sent == [(0, 0)]


async def test_an_answer_is_current_until_a_change_was_seen(store: Store) -> None:
    tree = Tree(store)
    inodes = _inodes()
    invalidator = Invalidator(
        tree,
        inodes,
        CachedListings(),
        _fail,
        _FAST,
        Announcer(inodes, ChangesUnderWay(), can_expire=True),
        ChangesUnderWay(),
    )
    try:
        before = tree.version
        assert invalidator.is_current(before)
        store.cache.replace_all([])
        tree.refresh()
        after = tree.version
        assert not invalidator.is_current(before), "it is an old answer"
        assert not invalidator.is_current(after), "the kernel still has names of the old version"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(invalidator.run)
            await _poll(lambda: invalidator.is_current(after))
            nursery.cancel_scope.cancel()
    finally:
        invalidator.close()


def _inodes() -> InodeTable:
    return InodeTable(DEFAULTS)


def _fail(sentence: str) -> Any:
    raise AssertionError(sentence)


async def _poll(condition: Callable[[], bool]) -> None:
    with trio.fail_after(20):
        while not condition():
            await trio.sleep(0.005)
