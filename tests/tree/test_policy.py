"""The policy of every kind of node: what it is, how long it is believed, what may be changed in it."""

from __future__ import annotations

from typing import get_args

import pytest

from mcfs.query import ALL, parse
from mcfs.store.pin_trash import TrashPart
from mcfs.template import parse_template
from mcfs.tree.nodes import (
    AlbumCoverNode,
    BrokenPinNode,
    EmptyPinNode,
    ExportNode,
    Format,
    InfoFile,
    InfoFileNode,
    InfoFolderNode,
    Node,
    PinsNode,
    RootNode,
    SnapshotNode,
    SnapshotsNode,
    TrackNode,
    TracksNode,
    TrashNode,
    TrashNoteNode,
    TrashPartNode,
    ValueNode,
    ValuesNode,
    WorkCoverNode,
    WorkFolderNode,
)
from mcfs.tree.policy import Caching, Changes, DotNames, EntryKind, policy_of

GENRES = ValuesNode(ALL, (parse_template("{{ genre }}"),))
NODES: tuple[Node, ...] = (
    RootNode(),
    PinsNode(),
    EmptyPinNode(),
    BrokenPinNode('unknown field "mood"'),
    SnapshotsNode(),
    SnapshotNode("Friday", (), None),
    WorkFolderNode(""),
    TracksNode(ALL),
    GENRES,
    ValueNode(GENRES, "techno"),
    TrashNode(),
    TrashPartNode(TrashPart.FILES),
    TrashNoteNode("a.trashinfo"),
    InfoFolderNode(),
    InfoFileNode(InfoFile.STATUS),
    ExportNode(TracksNode(ALL), Format.CSV, "all", 0),
    TrackNode("a.mp3", 1, "a.mp3", "objects/a", 1, None, None),
    WorkCoverNode("cover.jpg", 2, "cover.jpg", "", 1, None, None),
    AlbumCoverNode("cover.jpg", 2, "cover.jpg", "", 1, None, None),
)
FOLDERS = [node for node in NODES if policy_of(node).kind is EntryKind.FOLDER]
FILES = [node for node in NODES if policy_of(node).kind is not EntryKind.FOLDER]


def test_every_kind_of_node_is_covered_here() -> None:
    assert {type(node) for node in NODES} == set(get_args(Node))


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
def test_only_pins_snapshots_and_the_trash_can_be_changed(node: Node) -> None:
    policy = policy_of(node)
    match node:
        case PinsNode():
            assert policy.changes is Changes.PINS
        case SnapshotsNode():
            assert policy.changes is Changes.SNAPSHOTS
        case TrashPartNode() | TrashNoteNode():
            assert policy.changes is Changes.TRASH
        case _:
            assert policy.changes is Changes.READ_ONLY


@pytest.mark.parametrize("node", FOLDERS, ids=lambda node: type(node).__name__)
def test_a_folder_can_be_entered_and_its_attributes_change_with_its_names(node: Node) -> None:
    policy = policy_of(node)
    is_trash = isinstance(node, TrashNode | TrashPartNode)
    assert policy.permissions == (0o700 if is_trash else 0o755), "a copy must be changeable"
    assert policy.attributes is policy.names_inside, "its time is that of its names"
    assert not policy.direct_io


@pytest.mark.parametrize("node", FILES, ids=lambda node: type(node).__name__)
def test_a_file_can_be_read_and_holds_no_names(node: Node) -> None:
    policy = policy_of(node)
    assert policy.permissions == (0o600 if isinstance(node, TrashNoteNode) else 0o444)
    assert policy.dot_names is DotNames.NONE
    assert policy.names_inside is Caching.FIXED


@pytest.mark.parametrize(
    ("node", "name", "names_inside"),
    [
        (TracksNode(parse("genre:techno")), Caching.UNTIL_ANNOUNCED, Caching.UNTIL_ANNOUNCED),
        (GENRES, Caching.UNTIL_ANNOUNCED, Caching.UNTIL_ANNOUNCED),
        (ValueNode(GENRES, "techno"), Caching.UNTIL_ANNOUNCED, Caching.UNTIL_ANNOUNCED),
        (RootNode(), Caching.FIXED, Caching.UNTIL_ANNOUNCED),
        # Pins come from other mounts and from the command line, which announce nothing.
        (PinsNode(), Caching.FIXED, Caching.ONE_SECOND),
        (SnapshotsNode(), Caching.FIXED, Caching.UNTIL_ANNOUNCED),
        (SnapshotNode("Friday", (), None), Caching.UNTIL_ANNOUNCED, Caching.UNTIL_ANNOUNCED),
        (EmptyPinNode(), Caching.ONE_SECOND, Caching.ONE_SECOND),
        (TrashPartNode(TrashPart.INFO), Caching.FIXED, Caching.ONE_SECOND),
        (InfoFolderNode(), Caching.FIXED, Caching.ONE_SECOND),
    ],
    ids=lambda value: type(value).__name__,
)
def test_how_long_a_folder_is_believed(node: Node, name: Caching, names_inside: Caching) -> None:
    policy = policy_of(node)
    assert (policy.name, policy.names_inside) == (name, names_inside)


def test_which_folders_can_hold_names_with_a_leading_dot() -> None:
    holding = {
        type(node): policy_of(node).dot_names
        for node in NODES
        if policy_of(node).dot_names is not DotNames.NONE
    }
    assert holding == {
        RootNode: DotNames.FIXED,
        PinsNode: DotNames.ANY,
        TrashNode: DotNames.FIXED,
        TrashPartNode: DotNames.ANY,
        WorkFolderNode: DotNames.ANY,
    }


def test_a_text_file_whose_length_may_change_while_it_is_open_bypasses_the_page_cache() -> None:
    bypassing = [type(node) for node in NODES if policy_of(node).direct_io]
    assert bypassing == [TrashNoteNode, InfoFileNode]
