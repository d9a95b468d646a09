"""Folders of the mount as plans of exports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcfs.config.settings import Absent, Settings
from mcfs.errors import NotExportableError
from mcfs.export.plan import PlannedFolder, PlannedText
from mcfs.tree.export_plan import plan_export
from mcfs.tree.tree import Tree
from tests.tree.folder_access import Make, MakeStore, node, record


def plan(tree: Tree, mount_path: str) -> PlannedFolder:
    """The plan of a path, in a library whose content is all here."""
    name = mount_path.rpartition("/")[2]
    return plan_export(name, node(tree, mount_path), tree)


def paths(folder: PlannedFolder) -> list[str]:
    return [path for path, _ in folder.files()]


@pytest.fixture
def few(make: Make) -> Tree:
    return make(record("a", genre="Techno|Dub", bpm="130"), record("b", genre="Techno", bpm="120"))


def test_a_folder_of_tracks_is_flat_and_in_order(few: Tree) -> None:
    assert paths(plan(few, "genre:techno")) == ["a.mp3", "b.mp3"]
    assert paths(plan(few, "genre:techno sort:bpm")) == ["001 b.mp3", "002 a.mp3"]


def test_templates_and_views_are_nested_folders(few: Tree) -> None:
    nested = ["Dub/a.mp3", "Techno/a.mp3", "Techno/b.mp3"]
    assert paths(plan(few, "genre")) == nested
    assert paths(plan(few, "{{ genre }}")) == nested
    assert paths(plan(few, "genre/Techno")) == ["a.mp3", "b.mp3"]
    by_tempo = plan(few, "genre/{{ bpm }}")
    assert paths(by_tempo) == ["Dub/130/a.mp3", "Techno/120/b.mp3", "Techno/130/a.mp3"]
    assert list(by_tempo.folders()) == ["Dub", "Dub/130", "Techno", "Techno/120", "Techno/130"]
    names = plan(few, "genre:dub/{{ bpm }}.{{ ext }}")
    assert paths(names) == ["130.mp3"]


def test_a_file_knows_its_key_its_paths_and_its_size(tree: Tree) -> None:
    ((path, file),) = plan(tree, "artist:surgeon").files()
    assert path == "Surgeon - Remnants.flac"
    assert file.work_path == "Surgeon/Force + Form/01.flac"
    assert file.content_path is None
    assert file.size == len("sound of Surgeon/Force + Form/01.flac\n") * 40


def test_absent_tracks_are_in_it_where_the_tree_shows_them(make: Make) -> None:
    tracks = record("here"), replace(record("gone"), present=False)
    assert paths(plan(make(*tracks), "all")) == ["here.mp3"]
    shown = make(*tracks, settings=Settings(absent=Absent.SHOW))
    assert paths(plan(shown, "all")) == ["gone.mp3", "here.mp3"]


def test_the_work_tree_has_its_own_names_and_covers(tree: Tree) -> None:
    whole = plan(tree, "library")
    assert "Surgeon/Force + Form/01.flac" in paths(whole)
    assert dict(whole.files())["cover.jpg"].work_path == "cover.jpg"
    assert paths(plan(tree, "library/white")) == ["a.mp3", "b.mp3"]


def test_pins_are_folders_and_empty_ones_are_left_out(make_store: MakeStore) -> None:
    store = make_store(record("a", genre="Techno"))
    store.user.add_pin("New folder", "")
    store.user.add_pin("Nobody", "artist:nobody")
    store.user.add_pin("Peak time", "genre:techno")
    assert paths(plan(Tree(store), "pins")) == ["Peak time/a.mp3"]
    assert paths(plan(Tree(store), "pins/New folder")) == []


def test_what_has_no_tracks_is_an_empty_plan(few: Tree) -> None:
    for mount_path in (".mcfs", "pins", "artist:nobody"):
        assert plan(few, mount_path) == PlannedFolder("", ())


def test_a_track_is_exported_by_its_name(few: Tree) -> None:
    assert paths(plan(few, "genre:techno sort:bpm/001 b.mp3")) == ["001 b.mp3"]


@pytest.mark.parametrize(
    ("mount_path", "reason"),
    [
        ("/", "the whole mount"),
        (".mcfs/status", "status is a file that mcfs makes"),
        ("genre:techno.m3u8", "export its folder with --playlist"),
    ],
)
def test_what_has_no_tracks_of_its_own_is_refused(few: Tree, mount_path: str, reason: str) -> None:
    with pytest.raises(NotExportableError, match=reason):
        plan(few, mount_path)


def test_a_plan_without_some_files_has_no_empty_folders(few: Tree) -> None:
    text = PlannedText("list.m3u8", b"")
    whole = plan(few, "genre")
    whole = replace(whole, entries=(*whole.entries, text))
    dub = whole.with_files(lambda file: "b.mp3" in file.annex_key)
    assert paths(dub) == ["Techno/b.mp3"]
    assert [path for path, _ in dub.texts()] == ["list.m3u8"]
    assert list(PlannedFolder("", (dub,)).texts()) == [("/list.m3u8", text)]
