"""Whether a text from the command line is a path in a mount or a query: `explain` takes both."""

from __future__ import annotations

from mcfs.errors import NotFoundError
from mcfs.mount_table import mount_containing
from mcfs.template import looks_like_template
from mcfs.tree.nodes import ExportNode, Node, RootNode
from mcfs.tree.route import Route, can_become_valid
from mcfs.tree.tree import Tree


def is_path(text: str, tree: Tree) -> bool:
    """Whether a text is a path in a mount. A slash alone decides nothing: `artist:AC/DC` is a query."""
    if is_path_in_any_library(text):
        return True
    # As a query, a template would search for braces, and an export for the end of a name.
    if looks_like_template(text) or isinstance(_resolve(text, tree), ExportNode):
        return True
    names = text.split("/")
    if names[0] in tree.children(RootNode()).entries:
        return True
    if len(names) == 1 or any(name.count('"') % 2 for name in names):
        return False  # a slash within quotes is text
    all_shaped = all(can_become_valid(name) for name in names if name)
    return all_shaped or _resolve(text, tree) is not None


def is_path_in_any_library(text: str) -> bool:
    """Whether a text is a path in every library: because of its beginning, or because it is in a mount."""
    if text in (".", "..") or text.startswith(("/", "./", "../", "~/")):
        return True
    # Inside a mount, every word would lead into that mount.
    return "/" in text and mount_containing(text) is not None and mount_containing(".") is None


def path_inside_mount(path: str) -> str:
    """The part of a path that is inside a mount; a path outside all mounts is returned as it is."""
    found = mount_containing(path)
    return path if found is None else found[1]


def _resolve(mount_path: str, tree: Tree) -> Node | None:
    try:
        return tree.resolve(Route.parse(mount_path))
    except NotFoundError:
        return None
