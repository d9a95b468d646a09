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
    most_inodes: int = 30_000
    # So many are left, so that it is not asked at every listing.
    left: int = 20_000
    # What the kernel forgets, it reports in requests, which take a moment.
    seconds: float = 0.2
    # After a round in which it kept most of what it was asked to forget.
    seconds_in_use: float = 5.0


async def prune_forever(inodes: InodeTable, options: PruningOptions) -> None:
    """Keep the number of inodes that the kernel holds below the bound, until cancelled."""
    while True:
        too_many = trio.Event()
        inodes.when_above(options.most_inodes, too_many.set)
        await too_many.wait()
        oldest = list(itertools.islice(inodes.oldest(), max(0, len(inodes) - options.left)))
        # In a thread: the kernel answers with requests to this one.
        if not await trio.to_thread.run_sync(notifications.prune, oldest):
            log.info("this kernel cannot be asked to forget inodes; Linux 6.18 can")
            return
        await trio.sleep(options.seconds)
        # They are in use, or were asked for again: it is the turn of others first.
        kept = [inode for inode in oldest if inode in inodes]
        inodes.make_newest(kept)
        if 2 * len(kept) > len(oldest):
            await trio.sleep(options.seconds_in_use)
