"""A real mount with instruments: `python -m tests.instrumented_mount LIBRARY MOUNTPOINT [OPTION…]`.

It serves the same Operations as `mcfs mount`, but does not sync. On SIGUSR1 it prints how many requests it
had, how many inodes the kernel holds and why kernel caches are off, as one line of JSON. On SIGUSR2 its
clock moves on by a day. A name that begins with "boom" raises an exception in the tree, as a bug would. The
files of a folder that says "slow" take a minute to write, as those of a huge library may.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from mcfs.annex.library import open_library
from mcfs.config.settings import Absent, Entries, Names, Settings
from mcfs.fuse import kernel_caches, link_targets
from mcfs.fuse.info_files import InfoFiles
from mcfs.fuse.invalidation import InvalidationOptions
from mcfs.fuse.operations import Operations
from mcfs.fuse.pruning import PruningOptions
from mcfs.fuse.session import connect, disconnect, serve, stop
from mcfs.fuse.track_content import TrackContent
from mcfs.mounting.options import identifying_options
from mcfs.mounting.process_limits import set_process_limits
from mcfs.store import open_store
from mcfs.tree.file_text import FileText
from mcfs.tree.nodes import ExportNode, Node
from mcfs.tree.tree import Tree

if TYPE_CHECKING:
    # When this module is run, `mcfs.fuse` has to be the first to import pyfuse3.
    from pyfuse3 import InodeT, RequestContext

_DAY = 86_400


class FailingTree(Tree):
    """Has a bug, and a folder of which a file takes long to write."""

    def child(self, node: Node, name: str, depth: int = 0) -> Node:
        if name.startswith("boom"):
            raise RuntimeError("a bug in the tree")
        return super().child(node, name, depth)

    def file_content(self, node: ExportNode) -> FileText:
        if "slow" in node.stem:
            time.sleep(60)
        return super().file_content(node)


class CountingOperations(Operations):
    """Counts the requests that mcfs does not implement, too."""

    async def getxattr(self, inode: InodeT, name: bytes, ctx: RequestContext) -> bytes:
        self.requests["getxattr"] += 1
        return await super().getxattr(inode, name, ctx)

    async def listxattr(self, inode: InodeT, ctx: RequestContext) -> Sequence[bytes]:
        self.requests["listxattr"] += 1
        return await super().listxattr(inode, ctx)


class Clock:
    """The time of day, today or on a later day."""

    def __init__(self) -> None:
        self.days = 0

    def __call__(self) -> float:
        return time.time() + self.days * _DAY


async def _run(operations: Operations, clock: Clock, pruning: PruningOptions) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_obey_signals, operations, clock)
        await serve(operations, pruning)
        nursery.cancel_scope.cancel()


async def _obey_signals(operations: Operations, clock: Clock) -> None:
    numbers = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
    with trio.open_signal_receiver(*numbers) as signals:
        async for number in signals:
            if number == signal.SIGTERM:
                stop()
            elif number == signal.SIGUSR2:
                clock.days += 1
            else:
                state = {
                    "requests": operations.requests + Counter(readlink=link_targets.answered()),
                    "inodes": len(operations.inodes),
                    "kernel_caches": kernel_caches.off_because(),
                }
                print(json.dumps(state), flush=True)  # noqa: T201


def main() -> None:
    """Mount what the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("library", type=Path)
    parser.add_argument("mount_point", type=Path)
    parser.add_argument("--entries", type=Entries, default=Entries.LINKS)
    parser.add_argument("--absent", type=Absent, default=Absent.HIDE)
    parser.add_argument("--names", type=Names, default=Names.PLAIN)
    parser.add_argument("--hurry", action="store_true", help="look for changes all the time")
    parser.add_argument(
        "--as-before-6.2", dest="old", action="store_true", help="as on an older Linux"
    )
    parser.add_argument("--most-inodes", type=int, help="soon have the kernel forget all but these")
    arguments = parser.parse_args()
    pruning = PruningOptions()
    if arguments.most_inodes is not None:
        pruning = PruningOptions(arguments.most_inodes, arguments.most_inodes, seconds=0.1)
    options = InvalidationOptions()
    if arguments.old:
        options = replace(options, can_expire=False)
    if arguments.hurry:
        options = replace(options, poll_interval=0.02, repeat_after=0.02)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    set_process_limits()
    library, clock = open_library(arguments.library), Clock()
    settings = Settings(absent=arguments.absent, names=arguments.names, entries=arguments.entries)
    with open_store(library.store_dir) as store:
        operations = CountingOperations(
            FailingTree(store, settings, clock=clock),
            TrackContent(library.top, library.common_dir, store.cache),
            InfoFiles(lambda _: ""),
            invalidation=options,
        )
        connect(operations, arguments.mount_point, identifying_options(library.top))
        try:
            trio.run(_run, operations, clock, pruning)
        finally:
            disconnect()
            operations.close()


if __name__ == "__main__":
    main()
