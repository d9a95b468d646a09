"""What is cached, for how long, and how much of it."""

from __future__ import annotations

import gc
import tracemalloc
from contextlib import closing
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy.sql.compiler import SQLCompiler

from mcfs.annex.library import Library
from mcfs.errors import NotFoundError
from mcfs.query import ALL
from mcfs.sql import bind_without_values, select_entries
from mcfs.store import Store
from mcfs.sync.run import sync
from mcfs.tree.entries import list_entries
from mcfs.tree.folder_file import folder_file
from mcfs.tree.limits import Limits
from mcfs.tree.nodes import (
    TracksNode,
)
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.cache_access import insert_tracks, update_tracks
from tests.tree.folder_access import Make, MakeStore, file_text, names, node, record


def test_empty_listings_count_too(store: Store) -> None:
    tree = Tree(store, limits=Limits(listed_entries=40))
    for number in range(100):
        assert names(tree, f"genre:nothing{number}") == []
    assert len(tree.state.listings) <= 10


def test_caches_of_an_older_generation_are_dropped(make_store: MakeStore) -> None:
    store = make_store(record("a", genre="x"))
    tree = Tree(store)
    for number in range(9):
        assert names(tree, "all") == names(tree, "genre/x")
        assert names(tree, "genre") == ["x"]
        assert file_text(tree, "all.m3u8").count("mp3") == number + 1
        insert_tracks(store.cache, [record(f"a{number}", genre="x")])
        tree.refresh()
    assert len(tree.state.listings) == 0
    assert len(tree.state.files) == 0
    assert tree.state.listings.weight == 0


