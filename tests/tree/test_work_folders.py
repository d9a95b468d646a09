"""`library/`: the work tree's own folders and names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcfs.config.settings import Absent, Names, Settings
from mcfs.errors import NotFoundError
from mcfs.store import TrackRecord
from mcfs.tree.nodes import TrackNode, WorkFolderNode
from mcfs.tree.tree import Tree
from tests.tracks import ABSENT, SAMPLES, SECOND_PATH
from tests.tree.folder_access import Make, MakeStore, file_text, names, node, record

SHOW_ABSENT = Settings(absent=Absent.SHOW)


def files(tree: Tree, mount_path: str = "library") -> set[str]:
    """The work paths of all tracks below a folder."""
    found = set()
    for name, entry in tree.children(node(tree, mount_path)).entries.items():
        inside = f"{mount_path}/{name}"
        if isinstance(entry, WorkFolderNode):
            found |= files(tree, inside)
        elif isinstance(entry, TrackNode):
            found.add(inside.removeprefix("library/"))
    return found


def at(*paths: str, present: bool = True, name: str = "one") -> TrackRecord:
    """A track with these files."""
    return replace(record(name), files=tuple(sorted(paths)), present=present)


def test_it_has_the_files_that_are_here(tree: Tree) -> None:
    assert files(tree) == {sample.file for sample in SAMPLES} - {ABSENT} | {SECOND_PATH[1]}


def test_absent_tracks_are_shown_as_everywhere_else(store: object, tree: Tree) -> None:
    assert ABSENT not in files(tree)
    with pytest.raises(NotFoundError):
        node(tree, f"library/{ABSENT}")
    tree.configure(SHOW_ABSENT)
    assert ABSENT in files(tree)
    assert isinstance(node(tree, f"library/{ABSENT}"), TrackNode)


def test_two_files_of_a_key_are_one_track(tree: Tree) -> None:
    first, second = (node(tree, f"library/{path}") for path in SECOND_PATH)
    assert first == second == node(tree, "all/Orbital - Halcyon.mp3")


PATHS = [
    "a.mp3", "A/B/c.mp3", "A-/c.mp3", "A/B-/c.mp3", "A0.mp3", "A!/x.mp3", "A/B.mp3", "A.mp3",
    ".hidden/.x.mp3", "genre:techno/x.mp3", "x.mp3.csv/x.mp3", "caf\udce9/x.mp3", "A/caf\udce9.mp3",
    "A/B/\udce9/x.mp3", "音/楽.mp3", "🎹/🎹/🎹.mp3", "\udcff\udcff/a.mp3", "a b/'\"\n.mp3",
    "A/B/d.mp3", "A/Bc/d.mp3", "A/B0/d.mp3", "b.mp3", "caf\udce9/y.mp3", "\udcff.mp3",
]  # fmt: skip


# Each file has other neighbours in each of these.
@pytest.mark.parametrize("paths", [PATHS, PATHS[::2], PATHS[1::2]], ids=["all", "even", "odd"])
def test_names_are_those_of_the_work_tree(make_store: MakeStore, paths: list[str]) -> None:
    store = make_store(*(at(path, name=str(number)) for number, path in enumerate(paths)))
    listed, looked_up = Tree(store), Tree(store)
    assert files(listed) == set(paths)
    for tree in (listed, looked_up):
        for path in paths:
            folder, _, name = f"library/{path}".rpartition("/")
            track = node(tree, f"{folder}/{name}")
            assert isinstance(track, TrackNode)
            assert track.work_path == path
            assert isinstance(node(tree, folder), WorkFolderNode)
            for absent in (f"{folder}/{name[:-1]}", f"{folder}/{name}x", f"{folder}/x{name}"):
                with pytest.raises(NotFoundError):
                    node(tree, absent)
    assert len(looked_up.state.listings) == 0


def test_a_folder_without_a_track_that_is_here_is_not_shown(make_store: MakeStore) -> None:
    store = make_store(at("A/x.mp3", "A/B/y.mp3", present=False), at("C/z.mp3", name="two"))
    assert names(Tree(store), "library") == ["C"]
    with pytest.raises(NotFoundError):
        node(Tree(store), "library/A/B")
    assert names(Tree(store, SHOW_ABSENT), "library") == ["A", "C"]
    assert names(Tree(store, SHOW_ABSENT), "library/A") == ["B", "x.mp3"]
    assert names(Tree(make_store()), "library") == []


def test_a_query_in_a_folder_finds_what_is_in_it_and_below(make: Make) -> None:
    deep = replace(record("deep", genre="Techno"), files=("A/B/deep.mp3", "C/deep.mp3"))
    flat = replace(record("flat", genre="Pop"), files=("A/flat.mp3",))
    other = replace(record("other", genre="Techno"), files=("AB/other.mp3",))
    tree = make(deep, flat, other)
    assert names(tree, "library/genre:techno") == ["deep.mp3", "other.mp3"]
    assert names(tree, "library/A/genre:techno") == ["deep.mp3"]
    assert names(tree, "library/A/{{ genre }}") == ["Pop", "Techno"]
    assert names(tree, "library/C/-genre:pop") == ["deep.mp3"]
    playlist = file_text(tree, "library/A.m3u8").splitlines()
    assert playlist[2::2] == ["../library/A/B/deep.mp3", "../library/A/flat.mp3"]
    assert file_text(tree, "library.json") == file_text(tree, "all.json")
    for name in ("nothing", ".git", "flat.mp3.m3u8", "A/gnere:techno", "A/.m3u8"):
        with pytest.raises(NotFoundError):
            node(tree, f"library/{name}")
    assert 'did you mean "genre"' in tree.error_log.text()


def test_deeper_than_a_query_may_be(make: Make) -> None:
    path = "/".join("abcdefghij" * 5) + "/x.mp3"
    tree = make(at(path))
    assert files(tree) == {path}


def test_portable_names(make: Make) -> None:
    records = [
        at("AC:DC/What?.mp3"),
        at("AC:DC/What？.mp3", name="two"),
        at("AC:DC/plain.mp3", name="three"),
    ]
    tree = make(*records, settings=Settings(names=Names.PORTABLE))
    assert names(tree, "library") == ["AC：DC"]
    first, second, plain = names(tree, "library/AC：DC")
    assert plain == "plain.mp3"
    assert first.startswith("What？ [")
    assert second.startswith("What？ [")
    assert isinstance(node(tree, f"library/AC：DC/{first}"), TrackNode)
    with pytest.raises(NotFoundError):
        node(tree, "library/AC:DC")
