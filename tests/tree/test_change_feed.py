"""What the feed reports when the store changes: tracks, and names by every template in use."""

from __future__ import annotations

from contextlib import closing

from mcfs.text.unique_names import collision_key
from mcfs.tree.nodes import TrackNode
from mcfs.tree.tree import Tree
from tests.cache_access import insert_tracks, remove_tracks, update_tracks
from tests.tree.folder_access import MakeStore, names, node, record


def test_nothing_has_changed(make_store: MakeStore) -> None:
    tree = Tree(make_store(record("a")))
    with closing(tree.open_change_feed()) as feed:
        assert feed.version == tree.version
        assert feed.poll() is None


def test_each_poll_reports_what_changed_since_the_one_before(make_store: MakeStore) -> None:
    store = make_store(record("a"), record("b"))
    tree = Tree(store)
    inodes = {track.name: track.inode for track in _tracks(tree)}
    with closing(tree.open_change_feed()) as feed:
        update_tracks(store.cache, [record("a", genre="x")])
        changes = feed.poll()
        assert changes is not None
        assert changes.inodes == {inodes["a.mp3"]} == set(changes.tracks)
        assert changes.version == tree.version
        remove_tracks(store.cache, [record("b").annex_key])
        changes = feed.poll()
        assert changes is not None
        assert changes.inodes == {inodes["b.mp3"]}
        assert changes.tracks == {}
        assert feed.poll() is None


def test_an_open_feed_does_not_let_the_log_grow(make_store: MakeStore) -> None:
    store = make_store(record("a"))
    log = store.folder / "cache.db-wal"
    sizes = []
    with closing(Tree(store).open_change_feed()) as feed:
        for number in range(150):
            update_tracks(store.cache, [record("a", genre=f"{number}")])
            assert feed.poll() is not None
            sizes.append(log.stat().st_size)
        assert sizes[20] > sizes[0], "it grows with each change"
        assert max(sizes) < 1.2 * sizes[60]


def test_names_before_and_after_by_the_templates_in_use(make_store: MakeStore) -> None:
    store = make_store(record("a", genre="before", artist="other", title="t"))
    tree = Tree(store)
    names(tree, "genre")
    names(tree, "{{ genre }} {{ title }}.{{ ext }}")
    with closing(tree.open_change_feed()) as feed:
        update_tracks(store.cache, [record("a", genre="after", artist="other", title="t")])
        changes = feed.poll()
        assert changes is not None
        expected = ("before", "after", "before t.mp3", "after t.mp3", "a.mp3")
        assert changes.collision_keys == set(map(collision_key, expected))


def test_a_template_is_in_use_although_its_folder_was_never_listed(make_store: MakeStore) -> None:
    """The name was resolved as a query; when a value takes that name, it means something else."""
    store = make_store(record("a", genre="x"))
    tree = Tree(store)
    node(tree, "genre/bpm:>1")
    assert len(tree.state.listings) == 0
    with closing(tree.open_change_feed()) as feed:
        insert_tracks(store.cache, [record("b", genre="bpm:>1")])
        changes = feed.poll()
        assert changes is not None
        assert collision_key("bpm:>1") in changes.collision_keys


def test_fields_that_come_and_go(make_store: MakeStore) -> None:
    store = make_store(record("a"))
    tree = Tree(store)
    with closing(tree.open_change_feed()) as feed:
        insert_tracks(store.cache, [record("b", mood="calm")])
        changes = feed.poll()
        assert changes is not None
        assert changes.fields_changed
        insert_tracks(store.cache, [record("c", mood="calm")])
        changes = feed.poll()
        assert changes is not None
        assert not changes.fields_changed


def _tracks(tree: Tree) -> list[TrackNode]:
    entries = tree.children(node(tree, "all")).entries.values()
    return [entry for entry in entries if isinstance(entry, TrackNode)]
