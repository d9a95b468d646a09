"""Snapshots as folders: what stays as it was frozen, and what follows the library."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from mcfs.config.settings import DEFAULTS, Absent, Names, Playlists, Settings
from mcfs.errors import NameTooLongError, NotFoundError, ReadOnlyError, SnapshotExistsError
from mcfs.store import Store, TrackRecord
from mcfs.store.pin_trash import TrashPart
from mcfs.store.snapshot_records import OutputMode
from mcfs.tree.nodes import (
    PinsNode,
    RootNode,
    SnapshotNode,
    SnapshotsNode,
    TrackNode,
    TrashPartNode,
)
from mcfs.tree.tree import Tree
from tests.cache_access import insert_tracks, remove_tracks, update_tracks
from tests.taken_snapshots import frozen, take, taken
from tests.tree.folder_access import MakeStore, file_text, names, node, record

A = record("a", title="Ay", genre="Techno", key="8A")
B = record("b", title="Bee", genre="Dub", key="9A")
C = record("c", title="Sea", genre="Techno", key="8A")
NUMBERED = ["001 b.mp3", "002 a.mp3", "003 c.mp3"]
SHOW = replace(DEFAULTS, absent=Absent.SHOW)


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    """Three tracks, and a snapshot of them in another order than that of their names."""
    store = make_store(A, B, C)
    take(store, "Friday", map(frozen, (B, A, C)), query_text="genre:techno")
    return store


@pytest.fixture
def tree(store: Store) -> Tree:
    return Tree(store)


def absent(track: TrackRecord) -> TrackRecord:
    return replace(track, present=False)


def track_at(tree: Tree, mount_path: str) -> TrackNode:
    found = node(tree, mount_path)
    assert isinstance(found, TrackNode)
    return found


def test_a_snapshot_is_a_numbered_folder_in_its_own_order(tree: Tree) -> None:
    assert "snapshots" in names(tree, "/")
    assert names(tree, "snapshots") == ["Friday"]
    assert names(tree, "snapshots/Friday") == NUMBERED
    track = track_at(tree, "snapshots/Friday/002 a.mp3")
    assert tree.annex_keys([track]) == {track.inode: A.annex_key}
    for missing in ("snapshots/Saturday", "snapshots/Friday/004 d.mp3", "snapshots/Friday/.hidden"):
        with pytest.raises(NotFoundError):
            node(tree, missing)


def test_nothing_that_happens_to_its_tracks_changes_a_name_or_a_number(
    store: Store, tree: Tree
) -> None:
    update_tracks(store.cache, [replace(A, name="renamed.mp3", values={"genre": ("House",)})])
    update_tracks(store.cache, [absent(B)])
    remove_tracks(store.cache, [C.annex_key])
    insert_tracks(store.cache, [record("d", genre="Techno")])
    tree.refresh()
    assert names(tree, "snapshots/Friday") == ["002 a.mp3"]
    shown = Tree(store, SHOW)
    assert names(shown, "snapshots/Friday") == NUMBERED
    assert names(Tree(store), "genre:house") == ["renamed.mp3"]
    # What the library no longer has is a link to where its content was, with the size that its key says.
    gone = track_at(shown, "snapshots/Friday/003 c.mp3")
    assert (gone.other_key, gone.work_path, gone.size) == (C.annex_key, None, 1)
    assert gone.content_path is not None
    assert gone.content_path.endswith(f"/{C.annex_key}")


def test_its_links_lead_to_where_the_tracks_are_now(store: Store, tree: Tree) -> None:
    assert track_at(tree, "snapshots/Friday/002 a.mp3").work_path == "music/a.mp3"
    update_tracks(store.cache, [replace(A, files=("moved/elsewhere.mp3",))])
    tree.refresh()
    assert track_at(tree, "snapshots/Friday/002 a.mp3").work_path == "moved/elsewhere.mp3"


def test_a_snapshot_of_tracks_that_are_not_here_shows_them(store: Store) -> None:
    update_tracks(store.cache, [absent(A), absent(B)])
    take(store, "to fetch", map(frozen, (A, B)), query_text="present:no")
    assert names(Tree(store), "snapshots/to fetch") == ["001 a.mp3", "002 b.mp3"]


class TestInside:
    def test_a_query_asks_what_the_library_says_now(self, store: Store, tree: Tree) -> None:
        assert names(tree, "snapshots/Friday/key:8A") == ["001 a.mp3", "002 c.mp3"]
        assert names(tree, "snapshots/Friday/key:8A/title:sea") == ["001 c.mp3"]
        assert names(tree, "snapshots/Friday/sort:-title limit:1") == ["001 c.mp3"]
        update_tracks(store.cache, [replace(B, values={"key": ("8A",)})])
        insert_tracks(store.cache, [record("d", key="8A")])
        tree.refresh()
        assert names(tree, "snapshots/Friday/key:8A") == ["001 b.mp3", "002 a.mp3", "003 c.mp3"]

    def test_templates(self, tree: Tree) -> None:
        assert names(tree, "snapshots/Friday/{{ genre }}") == ["Dub", "Techno"]
        assert names(tree, "snapshots/Friday/{{ genre }}/Techno") == ["001 a.mp3", "002 c.mp3"]
        assert names(tree, "snapshots/Friday/{{ title }}.{{ ext }}") == [
            "Bee.mp3",
            "Ay.mp3",
            "Sea.mp3",
        ]

    def test_it_is_the_term_snapshot(self, tree: Tree) -> None:
        assert names(tree, "snapshot:friday") == NUMBERED
        assert names(tree, "genre:techno/snapshot:Friday") == ["001 a.mp3", "002 c.mp3"]


class TestFiles:
    def test_a_playlist_names_each_track_by_the_path_that_it_has_now(
        self, store: Store, tree: Tree
    ) -> None:
        update_tracks(
            store.cache, [replace(A, name="new.mp3", files=("new/x.mp3",), values={}), absent(B)]
        )
        remove_tracks(store.cache, [C.annex_key])
        tree.refresh()
        assert file_text(tree, "snapshots/Friday.m3u8") == (
            "#EXTM3U\n#EXTINF:-1,Ay\n../library/new/x.mp3\n"
        )
        by_name = Tree(store, replace(SHOW, playlists=Playlists.ALL))
        assert file_text(by_name, "snapshots/Friday.m3u8").splitlines()[2::2] == [
            "../all/b.mp3",
            "../all/new.mp3",
        ]

    def test_tables_say_what_was_frozen(self, store: Store) -> None:
        update_tracks(store.cache, [replace(A, name="new.mp3", values={"genre": ("House",)})])
        remove_tracks(store.cache, [B.annex_key])
        tree = Tree(store, SHOW)
        b, a, _ = json.loads(file_text(tree, "snapshots/Friday.json"))
        assert (a["name"], a["fields"]["genre"], a["file"]) == ("a.mp3", ["Techno"], "music/a.mp3")
        assert (b["annex_key"], b["present"], b["file"]) == (B.annex_key, False, None)
        assert b["fields"] == {"genre": ["Dub"], "key": ["9A"], "title": ["Bee"]}
        rows = list(csv.DictReader(file_text(tree, "snapshots/Friday.csv").splitlines()))
        assert [row["genre"] for row in rows] == ["Dub", "Techno", "Techno"]

    def test_a_table_keeps_a_field_that_the_library_no_longer_has(self, store: Store) -> None:
        store.cache.replace_all([replace(track, values={}) for track in (A, B, C)])
        rows = list(csv.DictReader(file_text(Tree(store), "snapshots/Friday.csv").splitlines()))
        assert [row["key"] for row in rows] == ["9A", "8A", "8A"]


class TestTemplate:
    @pytest.fixture(autouse=True)
    def _taken(self, store: Store) -> None:
        tracks = (
            frozen(B, ("Dub",)),
            frozen(A, ("Techno", "8A"), ("10",)),
            frozen(C, ("Techno", "8A")),
        )
        take(store, "sorted", tracks, template="{{ genre }}/{{ key }}")

    def test_its_folders_are_frozen(self, store: Store, tree: Tree) -> None:
        for _ in range(2):
            assert names(tree, "snapshots/sorted") == ["10", "Dub", "Techno"]
            assert names(tree, "snapshots/sorted/Techno") == ["8A"]
            assert names(tree, "snapshots/sorted/Techno/8A") == ["001 a.mp3", "002 c.mp3"]
            assert names(tree, "snapshots/sorted/10") == ["001 a.mp3"]
            update_tracks(store.cache, [replace(A, values={"genre": ("House",)})])
            tree.refresh()

    def test_a_folder_without_a_track_that_is_shown_is_hidden(self, store: Store) -> None:
        update_tracks(store.cache, [absent(A), absent(C)])
        assert names(Tree(store), "snapshots/sorted") == ["Dub"]
        assert names(Tree(store, SHOW), "snapshots/sorted/Techno/8A") == ["001 a.mp3", "002 c.mp3"]

    def test_queries_templates_and_files_are_about_one_folder(self, tree: Tree) -> None:
        assert names(tree, "snapshots/sorted/Techno/title:sea") == ["001 c.mp3"]
        assert names(tree, "snapshots/sorted/Dub/title:sea") == []
        assert names(tree, "snapshots/sorted/Techno/{{ title }}") == ["Ay", "Sea"]
        assert file_text(tree, "snapshots/sorted/Techno.m3u8").splitlines()[2::2] == [
            "../../library/music/a.mp3",
            "../../library/music/c.mp3",
        ]
        assert len(json.loads(file_text(tree, "snapshots/sorted.json"))) == 3

    def test_a_template_of_files_gave_the_names(self, store: Store, tree: Tree) -> None:
        tracks = [replace(frozen(A), name="8A Ay.mp3"), replace(frozen(C), name="8A Ay.mp3")]
        take(store, "by key", tracks, template="{{ key }} {{ title }}.{{ ext }}")
        one, other = names(tree, "snapshots/by key")
        assert one != other
        assert one.startswith("8A Ay [")


class TestOutput:
    def test_links_or_files(self, store: Store, tree: Tree) -> None:
        for mode in (None, *OutputMode):
            name = "as the mount" if mode is None else mode.value
            take(store, name, [frozen(A)], output_mode=mode)
            found = node(tree, f"snapshots/{name}")
            assert isinstance(found, SnapshotNode)
            entries = found.presentation.entries
            assert (entries and entries.value) == (
                mode.value if name in ("links", "files") else None
            )

    def test_a_playlist_and_nothing_else(self, store: Store, tree: Tree) -> None:
        take(store, "list", [frozen(B), frozen(A)], output_mode=OutputMode.PLAYLIST)
        assert names(tree, "snapshots/list") == ["list.m3u8"]
        assert file_text(tree, "snapshots/list/list.m3u8").splitlines()[2::2] == [
            "../../library/music/b.mp3",
            "../../library/music/a.mp3",
        ]
        assert len(json.loads(file_text(tree, "snapshots/list.json"))) == 2
        assert names(tree, "snapshots/list/genre:dub") == ["001 b.mp3"]


class TestNames:
    def test_portable(self, store: Store) -> None:
        settings: Settings = replace(DEFAULTS, names=Names.PORTABLE)
        take(store, "Late: night", [replace(frozen(A), name="What?.mp3")])
        tree = Tree(store, settings)
        assert names(tree, "snapshots") == ["Friday", "Late： night"]
        for name in ("Late: night", "Late： night"):
            assert names(tree, f"snapshots/{name}") == ["001 What？.mp3"]

    def test_as_long_as_any(self, store: Store, tree: Tree) -> None:
        longest = f"{'é' * 125}.mp3"
        take(store, "é" * 127, [replace(frozen(A), name=longest)], output_mode=OutputMode.PLAYLIST)
        take(store, "long", [replace(frozen(A), name=longest)])
        for mount_path in (f"snapshots/{'é' * 127}", "snapshots/long"):
            (name,) = names(tree, mount_path)
            assert len(name.encode()) <= 255

    def test_more_than_a_thousand_tracks_sort_by_their_numbers(self, make_store: MakeStore) -> None:
        tracks = [record(f"{number:04}") for number in range(1200)]
        store = make_store(*tracks)
        take(store, "long night", map(frozen, tracks))
        listed = names(Tree(store), "snapshots/long night")
        assert listed == sorted(listed)
        assert listed[0] == "0001 0000.mp3"


class TestGestures:
    """What a file manager does in `snapshots/`."""

    def test_mv_renames(self, store: Store, tree: Tree) -> None:
        take(store, "Sunday")
        tree.rename_pin(SnapshotsNode(), "Friday", SnapshotsNode(), "Late night")
        assert names(tree, "snapshots") == ["Late night", "Sunday"]
        assert names(tree, "snapshots/Late night") == NUMBERED
        assert names(tree, 'snapshot:"late night"') == NUMBERED
        with pytest.raises(SnapshotExistsError):
            tree.rename_pin(SnapshotsNode(), "Late night", SnapshotsNode(), "Sunday")
        with pytest.raises(NotFoundError):
            tree.rename_pin(SnapshotsNode(), "Friday", SnapshotsNode(), "x")
        with pytest.raises(NameTooLongError):
            tree.rename_pin(SnapshotsNode(), "Sunday", SnapshotsNode(), "é" * 128)
        assert names(tree, "snapshots") == ["Late night", "Sunday"]

    def test_nothing_loses_one_and_each_refusal_says_what_to_write(self, tree: Tree) -> None:
        friday = node(tree, "snapshots/Friday")
        tree.make_pin(PinsNode(), "genre:dub")
        drop = "to delete it: mcfs snapshot drop Friday"
        refusals: list[tuple[Callable[[], object], str]] = [
            (lambda: tree.remove_pin(SnapshotsNode(), "Friday"), drop),
            *(
                (partial(tree.rename_pin, SnapshotsNode(), "Friday", where, "Friday"), drop)
                for where in (TrashPartNode(TrashPart.FILES), PinsNode(), RootNode(), friday)
            ),
            (
                lambda: tree.make_pin(SnapshotsNode(), "New folder"),
                "write: mcfs snapshot take 'New folder' QUERY",
            ),
            (
                lambda: tree.rename_pin(PinsNode(), "genre:dub", SnapshotsNode(), "Dub"),
                "write: mcfs snapshot take Dub pins/genre:dub",
            ),
            (
                lambda: tree.make_pin(SnapshotsNode(), "genre:dub"),
                "write: mcfs snapshot take genre:dub pins/genre:dub",
            ),
        ]
        for refused, sentence in refusals:
            with pytest.raises(ReadOnlyError):
                refused()
            assert tree.error_log.entries()[-1].sentence.endswith(sentence)
        for refused in (
            lambda: tree.make_pin(friday, "x"),
            lambda: tree.remove_pin(friday, "001 b.mp3"),
            lambda: tree.remove_trash_note(friday, "001 b.mp3"),
            lambda: tree.remove_trash_note(SnapshotsNode(), "Friday"),
            lambda: tree.rename_pin(friday, "001 b.mp3", friday, "x"),
        ):
            with pytest.raises(ReadOnlyError):
                refused()
        assert (names(tree, "snapshots"), names(tree, "pins")) == (["Friday"], ["genre:dub"])
        assert names(tree, "snapshots/Friday") == NUMBERED


class TestChanges:
    def test_a_snapshot_that_is_taken_again_renamed_or_dropped(
        self, store: Store, tree: Tree
    ) -> None:
        assert names(tree, "snapshot:Friday/genre:techno") == ["001 a.mp3", "002 c.mp3"]
        store.user.snapshots.refresh("Friday", taken([frozen(C), frozen(B)]))
        tree.refresh()
        assert names(tree, "snapshots/Friday") == ["001 c.mp3", "002 b.mp3"]
        assert names(tree, "snapshot:Friday/genre:techno") == ["001 c.mp3"]
        store.user.snapshots.rename("Friday", "Saturday")
        tree.refresh()
        assert names(tree, "snapshots") == ["Saturday"]
        assert names(tree, "snapshot:saturday") == ["001 c.mp3", "002 b.mp3"]
        store.user.snapshots.drop("Saturday")
        tree.refresh()
        for gone in ("snapshots/Friday", "snapshots/Saturday", "snapshot:Saturday"):
            with pytest.raises(NotFoundError):
                node(tree, gone)

    def test_the_feed_says_which_snapshots_a_change_touches(self, store: Store, tree: Tree) -> None:
        take(store, "Sunday", [frozen(B)])
        feed = tree.open_change_feed()
        for snapshot in ("Friday", "Sunday"):
            names(tree, f"snapshots/{snapshot}")
        sunday = node(tree, "snapshots/Sunday")
        assert isinstance(sunday, SnapshotNode)
        assert feed.poll() is not None
        assert feed.poll() is None
        update_tracks(store.cache, [replace(A, name="x.mp3")])
        changes = feed.poll()
        assert changes is not None
        assert changes.snapshots == {"Friday"}
        store.user.snapshots.refresh("Sunday", taken([frozen(C), frozen(B)]))
        changes = feed.poll()
        assert changes is not None
        assert changes.snapshots == {"Sunday"}
        assert not changes.everything
        assert changes.inodes == {track_at(tree, "all/c.mp3").inode}, "the track that joined"
        assert names(tree, "snapshots/Sunday") == ["001 c.mp3", "002 b.mp3"]
        store.user.snapshots.refresh("Sunday", taken([frozen(B), frozen(A)]))
        changes = feed.poll(lambda: [sunday])
        assert changes is not None
        watched = changes.listings[sunday]
        assert set(watched.gone) == {"001 c.mp3", "002 b.mp3"}
        assert set(watched.come) == {"001 b.mp3", "002 a.mp3"}
        store.user.snapshots.done("Sunday", taken([]).taken_at)
        assert feed.poll() is None, "when it was played is shown nowhere"
        feed.close()
