"""Paths of folders in a library, as people write them in a query, and which folders are inside others."""

from __future__ import annotations

from mcfs.text.fold import fold


def folded_folder(written: str) -> str | None:
    """The folded path under the library's top; None for the top itself, and for what is outside of it."""
    names = [name for name in fold(written).split("/") if name not in ("", ".")]
    return None if ".." in names or not names else "/".join(names)


def is_in_folder(folder: str, folded: str) -> bool:
    """Whether a folder is this one or inside it; only whole names count.

    A name may have letters that fold to a slash: "AC∕DC" is one folder, which is not inside "AC".
    """
    end = folder.find("/")
    while end >= 0:
        if fold(folder[:end]) == folded:
            return True
        end = folder.find("/", end + 1)
    return fold(folder) == folded
