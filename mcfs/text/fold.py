"""`fold()`: the one rule by which two texts count as the same.

Matching, grouping and name collisions all compare folded text. Changing the rule changes what the cache
holds, so raise `DERIVATION` in schema/cache.py with it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# git-annex's own views write ∕ for `/` in a folder name, and `\` is what a keyboard has.
_ALIKE_SLASH = "\N{DIVISION SLASH}"
# SQLite's index of substrings ends a text at a NUL.
_NUL = "\N{SYMBOL FOR NULL}"
_ALIKE = str.maketrans({_ALIKE_SLASH: "/", "\\": "/", "\0": _NUL})
# Latin letters whose stroke or ligature Unicode does not decompose.
_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}
)
# NUL is among them, because it folds to a character beyond ASCII.
_BEYOND_ASCII = re.compile(r"[^\x01-\x7f]+")


def fold(text: str) -> str:
    """The form that equal texts share: "BEYONCÉ" → "beyonce", "AC∕DC" → "ac/dc".

    Drops case in every script, but diacritics in Latin only: й is a letter of its own, é an e with a mark.
    """
    if text.isascii():
        return _fold_ascii(text)
    # Nothing combines with ASCII but marks, which ASCII loses. So each stretch beyond ASCII folds by
    # itself, and the cache makes each of the few that a language has fold once.
    at = 0
    folded: list[str] = []
    for found in _BEYOND_ASCII.finditer(text):
        start, end = found.span()
        folded += _fold_ascii(text[at:start]), _fold_beyond_ascii(found.group(), start > 0)
        at = end
    folded.append(_fold_ascii(text[at:]))
    return "".join(folded)


def _fold_ascii(text: str) -> str:
    return text.lower().replace("\\", "/").replace("\0", _NUL)


@lru_cache(maxsize=4096)
def _fold_beyond_ascii(text: str, after_latin: bool) -> str:
    bare: list[str] = []
    latin = after_latin
    plain = text.translate(_ALIKE)
    for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", plain).casefold()):
        if char.isascii():
            latin = True
        elif unicodedata.combining(char):
            if latin:
                continue
        else:
            latin = unicodedata.name(char, "").startswith("LATIN ")
        bare.append(char)
    return unicodedata.normalize("NFKC", "".join(bare).translate(_STROKES)).translate(_ALIKE)
