"""Tags for the demo files, as a tagging program would write them.

Owns which metadata field is which ID3 frame or Vorbis comment. Ratings, crates and colours are only in
git-annex, because tagging programs do not write them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from mutagen import flac, id3, wave

# mutagen's annotations are incomplete: they do not say what its constructors return.
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


def with_tags(sound: bytes, extension: str, fields: Mapping[str, Sequence[str]]) -> bytes:
    """The file with tags for those fields that have one; the same file if none has."""
    texts = {field: list(values) for field, values in fields.items() if field in _FRAMES}
    if not texts:
        return sound
    file = io.BytesIO(sound)
    match extension:
        case "flac":
            holder = _FLAC(file)
            holder.add_tags()
            # By default the vendor is mutagen with its version: every version would make other keys.
            holder.tags.vendor = "mcfs demo"
            for field, values in texts.items():
                holder.tags[_COMMENTS[field]] = values
        case "wav":
            holder = _WAVE(file)
            holder.add_tags()
            _fill(holder.tags, texts)
        case "mp3":
            holder = _ID3()
            _fill(holder, texts)
        case _:
            raise ValueError(f"no tags are written to {extension}")
    file.seek(0)
    holder.save(file, padding=_no_padding)
    return file.getvalue()


def _fill(tags: Any, texts: Mapping[str, list[str]]) -> None:
    for field, values in texts.items():
        language = {"lang": "eng"} if field == "comment" else {}
        tags.add(_FRAMES[field](encoding=id3.Encoding.UTF8, text=values, **language))


def _no_padding(_info: object) -> int:
    return 0
