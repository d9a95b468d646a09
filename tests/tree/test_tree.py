"""What the mount shows, with no mount."""

from __future__ import annotations

import pytest

from mcfs.annex.library import Library
from mcfs.errors import NotFoundError, PinExistsError, QueryError, ReadOnlyError
from mcfs.store import Store
from mcfs.sync.run import sync
from mcfs.text.fold import fold
from mcfs.tree.limits import Limits
from mcfs.tree.nodes import EmptyPinNode, PinsNode, RootNode, TrackNode, TracksNode
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.tracks import ABSENT, SAMPLES

BUILT_IN = ["all", "artist", "genre", "bpm", "key", "year", "rating", "crate", "new"]


@pytest.fixture
def tree(synced: Store) -> Tree:
    return Tree(synced)


def names(tree: Tree, mount_path: str) -> list[str]:
    """What a folder lists."""
    return list(tree.children(tree.resolve(Route.parse(mount_path))).entries)


def titles(tree: Tree, mount_path: str) -> set[str]:
    """The titles of the tracks that a folder lists."""
    listed = {fold(name) for name in names(tree, mount_path)}
    return {sample.title for sample in SAMPLES if any(fold(sample.title) in n for n in listed)}


@pytest.mark.parametrize(
    ("mount_path", "expected"),
    [
        ("genre:techno", {"Remnants", "Untitled", "Halcyon", "Rez", "Fast"}),
        ("genre:TECHNO", {"Remnants", "Untitled", "Halcyon", "Rez", "Fast"}),
        ("genre:=techno", {"Remnants", "Untitled", "Halcyon", "Rez", "Fast"}),
        ("genre:=tech", set()),
        (
            "genre:o",
            {"Remnants", "Untitled", "Halcyon", "Rez", "Fast", "Halo", "T.N.T.", "戦場 🎹"},
        ),
        ("genre:ambient", {"Halcyon"}),
        ("genre:рок", {"Группа крови"}),
        ("genre:techno bpm:120-130", {"Untitled", "Halcyon", "Rez"}),
        ("genre:techno/bpm:120-130", {"Untitled", "Halcyon", "Rez"}),
        ("bpm:120-130/genre:techno", {"Untitled", "Halcyon", "Rez"}),
        ("bpm:>126/bpm:<=128/genre:techno", {"Untitled"}),
        ("bpm:134.5", {"Remnants"}),
        ("bpm:134,5", {"Remnants"}),
        ("rating:>=4", {"Remnants", "Halcyon", "Halo"}),
        ("rating:1-3", {"Untitled"}),
        ("year:1975", {"T.N.T."}),
        ("artist:beyonce", {"Halo"}),
        ("artist:AC\\DC", {"T.N.T."}),
        ("artist:坂本", {"戦場 🎹"}),
        ("crate:=festival", {"Remnants"}),
        ('crate:"peak time"', {"Remnants"}),
        ("comment:50%", {"Rez"}),
        ("comment:%", {"Rez"}),
        ("comment:_", {"Rez"}),
        ("comment:'live'", {"Rez"}),
        ("genre:techno/genre:rock", set()),
        ("key:8A", {"Remnants"}),
    ],
)
def test_a_folder_is_its_query(tree: Tree, mount_path: str, expected: set[str]) -> None:
    assert titles(tree, mount_path) == expected


def test_all_lists_what_is_here_by_name(tree: Tree) -> None:
    listed = names(tree, "all")
    assert len(listed) == len(SAMPLES) - 1
    assert listed == sorted(listed, key=lambda name: name.encode())
    assert "nothing known.wav" in listed
    assert "AC∕DC - T.N.T..mp3" in listed
    assert not any("Phylyps" in name for name in listed), f"{ABSENT} is not here"


def test_the_root_lists_views_and_not_queries(tree: Tree) -> None:
    assert names(tree, "/") == [*BUILT_IN, "pins"]


@pytest.mark.parametrize(
    "mount_path",
    [
        "nothing",
        ".git",
        "gnere:techno",
        "bpm:12x",
        "genre:techno/HEAD",
        "pins/genre:techno",
        "all/Underworld - Rez.wav/x",
        "genre:techno/Кино - Группа крови.mp3",
        "all/Basic Channel - Phylyps.flac",
    ],
)
def test_what_is_not_there(tree: Tree, mount_path: str) -> None:
    with pytest.raises(NotFoundError):
        tree.resolve(Route.parse(mount_path))


