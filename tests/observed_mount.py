"""A mount that tests can look into: `python -m tests.observed_mount LIBRARY MOUNTPOINT`.

The real Operations on a real mount. On SIGUSR1 it prints its request counts as one line of JSON, and
a name that begins with "boom" makes the tree fail as a bug in it would.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from pathlib import Path

import trio

from mcfs import fs
from mcfs.annex.library import open_library
from mcfs.mountpoint import mount_options
from mcfs.nodes import Node
from mcfs.store import open_store
from mcfs.tree import Tree


class FailingTree(Tree):
    """A tree with a bug."""

    def child(self, node: Node, name: str, depth: int = 0) -> Node:
        if name.startswith("boom"):
            raise RuntimeError("a bug in the tree")
        return super().child(node, name, depth)


async def _run(operations: fs.Operations) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_listen, operations)
        await fs.serve(operations)
        nursery.cancel_scope.cancel()


async def _listen(operations: fs.Operations) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGUSR1) as signals:
        async for number in signals:
            if number == signal.SIGTERM:
                fs.stop()
            else:
                print(json.dumps(operations.requests), flush=True)  # noqa: T201


def main() -> None:
    """Mount what the command line names."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    library = open_library(Path(sys.argv[1]))
    with open_store(library.store_dir) as store:
        operations = fs.Operations(FailingTree(store), fs.Places(library.top, library.common_dir))
        fs.connect(operations, Path(sys.argv[2]), mount_options(library.top))
        try:
            trio.run(_run, operations)
        finally:
            fs.disconnect()
            operations.close()


if __name__ == "__main__":
    main()
