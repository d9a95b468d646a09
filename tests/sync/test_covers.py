"""Covers beside tracks: found by a sync, shown in `library/` and in folders of an album, and followed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.config.settings import DEFAULTS, Absent, Settings
from mcfs.store import Store
from mcfs.store.records import CoverRecord
from mcfs.sync.report import SyncKind
from mcfs.sync.run import sync
from mcfs.tree.nodes import AlbumCoverNode, WorkCoverNode
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.mounts import instrumented_mount, wait_until
from tests.tracks import run_in_library
from tests.tree.folder_access import file_text

ALBUM = "artist/Surgeon/Force + Form"
FOLDER = "Surgeon/Force + Form"


def covers(store: Store) -> dict[str, CoverRecord]:
    """Every cover in the store, by its work path."""
    with store.cache.reading() as read:
        return {cover.work_path: cover for cover in read.covers()}


def names(store: Store, mount_path: str, settings: Settings = DEFAULTS) -> list[str]:
    """The covers that a folder lists."""
    tree = Tree(store, settings)
    entries = tree.children(tree.resolve(Route.parse(mount_path))).entries
    kinds = (WorkCoverNode, AlbumCoverNode)
    return sorted(name for name, node in entries.items() if isinstance(node, kinds))


def test_which_files_are_covers(library: Library, synced: Store) -> None:
    run_in_library(
        library,
        f"""
        printf picture > 'white/Folder.PNG'
        printf picture > 'white/front.jpeg'
        printf picture > 'white/back.jpg'
        printf picture > 'white/cover.txt'
        ln -s ../acdc.mp3 'white/cover.jpg'
        git add white
        head -c 3000 /dev/zero > '{FOLDER}/cover.jpg'
        git annex add -q '{FOLDER}/cover.jpg'
        head -c 50 /dev/zero > '{FOLDER}/folder.gif'
        git annex add -q '{FOLDER}/folder.gif'
        git annex unlock -q '{FOLDER}/folder.gif'
        """,
    )
    assert sync(library, synced).kind is SyncKind.DIFFERENCE
    found = covers(synced)
    # One at the top is a sample of the library.
    assert found.keys() == {
        *("cover.jpg", "white/Folder.PNG", "white/front.jpeg"),
        *(f"{FOLDER}/cover.jpg", f"{FOLDER}/folder.gif"),
    }
    assert {path for path, cover in found.items() if cover.annex_key is None} == {
        *("white/Folder.PNG", "white/front.jpeg"),
    }
    assert [found[f"{FOLDER}/{name}"].size for name in ("cover.jpg", "folder.gif")] == [3000, 50]
    assert all(cover.present for cover in found.values())
    by_difference = found
    sync(library, synced, full=True)
    assert covers(synced) == by_difference
    assert sync(library, synced).kind is SyncKind.NOTHING


def test_a_cover_is_shown_beside_its_tracks_and_in_the_folder_of_their_album(
    library: Library, synced: Store
) -> None:
    run_in_library(
        library,
        f"""
        printf picture > '{FOLDER}/Folder.jpeg'
        printf picture > '{FOLDER}/cover.png'
        git add Surgeon
        mkdir empty; printf picture > empty/cover.jpg; git add empty
        """,
    )
    sync(library, synced)
    assert names(synced, "library") == ["cover.jpg"]
    assert names(synced, f"library/{FOLDER}") == ["Folder.jpeg", "cover.png"]
    assert names(synced, ALBUM) == ["cover.png"]
    assert names(synced, "{{ album }}/Force + Form") == ["cover.png"]
    for flat in ("all", "artist:surgeon", 'album:"force + form"', "genre/techno", "artist/Surgeon"):
        assert names(synced, flat) == [], flat
    tree = Tree(synced)
    album_cover = tree.resolve(Route.parse(f"{ALBUM}/cover.png"))
    assert isinstance(album_cover, AlbumCoverNode)
    assert album_cover.work_path == f"{FOLDER}/cover.png"
    assert isinstance(tree.resolve(Route.parse(f"library/{FOLDER}/Folder.jpeg")), WorkCoverNode)
    # No cover is a track, whatever is asked for.
    for mount_path in (f"{ALBUM}.m3u8", f"{ALBUM}.json", "all.csv"):
        text = file_text(tree, mount_path)
        assert "cover" not in text
        assert "Folder.jpeg" not in text


def test_an_album_of_two_folders_and_one_of_none(library: Library, synced: Store) -> None:
    run_in_library(
        library,
        """
        git annex metadata -q -s album=Singles white/a.mp3 beyonce.mp3
        printf 1 > white/front.jpg; git add white
        """,
    )
    sync(library, synced)
    tree = Tree(synced)
    # `cover.jpg`, beside one of them, before `front.jpg` beside the other.
    cover = tree.resolve(Route.parse("{{ album }}/Singles/cover.jpg"))
    assert isinstance(cover, AlbumCoverNode)
    assert cover.work_path == "cover.jpg"
    assert names(synced, "{{ album }}/Unknown") == []
    assert names(synced, "{{ 'x' if album else 'y' }}/x") == []


def test_a_cover_that_is_dropped_changed_or_removed(library: Library, synced: Store) -> None:
    cover = f"{FOLDER}/cover.jpg"
    run_in_library(library, f"printf one > '{cover}'; git annex add -q '{cover}'")
    sync(library, synced)
    assert names(synced, ALBUM) == ["cover.jpg"]
    run_in_library(library, f"git annex drop -q --force '{cover}'")
    assert sync(library, synced).kind is SyncKind.DIFFERENCE
    for mount_path in (ALBUM, f"library/{FOLDER}"):
        assert names(synced, mount_path) == []
        assert names(synced, mount_path, Settings(absent=Absent.SHOW)) == []
    before = covers(synced)[cover]
    run_in_library(library, f"git rm -qf '{cover}'; mkdir -p '{FOLDER}'; printf two > '{cover}'")
    run_in_library(library, f"git add '{cover}'")
    sync(library, synced)
    after = covers(synced)[cover]
    assert names(synced, ALBUM) == ["cover.jpg"]
    assert (after.annex_key, after.size) == (None, 3)
    assert before.blob != after.blob
    run_in_library(library, f"git rm -qf '{cover}'")
    sync(library, synced)
    assert names(synced, ALBUM) == []


def test_a_mount_follows_them(library: Library, synced: Store, place: Path) -> None:
    """Also where the kernel has cached that there is none. Links are among the random changes of mounts."""
    shown = [place / ALBUM / "cover.jpg", place / "library" / FOLDER / "cover.jpg"]
    cover = f"{FOLDER}/cover.jpg"

    def shows(content: bytes) -> Callable[[], bool]:
        return lambda: all(path.exists() and path.read_bytes() == content for path in shown)

    with instrumented_mount(library.top, place, "--entries", "files"):
        assert [os.path.lexists(path) for path in shown] == [False, False]
        for content in (b"first", b"the second"):
            (library.top / cover).write_bytes(content)
            run_in_library(library, f"git add '{cover}'")
            sync(library, synced)
            wait_until(shows(content))
        assert "cover.jpg" in os.listdir(shown[0].parent)
        run_in_library(library, f"git rm -qf '{cover}'")
        sync(library, synced)
        wait_until(lambda: not any(os.path.lexists(path) for path in shown))
        assert os.listdir(shown[1].parent) == ["01.flac"]
