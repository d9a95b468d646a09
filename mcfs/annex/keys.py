"""Annex keys as text: how they stand in file names, where their content lies, how large it is.

Pure: looks at no disk. Keys are `str` with surrogate escapes, as everywhere outside this room's bytes.
"""

from __future__ import annotations

import hashlib
import os
import re

_ESCAPE = re.compile(r"&a|&s|&c|%")
_MEANING = {"&a": "&", "&s": "%", "&c": ":", "%": "/"}
_SIZE = re.compile(r"-s(\d+)")
# git-annex's own 32 letters, picked so that no word comes about by chance.
_LETTERS = "0123456789zqjxkmvwgpfZQJXKMVWGPF"
# The folder that twelve bits of a hash name.
_MIXED = [_LETTERS[bits >> 6 & 31] + _LETTERS[bits & 31] for bits in range(1 << 12)]
_OBJECTS = "annex/objects/"
_LINKED = b"/annex/objects/"
_KEY = re.compile(r"[^-]+(-s\d+)?(-m\d+)?(-S\d+)?(-C\d+)?--[^\0]*")


def key_of_file_name(name: str) -> str:
    """The key that a file is named after: "WORM--a%b&cc" → "WORM--a/b:c"."""
    if "&" not in name and "%" not in name:
        return name
    return _ESCAPE.sub(lambda found: _MEANING[found.group()], name)


def key_of_link(text: bytes) -> str | None:
    """The key that the text of a work-tree link or of a pointer leads to; None for any other text."""
    first, _, rest = text.partition(b"\n")
    _, objects, below = first.removesuffix(b"\r").partition(_LINKED)
    if not objects:
        return None
    # Pointers may say more in lines that git-annex keeps for itself; anything else is a text about one.
    if rest and not (rest.endswith(b"\n") and _all_reserved(rest[:-1])):
        return None
    key = key_of_file_name(os.fsdecode(below[below.rfind(b"/") + 1 :]))
    return key if _KEY.fullmatch(key) else None


def _all_reserved(lines: bytes) -> bool:
    return all(line.startswith(b"/annex/") for line in lines.split(b"\n"))


def key_file_name(key: str) -> str:
    """The name of files that are named after a key: "WORM--a/b:c" → "WORM--a%b&cc"."""
    # In this order each is written once; a translation table takes ten times as long.
    return key.replace("&", "&a").replace("%", "&s").replace(":", "&c").replace("/", "%")


def content_path(key: str, levels: int = 2) -> str:
    """Where the content is in a repository with a work tree, below its common git directory."""
    digest = hashlib.md5(os.fsencode(key), usedforsecurity=False).digest()
    folders = _MIXED[digest[0] | digest[1] << 8 & 0xF00]
    if levels == 2:
        folders += "/" + _MIXED[digest[1] >> 4 | digest[2] << 4]
    name = key_file_name(key)
    return f"{_OBJECTS}{folders}/{name}/{name}"


def lower_content_path(key: str, levels: int = 2) -> str:
    """Where it is in a bare repository, or in one that was tuned to use it."""
    name = key_file_name(key)
    return f"{_OBJECTS}{lower_folders(key, levels)}/{name}/{name}"


def lower_folders(key: str, levels: int) -> str:
    """The folders of its content there, and of its logs on the branch."""
    digest = hashlib.md5(os.fsencode(key), usedforsecurity=False).hexdigest()
    return f"{digest[:3]}/{digest[3:6]}" if levels == 2 else digest[:3]


def key_size(key: str) -> int | None:
    """Bytes, as the key itself says; keys made without hashing may not say it."""
    found = _SIZE.search(key.partition("--")[0])
    return int(found.group(1)) if found else None
