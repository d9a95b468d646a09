"""Any folder of the mount, with everything below it, as the plan of an export.

Owns which nodes an export can be made of, and what each becomes in it. `export/` writes the plan to a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mcfs.errors import NotExportableError
from mcfs.export.plan import PlannedFile, PlannedFolder, PlannedText
from mcfs.sql import EntryRow
from mcfs.tree.nodes import ExportNode, Node, RootNode, TrackNode
from mcfs.tree.policy import EntryKind, policy_of
from mcfs.tree.tree import Tree

# Annex key → the path of its content in the git directory; None where that is not here.
FindContent = Callable[[str], str | None]


def plan_export(name: str, node: Node, tree: Tree, find_content: FindContent) -> PlannedFolder:
    """What an export of a node consists of; a `NotExportableError` says what to write instead.

    `name` is the last one of the node's path: a track is exported by it. `find_content` looks at the disk, of
    which the store may be an old picture.
    """
    if isinstance(node, RootNode):
        raise NotExportableError(
            "this is the whole mount, which has every track in several folders; "
            "export one of them, such as all"
        )
    if isinstance(node, EntryRow):
        return PlannedFolder("", (_file(name, node, _keys_of([node], tree), find_content),))
    if policy_of(node).kind is EntryKind.TEXT_FILE:
        raise NotExportableError(
            f"{name} is a file that mcfs makes; export its folder with --playlist"
        )
    return _folder("", node, tree, find_content)


def _folder(name: str, node: Node, tree: Tree, find_content: FindContent) -> PlannedFolder:
    entries: list[PlannedFolder | PlannedFile | PlannedText] = []
    listed = tree.children(node).entries
    keys = _keys_of(listed.values(), tree)
    for entry_name, entry in listed.items():
        if isinstance(entry, EntryRow):
            entries.append(_file(entry_name, entry, keys, find_content))
        elif isinstance(entry, ExportNode):
            # Its paths lead to other folders of the mount: its tracks are exported instead.
            entries += _folder("", entry.folder, tree, find_content).entries
        elif policy_of(entry).kind is EntryKind.FOLDER:
            folder = _folder(entry_name, entry, tree, find_content)
            if folder.entries:
                entries.append(folder)
    return PlannedFolder(name, tuple(entries))


def _keys_of(nodes: Iterable[Node], tree: Tree) -> dict[int, str]:
    """Inode → annex key, of the tracks among these nodes."""
    return tree.annex_keys(node for node in nodes if isinstance(node, TrackNode))


def _file(
    name: str, row: EntryRow, keys: Mapping[int, str], find_content: FindContent
) -> PlannedFile:
    key = keys.get(row.inode) or row.other_key or ""
    return PlannedFile(name, key, row.work_path, find_content(key) if key else None, row.size)
