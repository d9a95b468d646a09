"""The inode table: which inode a thing has, and what happens when the kernel forgets it."""

from __future__ import annotations

import pytest

from mcfs.config.settings import DEFAULTS, Entries, Settings
from mcfs.fuse.inodes import ROOT, InodeTable, is_file
from mcfs.query import ALL, Query
from mcfs.tree.nodes import EmptyPinNode, ExportNode, Format, Node, TrackNode, TracksNode

FOLDER = TracksNode(ALL)
TRACK = TrackNode("Rez.mp3", 77, "rez.mp3", "annex/objects/KEY", 1000, None, None)


@pytest.fixture
def table() -> InodeTable:
    """The table of a mount that shows links; it knows only the root."""
    return InodeTable(DEFAULTS)


def give(table: InodeTable, node: Node, mount_path: str, *, is_current: bool = True) -> int:
    """Give a node's inode to the kernel, as a lookup does."""
    inode = table.inode(node, mount_path, table[ROOT], is_current=is_current)
    table.count_lookup(inode, node, mount_path, 0, is_current=is_current)
    return inode


def test_a_folder_has_an_inode_for_each_path(table: InodeTable) -> None:
    first, second = give(table, FOLDER, "/all"), give(table, FOLDER, "/bpm:>0")
    assert first != second
    assert give(table, FOLDER, "/all") == first
    assert give(InodeTable(DEFAULTS), FOLDER, "/all") == first, "the same in the next mount"
    assert (table.folder_at("/all"), table[first].mount_path) == (first, "/all")


def test_a_track_has_one_inode_in_all_folders(table: InodeTable) -> None:
    inode = give(table, TRACK, "/all/Rez.mp3")
    assert give(table, TRACK, "/genre/Techno/Rez.mp3") == inode
    assert not is_file(inode)
    table.configure(Settings(entries=Entries.FILES))
    file = give(table, TRACK, "/all/Rez.mp3")
    assert is_file(file)
    assert file != inode
    assert set(table.of_track(TRACK.inode)) == {inode, file}
    assert set(table.store_inodes()) == {TRACK.inode}


def test_an_export_is_a_file(table: InodeTable) -> None:
    assert is_file(give(table, ExportNode(FOLDER, Format.M3U8, "all", 0), "/all.m3u8"))


def test_low_halves_are_distinct(table: InodeTable) -> None:
    """MPD compares only these."""
    inodes = [give(table, FOLDER, f"/{number}") for number in range(3000)]
    assert len({inode & 0xFFFF_FFFF for inode in inodes}) == len(inodes)


def test_a_changed_track_is_updated_by_link_and_file(table: InodeTable) -> None:
    inode = give(table, TRACK, "/all/Rez.mp3")
    table.update_track(TRACK._replace(size=2000))
    assert table[inode].node == TRACK._replace(size=2000)
    give(table, TRACK, "/all/Rez.mp3", is_current=False)
    assert table[inode].node == TRACK._replace(size=2000), "an old answer changes nothing"


def test_an_inode_is_forgotten_after_its_last_lookup(table: InodeTable) -> None:
    inode = give(table, FOLDER, "/all")
    table.count_lookup_again(inode)
    table.forget([(inode, 1)])
    assert inode in set(table)
    table.forget([(inode, 1), (12345, 1), (ROOT, 1)])
    assert set(table) == {ROOT}
    assert table.folder_at("/all") is None
    assert list(table.folder_paths()) == ["/"]


def test_another_folder_at_the_same_path_has_another_inode(table: InodeTable) -> None:
    old, below = give(table, FOLDER, "/pins/a"), give(table, FOLDER, "/pins/a/b")
    new = give(table, TracksNode(Query(limit=5)), "/pins/a")
    assert new != old
    assert give(table, FOLDER, "/pins/a/b") != below
    table.forget([(old, 1)])
    assert table.folder_at("/pins/a") == new


def test_a_renamed_folder_keeps_its_inode(table: InodeTable) -> None:
    pin, below = give(table, EmptyPinNode(), "/pins/a"), give(table, FOLDER, "/pins/a/b")
    other = give(table, EmptyPinNode(), "/pins/ab")
    table.move("/pins/a", "/pins/c", FOLDER)
    assert (table.folder_at("/pins/a"), table.folder_at("/pins/c")) == (None, pin)
    assert (table[pin].node, table[below].mount_path) == (FOLDER, "/pins/c/b")
    assert table.folder_at("/pins/ab") == other


def test_what_is_in_use_is_no_longer_the_oldest(table: InodeTable) -> None:
    tracks = [give(table, TRACK._replace(inode=number), f"/all/{number}") for number in (5, 6, 7)]
    folders = [give(table, FOLDER, f"/{number}") for number in range(3)]
    assert list(table.oldest()) == tracks + folders
    gone = 1
    table.make_newest([tracks[0], folders[0], gone])
    assert list(table.oldest()) == [*tracks[1:], tracks[0], *folders[1:], folders[0]]


def test_a_bound_is_announced_once(table: InodeTable) -> None:
    calls: list[int] = []

    def note() -> None:
        calls.append(len(table))

    table.when_above(2, note)
    give(table, FOLDER, "/all")
    assert calls == []
    inode = give(table, TRACK, "/all/Rez.mp3")
    give(table, FOLDER, "/genre")
    assert calls == [3]
    table.when_above(4, note)
    table.forget([(inode, 1)])
    give(table, TRACK, "/all/Rez.mp3")
    assert calls == [3]
    table.when_above(3, note)
    assert calls == [3, 4], "there are too many already"
