"""The name of a track, from its metadata and its file: `Artist - Title.ext`.

Owns that form, and how a work path splits into stem and extension.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from mcfs.text.escape import escape, join_name


def is_audio(work_path: str, extensions: Container[str]) -> bool:
    """Whether an annexed file is a track: whether its extension is one of these."""
    return stem_and_suffix(work_path)[1].lower() in extensions


def stem_and_suffix(work_path: str) -> tuple[str, str]:
    """ "a/b.mp3" → "b", "mp3"; a name that begins or ends with its only dot has no suffix."""
    name = work_path.rpartition("/")[2]
    at = name.rfind(".")
    return (name[:at], name[at + 1 :]) if 0 < at < len(name) - 1 else (name, "")


def track_name(values: Mapping[str, Sequence[str]], stem: str, extension: str) -> str:
    """`Artist - Title.ext`, which other tracks may have too; without a title, the name of the file."""
    titles = sorted(title for title in values.get("title", ()) if title.strip())
    artists = ", ".join(sorted(artist for artist in values.get("artist", ()) if artist.strip()))
    if titles:
        shown = f"{artists} - {titles[0]}" if artists else titles[0]
    else:
        shown = stem
    return join_name(escape(shown), f".{extension}" if extension else "")