def test_every_listed_name_resolves_to_what_was_listed(synced: Store, tree: Tree) -> None:
    for mount_path in ("/", "all", "genre:techno", "genre:o/bpm:120-130"):
        folder = tree.resolve(Route.parse(mount_path))
        for name, node in tree.children(folder).entries.items():
            assert tree.child(folder, name) == node
            assert Tree(synced).child(folder, name) == node


def test_a_track_is_found_without_listing_its_folder(tree: Tree) -> None:
    node = tree.resolve(Route.parse("genre:techno/Underworld - Rez.wav"))
    assert isinstance(node, TrackNode)
    assert node.work_path == "underworld.wav"
    assert len(tree.state.listings) == 0


def test_two_spellings_share_one_listing(tree: Tree) -> None:
    one = tree.resolve(Route.parse("genre:techno/bpm:120-130"))
    other = tree.resolve(Route.parse("BPM:120..130 genre:Techno"))
    assert tree.children(one) is tree.children(other)


def test_a_new_generation_is_a_new_listing(library: Library, synced: Store, tree: Tree) -> None:
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
    assert [key.partition("\0")[0] for key in listings] == ["genre:techno", "genre:rock"]
    # An empty listing counts as four.
    kept = [
        tree.children(tree.resolve(Route.parse(name))) for name in ("genre:techno", "genre:rock")
    ]
    assert listings.weight == sum(4 + len(listing.entries) for listing in kept)


class TestPins:
    def test_mkdir_of_a_query_pins_it(self, tree: Tree) -> None:
        assert isinstance(tree.make_pin(PinsNode(), "genre:techno bpm:120-130"), TracksNode)
        assert titles(tree, "pins/genre:techno bpm:120-130") == {"Untitled", "Halcyon", "Rez"}
        assert titles(tree, "pins/genre:techno bpm:120-130/rating:4") == {"Halcyon"}

    def test_a_new_folder_becomes_a_query_by_its_first_rename_to_one(self, tree: Tree) -> None:
        assert tree.make_pin(PinsNode(), "New folder") == EmptyPinNode()
        assert names(tree, "pins/New folder") == []
        tree.rename_pin(PinsNode(), "New folder", PinsNode(), "still nothing")
        assert names(tree, "pins/still nothing") == []
        tree.rename_pin(PinsNode(), "still nothing", PinsNode(), "genre:ambient")
        assert titles(tree, "pins/genre:ambient") == {"Halcyon"}
        tree.rename_pin(PinsNode(), "genre:ambient", PinsNode(), "genre:rock")
        assert titles(tree, "pins/genre:rock") == {"Halcyon"}, "the query stays"

    def test_rmdir_unpins(self, tree: Tree) -> None:
        tree.make_pin(PinsNode(), "genre:techno")
        tree.remove_pin(PinsNode(), "genre:techno")
        assert names(tree, "pins") == []

    def test_an_empty_pin_answers_no_query(self, tree: Tree) -> None:
        tree.make_pin(PinsNode(), "New folder")
        with pytest.raises(NotFoundError):
            tree.resolve(Route.parse("pins/New folder/genre:techno"))

    def test_what_cannot_be(self, tree: Tree) -> None:
        tree.make_pin(PinsNode(), "genre:techno")
        tree.make_pin(PinsNode(), "genre:rock")
        with pytest.raises(PinExistsError):
            tree.make_pin(PinsNode(), "genre:techno")
        with pytest.raises(PinExistsError):
            tree.rename_pin(PinsNode(), "genre:rock", PinsNode(), "genre:techno")
        with pytest.raises(QueryError):
            tree.make_pin(PinsNode(), "bpm:12x")
        with pytest.raises(NotFoundError):
            tree.remove_pin(PinsNode(), "no such pin")
        with pytest.raises(NotFoundError):
            tree.rename_pin(PinsNode(), "no such pin", PinsNode(), "x")
        assert names(tree, "pins") == ["genre:rock", "genre:techno"]

    def test_nothing_else_can_be_changed(self, tree: Tree) -> None:
        tree.make_pin(PinsNode(), "genre:techno")
        for elsewhere in (RootNode(), tree.resolve(Route.parse("all"))):
            with pytest.raises(ReadOnlyError):
                tree.make_pin(elsewhere, "x")
            with pytest.raises(ReadOnlyError):
                tree.remove_pin(elsewhere, "x")
            with pytest.raises(ReadOnlyError):
                tree.rename_pin(PinsNode(), "genre:techno", elsewhere, "x")

    def test_a_query_of_a_newer_mcfs_stays_and_is_empty(self, tree: Tree, synced: Store) -> None:
        synced.user.add_pin("from the future", "warp:9")
        assert names(tree, "pins/from the future") == []
        assert [pin.query_text for pin in synced.user.pins()] == ["warp:9"]
