"""Folders by a field whose values are dates, and what happens when a field becomes one, or ceases to be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from mcfs.config.settings import DEFAULTS, Settings
from mcfs.errors import NotFoundError
from mcfs.fields import ConfiguredKind
from mcfs.tree.tree import Tree
from tests.cache_access import insert_tracks, remove_tracks
from tests.tree.folder_access import Make, MakeStore, names, node, record


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


RECORDS = (
    record("a", released="2025-06-30 22:30:00"),
    record("b", released="2025-07-01"),
    record("c", released="1994"),
    record("d"),
)


def _says(kind: ConfiguredKind) -> Settings:
    return replace(DEFAULTS, field_kinds={"released": kind})


def test_queries_orders_and_templates_agree(make: Make) -> None:
    tree = make(*RECORDS)
    assert names(tree, "released:2025-07-01") == ["a.mp3", "b.mp3"]
    assert names(tree, "sort:-released") == ["001 b.mp3", "002 a.mp3", "003 c.mp3", "004 d.mp3"]
    assert names(tree, "{{ released }}") == ["1994", "2025-07-01", "Unknown"]
    assert names(tree, "{{ released }}/2025-07-01") == ["a.mp3", "b.mp3"]
    assert names(tree, "{{ released | truncate(4) }} {{ genre }}") == [
        "1994 Unknown",
        "2025 Unknown",
        "Unknown Unknown",
    ]
    with pytest.raises(NotFoundError):
        node(tree, "{{ released }}/2025-06-30 22:30:00")


def test_a_change_of_the_kind_changes_what_folders_mean(make_store: MakeStore) -> None:
    store = make_store(*RECORDS)
    tree = Tree(store)
    names(tree, "{{ released }}")
    with closing(tree.open_change_feed()) as feed:
        insert_tracks(store.cache, [record("e", released="soon")])
        changes = feed.poll()
        assert changes is not None
        # Names of tracks that did not change are others now.
        assert changes.everything
        assert changes.fields_changed
        assert names(tree, "{{ released }}/2025-06-30 22:30:00") == ["a.mp3"]
        assert names(tree, "released:soon") == ["e.mp3"]
        remove_tracks(store.cache, [record("e").annex_key])
        changes = feed.poll()
        assert changes is not None
        assert changes.everything
        assert names(tree, "released:>1995") == ["a.mp3", "b.mp3"]


def test_the_settings_have_the_last_word(make: Make) -> None:
    tree = make(*RECORDS, settings=_says(ConfiguredKind.TEXT))
    assert names(tree, "{{ released }}") == ["1994", "2025-06-30 22:30:00", "2025-07-01", "Unknown"]
    assert names(tree, "released:2025") == ["a.mp3", "b.mp3"]
    tree.configure(DEFAULTS)
    assert names(tree, "{{ released }}") == ["1994", "2025-07-01", "Unknown"]
    years = make(record("a", released="1994"), settings=_says(ConfiguredKind.DATE))
    assert names(years, "released:<1994-06") == []
    assert names(years, "released:<=1994") == ["a.mp3"]
