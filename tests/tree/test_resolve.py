"""Which node a path leads to, and the error for a path that leads to none."""

from __future__ import annotations

import re

import pytest

from mcfs.errors import NotFoundError
from mcfs.store import Store
from mcfs.tree.nodes import (
    InfoFileNode,
    InfoFolderNode,
    TrackNode,
    TracksNode,
    ValuesNode,
)
from mcfs.tree.policy import EntryKind, policy_of
from mcfs.tree.route import MAX_DEPTH, Route
from mcfs.tree.tree import Tree
from tests.tracks import ABSENT, SAMPLES
from tests.tree.folder_access import Make, names, node, record, titles

BUILT_IN = ["all", "artist", "genre", "bpm", "key", "year", "rating", "crate", "new"]


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
def test_a_query_folder_lists_the_tracks_of_its_query(
    tree: Tree, mount_path: str, expected: set[str]
) -> None:
    assert titles(tree, mount_path) == expected


def test_all_lists_every_present_track_by_name(tree: Tree) -> None:
    listed = names(tree, "all")
    assert len(listed) == len(SAMPLES) - 1
    assert listed == sorted(listed, key=lambda name: name.encode())
    assert "nothing known.wav" in listed
    assert "AC∕DC - T.N.T..mp3" in listed
    assert not any("Phylyps" in name for name in listed), f"{ABSENT} is not here"


def test_the_root_lists_views_and_not_queries(tree: Tree) -> None:
    assert names(tree, "/") == ["library", *BUILT_IN, "pins", "snapshots"]


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
def test_a_path_that_names_nothing(tree: Tree, mount_path: str) -> None:
    with pytest.raises(NotFoundError):
        tree.resolve(Route.parse(mount_path))


def test_a_track_is_found_without_listing_its_folder(tree: Tree) -> None:
    node = tree.resolve(Route.parse("genre:techno/Underworld - Rez.wav"))
    assert isinstance(node, TrackNode)
    assert node.work_path == "underworld.wav"
    assert len(tree.state.listings) == 0


def test_every_listed_name_resolves_to_its_entry(store: Store, tree: Tree) -> None:
    todo = [Route(())]
    seen = 0
    while todo:
        route = todo.pop()
        folder = tree.resolve(route)
        for name, entry in tree.children(folder).entries.items():
            inside = Route((*route.names, name))
            assert tree.resolve(inside) == entry
            assert Tree(store).resolve(inside) == entry
            seen += 1
            if policy_of(entry).kind is EntryKind.FOLDER:
                todo.append(inside)
    assert seen > 60


def test_two_spellings_share_one_listing(tree: Tree) -> None:
    one = node(tree, "genre:techno bpm:120-130/{{genre|upper}}")
    other = node(tree, 'bpm:120-130  genre:"Techno"/{{  genre | upper  }}')
    assert tree.children(one) is tree.children(other)


@pytest.mark.parametrize(
    ("mount_path", "message"),
    [
        ("genre:techno {{ artist }}", "write genre:techno/{{ artist }}"),
        ("{{ artist }} genre:techno", "write {{ artist }}/genre:techno"),
        ("{% for x in y %}", "write"),
        ('{{ "a" * 3000000 }}', ""),
        ("{{ artist", ""),
        ("{{ gnere }}", 'unknown field "gnere"; did you mean "genre"?'),
        ("{{ artist }}/{{ artist }} {{ Tittle }}", 'did you mean "title"?'),
        ("{{ filenam }}", 'did you mean "filename"?'),
        ("gnere:techno", 'did you mean "genre"?'),
        ("bpm:12x", "12x"),
        ("techno.txt", "not a query"),
        ("nothing.m3u8", "not a query"),
        (".m3u8", "dot"),
        ("pins.m3u8", "no folder of tracks"),
        ("all.m3u8.json", "no folder of tracks"),
        (".mcfs/x", "status, errors, kernel, edit, help"),
        ("all/.mcfs", "dot"),
    ],
)
def test_the_error_says_why_there_is_nothing(tree: Tree, mount_path: str, message: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        node(tree, mount_path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "is_logged"),
    [
        ("gnere:techno", True),
        ("bpm:12x", True),
        ("{{ artist | uper }}", True),
        ("{{ gnere }}", True),
        ("genre:techno {{ artist }}", True),
        ("zzzzzz:techno", False),
        ("HEAD", False),
        ("package.json", False),
        (".git", False),
        ("C:\\Windows", False),
        ("http://example.org", False),
        ("libsoup-3.0.so.0", False),
    ],
)
def test_only_a_name_that_was_meant_as_a_query_is_logged(
    tree: Tree, name: str, is_logged: bool
) -> None:
    with pytest.raises(NotFoundError):
        tree.child(node(tree, "/"), name)
    assert bool(tree.error_log.entries()) == is_logged


