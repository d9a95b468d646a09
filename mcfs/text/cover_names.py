"""Which files are a cover by their name: `cover.jpg`, `Folder.PNG`, `front.webp`.

Owns these names, which of several is the best one, and the name of the cover in a folder of an album.
"""

from __future__ import annotations

# What players look for, the best one first.
COVER_STEMS = ("cover", "folder", "front")
# Extension → the one that players look for. The commonest comes first.
_EXTENSIONS = {"jpg": "jpg", "jpeg": "jpg", "png": "png", "webp": "webp", "gif": "gif"}

ALBUM_COVER_NAMES = frozenset(f"cover.{extension}" for extension in _EXTENSIONS.values())


def is_cover(work_path: str) -> bool:
    """Whether a file of the work tree is a cover by its name, in capitals or not."""
    stem, _, extension = _split(work_path)
    return stem in COVER_STEMS and extension in _EXTENSIONS


def cover_rank(work_path: str) -> tuple[int, int, str]:
    """The smallest is the best cover of several."""
    stem, _, extension = _split(work_path)
    return COVER_STEMS.index(stem), [*_EXTENSIONS].index(extension), work_path


def album_cover_name(work_path: str) -> str:
    """What a cover is called in a folder of an album."""
    return f"cover.{_EXTENSIONS[_split(work_path)[2]]}"


def _split(work_path: str) -> tuple[str, str, str]:
    return work_path.rpartition("/")[2].lower().rpartition(".")
