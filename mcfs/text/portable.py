"""Names for file systems that allow less than Linux does: FAT, NTFS, Samba.

Owns which characters and names those refuse, and what replaces them.
"""

from __future__ import annotations

import re

from mcfs.text.escape import MAX_BYTES, join_name, split_extension
from mcfs.text.unique_names import short_hash

_WIDE = re.compile("[\uff3c\uff1a\uff0a\uff1f\uff02\uff1c\uff1e\uff5c]")
_NOT_PORTABLE = re.compile(r'[\\:*?"<>|]')
_TO_FULL_WIDTH = 0xFF01 - ord("!")
# What Windows takes for a device, whatever the extension.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE | re.DOTALL)


def portable_name(name: str) -> str:
    """The same name where file systems allow less (FAT, NTFS, Samba): "What?" → "What？".

    Characters that are not allowed become others that fold to the same, so that unique names stay unique.
    """
    wide = _NOT_PORTABLE.sub(lambda found: chr(ord(found.group()) + _TO_FULL_WIDTH), name)
    if _DEVICE.fullmatch(wide):
        wide = chr(ord(wide[0]) + _TO_FULL_WIDTH) + wide[1:]
    if wide.endswith((".", " ")):
        wide = wide[:-1] + ("\N{ONE DOT LEADER}" if wide.endswith(".") else "\N{NO-BREAK SPACE}")
    if len(wide.encode("utf-8", "surrogateescape")) <= MAX_BYTES:
        return wide
    # Wider letters made it too long, and what tells it from other names may be cut off.
    stem, extension = split_extension(wide)
    return join_name(stem, f" [{short_hash(name, 6)}]", extension)


def plain_name(portable: str) -> str:
    """What `portable_name` made a name of, where nothing was cut: "What？" → "What?".

    A name that has such a character of its own cannot be told from one that got it.
    """
    plain = _WIDE.sub(lambda found: chr(ord(found.group()) - _TO_FULL_WIDTH), portable)
    narrow = chr(ord(plain[0]) - _TO_FULL_WIDTH) + plain[1:] if "！" <= plain[:1] <= "～" else plain
    if _DEVICE.fullmatch(narrow):
        plain = narrow
    if plain.endswith("\N{ONE DOT LEADER}"):
        return plain[:-1] + "."
    return plain[:-1] + " " if plain.endswith("\N{NO-BREAK SPACE}") else plain
