"""The texts of the files in `.mcfs/`, each made at most once a second.

Owns the cached texts. A program that reads such a file looks it up, asks for its size and opens it; making
the text each time would run git three times for one `cat .mcfs/status`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import trio

from mcfs.tree.nodes import InfoFile

KEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _CachedText:
    content: bytes
    # On the clock of the cache.
    expires_at: float


class InfoFiles:
    """The files of one mount. For the trio thread alone; texts are made in a worker thread."""

    def __init__(
        self, make_text: Callable[[InfoFile], str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make_text = make_text
        self._clock = clock
        self._cached: dict[InfoFile, _CachedText] = {}
        self._being_made = {file: trio.Lock() for file in InfoFile}

    async def content(self, file: InfoFile) -> bytes:
        """What is in a file, at most a second old."""
        # Requests that come while the text is made wait for it; they do not occupy a thread each.
        async with self._being_made[file]:
            cached = self._cached.get(file)
            if cached is None or self._clock() >= cached.expires_at:
                text = await trio.to_thread.run_sync(self._make_text, file)
                content = text.encode("utf-8", "surrogateescape")
                cached = _CachedText(content, self._clock() + KEEP_SECONDS)
                self._cached[file] = cached
            return cached.content
