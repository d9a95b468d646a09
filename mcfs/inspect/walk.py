"""Follows a mount path name by name, for commands that answer without a mount.

Owns the error for the first name that leads nowhere. The tree resolves the names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcfs.errors import NotFoundError, QueryError, TemplateError, TextError
from mcfs.query import Contains, format_term, parse, starts_like_query
from mcfs.sql import EntryRow
from mcfs.tree.nodes import (
    Node,
    PinsNode,
    RootNode,
    SnapshotNode,
    SnapshotsNode,
    TracksNode,
    ValueNode,
    ValuesNode,
    WorkFolderNode,
)
from mcfs.tree.policy import EntryKind, policy_of
from mcfs.tree.route import Route, can_become_valid, name_as_template
from mcfs.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path, the folder it is in, and what it leads to."""

    name: str
    parent: Node
    node: Node


def walk(mount_path: str, tree: Tree) -> Iterator[Step]:
    """The root, then each name in turn; a `QueryError` or `TemplateError` at the first wrong name."""
    node: Node = RootNode()
    yield Step("/", node, node)
    end = 0
    for depth, name in enumerate(Route.parse(mount_path).names):
        start = mount_path.index(name, end)
        parent = node
        try:
            node = _child(parent, name, tree, depth)
        except TextError as error:
            kind = TemplateError if isinstance(error, TemplateError) else QueryError
            position = start + error.position
            raise kind(error.message, mount_path, position, error.suggestion) from error
        except NotFoundError as error:
            raise QueryError(str(error), mount_path, start, _suggestion(parent, name)) from error
        yield Step(name, parent, node)
        end = start + len(name)


def last_step(mount_path: str, tree: Tree) -> Step:
    """What the whole path leads to."""
    *_, last = walk(mount_path, tree)
    return last


def entries_at(mount_path: str, tree: Tree) -> Iterator[tuple[str, Node]]:
    """The entries of a folder; a track or a file is listed as itself, as `ls` does."""
    step = last_step(mount_path, tree)
    if is_folder(step.node):
        yield from tree.children(step.node).entries.items()
    else:
        yield step.name, step.node


def is_folder(node: Node) -> bool:
    """Whether a node has entries."""
    return policy_of(node).kind is EntryKind.FOLDER


def _child(parent: Node, name: str, tree: Tree, depth: int) -> Node:
    try:
        return tree.child(parent, name, depth)
    except NotFoundError:
        # The tree only says that the name does not exist. The parser says what is wrong with it.
        takes_queries = isinstance(
            parent, RootNode | SnapshotNode | TracksNode | ValuesNode | ValueNode
        )
        is_template = takes_queries and name_as_template(name, tree.vocabulary) is not None
        is_meant_as_query = can_become_valid(name) or starts_like_query(name, tree.vocabulary)
        if takes_queries and not is_template and is_meant_as_query:
            parse(name, tree.vocabulary)
        raise


def _suggestion(parent: Node, name: str) -> str | None:
    if (
        isinstance(parent, EntryRow | PinsNode | SnapshotsNode | WorkFolderNode)
        or can_become_valid(name)
        or name.startswith(".")
    ):
        return None
    return f"to search all text, write {format_term(Contains('any', name))}"
