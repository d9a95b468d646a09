"""Reading a large library in a process of its own, while this one makes use of what was read already.

In one process the two would take turns: both are Python nearly all of the time, and of Python one thread
runs at a time. Owns when another process pays, and the pipe between the two; what is read is
`reading.py`'s.

The pipe carries frames: the number of keys, then keys in batches, then None; or in place of any of them
the exception that ended the reading. Whoever ends first ends the other: of the pipe that is left, the one
end finds it empty and the other one broken.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import marshal
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import IO, Any

from mcfs.annex.fingerprint import Fingerprint
from mcfs.annex.journal import Journal
from mcfs.annex.library import Library
from mcfs.annex.logs import Metadata
from mcfs.annex.process import piped
from mcfs.annex.read_library import AnnexedKey, read_library
from mcfs.errors import LibraryError
from mcfs.text.timestamps import from_microseconds, to_microseconds

# Bytes of the index, some 130 for each file: below, starting a Python takes as long as is saved.
LARGE_INDEX = 500_000
_SECONDS = 3600.0
# Larger batches are slower, for what is in them no longer fits into the processor's cache.
_AT_ONCE = 100
# Bytes that may wait in the pipe while this process is at something else: some 1,500 keys.
PIPE_BYTES = 1 << 20
_LENGTH = 8


class _EndedError(Exception):
    """The other process said nothing more, though there was more to say."""


def subprocess_pays_off(state: Fingerprint) -> bool:
    """Whether the library is large, and there is a processor to spare."""
    large = state.index is not None and state.index[1] >= LARGE_INDEX
    return large and len(os.sched_getaffinity(0)) > 1


@contextlib.contextmanager
def read_in_subprocess(
    library: Library, state: Fingerprint, wanted: Callable[[str], bool], journal: Journal
) -> Iterator[tuple[int, Iterator[AnnexedKey]]]:
    """What `read_library` says, as it is read."""
    asked = pickle.dumps((library, state, wanted, journal))
    with piped(
        # `-P`: a folder of the library that is called mcfs is no module.
        [sys.executable, "-Pm", __name__],
        folder=library.top,
        lines=[asked],
        seconds=_SECONDS,
        variables={
            # The modules that are modules here, and names of files decoded as they are here.
            "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
            "LC_ALL": os.environ.get("LC_ALL", ""),
        },
    ) as pipe:
        # A user may have only so many large pipes; with a small one the two wait more for each other.
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        frames = _frames(pipe)
        # Why the process ended is told when the pipe is left.
        with contextlib.suppress(_EndedError):
            yield next(frames), _keys(frames)
            return
    raise LibraryError(f"{library.top} was not read to its end")


def _frames(pipe: IO[bytes]) -> Iterator[Any]:
    while len(length := pipe.read(_LENGTH)) == _LENGTH:
        size = int.from_bytes(length, "little")
        text = pipe.read(size)
        if len(text) < size:
            break
        frame = marshal.loads(text)
        match frame:
            case None:
                return
            case bytes():
                raise pickle.loads(frame)
            case _:
                yield frame
    raise _EndedError


def _keys(batches: Iterator[list[tuple[Any, ...]]]) -> Iterator[AnnexedKey]:
    for batch in batches:
        for (
            key,
            work_paths,
            work_path,
            content_path,
            present,
            size,
            values,
            changed_at,
            added_at,
            hidden,
            blobs,
        ) in batch:
            yield AnnexedKey(
                key,
                work_paths,
                work_path,
                content_path,
                present,
                size,
                Metadata(values, _moment(changed_at)),
                _moment(added_at),
                hidden,
                blobs,
            )


def _plain(keys: Iterator[AnnexedKey]) -> Iterator[tuple[Any, ...]]:
    for key in keys:
        yield (
            key.key,
            key.work_paths,
            key.work_path,
            key.content_path,
            key.present,
            key.size,
            key.metadata.values,
            _microseconds(key.metadata.changed_at),
            _microseconds(key.added_at),
            key.hidden,
            key.blobs,
        )


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_microseconds(microseconds)


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_microseconds(moment)


def _answer(asked: IO[bytes], out: IO[bytes]) -> None:
    """What the process does."""
    library, state, wanted, journal = pickle.load(asked)
    try:
        total, keys = read_library(library, state, wanted, journal)
        _say(out, total)
        plain = _plain(keys)
        while batch := list(islice(plain, _AT_ONCE)):
            _say(out, batch)
        _say(out, None)
    except BrokenPipeError:
        pass
    except Exception as error:  # noqa: BLE001  (it is raised where somebody waits for it)
        error.add_note(traceback.format_exc())
        _say(out, pickle.dumps(error))


def _say(out: IO[bytes], frame: Any) -> None:
    text = marshal.dumps(frame)
    out.write(len(text).to_bytes(_LENGTH, "little") + text)
    out.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asked
    gc.disable()  # nothing here is garbage before the end
    _answer(sys.stdin.buffer, sys.stdout.buffer)
