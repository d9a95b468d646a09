"""The tags inside a demo file, as a tagging program would have written them.

Owns the mapping from metadata fields to ID3 frames and Vorbis comments. Ratings, crates and colours
are not among them: those are the DJ's own words, and only git-annex has them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from mutagen import flac, id3, wave

# mutagen is annotated in part, and its annotations do not say what its constructors return.
_FLAC: Any = flac.FLAC
_WAVE: Any = wave.WAVE
_ID3: Any = id3.ID3
_FRAMES: Mapping[str, Any] = {
    "artist": id3.TPE1,
    "title": id3.TIT2,
    "album": id3.TALB,
    "albumartist": id3.TPE2,
    "genre": id3.TCON,
    "bpm": id3.TBPM,
    "key": id3.TKEY,
    "year": id3.TDRC,
    "tracknumber": id3.TRCK,
    "comment": id3.COMM,
}
_COMMENTS = {field: field for field in _FRAMES} | {"key": "initialkey", "year": "date"}


def tagged(sound: bytes, extension: str, fields: Mapping[str, Sequence[str]]) -> bytes:
    """The file with those of the fields that tags can say; none leaves it as it is."""
    said = {field: list(values) for field, values in fields.items() if field in _FRAMES}
    if not said:
        return sound
    file = io.BytesIO(sound)
    match extension:
        case "flac":
            holder = _FLAC(file)
            holder.add_tags()
            holder.tags.vendor = "mcfs demo"  # else mutagen's version would be part of every key
            for field, values in said.items():
                holder.tags[_COMMENTS[field]] = values
        case "wav":
            holder = _WAVE(file)
            holder.add_tags()
            _fill(holder.tags, said)
        case "mp3":
            holder = _ID3()
            _fill(holder, said)
        case _:
            raise ValueError(f"no tags are written to {extension}")
    file.seek(0)
    holder.save(file, padding=_no_padding)
    return file.getvalue()


def _fill(tags: Any, said: Mapping[str, list[str]]) -> None:
    for field, values in said.items():
        language = {"lang": "eng"} if field == "comment" else {}
        tags.add(_FRAMES[field](encoding=id3.Encoding.UTF8, text=values, **language))


def _no_padding(_info: object) -> int:
    return 0
