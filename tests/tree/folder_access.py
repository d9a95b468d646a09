"""What tests look at in a tree: its nodes, the names in its folders, the text of its files."""

from __future__ import annotations

from collections.abc import Callable

from mcfs.store import Store, TrackRecord
from mcfs.text.fold import fold
from mcfs.tree.nodes import ExportNode, Node
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.tracks import SAMPLES

MakeStore = Callable[..., Store]
Make = Callable[..., Tree]


def node(tree: Tree, mount_path: str) -> Node:
    return tree.resolve(Route.parse(mount_path))


def names(tree: Tree, mount_path: str) -> list[str]:
    """What a folder lists."""
    return list(tree.children(node(tree, mount_path)).entries)


def file_text(tree: Tree, mount_path: str) -> str:
    """The text of a folder file."""
    found = node(tree, mount_path)
    assert isinstance(found, ExportNode)
    text = tree.file_content(found)
    return text.read(0, text.size).decode("utf-8", "surrogateescape")


def titles(tree: Tree, mount_path: str) -> set[str]:
    """The titles of the tracks that a folder lists."""
    listed = {fold(name) for name in names(tree, mount_path)}
    return {sample.title for sample in SAMPLES if any(fold(sample.title) in n for n in listed)}


def record(name: str, **values: str) -> TrackRecord:
    """A track with content and one file; `|` separates several values of a field."""
    return TrackRecord(
        annex_key=f"SHA256E-s1--{name}.mp3",
        name=f"{name}.mp3",
        files=(f"music/{name}.mp3",),
        content_path=f"annex/objects/{name}",
        present=True,
        values={field: tuple(text.split("|")) for field, text in values.items()},
    )
