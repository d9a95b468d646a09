"""Tracks as text that other programs read: a playlist, a table for spreadsheets, JSON objects.

Owns these three formats, and yields them piece by piece, so that a large answer is never held. Pure:
where a track lies is the caller's to say, for a playlist in the mount is relative and one on the
command line absolute. Text that is not UTF-8 leaves as it came in (surrogateescape), to be written as
the bytes it was; JSON has no way to say such bytes, and says U+FFFD as git-annex does.
"""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from mcfs.store.records import TrackRecord
from mcfs.text.names import fold
from mcfs.text.numbers import number_of
from mcfs.text.raw_text import replace_not_utf8

Location = Callable[[TrackRecord], str]

# Between several values of a field in one cell: a comma is part of too many names.
_BETWEEN = "; "
_FIRST_FIELDS = ("artist", "title", "album", "genre", "bpm", "key", "rating", "year", "crate")
_fold_name = functools.lru_cache(maxsize=1024)(fold)


def values_of(track: TrackRecord) -> dict[str, tuple[str, ...]]:
    """A track's values by the folded name of the field, however the library spells it."""
    return {_fold_name(shown): texts for shown, texts in track.values.items()}


def seconds_of(values: Mapping[str, Sequence[str]]) -> float | None:
    """How long a track is, if its metadata says so."""
    lengths = [number_of("duration", text) for text in values.get("duration", ())]
    return min((length for length in lengths if length is not None and length > 0), default=None)


def shown_title(track: TrackRecord, values: Mapping[str, Sequence[str]]) -> str:
    """The title; without one, what the track is called in a folder, which is its file's stem."""
    titles = [title for title in values.get("title", ()) if title.strip()]
    if titles:
        return titles[0]
    stem, dot, _ = track.name.rpartition(".")
    return stem if dot else track.name


def as_m3u8(tracks: Iterable[TrackRecord], location: Location) -> Iterator[str]:
    """A playlist with lengths and titles. It is UTF-8, which is what the 8 says."""
    yield "#EXTM3U\n"
    for track in tracks:
        values = values_of(track)
        seconds = seconds_of(values)
        length = -1 if seconds is None else round(seconds)
        title = shown_title(track, values)
        artists = ", ".join(artist for artist in values.get("artist", ()) if artist.strip())
        label = _one_line(f"{artists} - {title}" if artists else title)
        yield f"#EXTINF:{length},{label}\n{_playlist_line(location(track))}\n"


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("\0", "")


def _playlist_line(path: str) -> str:
    """A path as a line of its own: one that would break the line as a URL, one like a comment with ./."""
    if "\n" in path or "\r" in path:
        raw = quote(path.encode("utf-8", "surrogateescape"))
        return f"file://{raw}" if path.startswith("/") else raw
    return f"./{path}" if path.startswith("#") else path


def as_csv(tracks: Iterable[TrackRecord], fields: Iterable[str]) -> Iterator[str]:
    """RFC 4180: a header, lines that end in CRLF; columns are `fields` and what every track has.

    `fields` are all that the library has, so that the columns are the same whatever was asked.
    """
    columns = csv_columns(fields)
    write = csv.writer(_Line()).writerow
    yield write(["file", "name", "present", "size", "annex_key", *columns])
    for track in tracks:
        values = values_of(track)
        yield write(
            [
                track.files[0] if track.files else "",
                track.name,
                "yes" if track.present else "no",
                "" if track.size is None else track.size,
                track.annex_key,
                *(_BETWEEN.join(values.get(_fold_name(field), ())) for field in columns),
            ]
        )


def csv_columns(fields: Iterable[str]) -> list[str]:
    """What is asked for most comes first, the rest in the order of the alphabet."""
    rank = {name: place for place, name in enumerate(_FIRST_FIELDS)}
    return sorted(fields, key=lambda field: (rank.get(_fold_name(field), len(rank)), field))


class _Line:
    """What `csv` writes to: hands the line back."""

    def write(self, line: str) -> str:
        return line


def as_json(tracks: Iterable[TrackRecord]) -> Iterator[str]:
    """An array of objects, one a line, so that it can be read by eye and by line as well."""
    before = "[\n"
    for track in tracks:
        yield before + json_text(track_object(track))
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def track_object(track: TrackRecord) -> dict[str, Any]:
    """A track as every command shows it to programs."""
    return {
        "annex_key": track.annex_key,
        "file": track.files[0] if track.files else None,
        "files": list(track.files),
        "name": track.name,
        "present": track.present,
        "size": track.size,
        "fields": {shown: list(texts) for shown, texts in sorted(track.values.items())},
    }


def json_text(what: Any, indent: int | None = None) -> str:
    """JSON that is valid UTF-8 whatever bytes a library has, with letters as letters."""
    text = json.dumps(what, ensure_ascii=False, indent=indent)
    return replace_not_utf8(text)
