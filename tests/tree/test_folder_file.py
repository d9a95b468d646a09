"""A folder as a file: playlists, tables, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from mcfs.config.settings import Absent, Names, Playlists, Settings
from mcfs.errors import NotFoundError
from mcfs.tree.folder_file import folder_file
from mcfs.tree.nodes import ExportNode, TracksNode
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.tree.folder_access import Make, MakeStore, file_text, node, record


def paths(tree: Tree, mount_path: str) -> list[str]:
    """How a playlist names its tracks."""
    return [line for line in file_text(tree, mount_path).splitlines() if line[0] != "#"]


def test_a_playlist_names_a_track_by_its_path_in_the_library(tree: Tree) -> None:
    assert file_text(tree, "genre:pop.m3u8") == (
        "#EXTM3U\n#EXTINF:-1,Beyoncé - Halo\nlibrary/beyonce.mp3\n"
    )
    surgeon = "library/Surgeon/Force + Form/01.flac"
    assert paths(tree, "genre:techno/sort:-bpm limit:2.m3u8")[0] == f"../{surgeon}"
    assert paths(tree, "artist/Surgeon/Force + Form.m3u8") == [f"../../{surgeon}"]
    # A track of two genres is there once.
    orbital = "../../library/best of/orbital again.mp3"
    assert paths(tree, "genre:techno/bpm:120/{{ genre }}.m3u8") == [orbital]


def test_a_playlist_says_how_long_a_track_is(make_store: MakeStore) -> None:
    tree = Tree(make_store(record("a", Duration="3:45.6"), record("b", duration="225.3")))
    lengths = [line for line in file_text(tree, "all.m3u8").splitlines() if "EXTINF" in line]
    assert lengths == ["#EXTINF:226,a", "#EXTINF:225,b"]


def test_a_pin_is_a_file_too(make_store: MakeStore) -> None:
    store = make_store(record("a", genre="Techno"))
    store.user.add_pin("Peak time", "genre:techno")
    store.user.add_pin("Peak time.m3u8", "genre:techno")
    store.user.add_pin("New folder", "")
    tree = Tree(store)
    assert paths(tree, "pins/Peak time.m3u8.m3u8") == ["../library/music/a.mp3"]
    assert isinstance(node(tree, "pins/Peak time.m3u8"), TracksNode)
    assert json.loads(file_text(tree, "pins/Peak time.json"))[0]["file"] == "music/a.mp3"
    assert "music/a.mp3" in file_text(tree, "pins/Peak time.csv")
    assert paths(tree, "pins/Peak time/genre:techno.m3u8") == ["../../library/music/a.mp3"]
    for name in ("New folder.m3u8", "nothing.m3u8", ".m3u8", "Peak time.txt"):
        with pytest.raises(NotFoundError):
            node(tree, f"pins/{name}")


@pytest.mark.parametrize(
    ("playlists", "path"),
    [
        (Playlists.LIBRARY, "../library/music/a.mp3"),
        (Playlists.ALL, "../all/a.mp3"),
        ("/srv/music", "/srv/music/music/a.mp3"),
        ("", "/music/a.mp3"),
    ],
)
def test_other_paths_by_configuration(make: Make, playlists: Playlists | str, path: str) -> None:
    tree = make(record("a", genre="Techno"), settings=Settings(playlists=playlists))
    assert paths(tree, "genre/Techno.m3u8") == [path]


def test_a_track_has_one_path_in_every_playlist(make: Make) -> None:
    moved = replace(record("a"), files=("a.mp3", "b.mp3"), hidden=frozenset({"a.mp3"}))
    hidden = replace(record("c"), files=("c.mp3",), hidden=frozenset({"c.mp3"}))
    absent = replace(record("d"), present=False)
    without = replace(record("e"), files=())
    tree = make(moved, hidden, absent, without)
    expected = ["library/b.mp3", "library/c.mp3", "all/e.mp3"]
    assert paths(tree, "all.m3u8") == expected
    # The path that the track has as soon as its content is here.
    assert paths(tree, "present:no.m3u8") == ["library/music/d.mp3"]
    tree.configure(Settings(absent=Absent.SHOW))
    assert paths(tree, "all.m3u8") == [*expected[:2], "library/music/d.mp3", expected[2]]


@pytest.mark.parametrize("names", Names)
def test_every_path_in_a_playlist_resolves(make: Make, names: Names) -> None:
    odd = ("a.mp3", "What?/AC:DC.mp3", "What?/AC：DC.mp3", "what?/x.mp3", "caf\udce9/\udcff.mp3")
    records = [replace(record(str(n)), files=(file,)) for n, file in enumerate(odd)]
    tree = make(*records, settings=Settings(names=names))
    for mount_path in ("all", "-genre:x", "{{ genre }}/Unknown"):
        named = [
            Route.parse(line.removeprefix("../"))
            for line in file_text(tree, f"{mount_path}.m3u8").splitlines()
            if line[0] != "#"
        ]
        tracks = [tree.resolve(route) for route in named]
        assert set(tracks) == set(tree.children(node(tree, "all")).entries.values())


def test_json_and_csv(tree: Tree) -> None:
    found = json.loads(file_text(tree, "genre:pop.json"))
    assert [track["fields"]["title"] for track in found] == [["Halo"]]
    rows = list(csv.DictReader(io.StringIO(file_text(tree, "genre:pop.csv"))))
    assert [row["artist"] for row in rows] == ["Beyoncé"]
    assert json.loads(file_text(tree, "genre:nothing.json")) == []


def test_an_empty_folder_is_an_empty_playlist(tree: Tree) -> None:
    assert file_text(tree, "genre:nothing.m3u8") == "#EXTM3U\n"


def test_a_folder_file_is_written_once_for_each_generation(tree: Tree) -> None:
    export = node(tree, "all.csv")
    assert isinstance(export, ExportNode)
    assert tree.file_content(export) is tree.file_content(node(tree, "all.csv"))  # type: ignore[arg-type]


def test_a_large_one_is_written_once_for_all_who_ask_at_the_same_time(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = make(*(record(f"{number}", title="x" * 900) for number in range(40)))
    export = node(tree, "all.json")
    assert isinstance(export, ExportNode)
    written = list[ExportNode]()

    def folder_file_noting(node: ExportNode, *rest: Any) -> Iterable[str]:
        written.append(node)
        return folder_file(node, *rest)

    monkeypatch.setattr("mcfs.tree.folder_file.folder_file", folder_file_noting)
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(tree.file_content, [export] * 8))
    assert written == [export]
    assert {id(text) for text in texts} == {id(texts[0])}
    assert texts[0].descriptor is not None, "it is on the disk, not in memory"
