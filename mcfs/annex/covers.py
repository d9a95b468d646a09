"""The covers beside the tracks of a library, annexed or kept in git itself.

Owns how they are found and where the content of each is. git chooses among all files by their names, which
takes a fraction of the time of looking at each name here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mcfs.annex.files import LINK, list_files
from mcfs.annex.fingerprint import Fingerprint
from mcfs.annex.git import blob_contents, object_sizes
from mcfs.annex.keys import key_of_link, key_size
from mcfs.annex.library import Library
from mcfs.annex.objects import content_finder
from mcfs.text.cover_names import COVER_STEMS, is_cover

# A longer file is an image, and not the pointer of one.
_LONGEST_POINTER = 1024
_PATTERNS = [f":(icase,glob)**/{stem}.*" for stem in COVER_STEMS]


@dataclass(frozen=True, slots=True)
class Cover:
    """An image in the work tree."""

    work_path: str
    # The git object: the same one always has the same content.
    blob: str
    # None for a file that git itself keeps.
    annex_key: str | None
    size: int | None
    # Of an annexed one: relative to the common git directory; None where it is not here.
    content_path: str | None
    # Whether the content can be reached at the work path, if it is here.
    in_work_tree: bool


def read_covers(library: Library, state: Fingerprint, known: Iterable[Cover]) -> dict[str, Cover]:
    """Work path → cover; the objects of `known` ones are not read again."""
    entries = list_files(library, state, is_cover, _PATTERNS)
    key_and_size: dict[str, tuple[str | None, int | None]] = {
        cover.blob: (cover.annex_key, cover.size) for cover in known
    }
    unread = {blob.encode(): mode for mode, blob, _ in entries.values() if blob not in key_and_size}
    for blob, size in object_sizes(library, unread):
        if unread[blob] != LINK:
            key_and_size[blob.decode()] = None, size
            if size > _LONGEST_POINTER:
                del unread[blob]
    for blob, text in blob_contents(library, unread):
        key = key_of_link(text)
        if key is not None:
            key_and_size[blob.decode()] = key, key_size(key)
    # A link that leads elsewhere is left out.
    found = (
        Cover(work_path, blob, *key_and_size[blob], None, in_work_tree)
        for work_path, (_, blob, in_work_tree) in entries.items()
        if blob in key_and_size
    )
    return located_covers(library, found)


def located_covers(library: Library, covers: Iterable[Cover]) -> dict[str, Cover]:
    """Work path → cover, with the path where its content is now."""
    found: Mapping[str, Cover] = {cover.work_path: cover for cover in covers}
    if not found:
        return {}
    find = content_finder(library)
    return {
        work_path: cover
        if cover.annex_key is None
        else _located(library, cover, find(cover.annex_key))
        for work_path, cover in found.items()
    }


def _located(library: Library, cover: Cover, content_path: str | None) -> Cover:
    size = cover.size
    if size is None and content_path is not None:
        try:
            size = (library.common_dir / content_path).stat().st_size
        except OSError:
            content_path = None  # dropped meanwhile
    return replace(cover, size=size, content_path=content_path)
