"""The life of a mount: connect to the kernel, serve and sync until a signal or an unmount, clean up.

Owns the order of these steps, and the signals. The tree decides what is served, `fuse/` how, and
`sync/background.py` keeps the store current.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import trio

from mcfs.annex.library import Library
from mcfs.config.load import load_settings
from mcfs.config.settings import Settings
from mcfs.editing.gesture_editor import gesture_editor
from mcfs.error_log import ErrorLog
from mcfs.errors import CacheDamagedError, MountError
from mcfs.fuse.edit_gestures import EditTools
from mcfs.fuse.info_files import InfoFiles
from mcfs.fuse.operations import Operations
from mcfs.fuse.request_log import LoggedOperations
from mcfs.fuse.session import connect, disconnect, serve, stop
from mcfs.fuse.track_content import TrackContent
from mcfs.mount_table import MCFS_TYPE, type_mounted_at
from mcfs.mounting import systemd
from mcfs.mounting.info_text import info_text
from mcfs.mounting.logs import log_to_file, log_to_terminal
from mcfs.mounting.mount_point import ClaimedMountPoint
from mcfs.mounting.options import identifying_options
from mcfs.mounting.process_limits import set_process_limits
from mcfs.mounting.read_ahead import raise_read_ahead
from mcfs.mounting.request import MountRequest
from mcfs.mounting.user import rights_to_mount
from mcfs.snapshots.after_sync import newly_stale
from mcfs.store import Store, open_store
from mcfs.sync.background import BackgroundSync
from mcfs.sync.edited_tracks import update_edited_tracks
from mcfs.sync.report import SyncReport
from mcfs.sync.run import sync
from mcfs.tree.link_targets import LinkTargets
from mcfs.tree.tree import Tree

# How long a sync may take to notice that the mount ends. After that it is killed, which loses nothing.
_SECONDS_TO_STOP_SYNC = 2.0


def mount_in_foreground(
    library: Library, mount_point: ClaimedMountPoint, request: MountRequest
) -> None:
    """Mount and serve until a signal or an unmount ends it."""
    if request.log_file is not None:
        log_to_file(request.log_file, request.verbosity)
    else:
        log_to_terminal(request.verbosity)
    serve_mount(library, mount_point.path, request, on_ready=mount_point.release)


def serve_mount(
    library: Library, mount_point: Path, request: MountRequest, on_ready: Callable[[], None]
) -> None:
    """Mount in this process, call `on_ready`, and serve until a signal or an unmount ends it."""

    settings = request.override(load_settings(library.top))

    def read_settings() -> Settings:
        # What can be edited stays as it was when the mount was started.
        new = request.override(load_settings(library.top))
        return replace(new, edit=settings.edit)

    set_process_limits()
    with ExitStack() as resources:
        store = resources.enter_context(open_store(library.store_dir))
        error_log = ErrorLog()
        editor = None
        if settings.edit:
            editor = resources.enter_context(
                gesture_editor(
                    library,
                    store,
                    partial(update_edited_tracks, library, store),
                    on_problem=error_log.add,
                    allows_bulk=request.edits_in_bulk,
                )
            )
        begun_values = _none_begun if editor is None else editor.empty_values
        try:
            tree = Tree(store, settings, error_log, begun_values=begun_values)
        except CacheDamagedError:
            sync(library, store, settings)  # makes a new cache
            tree = Tree(store, settings, error_log, begun_values=begun_values)
        if store.notice is not None:
            tree.error_log.add(store.notice)
        kind = LoggedOperations if request.logs_requests else Operations
        operations = kind(
            tree,
            TrackContent(library.top, library.common_dir, store.cache),
            InfoFiles(partial(info_text, library, tree)),
            edit_tools=None
            if editor is None
            else EditTools(
                editor,
                LinkTargets(tree, store, library.top, library.common_dir),
                library.common_dir,
            ),
        )
        with rights_to_mount():
            connect(
                operations, mount_point, identifying_options(library.top) | request.kernel_options
            )
        background_sync = BackgroundSync(
            library,
            store,
            settings,
            read_settings=read_settings,
            on_new_settings=tree.configure,
            on_problem=tree.error_log.add,
            on_synced=partial(_after_sync, store, tree),
            is_editing=_never_busy if editor is None else editor.is_busy,
        )
        try:
            _require_mounted_at(mount_point)
            with _running(background_sync):
                trio.run(_serve_until_signal, operations, mount_point, on_ready)
        finally:
            systemd.notify("STOPPING=1")
            disconnect()
            operations.close()


def _never_busy() -> bool:
    return False


def _none_begun(_field: str) -> Sequence[str]:
    return ()


def _require_mounted_at(mount_point: Path) -> None:
    """Serve nothing at another place.

    Its owner may have put a link in the place of the mount point since it was looked at, and root's rights
    mount wherever that leads.
    """
    if type_mounted_at(mount_point) != MCFS_TYPE:
        raise MountError(f"{mount_point} was replaced while mcfs was mounting there; try again")


@contextlib.contextmanager
def _running(background_sync: BackgroundSync) -> Iterator[None]:
    """Sync in a thread while this lasts."""
    stopped = threading.Event()
    thread = threading.Thread(
        target=background_sync.run, args=(stopped,), name="background sync", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(_SECONDS_TO_STOP_SYNC)


async def _serve_until_signal(
    operations: Operations, mount_point: Path, on_ready: Callable[[], None]
) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_on_signal)
        nursery.start_soon(_raise_read_ahead, mount_point)
        # Requests that come before `serve` runs wait for it: to their callers the mount is ready.
        on_ready()
        systemd.notify("READY=1\nSTATUS=mounted")
        await serve(operations)
        nursery.cancel_scope.cancel()


async def _raise_read_ahead(mount_point: Path) -> None:
    # It waits for an answer of this mount, which may end before.
    await trio.to_thread.run_sync(raise_read_ahead, mount_point, abandon_on_cancel=True)


async def _stop_on_signal() -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for _ in signals:
            stop()


def _after_sync(store: Store, tree: Tree, report: SyncReport) -> None:
    newly_stale(store, tree.settings)  # .mcfs/status says which
    systemd.notify(f"STATUS={report.tracks} tracks, {report.present} of them here")
