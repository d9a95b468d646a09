"""The tags inside a sound file, as values of fields.

Owns how the values of ID3 frames, Vorbis comments and MP4 atoms are taken out; which of them hold a field is
in the table of fields. Values are written as an import from Mixxx writes them, so that the two imports agree.
mutagen reads the files.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import mutagen
from mutagen import id3, mp4
from mutagen.id3 import _frames  # noqa: PLC2701  (mutagen has no other way to bound what it unpacks)

from mcfs.errors import TagsError
from mcfs.fields import field_named, field_table
from mcfs.fields.field import Tags
from mcfs.text.raw_text import replace_not_utf8

Fields = dict[str, tuple[str, ...]]

# (highest POPM rating, stars). For one to five stars players write about 1, 64, 128, 196 and 255.
_STARS = ((0, 0), (31, 1), (95, 2), (159, 3), (223, 4), (255, 5))
# Fields that come from the sound itself, not from a tag.
_DURATION = "duration"
_BITRATE = "bitrate"
# Characters of one value. Comments of a few thousand exist.
_MAX_TEXT = 100_000
# Bytes that the compressed frames of one file may unpack to. They can be large pictures; but 700 KB of a file
# that was made to do harm would unpack to gigabytes.
_MAX_UNPACKED = 64_000_000


class _BoundedZlib:
    """What mutagen uses of zlib, to unpack the frames of one file at a time."""

    error = zlib.error

    def __init__(self) -> None:
        self.left = _MAX_UNPACKED

    def decompress(self, packed: bytes) -> bytes:
        """The whole text of a frame; a `TagsError` if the file's frames would unpack to too much."""
        stream = zlib.decompressobj()
        text = stream.decompress(packed, self.left + 1)
        self.left -= len(text)
        if self.left < 0:
            raise TagsError(f"its tags unpack to more than {_MAX_UNPACKED // 1_000_000} MB")
        if not stream.eof:
            raise zlib.error("incomplete data")
        return text


_zlib = _BoundedZlib()
vars(_frames)["zlib"] = _zlib


def tag_fields() -> tuple[str, ...]:
    """The fields that a sound file can have values for."""
    tagged = [field.name for field in field_table().rows if field.tags != Tags()]
    return (*tagged, _DURATION, _BITRATE)


def read_tags(content: Path, file_name: str) -> Fields:
    """The values in a file's tags; a `TagsError` if it cannot be read. `file_name` has the extension."""
    _zlib.left = _MAX_UNPACKED
    try:
        with content.open("rb") as file:
            # mutagen needs the name as well: some formats cannot be recognised by their first bytes.
            found = mutagen.File(fileobj=file, filename=file_name)
            fields = None if found is None else _fields(found, content.stat().st_size)
    except OSError as error:
        raise TagsError(f"it cannot be read: {error.strerror or error}") from error
    except mutagen.MutagenError as error:
        raise TagsError(f"it is broken: {' '.join(str(error).split())}") from error
    except TagsError:
        raise
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
        fields[_DURATION] = (_field_text(_DURATION, seconds),)
        rate = getattr(found.info, "bitrate", 0) or size * 8 / seconds
        if rate >= 1000:
            fields[_BITRATE] = (str(round(rate / 1000)),)
    return fields


def _tags(tags: Any) -> Iterator[tuple[str, Iterable[Any]]]:
    """(field, values) of every tag that is there; of two tags of one field the first counts."""
    match tags:
        case None:
            return
        case id3.ID3():
            for field in field_table().rows:
                for frame in field.tags.id3:
                    for values in _id3_values(tags, frame):
                        yield field.name, values
        case mp4.MP4Tags():
            for field in field_table().rows:
                for atom in field.tags.mp4:
                    if atom in tags:
                        yield field.name, [_plain_atom(value) for value in tags[atom]]
        case _:
            # Vorbis comments, also in FLAC and Opus, and APE tags. The case of names does not matter.
            lowered = {str(name).lower(): tags[name] for name in tags.keys()}  # noqa: SIM118  (not a dict: iterating can give pairs)
            for field in field_table().rows:
                for name in field.tags.vorbis:
                    if name in lowered:
                        yield field.name, lowered[name]


def _id3_values(tags: Any, frame: str) -> Iterator[Iterable[Any]]:
    """The values of every frame of a name."""
    match frame:
        case "TCON":
            for genre in tags.getall(frame):
                yield genre.genres  # understands the numbers of ID3v1, and "(17)"
        case "COMM":
            comments = tags.getall(frame)
            for comment in sorted(comments, key=lambda one: (bool(one.desc), one.desc)):
                # Comments with a description hold data of programs.
                if not comment.desc:
                    yield comment.text
        case "POPM":
            for popularity in tags.getall(frame):
                yield [next(stars for most, stars in _STARS if popularity.rating <= most)]
        case _:
            for text in tags.getall(frame):
                yield text.text


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
    written = str(value)
    if len(written) > _MAX_TEXT:
        raise TagsError(
            f"its {name} has {len(written)} characters; at most {_MAX_TEXT} are imported"
        )
    text = replace_not_utf8(written)  # JSON cannot hold a lone surrogate
    return field_named(name).kind.tag_text(text)
