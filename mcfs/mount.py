"""The life of a mount: serve in the background or in the foreground, until a signal or an unmount.

Owns processes and signals. What is served is the tree's, how is `fs.py`'s, where is `mountpoint.py`'s.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import signal
from collections.abc import Callable
from pathlib import Path

import trio

from mcfs import fs
from mcfs.annex.library import Library
from mcfs.errors import McfsError, MountError
from mcfs.mountpoint import mount_options
from mcfs.store import open_store
from mcfs.tree import Tree

_LONGEST_LOG = 1_000_000


def mount(library: Library, place: Path) -> None:
    """Mount in the background; returns when the mount answers, raises when it cannot."""
    reading, writing = os.pipe()
    # Before pyfuse3 is started and before any database is open: neither survives a fork.
    child = os.fork()
    if child == 0:
        os.close(reading)
        _background(library, place, writing)
    os.close(writing)
    try:
        with open(reading, "rb") as pipe:
            said = pipe.read().decode()
    except KeyboardInterrupt:
        # Interrupted before it answered: it must not come later by itself.
        os.kill(child, signal.SIGTERM)
        raise
    if said != "ready":
        raise MountError(said or f"{place} could not be mounted: the mount ended at once")


def mount_in_foreground(library: Library, place: Path) -> None:
    """Mount and serve until a signal or an unmount ends it."""
    logging.basicConfig(level=logging.INFO, format="mcfs: %(message)s")
    _serve(library, place, on_ready=lambda: None)


def _background(library: Library, place: Path, ready: int) -> None:
    """The child of the fork: leaves the terminal, says `ready` or what is wrong, never returns."""
    status = 1

    def on_ready() -> None:
        os.write(ready, b"ready")
        os.close(ready)

    try:
        os.setsid()
        os.chdir("/")
        _leave_terminal(library)
        _serve(library, place, on_ready)
        status = 0
    except McfsError as error:
        _report(ready, str(error))
    except Exception as error:
        logging.getLogger(__name__).exception("the mount ended")
        _report(ready, f"the mount ended: {error}")
    finally:
        logging.shutdown()
        os._exit(status)


def _report(ready: int, sentence: str) -> None:
    try:
        os.write(ready, sentence.encode())
    except OSError:
        # Nobody waits any more: the mount had answered, and failed later.
        logging.getLogger(__name__).error("%s", sentence)


def _leave_terminal(library: Library) -> None:
    log: logging.Handler
    try:
        log = logging.handlers.RotatingFileHandler(
            library.store_dir / "mount.log", maxBytes=_LONGEST_LOG, backupCount=1, encoding="utf-8"
        )
    except OSError:
        log = logging.NullHandler()  # a disk that cannot be written can be mounted all the same
    log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[log])
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    if nowhere > 2:
        os.close(nowhere)


def _serve(library: Library, place: Path, on_ready: Callable[[], None]) -> None:
    with open_store(library.store_dir) as store:
        operations = fs.Operations(Tree(store), fs.Places(library.top, library.common_dir))
        fs.connect(operations, place, mount_options(library.top))
        try:
            trio.run(_until_signal, operations, on_ready)
        finally:
            fs.disconnect()


async def _until_signal(operations: fs.Operations, on_ready: Callable[[], None]) -> None:
    async with trio.open_nursery() as nursery:
        # A request is answered as soon as `serve` runs; until then it waits, which no caller can tell.
        nursery.start_soon(_stop_on_signal)
        on_ready()
        await fs.serve(operations)
        nursery.cancel_scope.cancel()


async def _stop_on_signal() -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for _ in signals:
            fs.stop()
