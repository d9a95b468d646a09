"""Tracks and playlists as the XML that Rekordbox, Engine DJ and the converters of other DJ programs read.

Owns which attribute holds which field, how Rekordbox spells each value, and which files it does not import.
The attributes are those of its published format 1.0.0; how it writes locations, keys and unknown values was
read off collections that Rekordbox itself had exported.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from mcfs import __version__
from mcfs.export.plan import PlannedFile, PlannedFolder
from mcfs.export.track_values import Values, display_title, seconds_of, values_by_field
from mcfs.fields import field_named
from mcfs.fields.date_values import shown_date
from mcfs.text.musical_keys import key_number

if TYPE_CHECKING:
    from mcfs.store.records import TrackRecord


# The types of files that Rekordbox plays. Other programs that read the XML play more of them.
_KINDS = {
    "aif": "AIFF File",
    "aiff": "AIFF File",
    "alac": "ALAC File",
    "flac": "FLAC File",
    "m4a": "M4A File",
    "mp3": "MP3 File",
    "mp4": "M4A File",
    "wav": "WAV File",
}
_LONGEST_PATH = 255
_RATING_OF_A_STAR = 51
_LARGEST_NUMBER = 2**31 - 1
# Rekordbox writes these only where they are known.
_OPTIONAL = frozenset({"Colour", "LastPlayed"})

# In every file that is written here, and near its beginning.
MADE_BY_MCFS = '<PRODUCT Name="mcfs" '

# All bytes but these are percent-encoded. Rekordbox compares locations as text: encoded in another way, a
# track that it already has becomes a second one. So `#` and `?` stay as they are, although URLs encode them.
_ENCODED = re.compile(rb"[^A-Za-z0-9/_.~,()!+#$@?-]")
_DRIVE = re.compile(r"[A-Za-z]:(?=/)")

# What XML cannot contain, not even as a reference.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Readers take the last three for spaces unless they are references.
_REFERENCES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}

# How Rekordbox calls the keys, in the order of their numbers.
_KEYS = (
    *("Abm", "B", "Ebm", "F#", "Bbm", "Db", "Fm", "Ab", "Cm", "Eb", "Gm", "Bb"),
    *("Dm", "F", "Am", "C", "Em", "G", "Bm", "D", "F#m", "A", "Dbm", "E"),
)

# All colours that a track of Rekordbox can have: rose, red, orange, lemon, green, turquoise, blue, violet.
_COLORS = (0xFF007F, 0xFF0000, 0xFFA500, 0xFFFF00, 0x00FF00, 0x25FDE9, 0x0000FF, 0x660099)
_COLOR = re.compile(r"\s*#?([0-9A-Fa-f]{6})\s*")
# White, grey and black are less saturated than this, and like none of the eight.
_LEAST_SATURATION = 0.25


def as_rekordbox_xml(
    tracks: Iterable[TrackRecord],
    plan: PlannedFolder,
    name: str,
    path_of: Callable[[TrackRecord], str],
) -> Iterator[str]:
    """A collection of these tracks, each of them once, and the folders of a plan as its playlists.

    `name` is the playlist of what is in the top folder itself. `path_of` is the absolute path of a track's
    file, where the XML is read. What is not among the tracks is in no playlist.
    """
    ids: dict[str, int] = {}
    lines: list[str] = []
    for number, track in enumerate(tracks, start=1):
        ids[track.annex_key] = number
        attributes = {"TrackID": number, **_attributes(track, path_of(track))}
        lines.append(_line(2, "TRACK", attributes, empty=True))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n\n<DJ_PLAYLISTS Version="1.0.0">\n'
    yield _line(1, "PRODUCT", {"Name": "mcfs", "Version": __version__, "Company": ""}, empty=True)
    yield _line(1, "COLLECTION", {"Entries": len(lines)})
    yield from lines
    yield "  </COLLECTION>\n  <PLAYLISTS>\n"
    yield from _folder_lines(2, "ROOT", name, plan, ids)
    yield "  </PLAYLISTS>\n</DJ_PLAYLISTS>\n"


def location(path: str) -> str:
    """The URL of an absolute path, as Rekordbox writes it: "/é & #1" → "file://localhost/%c3%a9%20%26%20#1"."""
    drive = found.group() if (found := _DRIVE.match(path)) else ""
    raw = path[len(drive) :].encode("utf-8", "surrogateescape")
    encoded = _ENCODED.sub(lambda found: b"%%%02x" % ord(found.group()), raw).decode()
    return f"file://localhost{f'/{drive}' if drive else ''}{encoded}"


def why_not_imported(path: str) -> str | None:
    """Why Rekordbox leaves out the file of this path; None where it does not."""
    if len(path) > _LONGEST_PATH:
        return f"their paths have more than {_LONGEST_PATH} characters"
    extension = _extension(path)
    return None if extension in _KINDS else f"it does not play {extension or 'such'} files"


# --- tracks


def _attributes(track: TrackRecord, path: str) -> dict[str, str | int]:
    """What a collection says of a track, in Rekordbox's order. What is not known is 0 or "" there."""
    values = values_by_field(track)
    extension = _extension(path)
    attributes: dict[str, str | int] = {
        "Name": display_title(track, values),
        "Artist": _text(values, "artist"),
        "Composer": _text(values, "composer"),
        "Album": _text(values, "album"),
        "Grouping": _text(values, "grouping"),
        "Genre": _text(values, "genre"),
        "Kind": _KINDS.get(extension, f"{extension.upper()} File".lstrip()),
        "Size": track.size or 0,
        "TotalTime": round(_bounded(seconds_of(values) or 0)),
        "DiscNumber": _number(values, "discnumber"),
        "TrackNumber": _number(values, "tracknumber"),
        "Year": _number(values, "year"),
        "AverageBpm": f"{_amount(values, 'bpm'):.2f}",
        "DateAdded": _day_added(track),
        "BitRate": _number(values, "bitrate"),
        "SampleRate": _number(values, "samplerate"),
        "Comments": _text(values, "comment"),
        "PlayCount": _number(values, "played"),
        "LastPlayed": _day(values, "lastplayed"),
        "Rating": min(round(_amount(values, "rating")), 5) * _RATING_OF_A_STAR,
        "Location": location(path),
        "Remixer": _text(values, "remixer"),
        "Tonality": _key(values),
        "Label": _text(values, "label"),
        "Mix": _text(values, "mix"),
        "Colour": _color(values),
    }
    return {name: value for name, value in attributes.items() if value or name not in _OPTIONAL}


