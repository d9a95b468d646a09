"""Runs git and git-annex: finds them, limits their time, and leaves no process behind.

Owns the environment they run in, and the sentence that a failure becomes: what was run, and its error output.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import os
import select
import signal
import subprocess
import sysconfig
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING

from mcfs.annex.untrusted_config import without_programs
from mcfs.errors import LibraryError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# The library is given by its path, so what a surrounding git hook exports must not count.
_GIT_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
# mount(8) starts a mount without a PATH.
_PATH_WITHOUT_A_LOGIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SECONDS_TO_END = 5.0
_MAX_SENTENCE = 2000
# Bytes of error output. A program that fails in a loop writes gigabytes.
_MAX_ERRORS = 1 << 16
_ERRORS_AT_ONCE = 1 << 16
_OUTPUT_AT_ONCE = 1 << 16
_SECONDS_TO_NOTICE_CTRL_C = 0.5
_HOW_TO_INSTALL = {
    "git": "install git",
    "git-annex": "install git-annex, or run: pip install 'mcfs[annex]'",
}


@functools.cache
def environment() -> dict[str, str]:
    """Our environment, with the folder of this Python's programs at the front of the path.

    A git-annex that was installed with mcfs is there. It comes first, because the user installed it when the
    system's was missing or too old.
    """
    chosen = {name: text for name, text in os.environ.items() if name not in _GIT_VARIABLES}
    chosen["PATH"] = os.pathsep.join(
        (sysconfig.get_path("scripts"), os.environ.get("PATH") or _PATH_WITHOUT_A_LOGIN)
    )
    # Reading must not write: by default git refreshes the index of the library in passing.
    chosen["GIT_OPTIONAL_LOCKS"] = "0"
    # One language for messages that become part of ours. Not plain C: git-annex would refuse non-ASCII JSON.
    chosen["LC_ALL"] = "C.UTF-8"
    return without_programs(chosen)


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    stdin: bytes = b"",
    seconds: float = 60,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """The output of a command; a `LibraryError` with its error output when it failed."""
    error_output: list[bytes] = []
    with start_process(arguments, folder, variables) as process:
        stderr, process.stderr = process.stderr, None
        assert stderr is not None
        errors = threading.Thread(target=read_errors, args=(stderr, error_output), daemon=True)
        errors.start()
        try:
            output, _ = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            _terminate(process)
            raise _timeout_error(arguments, seconds) from error
        except BaseException:
            _terminate(process)
            raise
        finally:
            process.wait()
            # A process that it left behind may still have the pipe open.
            errors.join(_SECONDS_TO_END)
            if not errors.is_alive():
                stderr.close()
    if process.returncode != 0:
        raise _failure(arguments, process.returncode, b"".join(error_output))
    return output


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
    """A command that reads `lines`, written by a thread; yields its output.

    One thread for both pipes would block forever once both are full. When the block raises, `stop` ends the
    command; a command that only reads may be killed. The command may be silent for so many seconds while we
    wait for it. How long it takes in all has no limit: the library may be large, and the machine busy.
    """
    process = start_process(arguments, folder, variables)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    silence = _LimitedSilence(process.stdout, seconds)
    process.stdout = io.BufferedReader(silence, _OUTPUT_AT_ONCE)
    error_output: list[bytes] = []
    threads = [
        threading.Thread(target=_write_input, args=(process.stdin, lines), daemon=True),
        threading.Thread(target=read_errors, args=(process.stderr, error_output), daemon=True),
    ]
    try:
        for thread in threads:
            thread.start()
        yield process.stdout
        process.stdout.close()
        status = process.wait(silence.seconds)
    except (_SilentError, subprocess.TimeoutExpired) as error:
        stop(process)
        raise LibraryError(
            f"{_command_name(arguments)} did not answer for {seconds:g} s"
        ) from error
    except BaseException:
        stop(process)
        raise
    finally:
        process.stdout.close()
        process.wait()
        for thread in threads:
            if thread.ident is not None:  # after Ctrl-C it may not have been started
                thread.join()
        process.stderr.close()
    if status != 0:
        raise _failure(arguments, status, b"".join(error_output))


class _SilentError(Exception):
    """A command has written nothing for too long."""


class _LimitedSilence(io.RawIOBase):
    """The output of a command, each piece of which arrives within so many seconds."""

    def __init__(self, output: IO[bytes], seconds: float) -> None:
        super().__init__()
        self.seconds = None if seconds == math.inf else seconds
        self._output = output
        self._poll = select.poll()
        self._poll.register(output, select.POLLIN)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._output.fileno()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if not self._poll.poll(self.seconds and self.seconds * 1000):
            raise _SilentError
        return os.readv(self.fileno(), [buffer])

    def close(self) -> None:
        self._output.close()
        super().close()


def start_process(
    arguments: Sequence[str],
    folder: Path,
    variables: Mapping[str, str] = MappingProxyType({}),
    inherited: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command with pipes for its input, output and errors. The caller must end it."""
    try:
        return subprocess.Popen(
            arguments,
            cwd=folder,
            env={**environment(), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=inherited,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _not_found(arguments, folder) from error
    except PermissionError as error:
        raise LibraryError(f"{folder} cannot be entered: {error.strerror}") from error


def _terminate(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM first: git passes it on to the git-annex that it started, which would survive a SIGKILL."""
    process.terminate()
    try:
        process.communicate(timeout=_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Stop a command that writes: SIGINT, a few seconds to end by itself, then SIGKILL; its helpers too."""
    assert process.stdout is not None
    helpers = [
        helper for pid in _descendants(process.pid) if (helper := _open_pidfd(pid)) is not None
    ]
    # Otherwise it would wait until its output is read, and we no longer read it.
    process.stdout.close()
    try:
        # Ctrl-C in a terminal reaches it as well as us; a second SIGINT would end it without cleaning up.
        process.wait(_SECONDS_TO_NOTICE_CTRL_C)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
    finally:
        for helper in helpers:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(helper, signal.SIGTERM)
            os.close(helper)


def _descendants(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that they have started."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text().split()):
                yield child
                yield from _descendants(child)


def _open_pidfd(pid: int) -> int | None:
    """A file descriptor for a process: its pid may soon be that of another one."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _write_input(stdin: IO[bytes], lines: Iterable[bytes]) -> None:
    # A command that died has closed its input; the reason is in its exit status and stderr.
    with contextlib.suppress(BrokenPipeError), stdin:
        stdin.writelines(lines)


def read_errors(stderr: IO[bytes], into: list[bytes]) -> None:
    """Read what a command writes about its failure, to its end; keep what a sentence can hold of it."""
    kept = 0
    while piece := os.read(stderr.fileno(), _ERRORS_AT_ONCE):
        # The rest is read too: the command would wait until it is.
        if kept < _MAX_ERRORS:
            into.append(piece[: _MAX_ERRORS - kept])
            kept += len(into[-1])


def shorten(sentence: str) -> str:
    """What a program said, as long as a sentence can be."""
    if len(sentence) <= _MAX_SENTENCE:
        return sentence
    half = _MAX_SENTENCE // 2
    return f"{sentence[:half]} … {sentence[-half:]}"


def _command_name(arguments: Sequence[str]) -> str:
    return " ".join(word for word in arguments[:3] if not word.startswith(("/", "-")))


def _not_found(arguments: Sequence[str], folder: Path) -> LibraryError:
    if not folder.is_dir():
        return LibraryError(f"{folder} is not there")
    program = arguments[0]
    return LibraryError(
        f"{program} is not installed: {_HOW_TO_INSTALL.get(program, f'install {program}')}"
    )


def _timeout_error(arguments: Sequence[str], seconds: float) -> LibraryError:
    return LibraryError(f"{_command_name(arguments)} did not finish in {seconds:g} s")


def _failure(arguments: Sequence[str], status: int, stderr: bytes) -> LibraryError:
    text = shorten(" ".join(stderr.decode("utf-8", "replace").split()))
    if "'annex' is not a git command" in text:
        text = f"git-annex is not installed: {_HOW_TO_INSTALL['git-annex']}"
    return LibraryError(
        f"{_command_name(arguments)} failed ({status}): {text or 'it gave no reason'}"
    )
