"""Annex keys as text: how they stand in file names, where their content lies, how large it is.

Pure: looks at no disk. Keys are `str` with surrogate escapes, as everywhere outside this room's bytes.
"""

from __future__ import annotations

import hashlib
import os
import re

_ESCAPE = re.compile(r"&a|&s|&c|%")
_MEANING = {"&a": "&", "&s": "%", "&c": ":", "%": "/"}
_WRITTEN = str.maketrans({"&": "&a", "%": "&s", ":": "&c", "/": "%"})
_SIZE = re.compile(r"-s(\d+)")
# git-annex's own 32 letters, picked so that no word comes about by chance.
_LETTERS = "0123456789zqjxkmvwgpfZQJXKMVWGPF"
_OBJECTS = "annex/objects/"


def key_of_file_name(name: str) -> str:
    """The key that a file is named after: "WORM--a%b&cc" → "WORM--a/b:c"."""
    return _ESCAPE.sub(lambda found: _MEANING[found.group()], name)


def key_of_link(target: str) -> str | None:
    """The key a work-tree link or a pointer leads to; None when it is a link to something else."""
    _, objects, rest = target.partition(_OBJECTS)
    if not objects:
        return None
    name = rest.rpartition("/")[2]
    return key_of_file_name(name) if "--" in name else None


def content_path(key: str) -> str:
    """Where the content is in a repository with a work tree, below its common git directory."""
    digest = hashlib.md5(os.fsencode(key), usedforsecurity=False).digest()
    word = int.from_bytes(digest[:4], "little")
    first, second, third, fourth = (_LETTERS[word >> 6 * i & 31] for i in range(4))
    name = key.translate(_WRITTEN)
    return f"{_OBJECTS}{second}{first}/{fourth}{third}/{name}/{name}"


def key_size(key: str) -> int | None:
    """Bytes, as the key itself says; keys made without hashing may not say it."""
    found = _SIZE.search(key.partition("--")[0])
    return int(found.group(1)) if found else None
