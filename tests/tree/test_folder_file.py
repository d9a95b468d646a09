"""A folder as a file: playlists, tables, JSON."""

from __future__ import annotations

import csv
import io
import json

from mcfs.tree.nodes import (
    ExportNode,
    TrackNode,
)
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.tree.folder_access import file_text, names, node


def test_a_playlist_has_the_paths_of_its_folders_entries(tree: Tree) -> None:
    assert file_text(tree, "genre:pop.m3u8") == (
        "#EXTM3U\n#EXTINF:-1,Beyoncé - Halo\n./genre:pop/Beyoncé - Halo.mp3\n"
    )


def test_a_playlist_of_an_ordered_folder_has_its_numbered_names(tree: Tree) -> None:
    lines = file_text(tree, "genre:techno/sort:-bpm limit:2.m3u8").splitlines()
    assert lines[2] == "./sort:-bpm limit:2/001 Surgeon - Remnants.flac"


def test_a_playlist_of_a_folder_of_values_has_each_track_once(tree: Tree) -> None:
    lines = [line for line in file_text(tree, "genre.m3u8").splitlines() if line[0] != "#"]
    assert lines == [f"./all/{name}" for name in names(tree, "all")]
    lines = [line for line in file_text(tree, "genre/Ambient.m3u8").splitlines() if line[0] != "#"]
    assert lines == ["./Ambient/Orbital - Halcyon.mp3"]
    deep = file_text(tree, "genre:techno/bpm:120/{{ genre }}.m3u8").splitlines()
    assert deep[2] == "../../all/Orbital - Halcyon.mp3"


def test_every_path_in_a_playlist_resolves(tree: Tree) -> None:
    for mount_path in (
        "all",
        "genre:techno",
        "genre/techno",
        "year:>1900/{{ year }}",
    ):
        above = Route.parse(mount_path).names[:-1]
        for line in file_text(tree, f"{mount_path}.m3u8").splitlines():
            if line.startswith("#"):
                continue
            parts = [part for part in line.split("/") if part != "."]
            ups = parts.count("..")
            route = Route((*above[: len(above) - ups], *parts[ups:]))
            assert isinstance(tree.resolve(route), TrackNode)


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
