"""How text becomes a name: one `fold`, one escape, one way to keep names apart.

Owns the rule that every comparison of text uses (matching, grouping, collisions), the escape from a
value to a folder name, and the names of tracks. Pure: knows metadata as strings, no query, no store.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache

MAX_BYTES = 255  # what Linux allows one name to be
_LONGEST_EXTENSION = 20  # characters
UNKNOWN = "Unknown"

# `/` cannot stand in a name. git-annex's own views write ∕, and `\` is what a keyboard has.
_SLASH = "\N{DIVISION SLASH}"
# SQLite's index of substrings ends a text at a NUL.
_NUL = "\N{SYMBOL FOR NULL}"
_ALIKE = str.maketrans({_SLASH: "/", "\\": "/", "\0": _NUL})
# Latin letters whose stroke or ligature Unicode does not decompose.
_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}
)
# With NUL, which is shown as a letter that is beyond it as well.
_BEYOND_ASCII = re.compile(r"[^\x01-\x7f]+")
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/]")


def fold(text: str) -> str:
    """What two texts must share to count as the same: "BEYONCÉ" and "beyonce", "AC∕DC" and "ac/dc".

    Case goes in every script, diacritics in Latin alone: й is a letter of its own, é an e with a mark.
    """
    if text.isascii():
        return _fold_ascii(text)
    # Nothing combines with what stands before or after ASCII, but for marks, which ASCII loses: each stretch
    # folds by itself, and the few that a language has are folded once.
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


def escape(value: str) -> str:
    """One folder name from one value: "AC/DC" → "AC∕DC", "" → "Unknown", ".hidden" → "․hidden"."""
    return cut_to_bytes(_without_dot(escape_value(value)), MAX_BYTES)


def _without_dot(name: str) -> str:
    """What begins with a dot is hidden from people."""
    return "\N{ONE DOT LEADER}" + name[1:] if name.startswith(".") else name


def escape_value(value: str) -> str:
    """What stands for a value inside of a name: "AC/DC" → "AC∕DC", "" → "Unknown".

    What concerns the name as a whole, its first dot and its length, is left to do.
    """
    return _NOT_IN_NAMES.sub(_stand_in, value) if value.strip() else UNKNOWN


def _stand_in(match: re.Match[str]) -> str:
    char = match.group()
    if char == "/":
        return _SLASH
    return "\N{SYMBOL FOR DELETE}" if char == "\x7f" else chr(0x2400 + ord(char))


def cut_to_bytes(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8, never half a character.

    Halves of a character that two values brought together are one from then on, as they are to the kernel.
    """
    if text.isascii():
        return text[:size]
    raw = text.encode("utf-8", "surrogateescape")
    end = size if len(raw) > size else len(raw)
    while 0 < end < len(raw) and raw[end] & 0xC0 == 0x80 and size - end < 4:
        end -= 1
    return raw[:end].decode("utf-8", "surrogateescape")


def file_name(shown: str) -> str:
    """One file name from what a template shows; a long one keeps its extension."""
    return fit_file_name(_without_dot(escape_value(shown.strip())))


def fit_file_name(name: str) -> str:
    """A file name that is not too long: what is cut off is not the extension."""
    stem, extension = _parts(name)
    return _with_extension(stem, "", extension)


def _parts(name: str) -> tuple[str, str]:
    """Stem and extension, the dot with it; what is as long as a sentence is no extension."""
    stem, _, extension = name.rpartition(".")
    return (stem, f".{extension}") if stem and len(extension) <= _LONGEST_EXTENSION else (name, "")


