"""Any folder of the mount, with everything below it, as the plan of an export.

Owns which nodes an export can be made of, and what each becomes in it. `export/` writes the plan to a disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mcfs.errors import NotExportableError
from mcfs.export.plan import PlannedFile, PlannedFolder
from mcfs.sql import EntryRow
from mcfs.tree.nodes import ExportNode, Node, RootNode, TrackNode
from mcfs.tree.policy import EntryKind, policy_of
from mcfs.tree.tree import Tree


def plan_export(name: str, node: Node, tree: Tree) -> PlannedFolder:
    """What an export of a node consists of; a `NotExportableError` says what to write instead.

    `name` is the last one of the node's path: a track is exported by it. Tracks whose content is not here are
    part of it where the tree shows them.
    """
    if isinstance(node, RootNode):
        raise NotExportableError(
            "this is the whole mount, which has every track in several folders; "
            "export one of them, such as all"
        )
    if isinstance(node, EntryRow):
        listed = _Listed("", [(name, node)])
    elif policy_of(node).kind is EntryKind.TEXT_FILE:
        raise NotExportableError(
            f"{name} is a file that mcfs makes; export its folder with --playlist"
        )
    else:
        listed = _list("", node, tree)
    # All at once: one statement for each of thousands of folders would take most of the time.
    keys = tree.annex_keys(row for row in listed.rows() if isinstance(row, TrackNode))
    return _planned(listed, keys)


@dataclass(slots=True)
class _Listed:
    """A folder, and the rows and folders in it, in their order."""

    name: str
    entries: list[tuple[str, EntryRow] | _Listed] = field(default_factory=list)

    def rows(self) -> Iterator[EntryRow]:
        for entry in self.entries:
            if isinstance(entry, _Listed):
                yield from entry.rows()
            else:
                yield entry[1]


def _list(name: str, node: Node, tree: Tree) -> _Listed:
    listed = _Listed(name)
    for entry_name, entry in tree.children(node).entries.items():
        if isinstance(entry, EntryRow):
            listed.entries.append((entry_name, entry))
        elif isinstance(entry, ExportNode):
            # Its paths lead to other folders of the mount: its tracks are exported instead.
            listed.entries += _list("", entry.folder, tree).entries
        elif policy_of(entry).kind is EntryKind.FOLDER:
            listed.entries.append(_list(entry_name, entry, tree))
    return listed


def _planned(listed: _Listed, keys: Mapping[int, str]) -> PlannedFolder:
    entries: list[PlannedFolder | PlannedFile] = []
    for entry in listed.entries:
        if isinstance(entry, _Listed):
            folder = _planned(entry, keys)
            if folder.entries:
                entries.append(folder)
            continue
        name, row = entry
        key = keys.get(row.inode) or row.other_key or ""
        entries.append(PlannedFile(name, key, row.work_path, row.content_path, row.size))
    return PlannedFolder(listed.name, tuple(entries))
