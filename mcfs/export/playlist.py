"""Tracks as an extended M3U playlist in UTF-8."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from mcfs.export.track_values import display_title, seconds_of, values_by_field
from mcfs.text.printable import printable

if TYPE_CHECKING:
    from mcfs.store.records import TrackRecord


def as_m3u8(tracks: Iterable[TrackRecord], path_of: Callable[[TrackRecord], str]) -> Iterator[str]:
    """A playlist with lengths and titles, piece by piece.

    The caller chooses the paths: relative in a mount, absolute on the command line.
    """
    yield "#EXTM3U\n"
    for track in tracks:
        values = values_by_field(track)
        seconds = seconds_of(values)
        length = -1 if seconds is None else round(seconds)
        title = display_title(track, values)
        artists = ", ".join(artist for artist in values.get("artist", ()) if artist.strip())
        label = _on_one_line(f"{artists} - {title}" if artists else title)
        yield f"#EXTINF:{length},{label}\n{_path_line(path_of(track))}\n"


def _on_one_line(text: str) -> str:
    return printable(" ".join(text.split()).replace("\0", ""))


def _path_line(path: str) -> str:
    """A path with a line break becomes a URL; `./` keeps one that begins with # from being a comment."""
    if "\n" in path or "\r" in path:
        raw = quote(path.encode("utf-8", "surrogateescape"))
        return f"file://{raw}" if path.startswith("/") else raw
    return f"./{path}" if path.startswith("#") else path
