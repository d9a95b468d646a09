"""Two dozen tracks as records in a cache, for tests of the query language.

Nothing here uses git-annex; the real library is in `tests/tracks.py`. Tests call tracks by their titles, and
a comment says what is special about each. "Today" is always `TODAY`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mcfs.fields import Vocabulary
from mcfs.query import Query, parse
from mcfs.sql import BoundQuery, bind_without_values, select_tracks
from mcfs.store import Store, TrackRecord, open_store
from mcfs.text.escape import escape
from tests.cache_access import select_rows, vocabulary_of

TODAY = date(2025, 7, 9)
MEBI = 1024 * 1024
# The track without a title is called by the stem of its file.
UNTITLED = "nothing known"


def _record(
    title: str,
    *files: str,
    added: str = "",
    changed: str = "",
    size: int | None = 4 * MEBI,
    present: bool = True,
    live: bool = False,
    decade: str | None = None,
    **fields: str,
) -> TrackRecord:
    """Times are UTC; several values of a field are written with a `|` between them.

    `annex_size` is the annex field called "size", which the language's own hides; `__` is a hyphen.
    """
    extension = files[0].rpartition(".")[2]
    fields = {"title": title, **fields} if title else fields
    return TrackRecord(
        annex_key=f"SHA256E-s9--{files[0]}",
        name=f"{escape(title or UNTITLED)}.{extension}",
        files=files,
        content_path=f"annex/objects/{files[0]}",
        present=present,
        size=size,
        added_at=datetime.fromisoformat(added).replace(tzinfo=UTC) if added else None,
        changed_at=datetime.fromisoformat(changed).replace(tzinfo=UTC) if changed else None,
        is_live=live,
        decade=decade,
        values={
            name.removeprefix("annex_").replace("__", "-"): tuple(text.split("|"))
            for name, text in fields.items()
        },
    )


CAGE = "4′33″"
KINO = "Группа крови"
SAKAMOTO = "戦場 🎹"
INJECTION = 'Robert\'); DROP TABLE "track";--'
PERCENT = "100% Pure_Love"
NUL = "nul\0inside"
HEBREW = "שלום עולם"
CAFE = "Cafe\u0301 del Mar"  # an e and a combining accent
NOT_UTF8 = "caf\udce9 noir"  # Latin-1, as a file system gives it
YIN = "Yin∕Yang"
# These have a title, at most an artist or an album artist, and nothing else.
ODD = {INJECTION, PERCENT, NUL, HEBREW, CAFE, NOT_UTF8, YIN}

RECORDS = (
    _record(
        "Remnants", "Surgeon/Force + Form/01.flac", size=40 * MEBI,
        added="2025-07-08 23:30", changed="2025-07-09 06:00", decade="1990s",
        artist="Surgeon", album="Force + Form", genre="Techno", bpm="134.5", key="8A", rating="5",
        year="1998", tracknumber="1/9", duration="415.4", bitrate="900", played="12",
        crate="Peak time|Festival", composer="Anthony Child", mood="dark", energy="7",
        replay__gain="-6.5",
    ),
    # Two files of one content; the other program's name for how often it was played.
    _record(
        "Halcyon", "Orbital/04.mp3", "best of/again.ogg", size=10 * MEBI,
        added="2025-06-30 12:00", changed="2024-02-29 12:00", decade="1990s",
        artist="Orbital", album="Orbital 2", genre="Techno|Ambient", bpm="126", key="Am",
        rating="3", year="1992-04-20", tracknumber="4", duration="3:30", bitrate="320",
        timesplayed="3", crate="Festival",
    ),
    # The annex has a field called size: the language's own hides it. In no folder. An empty value.
    _record(
        "Rez", "rez.wav", size=5 * MEBI, added="2025-06-30 22:30", decade="1990s",
        artist="Underworld", genre="techno", bpm="126.9", key="1m", rating="0", year="1993",
        duration="95.4", crate="Peak", comment="50% 'live' \"_\"", grouping="", annex_size="huge",
    ),
    # Its content is elsewhere. 10 M of a shop, not of a computer.
    _record(
        "Phylyps", "Basic Channel/BC-02/a.flac", present=False, size=10_000_000,
        added="2024-12-31 23:30", decade="1990s",
        artist="Basic Channel", genre="Dub Techno", bpm="127.12", key="A min", year="1993-11",
        duration="1:03:20", grouping="Łódź",
    ),
    _record(
        "Halo", "pop/halo.m4a", size=20 * MEBI, added="2025-07-02 00:00", decade="2000s",
        artist="Beyoncé|Jay-Z", genre="Pop", bpm="94", key="C", rating="5", year="2008",
        duration="120", composer="Antonín Dvořák", grouping="House of Deréon",
        annex_present="gift",
    ),
    # Its size is unknown.
    _record(
        "T.N.T.", "loud/tnt.mp3", size=None, added="2025-07-01 23:59:59", decade="1970s",
        artist="AC/DC", genre="Rock", bpm="127", key="A", year="1975-12-01",
    ),
    # Another script, in the name of a field too. й is no и.
    _record(
        KINO, "ru/крови.mp3", size=7 * MEBI, added="2019-05-01 12:00", decade="1980s",
        artist="Кино", genre="рок", bpm="64.2", key="F♯m", year="1988", composer="Виктор Цой",
        настроение="грусть",
    ),
    _record(
        SAKAMOTO, "jp/war.mp3", decade="1980s",
        artist="坂本龍一", albumartist="Ryuichi Sakamoto", genre="Soundtrack", key="F♯/G♭",
        year="1983",
    ),
    # No value fits its field, and the content is not here.
    _record(
        "Fast", "broken.mp3", present=False,
        artist="Broken", genre="techno", bpm="fast", key="none of them", rating="loved",
        year="long ago", duration="long", energy="low",
    ),
    # Half of 126; the key with its cents.
    _record(
        "Archangel", "burial/02.mp3", added="2025-07-03 00:00", decade="2000s",
        artist="Burial", album="Untrue", genre="Dubstep", bpm="62.97", key="F♯m -34", year="2007",
        duration="63", mood="dark", energy="10",
    ),
    # Half of 127, which is odd.
    _record(
        "Xtal", "aphex/1.ogg", added="2025-07-09 08:00", decade="1990s",
        artist="Aphex Twin", album="Selected Ambient Works", genre="Ambient", bpm="63.5",
        key="09A", year="1992", duration="90", crate="Sunday (late)",
    ),
    # Double of 126. Two artists.
    _record(
        "Thunderdome", "hard/dome.mp3", added="2025-06-09 12:00", live=True, decade="1990s",
        artist="DJ Dano|Buzz Fuzz", genre="Gabber|D&B", bpm="252", key="7a", year="1995",
        energy="9",
    ),
    # A hair below 126. Text that looks like the language itself.
    _record(
        "Nightcall", "drive/1.mp3", added="2024-07-09 12:00", decade="2010s",
        artist="kavinsky", genre="Synthwave", bpm="125.96", key="Em", year="2010",
        comment="8A 12:30 foo:bar (live) http://kavinsky.example",
    ),
    # A decimal comma; the other spelling of album artist.
    _record(
        "Teardrop", "bristol/1.flac", added="2025-06-25 12:00", decade="1990s",
        artist="Massive Attack", album_artist="Massive Attack & Friends", genre="Trip-Hop",
        bpm="106,0", key="G", year="1998", tracknumber="3", duration="150", mood="dark|warm",
    ),
    # Zeros that mean nothing is known, as Mixxx writes them.
    _record(
        CAGE, "cage/silence.mp3", decade="1950s",
        artist="John Cage", bpm="0", key="F +12", rating="0", year="1952", duration="273",
    ),
    _record("", "unsorted/nothing known.wav", size=3 * 1024),
    _record(INJECTION, "odd/1.mp3"),
    _record(PERCENT, "odd/2.mp3", artist="Crystal Waters"),
    _record(NUL, "odd/3.mp3"),
    _record(HEBREW, "odd/4.mp3"),
    _record(CAFE, "odd/5.mp3", artist="Émilie"),
    _record(NOT_UTF8, "odd/caf\udce9.mp3"),
    _record(YIN, "odd/7.mp3", albumartist="Various"),
)  # fmt: skip

_TITLES = {r.annex_key: r.values.get("title", (UNTITLED,))[0] for r in RECORDS}
EVERYTHING = set(_TITLES.values())


@dataclass(frozen=True, slots=True)
class SampleCache:
    """A cache with sample tracks in it, and short ways to query it."""

    store: Store
    folder: Path
    vocabulary: Vocabulary

    def query(self, text: str) -> Query:
        """Parse a query in a library with these fields."""
        return parse(text, self.vocabulary)

    def bound(self, query: Query | str, today: date = TODAY) -> BoundQuery:
        """A query without values, ready to be compiled."""
        return bind_without_values(self.query(query) if isinstance(query, str) else query, today)

    def titles(self, query: BoundQuery | Query | str, today: date = TODAY) -> list[str]:
        """The titles of the tracks that match, in the query's order."""
        return [_TITLES[key] for key in self.annex_keys(query, today)]

    def annex_keys(self, query: BoundQuery | Query | str, today: date = TODAY) -> list[str]:
        """The tracks that match, in the query's order."""
        bound = query if isinstance(query, BoundQuery) else self.bound(query, today)
        return [row.annex_key for row in select_rows(self.store.cache, select_tracks(bound))]

    def count(self, query: Query | str, today: date = TODAY) -> int:
        """How many tracks match, by the statement that counts."""
        return self.store.cache.count(self.bound(query, today))


@contextmanager
def cache_of(
    folder: Path, records: Iterable[TrackRecord], vocabulary: Vocabulary | None = None
) -> Iterator[SampleCache]:
    """A cache with these tracks; `vocabulary` is for a library that had more fields before."""
    with open_store(folder) as store:
        store.cache.replace_all(records)
        # Asking for it opens the pool's connection, before a test counts open files.
        own_vocabulary = vocabulary_of(store.cache)
        yield SampleCache(store, folder, vocabulary or own_vocabulary)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleCache]:
    """All the tracks. Read only: all tests share it."""
    with cache_of(tmp_path_factory.mktemp("cache"), RECORDS) as all_tracks:
        yield all_tracks


@pytest.fixture(scope="session")
def empty_cache(
    cache: SampleCache, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SampleCache]:
    """No tracks, and the vocabulary of all tracks."""
    with cache_of(tmp_path_factory.mktemp("empty"), (), cache.vocabulary) as no_tracks:
        yield no_tracks


@pytest.fixture(scope="session")
def half_cache(
    cache: SampleCache, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SampleCache]:
    """Every other track: the library as it was before the rest was added."""
    with cache_of(tmp_path_factory.mktemp("half"), RECORDS[::2], cache.vocabulary) as half:
        yield half
