"""Running git and git-annex: found wherever they are, bounded in time, never left behind.

Owns the environment they run in and the sentence a failure becomes: what was run, and what it said.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sysconfig
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO

from mcfs.errors import LibraryError

# A library is named by its path, never by what a surrounding git hook happens to export.
_OTHERS_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
_TO_END = 5.0  # seconds
_TO_HEAR = 0.5
_HOW_TO_GET = {
    "git": "install git",
    "git-annex": "install git-annex, or run: pip install 'mcfs[annex]'",
}


@functools.cache
def environment() -> dict[str, str]:
    """Ours, with the git-annex of the wheel on the path: it lies beside this very Python.

    First, for where somebody installed it with mcfs, the system's is missing or too old.
    """
    chosen = {name: text for name, text in os.environ.items() if name not in _OTHERS_REPOSITORY}
    chosen["PATH"] = os.pathsep.join(
        part for part in (sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)) if part
    )
    # Reading must not write: without it git refreshes the index of the library in passing.
    chosen["GIT_OPTIONAL_LOCKS"] = "0"
    # Messages that end up in ours, in one language; in plain C, git-annex refuses JSON beyond ASCII.
    chosen["LC_ALL"] = "C.UTF-8"
    return chosen


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    stdin: bytes = b"",
    seconds: float = 60,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """What the command printed; a `LibraryError` with what it complained of when it failed."""
    with start_process(arguments, folder, variables) as process:
        try:
            said, complaint = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise _overdue(arguments, seconds) from error
        except BaseException:
            _end(process)
            raise
    if process.returncode != 0:
        raise _failed(arguments, process.returncode, complaint)
    return said


@contextlib.contextmanager
def piped(
    arguments: Sequence[str],
    *,
    folder: Path,
    lines: Iterable[bytes],
    seconds: float = 600,
    variables: Mapping[str, str] = MappingProxyType({}),
    stop: Callable[[subprocess.Popen[bytes]], None] = subprocess.Popen.kill,
) -> Iterator[IO[bytes]]:
    """A command fed from `lines` by a thread of its own while its output is read here.

    One thread for both ends would stop dead as soon as both pipes are full. A reader that is interrupted
    stops the command; one that only reads can be shot.
    """
    process = start_process(arguments, folder, variables)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    complaints: list[bytes] = []
    threads = [
        threading.Thread(target=_feed, args=(process.stdin, lines), daemon=True),
        threading.Thread(target=_collect, args=(process.stderr, complaints), daemon=True),
    ]
    watchdog = threading.Timer(seconds, process.kill)
    watchdog.daemon = True
    try:
        for thread in (*threads, watchdog):
            thread.start()
        yield process.stdout
        process.stdout.close()
        status = process.wait()
    except BaseException:
        stop(process)
        raise
    finally:
        overdue = watchdog.finished.is_set()
        watchdog.cancel()
        process.stdout.close()
        process.wait()
        for thread in threads:
            if thread.ident is not None:  # interrupted, we may not have come to start it
                thread.join()
        process.stderr.close()
    if status != 0:
        raise (
            _overdue(arguments, seconds)
            if overdue
            else _failed(arguments, status, b"".join(complaints))
        )


def start_process(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str] = MappingProxyType({})
) -> subprocess.Popen[bytes]:
    """A command with pipes at all its ends, for who talks with it. Whoever starts it ends it."""
    try:
        return subprocess.Popen(
            arguments,
            cwd=folder,
            env={**environment(), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _not_there(arguments, folder) from error
    except PermissionError as error:
        raise LibraryError(f"{folder} cannot be entered: {error.strerror}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks first: git passes it on to the git-annex it started, which would live on if git were shot."""
    process.terminate()
    try:
        process.communicate(timeout=_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """For a command that writes: it has a few seconds to end as it likes, and its helpers end with it."""
    assert process.stdout is not None
    helpers = [helper for pid in _below(process.pid) if (helper := _handle(pid)) is not None]
    # It would wait for somebody to hear what it has to say; from now on nobody does.
    process.stdout.close()
    try:
        # Ctrl-C in a terminal has reached it as it has us. Told twice, it would drop everything.
        process.wait(_TO_HEAR)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
    finally:
        for helper in helpers:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(helper, signal.SIGTERM)
            os.close(helper)


def _below(pid: int) -> Iterator[int]:
    """All that a process has started, and they in turn."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text().split()):
                yield child
                yield from _below(child)


def _handle(pid: int) -> int | None:
    """What stays with this very process: its number may soon be that of another."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _feed(stdin: IO[bytes], lines: Iterable[bytes]) -> None:
    # A command that died early closes its end; why it died is in its exit status and stderr.
    with contextlib.suppress(BrokenPipeError), stdin:
        stdin.writelines(lines)


def _collect(stderr: IO[bytes], into: list[bytes]) -> None:
    into.append(stderr.read())


def _shown(arguments: Sequence[str]) -> str:
    return " ".join(word for word in arguments[:3] if not word.startswith(("/", "-")))


def _not_there(arguments: Sequence[str], folder: Path) -> LibraryError:
    if not folder.is_dir():
        return LibraryError(f"{folder} is not there")
    program = arguments[0]
    return LibraryError(
        f"{program} is not installed: {_HOW_TO_GET.get(program, f'install {program}')}"
    )


def _overdue(arguments: Sequence[str], seconds: float) -> LibraryError:
    return LibraryError(f"{_shown(arguments)} did not finish in {seconds:g} s")


def _failed(arguments: Sequence[str], status: int, stderr: bytes) -> LibraryError:
    said = " ".join(stderr.decode("utf-8", "replace").split())
    if "'annex' is not a git command" in said:
        said = f"git-annex is not installed: {_HOW_TO_GET['git-annex']}"
    return LibraryError(f"{_shown(arguments)} failed ({status}): {said or 'it gave no reason'}")
