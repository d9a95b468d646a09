"""Any number of made-up tracks: albums, singles, compilations and concerts in realistic proportions.

Owns everything random. Of Python's generator only `random()` is used, because only its numbers are guaranteed
to be the same in every version of Python.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mcfs.demo import words
from mcfs.demo.key_notations import MusicKey, Notation
from mcfs.demo.track import ContentIn, Fields, Track
from mcfs.demo.tune import Tune

_T = TypeVar("_T")


class _Dice:
    """Random choices that are the same for the same seed in every version of Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"mcfs demo {seed}")

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random.random()

    def whole(self, low: int, high: int) -> int:
        return low + int((high + 1 - low) * self._random.random())

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def pick(self, among: Sequence[_T]) -> _T:
        return among[int(len(among) * self._random.random())]


@dataclass(frozen=True, slots=True)
class _Style:
    genre: str
    also: tuple[str, ...]
    slowest: float
    fastest: float
    crates: tuple[str, ...]


_EARLY, _PEAK, _LATE = "Warm-up / early", "Peak time", "Afterhours"
_STYLES = (
    _Style("House", ("Disco", "Deep House"), 118, 127, (_EARLY, "Sunday 🌞")),
    _Style("Deep House", ("House", "Dub"), 116, 124, (_EARLY, _LATE)),
    _Style("Techno", ("Acid", "Industrial"), 128, 142, (_PEAK, "Festival")),
    _Style("Dub Techno", ("Techno", "Dub"), 118, 130, (_LATE, _EARLY)),
    _Style("Electro", ("Techno", "Breaks"), 126, 138, (_PEAK,)),
    _Style("Drum & Bass", ("Jungle", "Liquid"), 170, 177, (_PEAK, "Festival")),
    _Style("UK Garage", ("2-Step", "Bass"), 130, 135, ("Festival", _PEAK)),
    _Style("Ambient", ("Drone", "Field Recordings"), 60, 92, (_LATE, "Listening")),
    _Style("Dub", ("Reggae", "Downtempo"), 68, 82, (_EARLY, "Listening")),
    _Style("Disco", ("Funk", "Italo"), 108, 124, ("Closing", "Sunday 🌞")),
    _Style("Downtempo", ("Trip Hop", "Ambient"), 84, 106, (_EARLY, "Listening")),
    _Style("Trance", ("Progressive House", "Techno"), 134, 142, ("Closing", "Festival")),
)
_EXTENSIONS = ("flac",) * 9 + ("mp3",) * 7 + ("wav",) * 4
_RATINGS = ("", "", "1", "2", "3", "3", "4", "4", "4", "5")
_TITLES = (
    *("{a} {n}",) * 5,
    *("{n}", "{n} & {m}", "{n} in {p}", "{n} to {n}", "{n} of the {a}", "The {a} {n}") * 2,
    *("{n} / {m}", "{p}", "{p} {n}", "{n}?", "({a}) {n}", "{n}, {m}"),
)
_VERSIONS = ("Original Mix", "Extended Mix", "Dub", "Instrumental", "Edit", "VIP")


@dataclass(frozen=True, slots=True)
class _Artist:
    name: str
    style: _Style


@dataclass(frozen=True, slots=True)
class _Release:
    """What the tracks of one release have in common."""

    folder: str
    album: str  # empty for a single
    album_artist: str  # empty if it is the artist
    year: str
    added: str  # empty if only git-annex's logs say when
    extension: str
    notation: Notation
    unlocked: bool
    content_in: ContentIn


def generated_tracks(seed: int, taken: Iterable[str]) -> Iterator[Track]:
    """An endless sequence of tracks. No work path is in `taken`, and none occurs twice."""
    return _TrackGenerator(_Dice(seed), taken).tracks()


