"""Which folders edit: those whose names are the values of one field that may be edited.

Owns this rule, and the sentences why nothing can be put into any other folder. What a change in a folder that
edits means is decided in `value_edits.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Container

from mcfs.fields import field_table
from mcfs.text.fold import fold
from mcfs.tree.nodes import (
    BrokenPinNode,
    EmptyPinNode,
    Node,
    PinsNode,
    SnapshotNode,
    SnapshotsNode,
    ValueNode,
    ValuesNode,
    WorkFolderNode,
)


def edited_field(node: Node, editable: Container[str]) -> str | None:
    """The field whose values a folder lists, if these can be edited there.

    Nothing but that field may name the folders, as in `{{ crate }}`, and they must hold tracks: what a folder
    of folders would do to the tracks below it could not be seen.
    """
    if not isinstance(node, ValuesNode) or len(node.templates) != 1:
        return None
    (template,) = node.templates
    if not template.verbatim or len(template.fields) != 1:
        return None
    written = fold(template.fields[0])
    field = field_table().name_of(written) or written
    return field if field in editable else None


def value_field(node: Node, editable: Container[str]) -> str | None:
    """The field of which this is the folder of one value, if it can be edited there."""
    return edited_field(node.parent, editable) if isinstance(node, ValueNode) else None


def why_read_only(node: Node, editable: Collection[str]) -> str:
    """Why nothing can be put into a folder that does not edit."""
    match node:
        case PinsNode() | EmptyPinNode() | BrokenPinNode():
            return "pins are queries: mkdir makes one, and no track can be put there"
        case SnapshotsNode() | SnapshotNode():
            return "snapshots are frozen results: no track can be put there"
        case WorkFolderNode():
            return "library/ is the work tree: change it there"
        case ValueNode(parent) | (ValuesNode() as parent) if len(parent.templates) > 1:
            return "folders that hold folders are not edited; open the last of them"
        case ValueNode(parent) | (ValuesNode() as parent):
            return _why_not_edited(parent, editable)
        case _:
            return "queries find the tracks of this folder, and none can be put there"


def _why_not_edited(node: ValuesNode, editable: Collection[str]) -> str:
    template = node.templates[-1]
    if not template.verbatim or len(template.fields) != 1:
        return (
            f"{template.text} is more than the value of one field, so these folders are not edited"
        )
    field = template.fields[0]
    others = f"; {', '.join(editable)} can be edited" if editable else ""
    return (
        f"{field} is not edited in this mount{others}; to allow it: mcfs mount --edit {field}, or "
        f'edit = ["{field}"] in ~/.config/mcfs/config.toml'
    )
