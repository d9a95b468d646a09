"""Mounting in the background: a process of its own, which has left the terminal.

Owns the fork, and how the child reports to the command that started it.
"""

from __future__ import annotations

import logging
import os
import signal
from typing import NoReturn

from mcfs.annex.library import Library
from mcfs.config.load import load_settings
from mcfs.errors import McfsError, MountError
from mcfs.mounting.logs import log_nowhere, log_to_file, log_to_store
from mcfs.mounting.mount import serve_mount
from mcfs.mounting.mount_point import ClaimedMountPoint
from mcfs.mounting.request import MountRequest

log = logging.getLogger(__name__)

# The child writes this into the pipe, or the sentence of what is wrong.
_READY = b"ready"


def mount_in_background(
    library: Library, mount_point: ClaimedMountPoint, request: MountRequest
) -> None:
    """Return when the mount answers; raise a `MountError` when it cannot."""
    # The child reads them itself. An error in them is reported here, where it keeps its exit code.
    load_settings(library.top)
    reading, writing = os.pipe()
    # Before pyfuse3 is started and before any database is open: neither survives a fork.
    child = os.fork()
    if child == 0:
        os.close(reading)
        _run_child(library, mount_point, request, writing)
    os.close(writing)
    try:
        with open(reading, "rb") as pipe:
            answer = pipe.read()
    except KeyboardInterrupt:
        # Without this, the mount would still appear after the command was interrupted.
        os.kill(child, signal.SIGTERM)
        raise
    if answer != _READY:
        message = f"{mount_point.path} could not be mounted: the mount ended at once"
        raise MountError(answer.decode() or message)


def _run_child(
    library: Library, mount_point: ClaimedMountPoint, request: MountRequest, answer: int
) -> NoReturn:
    status = 1
    # Ctrl-C reaches the command, too, which then ends this process. It is not ignored, because then the
    # programs that this process starts would ignore it.
    signal.signal(signal.SIGINT, lambda *_: None)

    def on_ready() -> None:
        # Not earlier: autofs and systemd's automount let only processes of the group that they started
        # reach a mount point before something is mounted there; every other one waits for the mount.
        os.setsid()
        mount_point.release()
        os.write(answer, _READY)
        os.close(answer)

    try:
        _start_log(library, request)
        _leave_terminal()
        os.chdir("/")
        serve_mount(library, mount_point.path, request, on_ready)
        status = 0
    except McfsError as error:
        _report(answer, str(error))
    except Exception as error:
        log.exception("the mount ended")
        _report(answer, f"the mount ended: {error}")
    finally:
        logging.shutdown()
        os._exit(status)


def _report(answer: int, sentence: str) -> None:
    try:
        os.write(answer, sentence.encode())
    except OSError:
        # The pipe is closed: the mount was ready, and the command has returned.
        log.error("%s", sentence)


def _start_log(library: Library, request: MountRequest) -> None:
    verbosity = max(request.verbosity, 1)
    if request.log_file is not None:
        log_to_file(request.log_file, verbosity)
        return
    try:
        log_to_store(library.store_dir, verbosity)
    except MountError:
        log_nowhere()  # the user did not ask for this log


def _leave_terminal() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    if nowhere > 2:
        os.close(nowhere)
