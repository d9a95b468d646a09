"""Which track a symbolic link leads to, wherever it comes from: a mount, the work tree, an annex object.

Owns how a target is followed. The mount whose folder the link is made in is never asked, because it waits
for the answer: a path in it is looked up in its tree. Links of other mounts of the library are read, since
these may name tracks in another way.
"""

from __future__ import annotations

import os
from pathlib import Path

from mcfs.annex.keys import key_of_link
from mcfs.errors import EditRefusedError, NotFoundError
from mcfs.mount_table import Mount, resolved
from mcfs.store import Store
from mcfs.tree.nodes import TrackNode
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree

# As many links through other mounts as are followed.
_MOST_LINKS = 8


class LinkTargets:
    """Follows links to the tracks of one library."""

    def __init__(self, tree: Tree, store: Store, top: Path, common_dir: Path) -> None:
        self._tree = tree
        self._cache = store.cache
        self._top = os.path.realpath(top)
        self._common_dir = os.path.realpath(common_dir)
        self._source = os.fspath(top)

    def annex_key(self, target: str, folder: str, own: Mount) -> str:
        """The annex key of the track that a link in this folder leads to; a folder of the mount `own`."""
        path = os.path.join(own.mount_point, folder.lstrip("/"), target)  # noqa: PTH118  (text)
        for _ in range(_MOST_LINKS):
            mount, place = resolved(path)
            if mount is None:
                return self._outside(place, target)
            if mount.source != self._source:
                break
            if (key := self._in_tree(place)) is not None:
                return key
            if mount.mount_point == own.mount_point:
                break
            path = f"{mount.mount_point}{place}"
            try:
                path = os.path.join(os.path.dirname(path), os.readlink(path))  # noqa: PTH115, PTH118, PTH120  (text)
            except OSError:
                break
        raise _no_track(target)

    def _in_tree(self, mount_path: str) -> str | None:
        try:
            node = self._tree.resolve(Route.parse(mount_path))
        except NotFoundError:
            return None
        if not isinstance(node, TrackNode):
            return None
        return self._tree.annex_keys([node]).get(node.inode)

    def _outside(self, place: str, target: str) -> str:
        objects = f"{self._common_dir}/annex/objects/"
        if place.startswith(objects):
            key = key_of_link(os.fsencode(place))
            if key is not None:
                return key
        if place.startswith(f"{self._top}/"):
            with self._cache.reading() as read:
                key = read.key_of_file(place[len(self._top) + 1 :])
            if key is not None:
                return key
        raise _no_track(target)


def _no_track(target: str) -> EditRefusedError:
    return EditRefusedError(f"{target} is no track of this library, so nothing could be changed")
