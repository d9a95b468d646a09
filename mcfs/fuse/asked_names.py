"""The names by which programs have put tracks into folders, where the tree calls these tracks something else.

Owns how long such a name leads to its track. A program that has made a link or moved an entry looks for it
by the name that it asked for: a file manager to show it, `cp -a` to set its times. The tree has another name
where the source was called by a number, a template, or the work tree. So a name that was asked for is found
for a while, beside the tree's, which is the one that is listed. Whoever watches the folder has heard of the
name that was asked for, and hears soon that it is gone, so that no file manager shows a track twice.

Folders with numbered names keep those of the last listing in the same way: after one entry is removed all
others have new numbers, and `rm *` has the old names.

For the trio thread alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import trio

from mcfs.tree.nodes import Node, TrackNode

SECONDS = 30.0
# Until watchers hear that a name is gone: the program that asked for it may not have looked for it yet.
_SECONDS_TO_ANNOUNCE = 2.0


@dataclass(frozen=True, slots=True)
class AskedName:
    """A name in a folder that leads to a track until some moment."""

    parent: int
    name: str
    track: TrackNode
    until: float
    # Whether a program made an entry of this name, so that watchers think it is there.
    was_made: bool


class AskedNames:
    """All such names of one mount."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._names: dict[tuple[int, str], AskedName] = {}
        # When watchers are to hear of which names.
        self._to_announce: list[tuple[float, AskedName]] = []
        # Inode of a link or file → until when whoever has just put it somewhere may set its times.
        self._put: dict[int, float] = {}

    def add(self, parent: int, name: str, track: TrackNode) -> None:
        """A program has put a track into a folder by this name, and the tree has another one for it."""
        now = trio.current_time()
        asked = AskedName(parent, name, track, now + self._seconds, was_made=True)
        self._names[parent, name] = asked
        self._to_announce.append((now + _SECONDS_TO_ANNOUNCE, asked))

    def add_listing(self, parent: int, entries: Mapping[str, Node]) -> None:
        """The names in a folder are about to change, because one of the entries does."""
        until = trio.current_time() + self._seconds
        for name, node in entries.items():
            known = self._names.get((parent, name))
            if isinstance(node, TrackNode) and (known is None or not known.was_made):
                self._names[parent, name] = AskedName(parent, name, node, until, was_made=False)

    def find(self, parent: int, name: str) -> TrackNode | None:
        """The track that a name in a folder leads to still."""
        asked = self._names.get((parent, name))
        return asked.track if asked is not None and asked.until > trio.current_time() else None

    def is_made(self, parent: int, name: str) -> bool:
        """Whether a program has made an entry of this name."""
        asked = self._names.get((parent, name))
        return asked is not None and asked.was_made and asked.until > trio.current_time()

    def remove(self, parent: int, name: str) -> None:
        """The entry of this name was removed or moved away."""
        self._names.pop((parent, name), None)

    def remove_track(self, parent: int, track: TrackNode) -> Iterator[AskedName]:
        """The track has left the folder: its other names there lead nowhere either."""
        for (folder, _), asked in list(self._names.items()):
            if folder == parent and asked.track.inode == track.inode:
                self.remove(parent, asked.name)
                yield asked

    def take_to_announce(self) -> Iterator[AskedName]:
        """The names that watchers think are there, and that are not listed."""
        now = trio.current_time()
        yield from (asked for at, asked in self._to_announce if at <= now)
        self._to_announce = [(at, asked) for at, asked in self._to_announce if at > now]

    def note_put(self, inode: int) -> None:
        """A program has just put this entry somewhere."""
        self._put[inode] = trio.current_time() + self._seconds

    def was_put(self, inode: int) -> bool:
        """Whether a program has put this entry somewhere a moment ago."""
        return self._put.get(inode, 0) > trio.current_time()

    def take_expired(self) -> Iterator[AskedName]:
        """The names that lead nowhere any more."""
        now = trio.current_time()
        self._put = {inode: until for inode, until in self._put.items() if until > now}
        for asked in [asked for asked in self._names.values() if asked.until <= now]:
            del self._names[asked.parent, asked.name]
            yield asked
