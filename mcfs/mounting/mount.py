"""The life of a mount: serve in the background or in the foreground, until a signal or an unmount.

Owns processes, signals, logs, and what systemd is told. What is served is the tree's, how is `fs.py`'s,
where is `mount_table.py`'s; `keeping.py` keeps it current.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import resources
from pathlib import Path

import trio

from mcfs.annex.library import Library
from mcfs.config.load import load_settings
from mcfs.config.settings import Absent, Entries, Names, Settings
from mcfs.errors import McfsError, MountError
from mcfs.fuse.info_files import InfoFiles
from mcfs.fuse.operations import Operations
from mcfs.fuse.session import connect, disconnect, serve, stop
from mcfs.fuse.track_content import TrackContent
from mcfs.inspect.status import gather_status
from mcfs.inspect.status_text import status_lines
from mcfs.mount_table import mount_options
from mcfs.mounting.process_limits import set_process_limits
from mcfs.store import open_store
from mcfs.sync.background import BackgroundSync
from mcfs.sync.run import SyncReport
from mcfs.tree.nodes import InfoFile
from mcfs.tree.tree import Tree

_LONGEST_LOG = 1_000_000
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
# How long a sync may take to notice that it is not wanted any more; it can be killed at any moment.
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants of one mount; None leaves it to the settings."""

    entries: Entries | None = None
    absent: Absent | None = None
    # For the kernel.
    options: frozenset[str] = frozenset()
    log: Path | None = None
    verbosity: int = 0

    def over(self, settings: Settings) -> Settings:
        """The settings of this mount."""
        return replace(
            settings,
            entries=self.entries or settings.entries,
            absent=self.absent or settings.absent,
        )


def mount(library: Library, place: Path, wishes: Wishes) -> None:
    """Mount in the background; returns when the mount answers, raises when it cannot."""
    reading, writing = os.pipe()
    # Before pyfuse3 is started and before any database is open: neither survives a fork.
    child = os.fork()
    if child == 0:
        os.close(reading)
        _background(library, place, wishes, writing)
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


def mount_in_foreground(library: Library, place: Path, wishes: Wishes) -> None:
    """Mount and serve until a signal or an unmount ends it."""
    handler = _log_file(wishes.log) if wishes.log else logging.StreamHandler()
    if not wishes.log:
        handler.setFormatter(logging.Formatter("mcfs: %(message)s"))
    _log_to(handler, wishes, least=0)
    _serve(library, place, wishes, on_ready=lambda: None)


def _background(library: Library, place: Path, wishes: Wishes, ready: int) -> None:
    """The child of the fork: leaves the terminal, says `ready` or what is wrong, never returns."""
    status = 1

    def on_ready() -> None:
        os.write(ready, b"ready")
        os.close(ready)

    try:
        os.setsid()
        _leave_terminal(library, wishes)
        os.chdir("/")
        _serve(library, place, wishes, on_ready)
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


def _leave_terminal(library: Library, wishes: Wishes) -> None:
    handler: logging.Handler
    if wishes.log is not None:
        handler = _log_file(wishes.log)
    else:
        try:
            handler = _log_file(library.store_dir / "mount.log")
        except MountError:
            handler = logging.NullHandler()  # nobody asked for it; the mount does as well without
    _log_to(handler, wishes, least=1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    if nowhere > 2:
        os.close(nowhere)


def _log_file(path: Path) -> logging.Handler:
    try:
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LONGEST_LOG, backupCount=1, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise MountError(f"the log {path} cannot be written: {error.strerror}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler


def _log_to(handler: logging.Handler, wishes: Wishes, least: int) -> None:
    level = _LEVELS[min(max(wishes.verbosity, least), len(_LEVELS) - 1)]
    logging.basicConfig(level=level, handlers=[handler])


def _serve(library: Library, place: Path, wishes: Wishes, on_ready: Callable[[], None]) -> None:
    settings = wishes.over(load_settings(library.top))
    set_process_limits()
    with open_store(library.store_dir) as store:
        tree = Tree(store, settings)
        operations = Operations(
            tree,
            TrackContent(library.top, library.common_dir),
            InfoFiles(partial(_told, library, tree)),
            entries=settings.entries,
            plain_names=settings.names is Names.PLAIN,
        )
        connect(operations, place, mount_options(library.top) | wishes.options)
        background_sync = BackgroundSync(
            library,
            store,
            settings,
            read_settings=lambda: wishes.over(load_settings(library.top)),
            on_new_settings=tree.configure,
            error_log=tree.error_log,
            on_synced=_tell_systemd_of,
        )
        try:
            with _kept(background_sync):
                trio.run(_until_signal, operations, on_ready)
        finally:
            _tell_systemd("STOPPING=1")
            disconnect()
            operations.close()


@contextlib.contextmanager
def _kept(background_sync: BackgroundSync) -> Iterator[None]:
    """While this lasts, the store is kept in step."""
    stop = threading.Event()
    thread = threading.Thread(
        target=background_sync.run, args=(stop,), name="background_sync", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_PATIENCE)


async def _until_signal(operations: Operations, on_ready: Callable[[], None]) -> None:
    async with trio.open_nursery() as nursery:
        # A request is answered as soon as `serve` runs; until then it waits, which no caller can tell.
        nursery.start_soon(_stop_on_signal)
        on_ready()
        _tell_systemd("READY=1\nSTATUS=mounted")
        await serve(operations)
        nursery.cancel_scope.cancel()


async def _stop_on_signal() -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for _ in signals:
            stop()


def _told(library: Library, tree: Tree, told: InfoFile) -> str:
    """What the mount tells of itself, in `.mcfs/`."""
    match told:
        case InfoFile.STATUS:
            return "".join(f"{about:8} {sentence}\n" for about, sentence in _status(library))
        case InfoFile.ERRORS:
            return tree.error_log.text() or "nothing went wrong lately\n"
        case InfoFile.HELP:
            return resources.files("mcfs").joinpath("help.txt").read_text("utf-8")


def _status(library: Library) -> Iterator[tuple[str, str]]:
    try:
        yield from status_lines(gather_status(library))
    except McfsError as error:
        yield "library", f"{error}; the mount shows what it knew"


def _tell_systemd_of(report: SyncReport) -> None:
    _tell_systemd(f"STATUS={report.tracks} tracks, {report.present} of them here")


def _tell_systemd(state: str) -> None:
    """sd_notify: one datagram to the socket that systemd names, if it started us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(address)
        line.sendall(state.encode())
