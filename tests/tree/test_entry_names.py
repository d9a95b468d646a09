"""Which names the entries of a folder have: values, numbered tracks, names by a template."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcfs.config.settings import DEFAULTS, Names
from mcfs.errors import NotFoundError
from mcfs.store import Store
from mcfs.tree.nodes import (
    TrackNode,
)
from mcfs.tree.tree import Tree
from tests.tree.folder_access import Make, names, node, record


@pytest.mark.parametrize(
    ("mount_path", "expected"),
    [
        ("genre", ["Ambient", "Pop", "Rock", "Soundtrack", "techno", "Unknown", "рок"]),
        ("{{ genre }}", ["Ambient", "Pop", "Rock", "Soundtrack", "techno", "Unknown", "рок"]),
        ("{{genre|upper}}", ["AMBIENT", "POP", "ROCK", "SOUNDTRACK", "TECHNO", "Unknown", "РОК"]),
        ("genre:techno/{{ genre }}", ["Ambient", "techno"]),
        ("genre:techno/{{ bpm | round_to(5) }}", ["120", "125", "130", "135", "Unknown"]),
        ("bpm", ["80", "120", "125", "126", "127", "128", "132", "135", "Unknown"]),
        ("rating", ["3", "4", "5", "Unknown"]),
        ("key", ["8A", "Unknown"]),
        ("year", ["1975", "1983", "1992", "1998", "Unknown"]),
        ("crate", ["Festival", "Peak time", "Unknown"]),
        ("{{ nobody }}", ["Unknown"]),
        ("{{ title | first_letter }}/F", ["Broken - Fast.mp3"]),
        ("{{ title | first_letter }}/N", ["nothing known.wav"]),
        ("{{ artist }}/AC∕DC", ["AC∕DC - T.N.T..mp3"]),
        ("{{ genre }}/{{ artist }}", ["Ambient", "Pop", "Rock", "Soundtrack", "techno", "Unknown", "рок"]),
        ("{{ genre }}/{{ artist }}/Pop", ["Beyoncé"]),
        ("{{ genre }}/{{ artist }}/Pop/Beyoncé", ["Beyoncé - Halo.mp3"]),
        ("{{ genre }}/Ambient/{{ artist }}/Orbital", ["Orbital - Halcyon.mp3"]),
        ("genre/Ambient/genre:techno", ["Orbital - Halcyon.mp3"]),
        ("genre/rating:>=4", ["Ambient", "Pop", "Techno"]),
        ("{{ decade }}", ["1970s", "1980s", "1990s", "Unknown"]),
        ("{{ year | decade }}", ["1970s", "1980s", "1990s", "Unknown"]),
        ("{{ directory }}", ["best of", "Surgeon∕Force + Form", "Unknown", "unsorted", "white"]),
        ("{{ live }}", ["no"]),
        ("{{ type }}", ["flac", "mp3", "wav"]),
        ("{{ bpm }} {{ title }}.{{ ext }}/year:1998", ["134.5 Remnants.flac"]),
        ("genre:ambient/{{ genre }} - {{ title }}.{{ ext }}", ["Ambient, Techno - Halcyon.mp3"]),
        ("genre:pop/{{ filename }}", ["beyonce.mp3"]),
        ("{{ title }}.{{ ext }}/{{ genre }}/Pop", ["Halo.mp3"]),
        ("artist/Surgeon", ["Force + Form"]),
        ("artist/Surgeon/Force + Form", ["Remnants.flac"]),
    ],
)  # fmt: skip
def test_names_in_a_folder(tree: Tree, mount_path: str, expected: list[str]) -> None:
    assert sorted(names(tree, mount_path), key=str.casefold) == sorted(expected, key=str.casefold)


def test_numbers_are_listed_in_their_order(make: Make) -> None:
    tree = make(*(record(str(bpm), bpm=str(bpm)) for bpm in (100, 9, 85)), record("none"))
    assert names(tree, "{{ bpm }}") == ["9", "85", "100", "Unknown"]


def test_values_that_differ_in_case_are_one_folder_by_the_commonest_spelling(make: Make) -> None:
    tree = make(
        record("a", genre="techno"),
        record("b", genre="Techno"),
        record("c", genre="Techno"),
        record("d", genre="TECHNO"),
        record("e", genre="Café"),
    )
    assert names(tree, "genre") == ["Café", "Techno"]
    assert names(tree, "genre/Techno") == ["a.mp3", "b.mp3", "c.mp3", "d.mp3"]
    assert names(tree, "{{ genre }} {{ live }}") == ["Café no", "Techno no"]
    with pytest.raises(NotFoundError):
        node(tree, "genre/techno")


def test_a_track_is_under_each_of_its_values_and_every_pair_of_them(make: Make) -> None:
    tree = make(record("a", genre="x|y", artist="p|q"), record("b", genre="x"))
    assert names(tree, "{{ genre }} {{ artist }}") == ["x p", "x q", "x Unknown", "y p", "y q"]
    assert names(tree, "{{ genre }} {{ artist }}/y q") == ["a.mp3"]
    assert names(tree, "{{ genre }} {{ artist }}/x Unknown") == ["b.mp3"]
    assert names(tree, "genre:y/{{ genre }}/x") == ["a.mp3"]


def test_a_missing_value_and_the_value_unknown_are_one_folder(make: Make) -> None:
    tree = make(
        record("a"), record("b", genre="unknown"), record("c", genre=""), record("d", genre="x")
    )
    assert names(tree, "genre") == ["unknown", "x"]
    assert names(tree, "genre/unknown") == ["a.mp3", "b.mp3", "c.mp3"]


def test_values_that_give_one_name_get_a_hash(make: Make) -> None:
    long = "x" * 255
    tree = make(
        record("a", genre=f"{long}1"), record("b", genre=f"{long}2"), record("c", genre="x")
    )
    one, two, three = names(tree, "genre")
    assert three != one != two
    assert all(len(name.encode()) <= 255 for name in (one, two, three))
    found = {name: names(tree, f"genre/{name}") for name in (one, two, three)}
    assert sorted(found.values()) == [["a.mp3"], ["b.mp3"], ["c.mp3"]]


@pytest.mark.parametrize(
    ("mount_path", "expected"),
    [
        ("sort:bpm/bpm:>=126", ["001 Underworld - Rez.wav", "002 AC∕DC - T.N.T..mp3"]),
        ("bpm:>=126/sort:-bpm", ["001 Surgeon - Remnants.flac", "002 Кино - Группа крови.mp3"]),
        ("sort:-rating limit:2", ["001 Surgeon - Remnants.flac", "002 Beyoncé - Halo.mp3"]),
        ("sort:-rating limit:2/genre:pop", ["001 Beyoncé - Halo.mp3"]),
        ("sort:-rating limit:2/{{ genre }}/Pop", ["001 Beyoncé - Halo.mp3"]),
        ("sort:-rating limit:2/{{ genre }}", ["Pop", "Techno"]),
        ("genre:pop/limit:5", ["Beyoncé - Halo.mp3"]),
        ("sort:-bpm/{{ title }}.{{ ext }}/year:1998", ["Remnants.flac"]),
    ],
)
def test_an_ordered_folder_numbers_its_names(
    tree: Tree, mount_path: str, expected: list[str]
) -> None:
    assert names(tree, mount_path)[: len(expected)] == expected


def test_a_shuffle_has_the_same_order_for_the_same_seed(store: Store, tree: Tree) -> None:
    one = names(tree, "shuffle:friday")
    assert one == names(Tree(store), "shuffle:friday")
    assert [name[4:] for name in one] != [name[4:] for name in names(tree, "shuffle:saturday")]
    assert [name[:4] for name in one] == [f"{place:03} " for place in range(1, len(one) + 1)]


def test_more_than_999_tracks_get_four_digits(make: Make) -> None:
    tree = make(*(record(f"{number:04}") for number in range(1001)))
    listed = names(tree, "sort:title")
    assert (listed[0], listed[-1]) == ("0001 0000.mp3", "1001 1000.mp3")


def test_a_track_without_a_title_is_named_by_its_file(make: Make) -> None:
    tree = make(record("only a file", tracknumber="3/14"), record("b", title="Named", artist="x"))
    assert sorted(names(tree, "{{ tracknumber | pad(2) }} {{ title }}.{{ ext }}")) == [
        "03 only a file.mp3",
        "Unknown Named.mp3",
    ]
    assert names(tree, "artist/Unknown/Unknown") == ["03 only a file.mp3"]
    assert names(tree, "artist/x/Unknown") == ["Named.mp3"]


def test_all_tracks_that_a_template_gives_one_name_get_a_hash(make: Make) -> None:
    tree = make(record("a", title="Same"), record("b", title="Same"), record("c", title="Other"))
    listed = names(tree, "{{ title }}.{{ ext }}/title:a|title:e")
    assert sum(name.startswith("Same [") and name.endswith("].mp3") for name in listed) == 2
    assert "Other.mp3" in listed


def test_an_expression_without_a_value_shows_unknown(tree: Tree) -> None:
    assert names(tree, "{{ nobody }} {{ title * 3000000 }} {{ 1 ∕ 0 * bpm }}") == [
        "Unknown Unknown Unknown"
    ]


def test_numbered_names_keep_their_extension(make: Make) -> None:
    tree = make(replace(record("a"), name=f"{'x' * 251}.mp3"))
    (name,) = names(tree, "sort:title")
    assert name == f"001 {'x' * 247}.mp3"


def test_fields_that_are_not_built_in(make: Make) -> None:
    tree = make(
        replace(
            record("a"),
            values={"ReplayGain-Track": ("-6.5",), "bpm": ("126.00",), "size": ("huge",)},
        )
    )
    assert names(tree, '{{ meta["replaygain-track"] }}') == ["-6.5"]
    assert names(tree, "{{ bpm }} {{ meta.bpm }} {{ meta.size }}") == ["126 126.00 huge"]
    assert names(tree, "{{ meta.nobody }}/Unknown") == ["a.mp3"]
    assert names(tree, "{{ meta.title }}") == ["Unknown"]


def test_two_names_of_one_field_give_one_value(make: Make) -> None:
    tree = make(record("a", genre="x|y"))
    assert names(tree, "{{ genre }} {{ g }}") == ["x x", "y y"]
    assert names(tree, "-genre:z/{{ genre }} {{ g }}") == ["x x", "y y"]
    assert names(tree, "{{ genre }} {{ g }}.{{ ext }}/title:a|genre:x") == ["x, y x, y.mp3"]


def test_nan_is_listed_among_the_texts(make: Make) -> None:
    values = ["nan", "10", "9", "inf", "1e1"]
    for order in (values, values[::-1]):
        tree = make(*(record(value, mood=value) for value in order))
        assert names(tree, "{{ mood }}") == ["9", "10", "1e1", "inf", "nan"]


def test_portable_names(make: Make) -> None:
    settings = replace(DEFAULTS, names=Names.PORTABLE)
    tree = make(
        record("What? <1>", genre='A:B*"C"'),
        record("ends. ", genre="dot."),
        record("CON", genre="nul"),
        settings=settings,
    )
    assert names(tree, "genre") == ["A：B＊＂C＂", "dot․", "ｎul"]
    assert sorted(names(tree, "all")) == ["What？ ＜1＞.mp3", "ends. .mp3", "ＣON.mp3"]
    for name in names(tree, "all"):
        assert isinstance(node(tree, f"all/{name}"), TrackNode)
