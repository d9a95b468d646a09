"""The tags inside a sound file, as values of fields.

Owns which ID3 frames, Vorbis comments and MP4 atoms become which field. Values are written as an import from
Mixxx writes them, so that the two imports agree. mutagen reads the files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import mutagen
from mutagen import id3, mp4

from mcfs.errors import TagsError
from mcfs.imports.number_text import bpm_text, seconds_text

Fields = dict[str, tuple[str, ...]]

_FRAMES = {
    "TPE1": "artist",
    "TPE2": "albumartist",
    "TIT2": "title",
    "TALB": "album",
    "TCON": "genre",
    "TCOM": "composer",
    "TIT1": "grouping",
    "GRP1": "grouping",
    "TDRC": "year",
    "TRCK": "tracknumber",
    "TKEY": "key",
    "TBPM": "bpm",
}
# Of two names for the same field, the first one in this order counts.
_COMMENTS = {
    "artist": "artist",
    "albumartist": "albumartist",
    "album artist": "albumartist",
    "title": "title",
    "album": "album",
    "genre": "genre",
    "composer": "composer",
    "grouping": "grouping",
    "date": "year",
    "year": "year",
    "tracknumber": "tracknumber",
    "comment": "comment",
    "description": "comment",
    "initialkey": "key",
    "key": "key",
    "bpm": "bpm",
    "tempo": "bpm",
    "rating": "rating",
}
_ATOMS = {
    "\xa9ART": "artist",
    "aART": "albumartist",
    "\xa9nam": "title",
    "\xa9alb": "album",
    "\xa9gen": "genre",
    "\xa9wrt": "composer",
    "\xa9grp": "grouping",
    "\xa9day": "year",
    "trkn": "tracknumber",
    "\xa9cmt": "comment",
    "----:com.apple.iTunes:initialkey": "key",
    "----:com.apple.iTunes:KEY": "key",
    "----:com.apple.iTunes:BPM": "bpm",
    "tmpo": "bpm",
}
# (highest POPM rating, stars). For one to five stars players write about 1, 64, 128, 196 and 255.
_STARS = ((0, 0), (31, 1), (95, 2), (159, 3), (223, 4), (255, 5))
_NUMBER = re.compile(r"\s*([0-9]+)\s*(?:/.*)?", re.DOTALL)


def read_tags(content: Path, file_name: str) -> Fields:
    """The values in a file's tags; a `TagsError` if it cannot be read. `file_name` has the extension."""
    try:
        with content.open("rb") as file:
            # mutagen needs the name as well: some formats cannot be recognised by their first bytes.
            found = mutagen.File(fileobj=file, filename=file_name)
            fields = None if found is None else _fields(found, content.stat().st_size)
    except OSError as error:
        raise TagsError(f"it cannot be read: {error.strerror or error}") from error
    except mutagen.MutagenError as error:
        raise TagsError(f"it is broken: {' '.join(str(error).split())}") from error
    except Exception as error:
        # mutagen raises exceptions of many kinds for broken files.
        raise TagsError(f"it is broken: {type(error).__name__}: {error}") from error
    if fields is None:
        raise TagsError("it is not a sound file of a known format")
    return fields


def _fields(found: Any, size: int) -> Fields:
    tags: dict[str, list[str]] = {}
    for name, values in _tags(found.tags):
        texts = [text for value in values if (text := _field_text(name, value))]
        if texts:
            tags.setdefault(name, texts)
    fields = {name: tuple(sorted(set(texts))) for name, texts in tags.items()}
    seconds = getattr(found.info, "length", 0) or 0
    if seconds > 0:
        fields["duration"] = (seconds_text(seconds),)
        rate = getattr(found.info, "bitrate", 0) or size * 8 / seconds
        if rate >= 1000:
            fields["bitrate"] = (str(round(rate / 1000)),)
    return fields


def _tags(tags: Any) -> Iterator[tuple[str, Iterable[Any]]]:
    match tags:
        case None:
            return
        case id3.ID3():
            yield from _id3_tags(tags)
        case mp4.MP4Tags():
            yield from _named_tags(tags, _ATOMS, _plain_atom)
        case _:
            # Vorbis comments, also in FLAC and Opus, and APE tags. The case of names does not matter.
            lowered = {str(name).lower(): tags[name] for name in tags.keys()}  # noqa: SIM118
            yield from _named_tags(lowered, _COMMENTS, lambda value: value)


def _named_tags(
    tags: Any, names: Mapping[str, str], plain: Callable[[Any], Any]
) -> Iterator[tuple[str, Iterable[Any]]]:
    for tag, name in names.items():
        if tag in tags:
            yield name, [plain(value) for value in tags[tag]]


def _id3_tags(tags: Any) -> Iterator[tuple[str, Iterable[Any]]]:
    for frame, name in _FRAMES.items():
        for value in tags.getall(frame):
            # `genres` also understands the numbers of ID3v1, and "(17)".
            yield name, value.genres if frame == "TCON" else value.text
    comments = sorted(tags.getall("COMM"), key=lambda comment: (bool(comment.desc), comment.desc))
    for comment in comments:
        # Comments with a description hold data of programs.
        if not comment.desc:
            yield "comment", comment.text
    for popularity in tags.getall("POPM"):
        yield "rating", [next(stars for most, stars in _STARS if popularity.rating <= most)]


def _plain_atom(value: Any) -> Any:
    match value:
        case bytes():
            return value.decode("utf-8", "replace")
        case (number, *_):
            return number
        case _:
            return value


def _field_text(name: str, value: Any) -> str:
    """A value as an import from Mixxx writes it; "" for no value."""
    # JSON cannot hold a lone surrogate.
    text = str(value).encode("utf-8", "replace").decode()
    match name:
        case "bpm":
            return bpm_text(text)
        case "tracknumber":
            found = _NUMBER.fullmatch(text)
            number = found.group(1) if found else text
            return "" if number.strip("0 ") == "" else number
        case "rating":
            return text if text in ("1", "2", "3", "4", "5") else ""
        case _:
            return "" if not text or text.isspace() else text
