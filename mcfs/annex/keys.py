"""Annex keys as text: how they are written in file names, where their content is, how large it is.

Pure: reads no disk. Keys are `str` with surrogate escapes.
"""

from __future__ import annotations

import hashlib
import os
import re

_ESCAPE = re.compile(r"&a|&s|&c|%")
_MEANING = {"&a": "&", "&s": "%", "&c": ":", "%": "/"}
_SIZE = re.compile(r"-s([0-9]+)")
# No file has a size of more digits.
_MAX_SIZE_DIGITS = 19
# git-annex's own 32 letters, chosen so that no words arise by chance.
_LETTERS = "0123456789zqjxkmvwgpfZQJXKMVWGPF"
# Twelve bits of a hash → the name of a folder.
_MIXED = [_LETTERS[bits >> 6 & 31] + _LETTERS[bits & 31] for bits in range(1 << 12)]
_OBJECTS = "annex/objects/"
_LINKED = b"/annex/objects/"
_KEY = re.compile(r"[^-]+(-s\d+)?(-m\d+)?(-S\d+)?(-C\d+)?--[^\0]*")


def key_of_file_name(name: str) -> str:
    """The key from the name of a file: "WORM--a%b&cc" → "WORM--a/b:c"."""
    if "&" not in name and "%" not in name:
        return name
    return _ESCAPE.sub(lambda found: _MEANING[found.group()], name)


def key_of_link(text: bytes) -> str | None:
    """The key from the text of a symlink or pointer file in the work tree; None for any other text."""
    first, _, rest = text.partition(b"\n")
    _, objects, below = first.removesuffix(b"\r").partition(_LINKED)
    if not objects:
        return None
    # A pointer may have more lines that are reserved for git-annex; any other text is no pointer.
    if rest and not (rest.endswith(b"\n") and _all_reserved(rest[:-1])):
        return None
    key = key_of_file_name(os.fsdecode(below[below.rfind(b"/") + 1 :]))
    return key if _KEY.fullmatch(key) else None


def _all_reserved(lines: bytes) -> bool:
    return all(line.startswith(b"/annex/") for line in lines.split(b"\n"))


def key_file_name(key: str) -> str:
    """The name of the files of a key: "WORM--a/b:c" → "WORM--a%b&cc"."""
    # The order matters: "&" first. A translation table takes ten times as long.
    return key.replace("&", "&a").replace("%", "&s").replace(":", "&c").replace("/", "%")


def content_path(key: str, levels: int = 2) -> str:
    """The path of the content below the common git directory, in a repository with a work tree."""
    digest = hashlib.md5(os.fsencode(key), usedforsecurity=False).digest()
    folders = _MIXED[digest[0] | digest[1] << 8 & 0xF00]
    if levels == 2:
        folders += "/" + _MIXED[digest[1] >> 4 | digest[2] << 4]
    name = key_file_name(key)
    return f"{_OBJECTS}{folders}/{name}/{name}"


def lower_content_path(key: str, levels: int = 2) -> str:
    """The same in a bare repository, or in one that was tuned to use these folders."""
    name = key_file_name(key)
    return f"{_OBJECTS}{lower_folders(key, levels)}/{name}/{name}"


def lower_folders(key: str, levels: int) -> str:
    """The hash folders of a content in such a repository, and of the logs on the git-annex branch."""
    digest = hashlib.md5(os.fsencode(key), usedforsecurity=False).hexdigest()
    return f"{digest[:3]}/{digest[3:6]}" if levels == 2 else digest[:3]


def key_size(key: str) -> int | None:
    """The size in bytes that is part of the key; None for a key without a size, such as that of a URL."""
    found = _SIZE.search(key.partition("--")[0])
    # A key can be any text, and Python refuses to read thousands of digits as an int.
    return int(found.group(1)) if found and len(found.group(1)) <= _MAX_SIZE_DIGITS else None