class _TrackGenerator:
    def __init__(self, dice: _Dice, taken: Iterable[str]) -> None:
        self._dice = dice
        # Case-folded: on some file systems, names that differ only in case are the same file.
        self._taken = {path.casefold() for path in taken}
        self._artists: list[_Artist] = []

    def tracks(self) -> Iterator[Track]:
        dice = self._dice
        while True:
            draw = dice.between(0, 1)
            if draw < 0.40:
                yield from self._album(dice.whole(4, 8))
            elif draw < 0.60:
                yield from self._album(dice.whole(2, 3))
            elif draw < 0.78:
                yield self._single()
            elif draw < 0.86:
                yield from self._compilation()
            elif draw < 0.92:
                yield from self._concert()
            else:
                yield self._recording_without_metadata()

    def _album(self, length: int) -> Iterator[Track]:
        artist = self._artist()
        album = self._title() + (" EP" if length < 4 else "")
        folder = self._free_folder(f"{_file_name(artist.name)}/{_file_name(album)}")
        release = self._release(folder, album)
        for number in range(1, length + 1):
            guests = (self._artist(),) if self._dice.chance(0.08) else ()
            yield self._track(release, (artist, *guests), self._version(self._title()), number)

    def _concert(self) -> Iterator[Track]:
        artist = self._artist()
        year = self._dice.whole(1998, 2015)
        album = f"Live at {self._dice.pick(words.VENUES)}, {self._dice.pick(words.PLACES)} {year}"
        folder = self._free_folder(f"{_file_name(artist.name)}/{_file_name(album)}")
        release = replace(self._release(folder, album), year=str(year))
        for number in range(1, self._dice.whole(2, 4) + 1):
            yield self._track(release, (artist,), f"{self._title()} (live)", number)

    def _compilation(self) -> Iterator[Track]:
        album = f"{self._dice.pick(words.LABELS)}, Vol. {self._dice.whole(1, 12)}"
        folder = self._free_folder(f"Compilations/{_file_name(album)}")
        release = self._release(folder, album, album_artist="Various Artists")
        for number in range(1, self._dice.whole(5, 9) + 1):
            yield self._track(release, (self._artist(),), self._title(), number)

    def _single(self) -> Track:
        artists = (self._artist(), self._artist()) if self._dice.chance(0.2) else (self._artist(),)
        return self._track(self._release("Singles", ""), artists, self._version(self._title()), 0)

    def _recording_without_metadata(self) -> Track:
        dice = self._dice
        stem = dice.pick(("REC-{:04}", "Track {:02}", "rip {:03}", "Unbenannt-{:02}"))
        stem = stem.format(dice.whole(1, 99))
        style = dice.pick(_STYLES)
        return Track(
            work_paths=(self._free_file(f"Incoming/{stem}", dice.pick(_EXTENSIONS)),),
            tune=Tune(
                bpm=round(dice.between(style.slowest, style.fastest), 2),
                root=dice.whole(0, 11),
                minor=dice.chance(0.7),
                number=0,
            ),
        )

    def _track(
        self, release: _Release, artists: tuple[_Artist, ...], title: str, number: int
    ) -> Track:
        dice = self._dice
        style = artists[0].style
        bpm, written_bpm = self._bpm(style)
        key = MusicKey(dice.whole(1, 12), minor=dice.chance(0.7))
        names = tuple(dict.fromkeys(artist.name for artist in artists))
        genre = style.genre.lower() if dice.chance(0.1) else style.genre
        rating = dice.pick(_RATINGS)
        fields = {
            "artist": names,
            "title": (title,),
            "album": (release.album,),
            "albumartist": (release.album_artist,),
            "tracknumber": (str(number),) if number else (),
            "genre": (genre, dice.pick(style.also)) if dice.chance(0.45) else (genre,),
            "year": (release.year,),
            "bpm": (written_bpm,),
            "key": (key.text_in(release.notation),) if dice.chance(0.95) else (),
            "rating": (rating,),
            "crate": self._crates(style, rating),
            "color": (dice.pick(words.COLORS),) if dice.chance(0.3) else (),
            "comment": (dice.pick(words.COMMENTS),) if dice.chance(0.25) else (),
            "added": (release.added,),
        }
        metadata = _without_empty(fields)
        stem = f"{', '.join(names)} - {title}"
        if number:
            stem = f"{number:02} {stem if release.album_artist else title}"
        paths = [self._free_file(f"{release.folder}/{_file_name(stem)}", release.extension)]
        if dice.chance(0.03):
            evening = f"{dice.whole(2021, 2025)}-{dice.whole(1, 12):02}-{dice.whole(1, 28):02}"
            stem = f"Sets/{evening} {dice.pick(words.VENUES)}/{_file_name(f'{names[0]} - {title}')}"
            paths.append(self._free_file(stem, release.extension))
        return Track(
            work_paths=tuple(paths),
            tune=Tune(bpm, key.root, key.minor, number=0),
            fields=metadata,
            tags=metadata,
            unlocked=release.unlocked,
            content_in=release.content_in,
        )

    def _release(self, folder: str, album: str, album_artist: str = "") -> _Release:
        dice = self._dice
        year = dice.whole(1988, 2025)
        month, day = dice.whole(1, 12), dice.whole(1, 28)
        draw = dice.between(0, 1)
        return _Release(
            folder=folder,
            album=album,
            album_artist=album_artist,
            year=f"{year}-{month:02}-{day:02}" if dice.chance(0.15) else str(year),
            added=f"{dice.whole(max(year, 2015), 2025)}-{month:02}-{day:02}"
            if dice.chance(0.7)
            else "",
            extension=dice.pick(_EXTENSIONS),
            notation=dice.pick(tuple(Notation)),
            unlocked=dice.chance(0.12),
            content_in=ContentIn.ARCHIVE
            if draw < 0.18
            else ContentIn.BOTH
            if draw < 0.4
            else ContentIn.LIBRARY,
        )

    def _artist(self) -> _Artist:
        """One that already has tracks, or a new one."""
        dice = self._dice
        if self._artists and dice.chance(0.5):
            return dice.pick(self._artists)
        draw = dice.between(0, 1)
        if draw < 0.6:
            name = f"{dice.pick(words.FIRST_NAMES)} {dice.pick(words.SURNAMES)}"
        elif draw < 0.9:
            name = f"{dice.pick(words.ADJECTIVES)} {dice.pick(words.NOUNS)}"
        else:
            name = f"DJ {dice.pick(words.NOUNS)}"
        for artist in self._artists:
            if artist.name == name:
                return artist
        self._artists.append(_Artist(name, dice.pick(_STYLES)))
        return self._artists[-1]

    def _title(self) -> str:
        dice = self._dice
        shape = dice.pick(_TITLES)
        return shape.format(
            a=dice.pick(words.ADJECTIVES),
            n=dice.pick(words.NOUNS),
            m=dice.pick(words.NOUNS),
            p=dice.pick(words.PLACES),
        )

    def _version(self, title: str) -> str:
        draw = self._dice.between(0, 1)
        if draw < 0.6:
            return title
        if draw < 0.8:
            return f"{title} ({self._dice.pick(_VERSIONS)})"
        return f"{title} ({self._artist().name} Remix)"

    def _bpm(self, style: _Style) -> tuple[float, str]:
        """The real tempo, and the one that a program detected: for drum & bass sometimes half of it."""
        dice = self._dice
        played = round(dice.between(style.slowest, style.fastest), 2)
        detected = played / 2 if played > 160 and dice.chance(0.25) else played
        if style.genre == "Ambient" and dice.chance(0.5):
            return played, ""
        return played, dice.pick((f"{detected:.0f}", f"{detected:.1f}", f"{detected:.2f}"))

    def _crates(self, style: _Style, rating: str) -> tuple[str, ...]:
        dice = self._dice
        crates = [crate for crate in style.crates if dice.chance(0.4)]
        if rating == "5" and dice.chance(0.5):
            crates.append("Festival")
        if not rating and dice.chance(0.5):
            crates.append("To check")
        return tuple(dict.fromkeys(crates))

    def _free_folder(self, folder: str) -> str:
        """This folder, with a number if it exists already."""
        return self._free(folder, "")

    def _free_file(self, path: str, extension: str) -> str:
        """This file, with a number if it exists already."""
        return self._free(path, f".{extension}")

    def _free(self, stem: str, ending: str) -> str:
        free = stem + ending
        number = 1
        while free.casefold() in self._taken:
            number += 1
            free = f"{stem} ({number}){ending}"
        self._taken.add(free.casefold())
        return free


def _without_empty(fields: dict[str, tuple[str, ...]]) -> Fields:
    return {name: values for name, values in fields.items() if any(values)}


def _file_name(text: str) -> str:
    """The text as a file name: only `/` has to be replaced."""
    return text.replace("/", "-")