def portable(name: str) -> str:
    """The same name where file systems allow less (FAT, NTFS, Samba): "What?" → "What？".

    What is not allowed becomes what folds to the same, so that names which were kept apart stay apart.
    """
    wide = _NOT_PORTABLE.sub(lambda found: chr(ord(found.group()) + _TO_FULL_WIDTH), name)
    if _DEVICE.fullmatch(wide):
        wide = chr(ord(wide[0]) + _TO_FULL_WIDTH) + wide[1:]
    if wide.endswith((".", " ")):
        wide = wide[:-1] + ("\N{ONE DOT LEADER}" if wide.endswith(".") else "\N{NO-BREAK SPACE}")
    if len(wide.encode("utf-8", "surrogateescape")) <= MAX_BYTES:
        return wide
    # Wider letters made it too long: what is cut off then tells it from others no more.
    stem, extension = _parts(wide)
    return _with_extension(stem, f" [{_digest(name, 6)}]", extension)


_NOT_PORTABLE = re.compile(r'[\\:*?"<>|]')
_TO_FULL_WIDTH = 0xFF01 - ord("!")
# What Windows takes for a device, whatever the extension.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE | re.DOTALL)


def is_audio(work_path: str, extensions: Container[str]) -> bool:
    """Whether an annexed file is a track: by its extension, of which these are the ones."""
    return stem_and_suffix(work_path)[1].lower() in extensions


def stem_and_suffix(work_path: str) -> tuple[str, str]:
    """ "a/b.mp3" → "b", "mp3"; a name that begins or ends with its only dot has no suffix."""
    name = work_path.rpartition("/")[2]
    at = name.rfind(".")
    return (name[:at], name[at + 1 :]) if 0 < at < len(name) - 1 else (name, "")


def track_name(values: Mapping[str, Sequence[str]], stem: str, extension: str) -> str:
    """`Artist - Title.ext`, before namesakes are told apart; without a title, the file's own stem."""
    titles = sorted(title for title in values.get("title", ()) if title.strip())
    artists = ", ".join(sorted(artist for artist in values.get("artist", ()) if artist.strip()))
    if titles:
        shown = f"{artists} - {titles[0]}" if artists else titles[0]
    else:
        shown = stem
    return _with_extension(escape(shown), "", f".{extension}" if extension else "")


def unique_names(names: Iterable[tuple[str, str]], *, of_files: bool = True) -> dict[str, str]:
    """The name of every annex key, from (annex key, name it would like); nothing depends on the order.

    The names of folders are those of values in the same way; they have no extension.

    All members of a collision get a short hash of their key: were one left bare, which one would
    depend on who came first, and players lose ratings when names move.
    """
    wanted = dict(names)
    length = 6
    hashed: set[str] = set()
    while True:
        given = {
            key: _with_hash(name, key, length, of_files=of_files) if key in hashed else name
            for key, name in wanted.items()
        }
        by_fold: defaultdict[str, list[str]] = defaultdict(list)
        for key, name in given.items():
            by_fold[fold(name)].append(key)
        clashing = {key for keys in by_fold.values() if len(keys) > 1 for key in keys}
        if not clashing:
            return given
        if clashing <= hashed:
            length += 4  # even the hashes clash: take more of them
        hashed |= clashing


def collision_key(name: str) -> str:
    """What a name has in common with every other that `unique_names` could have made of the same wish.

    Whether it is marked or not, cut or whole: names that claim different things do not touch each other.
    """
    return _MARK.sub("", fold(name))[:_WHOLE]


# Wherever they stand: where an extension begins may change with the mark.
_MARK = re.compile(r" \[[0-9a-f]{6,}\]")
# So many letters are left of a name that was cut.
_WHOLE = 40


def _with_hash(name: str, annex_key: str, length: int, *, of_files: bool) -> str:
    stem, extension = _parts(name) if of_files else (name, "")
    return _with_extension(stem, f" [{_digest(annex_key, length)}]", extension)


def _digest(text: str, length: int) -> str:
    raw = text.encode("utf-8", "surrogateescape")
    return hashlib.blake2b(raw, digest_size=32).hexdigest()[:length]


def _with_extension(stem: str, mark: str, extension: str) -> str:
    tail = mark + extension
    return cut_to_bytes(stem, MAX_BYTES - len(tail.encode("utf-8", "surrogateescape"))) + tail
