"""Finds out whether a program reads a pin only because it was told to remove it, as `rm -r` does.

Owns this question about the process behind a request. `rm -r` unlinks whatever it finds in a folder before it
removes the folder, and gives up when a track cannot be unlinked. To such an `rm`, the pin is an empty folder.
"""

from __future__ import annotations

from pathlib import Path


def is_told_to_remove(thread: int, name: str) -> bool:
    """Whether this is an `rm` with a folder of this name among its arguments.

    An `rm -r` of a folder above does not count: it names no pin, and may be meant for something else.
    """
    process = Path(f"/proc/{thread}")
    try:
        if process.joinpath("comm").read_bytes() != b"rm\n":
            return False
        arguments = process.joinpath("cmdline").read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return False  # it has ended, or is in another container
    return any(word.rstrip("/").rpartition("/")[2] == name for word in arguments.split("\0")[1:])
