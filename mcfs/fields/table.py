"""The fields of the language: their names, what kind each is, and where its values lie.

Owns the table of built-in fields and their aliases. What else a library has comes as a `Vocabulary`,
for every field that any track has is a field of the language under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mcfs.text.fold import fold


class Kind(Enum):
    """What the values of a field are, and so which forms its terms take."""

    TEXT = "text"
    NUMBER = "number"
    BPM = "bpm"
    RATING = "rating"
    YEAR = "year"
    DECADE = "decade"
    DURATION = "duration"
    SIZE = "size"
    KEY = "key"
    DATE = "date"
    FLAG = "flag"


# What no annex field can be called: made by a sync from where a track's files are.
LOCATION = "/location"
DIRECTORY = "/directory"
TYPE = "/type"
# In front of the name of an annex field that a built-in name may hide.
RAW = "meta."

BUILT_IN: Mapping[str, Kind] = {
    "added": Kind.DATE,
    "album": Kind.TEXT,
    "albumartist": Kind.TEXT,
    "any": Kind.TEXT,
    "artist": Kind.TEXT,
    "bitrate": Kind.NUMBER,
    "bpm": Kind.BPM,
    "changed": Kind.DATE,
    "comment": Kind.TEXT,
    "composer": Kind.TEXT,
    "crate": Kind.TEXT,
    "decade": Kind.DECADE,
    "directory": Kind.TEXT,
    "duration": Kind.DURATION,
    "genre": Kind.TEXT,
    "grouping": Kind.TEXT,
    "key": Kind.KEY,
    "live": Kind.FLAG,
    "location": Kind.TEXT,
    "played": Kind.NUMBER,
    "present": Kind.FLAG,
    "rating": Kind.RATING,
    "size": Kind.SIZE,
    "title": Kind.TEXT,
    "tracknumber": Kind.NUMBER,
    "type": Kind.TEXT,
    "year": Kind.YEAR,
}

ALIASES: Mapping[str, str] = {
    "a": "artist",
    "aa": "albumartist",
    "ad": "added",
    "al": "album",
    "album_artist": "albumartist",
    "b": "bpm",
    "cm": "comment",
    "cp": "composer",
    "date_added": "added",
    "dateadded": "added",
    "datetime_added": "added",
    "dir": "directory",
    "du": "duration",
    "ext": "type",
    "file": "location",
    "g": "genre",
    "gr": "grouping",
    "k": "key",
    "lastchanged": "changed",
    "lo": "location",
    "r": "rating",
    "t": "title",
    "timesplayed": "played",
    "tr": "tracknumber",
    "track": "tracknumber",
    "y": "year",
}

# The stored fields that a name looks into, where they are not just its own. Programs spell some of
# them in two ways.
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "albumartist": ("albumartist", "album_artist"),
    "artist": ("artist", "albumartist", "album_artist"),
    "directory": (DIRECTORY,),
    "location": (LOCATION,),
    "played": ("played", "timesplayed"),
    "tracknumber": ("tracknumber", "track"),
    "type": (TYPE,),
    "any": (
        "artist",
        "albumartist",
        "album_artist",
        "title",
        "album",
        "genre",
        "composer",
        "comment",
        "grouping",
        "crate",
        LOCATION,
    ),
}


def sources(field: str) -> tuple[str, ...]:
    """The stored fields whose values a field of the language asks."""
    if field.startswith(RAW):
        return (field.removeprefix(RAW),)
    return _SOURCES.get(field, (field,))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The folded names of the fields that a library has, beside the built-in ones."""

    discovered: frozenset[str] = frozenset()

    def canonical(self, written: str) -> str | None:
        """The one name of a field, however it is written; None when nobody has such a field."""
        name = fold(written)
        if name in BUILT_IN:
            return name
        if name in ALIASES:
            return ALIASES[name]
        if name.startswith(RAW):
            return name if name.removeprefix(RAW) in self.discovered else None
        return name if name in self.discovered else None

    def names(self) -> list[str]:
        """All that can be written, for suggestions: whole names before their abbreviations."""
        spelled_out = [alias for alias in ALIASES if len(alias) > 2]
        own = sorted(self.discovered.difference(BUILT_IN, ALIASES))
        return [*BUILT_IN, *own, *spelled_out, "sort", "limit", "shuffle"]


def kind_of(field: str) -> Kind | None:
    """The kind of a built-in field; None for one that a library brings along."""
    return BUILT_IN.get(field)
