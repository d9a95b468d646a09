"""The inode of a track: a hash of its annex key, so that it survives a rebuild of the cache.

Owns how collisions are resolved. Programs that look only at the low 32 bits (MPD) take two tracks for one
when those agree, which is likely among 100,000 tracks; so the low 32 bits are kept distinct, and never 0.
The bits from 60 up are left to `fuse/inodes.py`, which marks the kind of an entry with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable

BITS = 60
_MASK = (1 << BITS) - 1
LOW_BITS = 0xFFFF_FFFF


def candidate_inode(annex_key: str, attempt: int = 0) -> int:
    """The first choice of inode for a key; every further attempt is another hash."""
    raw = annex_key.encode("utf-8", "surrogateescape")
    if attempt:
        raw += b"\0%d" % attempt
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little") & _MASK


def assign_inodes(annex_keys: Iterable[str], taken: Container[int]) -> dict[str, int]:
    """Inodes for keys, whose low 32 bits are not `taken`. The order of the keys makes no difference."""
    used: set[int] = {0}
    inodes: dict[str, int] = {}
    for annex_key in sorted(annex_keys):
        attempt = 0
        inode = candidate_inode(annex_key)
        while inode & LOW_BITS in used or inode & LOW_BITS in taken:
            attempt += 1
            inode = candidate_inode(annex_key, attempt)
        used.add(inode & LOW_BITS)
        inodes[annex_key] = inode
    return inodes
