"""Paths inside a mount, as text: "/", "/genre", "/genre/Techno".

Owns how such a path is joined, split and measured.
"""

from __future__ import annotations


def join(folder: str, name: str) -> str:
    """The path of a name in a folder."""
    return f"{folder.rstrip('/')}/{name}"


def split(mount_path: str) -> tuple[str, str]:
    """The folder above, and the name in it; of the root, the root and no name."""
    above, _, name = mount_path.rpartition("/")
    return above or "/", name


def depth(mount_path: str) -> int:
    """How many names lead from the root to a folder."""
    return 0 if mount_path == "/" else mount_path.count("/")


def is_at_or_below(mount_path: str, folder: str) -> bool:
    """Whether a path is this folder, or lies somewhere in it."""
    return mount_path == folder or mount_path.startswith(f"{folder}/")