def _values(values: Values, name: str) -> list[str]:
    """All values of a field, however the library stores it, without blank ones."""
    return [
        text
        for stored in field_named(name).stored_names
        for text in values.get(stored, ())
        if text.strip()
    ]


def _text(values: Values, name: str) -> str:
    return ", ".join(_values(values, name))


def _amount(values: Values, name: str) -> float:
    """The first value that is a number, and above 0; else 0."""
    number_of = field_named(name).kind.number_of
    numbers = (number_of(text) for text in _values(values, name))
    return _bounded(next((number for number in numbers if number is not None and number > 0), 0))


def _number(values: Values, name: str) -> int:
    return round(_amount(values, name))


def _bounded(number: float) -> float:
    """The number, or 0 for one that Rekordbox has no place for."""
    return number if number <= _LARGEST_NUMBER else 0


def _day_added(track: TrackRecord) -> str:
    return "" if track.added_at is None else track.added_at.astimezone().date().isoformat()


def _day(values: Values, name: str) -> str:
    """The latest day among the values. Rekordbox knows no date without one."""
    days = (shown_date(text) or "" for text in _values(values, name))
    return max((day for day in days if len(day) == len("2025-06-30")), default="")


def _key(values: Values) -> str:
    """A key by its name in Rekordbox; a text that is no key stays as it is."""
    texts = _values(values, "key")
    numbers = (key_number(text) for text in texts)
    return next((_KEYS[number - 1] for number in numbers if number), ", ".join(texts))


def _color(values: Values) -> str:
    found = next(filter(None, map(_COLOR.fullmatch, _values(values, "color"))), None)
    return "" if found is None else _nearest_color(int(found.group(1), 16))


@lru_cache(maxsize=1024)
def _nearest_color(wanted: int) -> str:
    """The one of Rekordbox's colours that is most like another colour; "" for none."""
    _, saturation, _ = colorsys.rgb_to_hsv(*(channel / 255 for channel in _channels(wanted)))
    if saturation < _LEAST_SATURATION:
        return ""
    return f"0x{min(_COLORS, key=lambda color: _difference(color, wanted)):06X}"


def _difference(color: int, other: int) -> int:
    return sum((a - b) ** 2 for a, b in zip(_channels(color), _channels(other), strict=True))


def _channels(color: int) -> tuple[int, int, int]:
    return color >> 16, color >> 8 & 0xFF, color & 0xFF


def _extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


# --- playlists


def _folder_lines(
    depth: int, name: str, own_name: str, folder: PlannedFolder, ids: Mapping[str, int]
) -> Iterator[str]:
    """A folder of playlists. It has no tracks there, so its own are a playlist in it, called `own_name`."""
    own = _own_ids(folder, ids)
    folders = [entry for entry in folder.entries if isinstance(entry, PlannedFolder)]
    yield _line(depth, "NODE", {"Type": 0, "Name": name, "Count": len(folders) + bool(own)})
    if own:
        yield from _playlist_lines(depth + 1, own_name, own)
    for inner in folders:
        if any(isinstance(entry, PlannedFolder) for entry in inner.entries):
            yield from _folder_lines(depth + 1, inner.name, inner.name, inner, ids)
        else:
            yield from _playlist_lines(depth + 1, inner.name, _own_ids(inner, ids))
    yield f"{'  ' * depth}</NODE>\n"


def _own_ids(folder: PlannedFolder, ids: Mapping[str, int]) -> list[int]:
    return [
        ids[entry.annex_key]
        for entry in folder.entries
        if isinstance(entry, PlannedFile) and entry.annex_key in ids
    ]


def _playlist_lines(depth: int, name: str, ids: list[int]) -> Iterator[str]:
    yield _line(depth, "NODE", {"Name": name, "Type": 1, "KeyType": 0, "Entries": len(ids)})
    for number in ids:
        yield _line(depth + 1, "TRACK", {"Key": number}, empty=True)
    yield f"{'  ' * depth}</NODE>\n"


# --- XML


def _line(
    depth: int, element: str, attributes: Mapping[str, str | int], *, empty: bool = False
) -> str:
    """The start of an element, or all of an empty one."""
    written = "".join(f' {name}="{_xml_text(value)}"' for name, value in attributes.items())
    return f"{'  ' * depth}<{element}{written}{'/' if empty else ''}>\n"


def _xml_text(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return escape(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", value), _REFERENCES)
