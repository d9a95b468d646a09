"""What inotify reports about folders, as a file manager hears it."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_CREATE, _DELETE, _OVERFLOW, _IS_FOLDER = 0x100, 0x200, 0x4000, 0x40000000
_MOVED = 0xC0
_EVENT = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Watcher:
    """The names in some folders, as somebody knows them who listed each once and then only listened."""

    descriptor: int
    names: dict[Path, set[str]] = field(default_factory=dict)
    # Names that came as folders.
    folders: set[str] = field(default_factory=set)
    count: int = 0
    _paths: dict[int, Path] = field(default_factory=dict)

    def watch(self, folder: Path, names: set[str]) -> None:
        """Watch a folder that lists these names now."""
        mask = _CREATE | _DELETE | _MOVED
        watch = _libc.inotify_add_watch(self.descriptor, os.fsencode(folder), mask)
        assert watch >= 0, os.strerror(ctypes.get_errno())
        self._paths[watch] = folder
        self.names[folder] = set(names)

    def listen(self, seconds: float = 0) -> None:
        """Take in what has happened. No event may be untrue, or come twice."""
        while select.select([self.descriptor], [], [], seconds)[0]:
            for watch, mask, name in _events(os.read(self.descriptor, 1 << 16)):
                assert not mask & (_OVERFLOW | _MOVED)
                self.count += 1
                known = self.names[self._paths[watch]]
                if mask & _CREATE:
                    assert name not in known, f"{name} came twice"
                    known.add(name)
                    if mask & _IS_FOLDER:
                        self.folders.add(name)
                else:
                    assert name in known, f"{name} went and was not there"
                    known.remove(name)


def _events(data: bytes) -> Iterator[tuple[int, int, str]]:
    at = 0
    while at < len(data):
        watch, mask, _, length = _EVENT.unpack_from(data, at)
        at += _EVENT.size + length
        yield watch, mask, os.fsdecode(data[at - length : at].rstrip(b"\0"))


@contextmanager
def watcher() -> Iterator[Watcher]:
    """An inotify descriptor while this lasts."""
    descriptor = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    assert descriptor >= 0
    try:
        yield Watcher(descriptor)
    finally:
        os.close(descriptor)