def test_a_reader_that_is_overtaken_leaves_nothing_in_the_caches(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(record("a", genre="x"))
    tree = Tree(store)

    def list_overtaken(*arguments: Any) -> Any:
        found = list_entries(*arguments)
        insert_tracks(store.cache, [record("b")])
        tree.refresh()
        return found

    def write_overtaken(*arguments: Any) -> Any:
        insert_tracks(store.cache, [record("c")])
        tree.refresh()
        return folder_file(*arguments)

    monkeypatch.setattr("mcfs.tree.folders.list_entries", list_overtaken)
    assert names(tree, "all") == ["a.mp3"]
    assert len(tree.state.listings) == 0
    monkeypatch.undo()
    monkeypatch.setattr("mcfs.tree.folder_file.folder_file", write_overtaken)
    assert "a.mp3" in file_text(tree, "all.m3u8")
    assert len(tree.state.files) == 0
    monkeypatch.undo()
    assert names(tree, "all") == ["a.mp3", "b.mp3", "c.mp3"]


def test_of_folder_files_that_are_too_large_only_the_newest_is_kept(store: Store) -> None:
    tree = Tree(store, limits=Limits(file_bytes=9))
    for mount_path in ("all.json", "all.csv", "all.m3u8"):
        assert file_text(tree, mount_path) == file_text(Tree(store), mount_path)
    assert list(tree.state.files) == [node(tree, "all.m3u8")]


def test_compiled_statements_are_forgotten(make: Make) -> None:
    """SQLAlchemy's objects are most of what a mount would grow by."""
    tree = make(record("a", genre="x", title="z", album="v", year="1999", bpm="9"))
    words = ["genre:x", "genre:=x", "-genre:y", "any:a", "bpm:9", "-bpm:>9", "year:<2000"]
    words += ["present:no", "(title:z or album:v)", "directory:music"]

    def compiled() -> int:
        gc.collect()
        return sum(isinstance(each, SQLCompiler) for each in gc.get_objects())

    first = select_entries(bind_without_values(ALL, tree.day))
    before, asked = compiled(), 0
    for length in range(1, 5):
        for some in combinations(words, length):
            names(tree, " ".join(some))
            asked += 1
    assert asked > 350
    # Each of them was compiled at least once.
    assert compiled() - before < asked
    assert select_entries(bind_without_values(ALL, tree.day)).statement is not first.statement


def test_templates_are_forgotten(store: Store) -> None:
    tree = Tree(store, limits=Limits(group_bytes=100_000))
    expected = names(tree, "{{ genre }} {{ artist }}")
    for number in range(50):
        assert names(tree, f"{{{{ bpm + {number} }}}} {{{{ genre }}}}")
    assert tree.state.group_cache.bytes <= 100_000
    assert names(Tree(store), "{{ genre }} {{ artist }}") == expected
    (some, *_) = expected
    assert names(tree, f"{{{{ genre }}}} {{{{ artist }}}}/{some}")


def test_too_many_combinations_are_refused(make_store: MakeStore) -> None:
    many = "|".join(map(str, range(10)))
    store = make_store(record("a", genre=many, artist=many, mood="x"))
    tree = Tree(store, limits=Limits(combinations=99))
    for inside in ("", "mood:x/"):
        assert len(names(tree, f"{inside}{{{{ genre }}}} {{{{ mood }}}}")) == 10
        with pytest.raises(NotFoundError, match=r"for each: {{ genre }}/{{ artist }}"):
            names(tree, f"{inside}{{{{ genre }}}} {{{{ artist }}}}")
    (problem,) = tree.error_log.entries()
    assert problem.times == 2


def test_after_too_many_templates_any_name_may_differ(make_store: MakeStore) -> None:
    store = make_store(record("a", genre="x"))
    tree = Tree(store, limits=Limits(templates=3))
    with closing(tree.open_change_feed()) as feed:
        for number in range(9):
            names(tree, f"{{{{ bpm + {number} }}}}")
        update_tracks(store.cache, [record("a", genre="y")])
        changes = feed.poll()
        assert changes is not None
        assert changes.everything
        names(tree, "{{ genre }}")
        update_tracks(store.cache, [record("a", genre="z")])
        changes = feed.poll()
        assert changes is not None
        assert not changes.everything
        assert {"y", "z"} <= changes.collision_keys


def test_a_late_reader_does_not_take_the_tree_back(make_store: MakeStore) -> None:
    store = make_store(record("a"))
    tree = Tree(store)
    with store.cache.reading() as before:
        before.generation()
        insert_tracks(store.cache, [record("b")])
        newer = tree.refresh()
        tree.bind(before, tree.shown_query(TracksNode(ALL)))
        assert tree.version.generation is newer


def test_a_new_generation_gets_a_new_listing(library: Library, synced: Store) -> None:
    tree = Tree(synced)
    folder = tree.resolve(Route.parse("all"))
    before = tree.children(folder)
    sync(library, synced, full=True)
    assert tree.children(folder) is before
    tree.refresh()
    after = tree.children(folder)
    assert after is not before
    assert after.entries == before.entries
    assert after.version != before.version


def test_listings_are_forgotten_by_the_number_of_their_entries(synced: Store) -> None:
    tree = Tree(synced, limits=Limits(listed_entries=20))
    for mount_path in ("all", "genre:techno", "genre:rock"):
        tree.children(tree.resolve(Route.parse(mount_path)))
    listings = tree.state.listings
    assert [str(key).partition("\0")[0] for key in listings] == ["genre:techno", "genre:rock"]
    # An empty listing counts as four.
    kept = [
        tree.children(tree.resolve(Route.parse(name))) for name in ("genre:techno", "genre:rock")
    ]
    assert listings.weight == sum(4 + len(listing.entries) for listing in kept)


def test_a_template_weighs_what_it_takes_in_memory(make_store: MakeStore) -> None:
    store = make_store(
        *(record(f"{n}", title=f"Track {n}", artist=f"Artist {n % 50}") for n in range(1000))
    )
    tree = Tree(store, limits=Limits(listed_entries=10))
    for text, inside in (
        ("{{ title }}", "Track 7"),
        ("{{ title }} {{ artist }}", "Track 7 Artist 7"),
    ):
        weighed = tree.state.group_cache.bytes
        tracemalloc.start()
        try:
            tree.children(node(tree, f"{text}/{inside}"))
            tree.children(node(tree, text))
            tree.children(node(tree, "genre:nothing"))  # no listing of many is kept
            gc.collect()
            taken, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        weight = tree.state.group_cache.bytes - weighed
        assert 0.6 * taken < weight < 1.2 * taken, text
