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


def connect(operations: Operations, mount_point: Path, options: frozenset[str]) -> None:
    """Mount. From here on requests arrive, and wait until `serve` runs."""
    try:
        pyfuse3.init(operations, os.fspath(mount_point), set(options))
    except RuntimeError as error:
        raise MountError(f"{mount_point} could not be mounted: {error}") from error


async def serve(operations: Operations) -> None:
    """Answer requests until `stop`, or until the mount is unmounted from outside."""
    eager_poll.install()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(operations.invalidator.run)
        await pyfuse3.main()
        nursery.cancel_scope.cancel()


def stop() -> None:
    """End `serve`. To be called inside its event loop."""
    pyfuse3.terminate()


def disconnect() -> None:
    """Unmount what `connect` mounted."""
    pyfuse3.close()
