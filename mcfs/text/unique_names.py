"""Names that are unique in one folder, however similar the given ones are.

Owns the short hash that colliding names get, and which names can collide at all. Collisions are found by
`fold()`, so that two names which differ only in case or accents get a hash too.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable

from mcfs.text.escape import join_name, split_extension
from mcfs.text.fold import fold


def unique_names(names: Iterable[tuple[str, str]], *, of_files: bool = True) -> dict[str, str]:
    """Key → unique name, from (key, name). The order of the pairs makes no difference.

    All names in a collision get a short hash of their key. If one kept its bare name, which one would
    depend on the order of arrival, and players lose ratings when a file's name changes.

    Names of folders (`of_files=False`) have no extension to keep at the end.
    """
    name_of = dict(names)
    length = 6
    hashed: set[str] = set()
    while True:
        unique = {
            key: _with_hash(name, key, length, of_files=of_files) if key in hashed else name
            for key, name in name_of.items()
        }
        by_fold: defaultdict[str, list[str]] = defaultdict(list)
        for key, name in unique.items():
            by_fold[fold(name)].append(key)
        clashing = {key for keys in by_fold.values() if len(keys) > 1 for key in keys}
        if not clashing:
            return unique
        if clashing <= hashed:
            length += 4  # even the hashes clash: take more of them
        hashed |= clashing


def collision_key(name: str) -> str:
    """The same text for all names that `unique_names` may have made from one name.

    With or without a hash, cut or whole. Names with different keys cannot collide, so a change of one
    leaves the other alone.
    """
    return _MARK.sub("", fold(name))[:_WHOLE]


def has_hash(name: str) -> bool:
    """Whether this looks like a name that collided with another one."""
    return _MARK.search(name) is not None


# Anywhere in the name: adding the hash can move the place where the extension begins.
_MARK = re.compile(r" \[[0-9a-f]{6,}\]")
# A name that had to be cut keeps at least this many characters of its beginning.
_WHOLE = 40


def short_hash(text: str, length: int) -> str:
    """The first hexadecimal digits of a hash that is the same on every machine."""
    raw = text.encode("utf-8", "surrogateescape")
    return hashlib.blake2b(raw, digest_size=32).hexdigest()[:length]


def _with_hash(name: str, annex_key: str, length: int, *, of_files: bool) -> str:
    stem, extension = split_extension(name) if of_files else (name, "")
    return join_name(stem, f" [{short_hash(annex_key, length)}]", extension)
