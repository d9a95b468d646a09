"""The connection to the kernel: mount, answer requests, stop, unmount.

Owns the one pyfuse3 session of a process.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyfuse3
import trio

from mcfs.errors import MountError
from mcfs.fuse import eager_poll
from mcfs.fuse.operations import Operations
from mcfs.fuse.pruning import PruningOptions, prune_forever
from mcfs.mount_table import real_mount_point

# Requests that can be in progress at the same time. Once so many wait for a slow disk, names wait, too.
# pyfuse3's default is 99, which a hundred programs reach that open a file each.
_MAX_REQUESTS = 1000


def connect(operations: Operations, mount_point: Path, options: frozenset[str]) -> None:
    """Mount. From here on requests arrive, and wait until `serve` runs."""
    # Once it is mounted, looking at the path would wait for `serve`.
    real = real_mount_point(mount_point)
    try:
        pyfuse3.init(operations, os.fspath(mount_point), set(options))
    except RuntimeError as error:
        raise MountError(f"{mount_point} could not be mounted: {error}") from error
    operations.announcer.mounted_at(real)


async def serve(operations: Operations, pruning: PruningOptions | None = None) -> None:
    """Answer requests until `stop`, or until the mount is unmounted from outside."""
    eager_poll.install()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(operations.invalidator.run)
        nursery.start_soon(operations.announcer.run)
        nursery.start_soon(operations.gestures.run)
        nursery.start_soon(prune_forever, operations.inodes, pruning or PruningOptions())
        await pyfuse3.main(max_tasks=_MAX_REQUESTS)
        nursery.cancel_scope.cancel()


def stop() -> None:
    """End `serve`. To be called inside its event loop."""
    pyfuse3.terminate()


def disconnect() -> None:
    """Unmount what `connect` mounted."""
    pyfuse3.close()
