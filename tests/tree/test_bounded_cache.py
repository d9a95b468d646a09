"""A cache forgets what was not used for longest, by weight."""

from __future__ import annotations

from mcfs.tree.bounded_cache import BoundedCache


def test_what_was_not_used_for_longest_is_forgotten_first() -> None:
    cache: BoundedCache[str, str] = BoundedCache(6, len)
    for name in ("aa", "bb", "cc"):
        cache.put(name, name)
    assert cache.get("aa") == "aa"
    cache.put("dd", "dd")
    assert list(cache) == ["cc", "aa", "dd"]
    assert cache.get("bb") is None
    assert cache.weight == 6


def test_a_replaced_value_no_longer_counts() -> None:
    cache: BoundedCache[str, str] = BoundedCache(6, len)
    cache.put("a", "xxxx")
    cache.put("a", "x")
    cache.put("b", "xxxxx")
    assert list(cache) == ["a", "b"]
    assert cache.weight == 6


def test_the_newest_value_stays_even_if_it_is_too_heavy() -> None:
    cache: BoundedCache[str, str] = BoundedCache(3, len)
    cache.put("a", "x")
    cache.put("b", "x" * 9)
    assert list(cache) == ["b"]
    cache.put("c", "x")
    assert list(cache) == ["c"]
    assert cache.weight == 1
