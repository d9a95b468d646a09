"""Finds out whether a program reads a pin only because it was told to remove it, as `rm -r` does.

Owns this question about the process behind a request. `rm -r` unlinks whatever it finds in a folder before it
removes the folder, and gives up when a track cannot be unlinked. To such an `rm`, the pin is an empty folder.
"""

from __future__ import annotations

from pathlib import Path

from mcfs.mount_table import mount_containing


def is_told_to_remove(thread: int, mount_path: str) -> bool:
    """Whether this is an `rm` that has the folder at this path in a mount among its arguments.

    An `rm -r` of a folder above does not count: it names no pin, and may be meant for something else.
    """
    process = Path(f"/proc/{thread}")
    try:
        if process.joinpath("comm").read_bytes() != b"rm\n":
            return False
        arguments = process.joinpath("cmdline").read_bytes().decode("utf-8", "surrogateescape")
        current_folder = process.joinpath("cwd").readlink()
    except OSError:
        return False  # it has ended, belongs to another user, or is in another container
    return any(
        _inside_mount(current_folder / word) == mount_path
        for word in arguments.split("\0")[1:]
        # First what is quick: there may be thousands of arguments.
        if word.rstrip("/").endswith(mount_path.rpartition("/")[2])
    )


def _inside_mount(path: Path) -> str | None:
    """Where a path is in its mount. This process would wait for itself if it asked the mount."""
    found = mount_containing(str(path))
    return None if found is None else found[1]
