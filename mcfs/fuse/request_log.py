"""Logs each request of the kernel: what was asked, by whom, what was answered, and how long it took.

Owns the lines of `mcfs mount -vv`. Without it, the mount serves plain `Operations`, which this costs nothing.
"""

from __future__ import annotations

import errno
import functools
import inspect
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pyfuse3
from pyfuse3 import EntryAttributes, FUSEError, RequestContext

from mcfs.fuse import mount_paths
from mcfs.fuse.inodes import InodeTable
from mcfs.fuse.operations import Operations
from mcfs.sql import EntryRow

log = logging.getLogger(__name__)

# Each request of the kernel → the names of its parameters.
_REQUESTS = {
    name: list(inspect.signature(handler).parameters)[1:]
    for name, handler in inspect.getmembers(pyfuse3.Operations, inspect.iscoroutinefunction)
}
_NUMBERS = {"fh", "off", "size", "start_id"}


def _logged(name: str) -> Callable[..., Awaitable[Any]]:
    handler: Callable[..., Awaitable[Any]] = getattr(Operations, name)

    @functools.wraps(handler)
    async def logged(self: Operations, *arguments: Any) -> Any:
        # Before the handler, which may remove what they name.
        asked = _asked(self.inodes, name, arguments)
        answer, started = "interrupted", time.perf_counter()
        try:
            result = await handler(self, *arguments)
            answer = _answer(result)
        except FUSEError as error:
            answer = errno.errorcode.get(error.errno, str(error.errno))
            raise
        else:
            return result
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            log.debug("%s%s: %s, %.2f ms", asked, _caller(arguments), answer, milliseconds)

    return logged


class LoggedOperations(Operations):
    """The same answers, with a line in the log for each."""

    answers_links_in_c = False


for _name in _REQUESTS:
    setattr(LoggedOperations, _name, _logged(_name))


def _asked(inodes: InodeTable, name: str, arguments: Sequence[Any]) -> str:
    """`lookup '/genre:techno/all'`; paths are quoted, because they may contain a line break."""
    words: list[str | int] = []
    for parameter, argument in zip(_REQUESTS[name], arguments, strict=True):
        match argument:
            case int() if "inode" in parameter:
                words.append(_path(inodes, argument))
            case int() if parameter in _NUMBERS:
                words.append(argument)
            case bytes() if parameter == "name" and "xattr" in name:
                words.append(os.fsdecode(argument))
            case bytes() if "name" in parameter:
                # It follows the folder that it is in.
                words.append(mount_paths.join(str(words.pop()), os.fsdecode(argument)))
    return " ".join([name, *map(repr, words)])


def _path(inodes: InodeTable, inode: int) -> str:
    entry = inodes.get(inode)
    if entry is None:
        return f"inode {inode}"  # of a name whose removal is announced
    # A track is in many folders.
    return entry.node.name if isinstance(entry.node, EntryRow) else entry.mount_path


def _caller(arguments: Sequence[Any]) -> str:
    for argument in arguments:
        if isinstance(argument, RequestContext):
            try:
                program = Path(f"/proc/{argument.pid}/comm").read_text("utf-8", "replace").strip()
            except OSError:
                program = "ended"
            return f" by {argument.pid} ({program!r})"
    return ""


def _answer(result: object) -> str:
    match result:
        case EntryAttributes():
            return f"inode {result.st_ino}" if result.st_ino else "ENOENT"
        case bytes():
            return f"{len(result)} bytes"
        case int() if not isinstance(result, bool):
            return f"handle {result}"
        case _:
            return "done"
