"""Asks the kernel to forget what it has not used for long, once it holds very many inodes.

Owns the bound, and which inodes are named. Without it a kernel with free memory forgets nothing, and this
process has to remember all that the kernel may ask about. The kernel keeps what is in use: an open file, a
folder that a process stands in, and all folders above. Linux has had this since 6.18; an older one keeps all.
"""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass

import trio

from mcfs.fuse import notifications
from mcfs.fuse.inodes import InodeTable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PruningOptions:
    """When the kernel is asked; tests choose other values."""

    # A folder that is larger can still be listed, and then a part of its entries is looked up anew each time.
    most_inodes: int = 40_000
    # So many are left, so that it is not asked at every listing.
    left: int = 30_000
    seconds: float = 2.0


async def prune_forever(inodes: InodeTable, options: PruningOptions) -> None:
    """Keep the number of inodes that the kernel holds below the bound, until cancelled."""
    named: set[int] = set()
    while True:
        await trio.sleep(options.seconds)
        if len(inodes) <= options.most_inodes:
            continue
        # What was named before and is still here is in use. When nothing else is left, it is its turn again.
        in_use = {inode for inode in named if inode in inodes}
        candidates = (inode for inode in inodes.oldest() if inode not in in_use)
        oldest = list(itertools.islice(candidates, len(inodes) - options.left))
        named = in_use.union(oldest) if oldest else set()
        # In a thread: the kernel answers with requests to this one.
        if not await trio.to_thread.run_sync(notifications.prune, oldest):
            log.info("this kernel cannot be asked to forget inodes; Linux 6.18 can")
            return
