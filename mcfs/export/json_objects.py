"""Tracks and failures as JSON: the one shape that each of them has in every command.

JSON cannot carry bytes that are not UTF-8: U+FFFD stands for them, as in git-annex's own output.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mcfs.errors import TextError
from mcfs.text.raw_text import replace_not_utf8

if TYPE_CHECKING:
    from mcfs.store.records import TrackRecord


def as_json(tracks: Iterable[TrackRecord]) -> Iterator[str]:
    """A JSON array of tracks, piece by piece."""
    return json_array(map(track_object, tracks))


def json_array(objects: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """An array with one object a line, so that line-based tools can read it too."""
    before = "[\n"
    for each in objects:
        yield before + json_text(each)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def track_object(track: TrackRecord) -> dict[str, Any]:
    """A track, as every command shows it."""
    return {
        "annex_key": track.annex_key,
        "file": track.files[0] if track.files else None,
        "files": list(track.files),
        "name": track.name,
        "present": track.present,
        "size": track.size,
        "fields": {field: list(values) for field, values in sorted(track.values.items())},
    }


def error_object(error: Exception | str) -> dict[str, Any]:
    """A failure, as every command shows it; only queries, paths and templates have a position."""
    if isinstance(error, TextError):
        return {
            "message": error.message,
            "suggestion": error.suggestion,
            "position": error.position,
        }
    return {"message": str(error), "suggestion": None, "position": None}


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON that is always valid UTF-8, even where a library has other bytes; letters are not escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return replace_not_utf8(text)
