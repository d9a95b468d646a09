"""Pins: what mkdir, rmdir and rename mean."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event

from mcfs.config.settings import DEFAULTS, Names
from mcfs.errors import NameTooLongError, NotFoundError, PinExistsError, QueryError, ReadOnlyError
from mcfs.fields import Vocabulary
from mcfs.query import Query, parse
from mcfs.store import Store
from mcfs.store.pin_trash import TrashPart
from mcfs.text.portable import portable_name
from mcfs.tree import pins
from mcfs.tree.nodes import (
    EmptyPinNode,
    PinsNode,
    RootNode,
    TracksNode,
    TrashNode,
    TrashPartNode,
)
from mcfs.tree.pins import trash_name
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.taken_snapshots import take
from tests.tree.folder_access import names, node, titles


@pytest.fixture
def tree(synced: Store) -> Tree:
    """Of a store that a test may change."""
    return Tree(synced)


def test_mkdir_of_a_query_pins_it(tree: Tree) -> None:
    assert isinstance(tree.make_pin(PinsNode(), "genre:techno bpm:120-130"), TracksNode)
    assert titles(tree, "pins/genre:techno bpm:120-130") == {"Untitled", "Halcyon", "Rez"}
    assert titles(tree, "pins/genre:techno bpm:120-130/rating:4") == {"Halcyon"}


def test_an_empty_pin_becomes_the_query_it_is_renamed_to(tree: Tree) -> None:
    assert tree.make_pin(PinsNode(), "New folder") == EmptyPinNode()
    assert names(tree, "pins/New folder") == []
    tree.rename_pin(PinsNode(), "New folder", PinsNode(), "still nothing")
    assert names(tree, "pins/still nothing") == []
    tree.rename_pin(PinsNode(), "still nothing", PinsNode(), "genre:ambient")
    assert titles(tree, "pins/genre:ambient") == {"Halcyon"}
    tree.rename_pin(PinsNode(), "genre:ambient", PinsNode(), "genre:rock")
    assert titles(tree, "pins/genre:rock") == {"Halcyon"}, "the query stays"


def test_a_name_is_no_longer_than_one_on_a_disk(tree: Tree) -> None:
    longest = "é" * 127 + "x"
    tree.make_pin(PinsNode(), "New folder")
    for name in (longest + "x", "genre:" + "x" * 250):
        with pytest.raises(NameTooLongError):
            tree.make_pin(PinsNode(), name)
        with pytest.raises(NameTooLongError):
            tree.rename_pin(PinsNode(), "New folder", PinsNode(), name)
    tree.rename_pin(PinsNode(), "New folder", PinsNode(), longest)
    assert names(tree, "pins") == [longest]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gnere:techno", 'unknown field "gnere"; did you mean "genre"?'),
        ("warp:9", 'unknown field "warp"; `mcfs fields` lists what there is'),
        ("Volume: 2", 'unknown field "Volume"; `mcfs fields` lists what there is'),
        ("bpm:12x", "bpm"),
        ("genre:", "genre: needs a value"),
        ("-gnere:techno", 'unknown field "gnere"; did you mean "genre"?'),
        ("genre:techno gnere:x", 'unknown field "gnere"; did you mean "genre"?'),
    ],
)
def test_a_name_that_begins_like_a_term_must_be_a_query(
    tree: Tree, name: str, sentence: str
) -> None:
    tree.make_pin(PinsNode(), "New folder")
    with pytest.raises(QueryError):
        tree.make_pin(PinsNode(), name)
    with pytest.raises(QueryError):
        tree.rename_pin(PinsNode(), "New folder", PinsNode(), name)
    assert names(tree, "pins") == ["New folder"]
    (error,) = tree.error_log.entries()
    assert error.sentence.startswith(f"pins/{name}: ")
    assert sentence in error.sentence
    assert error.times == 2


@pytest.mark.parametrize("name", ["Friday 22:00", "Ibiza (late)", "Set = 1"])
def test_an_ordinary_name_is_an_empty_pin(tree: Tree, name: str) -> None:
    assert tree.make_pin(PinsNode(), name) == EmptyPinNode()


def test_a_pin_that_has_a_query_may_have_any_name(tree: Tree) -> None:
    tree.make_pin(PinsNode(), "genre:techno")
    tree.rename_pin(PinsNode(), "genre:techno", PinsNode(), "Volume: 2")
    assert titles(tree, "pins/Volume: 2")


def test_rmdir_unpins(tree: Tree) -> None:
    tree.make_pin(PinsNode(), "genre:techno")
    tree.remove_pin(PinsNode(), "genre:techno")
    assert names(tree, "pins") == []


def test_an_empty_pin_answers_no_query(tree: Tree) -> None:
    tree.make_pin(PinsNode(), "New folder")
    with pytest.raises(NotFoundError):
        tree.resolve(Route.parse("pins/New folder/genre:techno"))


def test_pins_that_cannot_be_made_or_changed(tree: Tree) -> None:
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


def test_only_the_pins_folder_can_be_changed(tree: Tree) -> None:
    tree.make_pin(PinsNode(), "genre:techno")
    for elsewhere in (RootNode(), tree.resolve(Route.parse("all"))):
        with pytest.raises(ReadOnlyError):
            tree.make_pin(elsewhere, "x")
        with pytest.raises(ReadOnlyError):
            tree.remove_pin(elsewhere, "x")
        with pytest.raises(ReadOnlyError):
            tree.rename_pin(PinsNode(), "genre:techno", elsewhere, "x")


def test_a_pin_of_an_unknown_field_stays_and_lists_nothing(tree: Tree, synced: Store) -> None:
    synced.user.add_pin("from the future", "warp:9")
    for _ in range(3):
        assert names(tree, "pins") == ["from the future"]
        assert names(tree, "pins/from the future") == []
    reason = 'unknown field "warp"; `mcfs fields` lists what there is'
    (error,) = tree.error_log.entries()
    assert (error.sentence, error.times) == (f"pins/from the future: {reason}", 1)
    with pytest.raises(NotFoundError, match=re.escape(f"this pin is empty: {reason}")):
        node(tree, "pins/from the future/genre:techno")
    tree.rename_pin(PinsNode(), "from the future", PinsNode(), "genre:techno")
    assert names(tree, "pins/genre:techno") == [], "the query stays"
    assert [pin.query_text for pin in synced.user.pins()] == ["warp:9"]


TRASH = trash_name()
FILES, INFO, EXPUNGED = map(TrashPartNode, (TrashPart.FILES, TrashPart.INFO, TrashPart.EXPUNGED))


class TestPortableNames:
    @pytest.fixture
    def portable(self, synced: Store) -> Tree:
        return Tree(synced, replace(DEFAULTS, names=Names.PORTABLE))

    def test_every_pin_has_a_name_that_windows_can_open(self, portable: Tree) -> None:
        for name in ("genre:techno rating:>3", "Late: night", "late： night", "Peak", "genre=rock"):
            portable.make_pin(PinsNode(), name) if ": " not in name else portable.rename_pin(
                PinsNode(), _made(portable), PinsNode(), name
            )
        shown = names(portable, "pins")
        assert all(portable_name(name) == name for name in shown)
        assert "genre=techno rating=＞3" in shown
        assert len({name.casefold() for name in shown}) == 5

    def test_both_names_lead_to_it(self, portable: Tree) -> None:
        portable.make_pin(PinsNode(), "genre:techno")
        for name in ("genre:techno", "genre=techno"):
            assert titles(portable, f"pins/{name}") == titles(portable, "genre:techno")
        portable.rename_pin(PinsNode(), "genre=techno", PinsNode(), "Peak")
        assert names(portable, "pins") == ["Peak"]
        for name, shown in (("genre:techno", "genre=techno"), ("bpm:>120", "bpm:>120")):
            portable.make_pin(PinsNode(), name)
            portable.remove_pin(PinsNode(), shown)
        portable.make_pin(PinsNode(), "genre:techno")
        portable.rename_pin(PinsNode(), "genre=techno", FILES, "x")
        assert names(portable, "pins") == ["Peak"]


def _made(tree: Tree) -> str:
    tree.make_pin(PinsNode(), "genre:house")
    return "genre=house"


def owners(store: Store) -> dict[str, str | None]:
    """Each snapshot, and the pin that it belongs to."""
    return {snapshot.name: snapshot.pin for snapshot in store.user.snapshots.all()}


class TestTrash:
    def test_it_is_there_and_not_listed(self, tree: Tree) -> None:
        assert tree.resolve(Route.parse(TRASH)) == TrashNode()
        assert TRASH not in names(tree, "")
        assert names(tree, TRASH) == ["files", "info", "expunged"]
        with pytest.raises(NotFoundError):
            tree.resolve(Route.parse(".Trash-12345"))

    def test_a_trashed_pin_is_an_empty_folder_until_it_is_restored(self, tree: Tree) -> None:
        tree.make_pin(PinsNode(), "genre:techno")
        tree.rename_pin(PinsNode(), "genre:techno", PinsNode(), "Peak")
        assert tree.rename_pin(PinsNode(), "Peak", FILES, "Peak.2") == EmptyPinNode()
        assert (names(tree, "pins"), names(tree, f"{TRASH}/files")) == ([], ["Peak.2"])
        assert names(tree, f"{TRASH}/files/Peak.2") == []
        restored = tree.rename_pin(FILES, "Peak.2", PinsNode(), "Peak")
        assert isinstance(restored, TracksNode)
        assert titles(tree, "pins/Peak") == titles(tree, "genre:techno")
        assert names(tree, f"{TRASH}/files") == []

    def test_the_snapshots_of_a_pin_stay_and_are_its_again_when_it_is_restored(
        self, tree: Tree, synced: Store
    ) -> None:
        tree.make_pin(PinsNode(), "genre:techno")
        for name in ("Friday", "Late night"):
            take(synced, name, pin="genre:techno")
        take(synced, "other")
        tree.rename_pin(PinsNode(), "genre:techno", FILES, "x")
        assert owners(synced) == {"Friday": None, "Late night": None, "other": None}
        tree.make_pin(PinsNode(), "genre:rock")
        take(synced, "of rock", pin="genre:rock")
        synced.user.snapshots.drop("Friday")
        tree.rename_pin(FILES, "x", PinsNode(), "back")
        assert owners(synced) == {"Late night": "back", "other": None, "of rock": "genre:rock"}
        tree.remove_pin(PinsNode(), "back")
        assert owners(synced) == {"Late night": None, "other": None, "of rock": "genre:rock"}

    def test_emptying_it_forgets_the_pin(self, tree: Tree) -> None:
        tree.make_pin(PinsNode(), "genre:techno")
        tree.rename_pin(PinsNode(), "genre:techno", FILES, "genre:techno")
        tree.rename_pin(FILES, "genre:techno", EXPUNGED, "123")
        tree.remove_pin(EXPUNGED, "123")
        assert names(tree, f"{TRASH}/expunged") == names(tree, f"{TRASH}/files") == []
        with pytest.raises(NotFoundError):
            tree.remove_pin(FILES, "genre:techno")

    def test_nothing_takes_the_place_of_a_pin(self, tree: Tree) -> None:
        for name in ("genre:techno", "genre:rock"):
            tree.make_pin(PinsNode(), name)
        tree.rename_pin(PinsNode(), "genre:techno", FILES, "x")
        with pytest.raises(PinExistsError):
            tree.rename_pin(PinsNode(), "genre:rock", FILES, "x")
        with pytest.raises(PinExistsError):
            tree.rename_pin(FILES, "x", PinsNode(), "genre:rock")
        tree.rename_pin(PinsNode(), "genre:rock", FILES, "y")
        with pytest.raises(PinExistsError):
            tree.rename_pin(FILES, "x", FILES, "y")
        assert names(tree, f"{TRASH}/files") == ["x", "y"]

    def test_only_pins_get_into_it(self, tree: Tree) -> None:
        tree.make_pin(PinsNode(), "genre:techno")
        all_tracks = tree.resolve(Route.parse("all"))
        for where, name, new_where in (
            (all_tracks, names(tree, "all")[0], FILES),
            (tree.resolve(Route.parse("pins/genre:techno")), "Underworld - Rez.wav", FILES),
            (RootNode(), "all", FILES),
            (PinsNode(), "genre:techno", INFO),
            (PinsNode(), "genre:techno", EXPUNGED),
            (FILES, "x", all_tracks),
            (INFO, "x", PinsNode()),
        ):
            with pytest.raises(ReadOnlyError):
                tree.rename_pin(where, name, new_where, name)
        for where in (FILES, INFO, TrashNode()):
            with pytest.raises(ReadOnlyError):
                tree.make_pin(where, "x")
        with pytest.raises(ReadOnlyError):
            tree.remove_trash_note(FILES, "x")
        with pytest.raises(ReadOnlyError):
            tree.open_trash_note(FILES, "x", 0)
        with pytest.raises(NotFoundError):
            tree.open_trash_note(INFO, "x", 0)


@pytest.mark.parametrize("style", Names)
def test_a_lookup_costs_the_same_however_many_pins_there_are(
    synced: Store, monkeypatch: pytest.MonkeyPatch, style: Names
) -> None:
    tree = Tree(synced, replace(DEFAULTS, names=style))
    for number in range(100):
        tree.make_pin(PinsNode(), f"bpm:{number} genre:Techno")
    statements, parsed = list[str](), list[str]()

    def note(*cursor: object) -> None:
        statements.append(str(cursor[2]))

    def parse_noting(text: str, vocabulary: Vocabulary) -> Query:
        parsed.append(text)
        return parse(text, vocabulary)

    monkeypatch.setattr(pins, "parse", parse_noting)
    event.listen(Engine, "before_cursor_execute", note)
    try:
        listed = names(tree, "pins")
        assert (len(listed), len(parsed)) == (100, 100)
        of_one_list = len(statements)
        for name in listed:
            assert isinstance(node(tree, f"pins/{name}"), TracksNode)
        names(tree, "pins")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(parsed) == 100, "those of the listing are remembered"
    reads_of_all = [text for text in statements if "query_text" in text and "WHERE" not in text]
    assert len(reads_of_all) == 2, "only listing reads all pins"
    # With portable names, which pin is meant depends on the names of the others.
    of_one_lookup = (len(statements) - 2 * of_one_list) / len(listed)
    assert of_one_lookup <= (3 if style is Names.PLAIN else 6)