@pytest.mark.parametrize(
    "label", ["Vol: {{ genre }}", "(live) {{ title }}", "key:{{ key }}", "-{{ genre }}"]
)
def test_text_in_a_template_may_look_like_a_query(tree: Tree, label: str) -> None:
    assert isinstance(node(tree, label), ValuesNode)


@pytest.mark.parametrize(
    "field", ["zzzzzz", "meta.gnere", 'meta["gnere"]', "FILENAME", "ext", "Genre"]
)
def test_a_template_may_name_a_field_that_no_track_has(tree: Tree, field: str) -> None:
    assert isinstance(node(tree, f"{{{{ {field} }}}} {{{{ title }}}}"), ValuesNode | TracksNode)


def test_a_path_has_a_greatest_depth(tree: Tree) -> None:
    deep = TracksNode(node(tree, "genre:techno").query)  # type: ignore[union-attr]
    assert tree.child(deep, "bpm:>1", MAX_DEPTH - 1)
    with pytest.raises(NotFoundError, match="folders deep"):
        tree.child(deep, "bpm:>1", MAX_DEPTH)
    with pytest.raises(NotFoundError, match="folders deep"):
        node(tree, "/".join(["bpm:>1"] * (MAX_DEPTH + 1)))


def test_the_info_folder_lists_its_files(tree: Tree) -> None:
    assert node(tree, ".mcfs") == InfoFolderNode()
    assert names(tree, ".mcfs") == ["status", "errors", "kernel", "edit", "help"]
    assert isinstance(node(tree, ".mcfs/help"), InfoFileNode)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gnere:techno", 'unknown field "gnere"; did you mean "genre"?'),
        ("bpm:12x", '"12x" is no number'),
        ("{% for x in y %}{{ x }}{% endfor %}", "only {{ … }} is supported"),
        ("{{ title * 3000000 }}{{ title.center(9) }}", "a field has no parts"),
        ('{{ "%99999999d" % bpm }}', "this is text, not a number"),
        ("{{ range(9) }}", "there are no functions"),
        ("{{ title }}" * 100, "a template may have 1024 bytes"),
        (f"{{{{ {'(' * 30}bpm{')' * 30} }}}}", "parentheses may be"),
        ("genre:" + "x" * 5000, "4096"),
        ("genre:x " * 200, "100 terms"),
        ("(" * 40 + "genre:x" + ")" * 40, "deep"),
    ],
)
def test_bad_input_names_nothing_and_is_logged(tree: Tree, name: str, message: str) -> None:
    for inside in ("/", "all", "genre"):
        with pytest.raises(NotFoundError, match=re.escape(message)):
            tree.child(node(tree, inside), name, 1)
    (line,) = tree.error_log.entries()
    assert message in line.sentence
    assert line.times == 3


def test_a_value_that_looks_like_the_text_of_a_query(make: Make) -> None:
    odd = 'x"> <{{ genre }} is "y'
    tree = make(record("a", genre="x|y"), record("b", genre=odd))
    assert names(tree, f"genre/{odd}") == ["b.mp3"]
    assert names(tree, "genre/x/{{ genre }}/y") == ["a.mp3"]
    assert names(tree, f"genre/{odd}") == ["b.mp3"]
