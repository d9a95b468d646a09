"""Reads a large library in a subprocess, while this process stores what was read already.

In one process the two would take turns, for both are Python nearly all of the time and Python runs one thread
at a time. Owns when a subprocess pays off, and the pipe between the two; `read_library.py` reads.

Measured by `contrib/bench/sync.py LIBRARY --compare-in-process`, with 100,000 tracks and two idle processors:
a full sync takes 0.70 of the time of one in a single process (median; 7.8 s against 11.1 s), for the same CPU
time (1.00; 12.8 s). While other work keeps both processors busy, it takes as long (1.02 to 1.05).

The pipe carries frames: the number of keys, then keys in batches, then None; or, in place of any of them, the
exception that ended the reading. When either process ends, the other ends too: it finds the pipe empty or
broken.
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

# Bytes of the index, some 130 for each file. In a smaller library, starting Python takes as long as it saves.
LARGE_INDEX = 500_000
# Larger batches are slower, because they no longer fit into the processor's cache.
_KEYS_PER_BATCH = 100
# Bytes that may wait in the pipe while this process is busy: some 1,500 keys.
PIPE_BYTES = 1 << 20
_LENGTH = 8


class _EndedError(Exception):
    """The pipe ended before its last frame."""


def subprocess_pays_off(state: Fingerprint) -> bool:
    """Whether the library is large and there is a second processor."""
    large = state.index is not None and state.index[1] >= LARGE_INDEX
    return large and len(os.sched_getaffinity(0)) > 1


@contextlib.contextmanager
def read_in_subprocess(
    library: Library, state: Fingerprint, is_wanted: Callable[[str], bool], journal: Journal
) -> Iterator[tuple[int, Iterator[AnnexedKey]]]:
    """What `read_library` returns; the keys arrive as the subprocess reads them."""
    request = pickle.dumps((library, state, is_wanted, journal))
    with piped(
        # `-P`: a folder in the library with the name mcfs must not be taken for our package.
        [sys.executable, "-Pm", __name__],
        folder=library.top,
        lines=[request],
        variables={
            # The same modules, and the same decoding of file names, as in this process.
            "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
            "LC_ALL": os.environ.get("LC_ALL", ""),
        },
    ) as pipe:
        # The kernel limits how much memory a user's pipes take; a small pipe is slower but works.
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        frames = _frames(pipe)
        # Leaving the pipe raises the reason why the process ended.
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


def _serve(request: IO[bytes], out: IO[bytes]) -> None:
    """The main function of the subprocess."""
    library, state, is_wanted, journal = pickle.load(request)
    try:
        total, keys = read_library(library, state, is_wanted, journal)
        _send(out, total)
        plain = _plain(keys)
        while batch := list(islice(plain, _KEYS_PER_BATCH)):
            _send(out, batch)
        _send(out, None)
    except BrokenPipeError:
        pass
    except Exception as error:  # noqa: BLE001  (raised again in the other process)
        error.add_note(traceback.format_exc())
        _send(out, pickle.dumps(error))


def _send(out: IO[bytes], frame: Any) -> None:
    text = marshal.dumps(frame)
    out.write(len(text).to_bytes(_LENGTH, "little") + text)
    out.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    gc.disable()  # there are no reference cycles to collect
    _serve(sys.stdin.buffer, sys.stdout.buffer)
