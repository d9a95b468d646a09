"""Inodes: distinct in their low 32 bits, and independent of the order of the tracks."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from mcfs.store import CacheRepository, inodes
from mcfs.store.inodes import BITS, LOW_BITS, assign_inodes, candidate_inode
from tests.cache_access import insert_tracks, remove_tracks
from tests.store.cache_contents import query, track


def test_inode_is_a_hash_of_the_key_that_never_changes() -> None:
    # Written down: an inode that differs from one version to the next moves every file of a mount.
    assert candidate_inode("SHA256E-s1--00.mp3") == 0x1AACE62C374E175


def test_inode_leaves_room_for_the_kind_of_entry() -> None:
    assert all(0 < candidate_inode(f"key {number}") < 1 << BITS for number in range(1000))
    assert 1 << BITS > LOW_BITS


def test_key_that_is_not_utf8() -> None:
    assert candidate_inode("caf\udce9") != candidate_inode("café")


@pytest.fixture(scope="module")
def colliding() -> tuple[str, str]:
    """Two keys whose hashes have the same low bits, found by trying many."""
    seen: dict[int, str] = {}
    for number in itertools.count():
        key = f"MD5E-s{number}--{number:06}.mp3"
        other = seen.setdefault(candidate_inode(key) & LOW_BITS, key)
        if other is not key:
            return other, key
    raise AssertionError


def test_collisions_are_resolved_in_any_order_of_the_keys(
    colliding: tuple[str, str],
) -> None:
    keys = [*colliding, "another"]
    settled = assign_inodes(keys, frozenset())
    assert settled == assign_inodes(reversed(keys), frozenset())
    first, second = sorted(colliding)
    assert settled[first] == candidate_inode(first)
    assert settled[second] == candidate_inode(second, 1)
    assert len({inode & LOW_BITS for inode in settled.values()}) == 3


def test_taken_low_bits_are_avoided() -> None:
    taken = {candidate_inode("key", attempt) & LOW_BITS for attempt in range(3)}
    assert assign_inodes(["key"], taken) == {"key": candidate_inode("key", 3)}


def test_low_bits_are_never_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inodes, "candidate_inode", lambda _, attempt=0: attempt << 32 | attempt)
    assert assign_inodes(["key"], frozenset()) == {"key": 1 << 32 | 1}


def test_colliding_tracks_in_a_cache(
    cache: CacheRepository, path: Path, colliding: tuple[str, str]
) -> None:
    records = [track(int(key[6 : key.index("--")])) for key in colliding]
    stored = assign_inodes(colliding, frozenset())

    def held() -> dict[str, int]:
        return dict(query(path, "SELECT annex_key, inode FROM track"))

    for order in (records, records[::-1]):
        cache.replace_all(order)
        assert held() == stored
    remove_tracks(cache, [max(colliding)])
    insert_tracks(cache, (record for record in records if record.annex_key == max(colliding)))
    assert held() == stored


def test_many_collisions_in_a_full_load(
    cache: CacheRepository, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = candidate_inode
    # Only eight of the low bits can differ, so nearly every key collides with another one.
    monkeypatch.setattr(
        inodes, "candidate_inode", lambda key, attempt=0: real(key, attempt) & ~0xFFF0FFF0
    )
    records = [track(number) for number in range(1, 200)]
    found = []
    for seed in range(2):
        random.Random(seed).shuffle(records)
        cache.replace_all(records)
        found.append(dict(query(path, "SELECT annex_key, inode FROM track")))
    assert found[0] == found[1]
    lows = {inode & LOW_BITS for inode in found[0].values()}
    assert len(lows) == len(records)
    assert 0 not in lows
    assert all(inode < 1 << BITS for inode in found[0].values())
