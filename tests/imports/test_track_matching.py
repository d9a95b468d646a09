"""A path that Mixxx knows → its track, with real links, mounts and clones."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.config.settings import Absent, Settings
from mcfs.imports.missing_mounts import MissingMounts
from mcfs.imports.track_matching import (
    NOT_A_TRACK,
    NOT_IN_LIBRARY,
    NOT_THERE,
    TrackMatcher,
)
from mcfs.store import Store
from mcfs.tree.tree import Tree
from tests.imports.mixxx_database import annex
from tests.mounts import mounted
from tests.prerequisites import git_annex_environment, needs_fuse
from tests.tracks import ABSENT, SECOND_PATH, UNLOCKED

NESTED = "Surgeon/Force + Form/01.flac"


def matched(
    library: Library, store: Store, *paths: Path | str, other_name: str | None = None
) -> list[str]:
    """For each path the first file of its track, or the reason why there is none."""
    asked = [os.fspath(path) for path in paths]
    with store.cache.reading() as read:
        tree = Tree(store, Settings(absent=Absent.SHOW))
        matcher = TrackMatcher(library, tree, MissingMounts(library), other_name)
        found, unmatched = matcher.match(read, asked)
        keys = read.keys_of_ids(list(found.values()))
        records = read.records(keys.values())
    answers = {path: records[keys[track_id]].files[0] for path, track_id in found.items()}
    answers |= dict(unmatched)
    assert len(found) + len(unmatched) == len(answers) == len(set(asked))
    return [answers[path] for path in asked]


def test_files_of_the_library(library: Library, synced: Store) -> None:
    files = [NESTED, UNLOCKED, ABSENT, "kino.mp3", SECOND_PATH[0]]
    assert matched(library, synced, *(library.top / file for file in files)) == [
        *files[:4],
        SECOND_PATH[1],  # the same key: the first of its files
    ]


def test_paths_that_lead_to_no_track(library: Library, synced: Store, tmp_path: Path) -> None:
    (tmp_path / "other.mp3").touch()
    (library.top / "new.mp3").touch()
    assert matched(
        library,
        synced,
        library.top / "cover.jpg",
        library.top / "notes.txt",
        library.top / "new.mp3",
        library.top / "gone.mp3",
        tmp_path / "other.mp3",
        tmp_path / "gone.mp3",
        f"{library.top}x/kino.mp3",
        "kino.mp3",
        "",
    ) == [
        NOT_A_TRACK,
        NOT_A_TRACK,
        NOT_A_TRACK,
        NOT_THERE,
        NOT_IN_LIBRARY,
        NOT_THERE,
        NOT_THERE,
        NOT_THERE,
        NOT_THERE,
    ]


def test_through_links_to_folders(library: Library, synced: Store, tmp_path: Path) -> None:
    (tmp_path / "Music").symlink_to(library.top)
    (tmp_path / "deep").symlink_to(library.top / "Surgeon")
    assert matched(
        library,
        synced,
        tmp_path / "Music" / NESTED,
        tmp_path / "Music" / UNLOCKED,
        tmp_path / "deep" / "Force + Form" / "01.flac",
        tmp_path / "Music" / "gone.mp3",
    ) == [NESTED, UNLOCKED, NESTED, NOT_THERE]


def test_through_links_to_the_files(library: Library, synced: Store, tmp_path: Path) -> None:
    for file in (NESTED, UNLOCKED, ABSENT):
        (tmp_path / Path(file).name).symlink_to(library.top / file)
    (tmp_path / "twice").symlink_to(tmp_path / "01.flac")
    assert matched(
        library,
        synced,
        tmp_path / "01.flac",
        tmp_path / UNLOCKED,
        tmp_path / ABSENT,
        tmp_path / "twice",
    ) == [NESTED, UNLOCKED, ABSENT, NESTED]


def test_the_annex_object(library: Library, synced: Store) -> None:
    assert matched(library, synced, (library.top / NESTED).resolve()) == [NESTED]


def test_a_prefix_that_has_moved(library: Library, synced: Store) -> None:
    gone = Path("/media/old disk/Music")
    places = [gone / NESTED, gone / "no such.mp3", library.top / "kino.mp3"]
    down = "nothing is mounted at /media/old disk"
    assert matched(library, synced, *places) == [down, down, "kino.mp3"]
    for name in (str(gone), f"{gone}/"):
        assert matched(library, synced, *places, other_name=name) == [
            NESTED,
            NOT_THERE,
            "kino.mp3",
        ]


def test_a_file_of_another_clone(library: Library, synced: Store, tmp_path: Path) -> None:
    """Its links lead to its own objects, which have the same keys."""
    clone = tmp_path / "clone"
    environment = git_annex_environment(tmp_path)
    subprocess.run(
        ["git", "clone", "-q", library.top, clone], env=environment, check=True, capture_output=True
    )
    assert matched(library, synced, clone / NESTED, clone / ABSENT) == [NESTED, ABSENT]


def test_through_a_link_to_a_copy_of_the_library(
    library: Library, synced: Store, tmp_path: Path
) -> None:
    shutil.copy(library.top / "kino.mp3", tmp_path / "kino.mp3")
    assert matched(library, synced, tmp_path / "kino.mp3") == [NOT_IN_LIBRARY]


def test_in_a_mount(library: Library, synced: Store, tmp_path: Path) -> None:
    needs_fuse()
    with mounted(library.top, tmp_path / "mnt") as mount:
        assert matched(
            library,
            synced,
            mount.path / "all" / "Surgeon - Remnants.flac",
            mount.path / "genre:techno" / "Underworld - Rez.wav",
            mount.path / "all" / "gone.mp3",
        ) == [NESTED, UNLOCKED, NOT_THERE]


def test_in_a_mount_of_regular_files(library: Library, synced: Store, tmp_path: Path) -> None:
    needs_fuse()
    with mounted(library.top, tmp_path / "mnt", options=("--entries", "files")) as mount:
        place = mount.path / "all" / "Surgeon - Remnants.flac"
        assert not place.is_symlink()
        (tmp_path / "link").symlink_to(mount.path)
        assert matched(
            library,
            synced,
            place,
            mount.path / "genre:techno bpm:120-130" / "Underworld - Rez.wav",
            tmp_path / "link" / "all" / "Surgeon - Remnants.flac",
            mount.path / "all" / "gone.mp3",
            mount.path / "all",
        ) == [NESTED, UNLOCKED, NESTED, NOT_THERE, NOT_IN_LIBRARY]


def test_a_library_reached_through_a_link(library: Library, synced: Store, tmp_path: Path) -> None:
    """git knows its real path, Mixxx the path through the link."""
    link = tmp_path / "link"
    link.symlink_to(library.top)
    places = (link / "kino.mp3", library.top / NESTED)
    assert matched(replace(library, top=link), synced, *places) == ["kino.mp3", NESTED]


def test_names_that_are_not_utf8(library: Library, synced: Store) -> None:
    odd = library.top / "caf\udce9.mp3"
    odd.write_bytes(b"sound of a caf\xe9")
    annex(library, "add", "-q", ".")
    from mcfs.sync.run import sync

    sync(library, synced)
    assert matched(library, synced, odd) == ["caf\udce9.mp3"]
