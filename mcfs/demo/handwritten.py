"""Twenty tracks written by hand, which together have every special case.

Owns the cases that programs often get wrong: names that look alike, text in any script, content that is not
here, files without metadata.
"""

from __future__ import annotations

import unicodedata

from mcfs.demo.key_notations import MusicKey, Notation
from mcfs.demo.track import ContentIn, Fields, Track
from mcfs.demo.tune import Tune

_RED, _ORANGE, _YELLOW, _GREEN = "#C50A08", "#F2A000", "#F8D200", "#32BE44"
_CYAN, _BLUE, _PURPLE, _WHITE = "#42D4F4", "#0044FF", "#AF00CC", "#F2F2FF"


def _track(
    *work_paths: str,
    bpm: str,
    key: tuple[int, bool, Notation],
    unlocked: bool = False,
    content_in: ContentIn = ContentIn.LIBRARY,
    **values: str | tuple[str, ...],
) -> Track:
    number, minor, notation = key
    music_key = MusicKey(number, minor)
    fields: Fields = {
        "bpm": (bpm,),
        "key": (music_key.text_in(notation),),
    } | {name: (value,) if isinstance(value, str) else value for name, value in values.items()}
    return Track(
        work_paths=work_paths,
        tune=Tune(float(bpm), music_key.root, minor, number=0),
        fields=fields,
        tags=fields,
        unlocked=unlocked,
        content_in=content_in,
    )


def _decomposed(text: str) -> str:
    """As macOS writes file names: é as e and a combining accent."""
    return unicodedata.normalize("NFD", text)


_GARDEN = "Nadja Wrobel/Concrete Garden"
_TOUR = "Marlow & Finch/Live at the Harbour (2019)"

HANDWRITTEN_TRACKS = (
    # An album: an ordinary track, one whose content is only in the archive, one that is unlocked.
    _track(
        f"{_GARDEN}/01 Night Bus to Tegel.flac",
        artist="Nadja Wrobel",
        title="Night Bus to Tegel",
        album="Concrete Garden",
        tracknumber="1",
        genre=("Techno", "Dub Techno"),
        year="2019",
        bpm="128.5",
        key=(8, True, Notation.NAME),
        rating="5",
        crate=("Festival", "Peak time"),
        color=_RED,
        comment="opens every set since Ghent",
        added="2019-11-02",
    ),
    _track(
        f"{_GARDEN}/02 Fernwärme.flac",
        artist="Nadja Wrobel",
        title="Fernwärme",
        album="Concrete Garden",
        tracknumber="2",
        genre="Techno",
        year="2019",
        bpm="131.25",
        key=(9, True, Notation.NAME),
        rating="4",
        crate="Peak time",
        color=_ORANGE,
        added="2019-11-02",
        content_in=ContentIn.ARCHIVE,
    ),
    _track(
        f"{_GARDEN}/03 Olive Trees (Beatless).flac",  # not live
        artist="Nadja Wrobel",
        title="Olive Trees (Beatless)",
        album="Concrete Garden",
        tracknumber="3",
        genre=("Ambient", "Techno"),
        year="2019",
        bpm="64.25",  # the same pulse as the album, counted half
        key=(8, True, Notation.NAME),
        rating="3",
        crate="Warm-up / early",
        added="2019-11-02",
        unlocked=True,
        content_in=ContentIn.BOTH,
    ),
    # An artist and a title that cannot be file names.
    _track(
        "AC-DC/Singles/Volt - Ampere (live).mp3",
        artist="AC/DC",
        title="Volt / Ampere (live)",
        genre=("Rock", "Hard Rock"),
        year="1991-08-17",
        bpm="126.02",
        key=(11, False, Notation.NAME),
        rating="4",
        crate=("Festival", "Closing"),
        color=_YELLOW,
        comment="100% crowd, watch the low_end",
        added="2016-05-28",
    ),
    # Drum & bass, once with its tempo and once with half of it.
    _track(
        "Singles/Ines Kova, Tolga Aras - Alive.wav",  # not live
        artist=("Ines Kova", "Tolga Aras"),
        title="Alive",
        genre=("Drum & Bass", "Neurofunk"),
        year="2023",
        bpm="174",
        key=(8, True, Notation.LANCELOT),
        rating="5",
        crate=("Peak time", "Festival"),
        color=_PURPLE,
        added="2023-07-09",
    ),
    _track(
        "Singles/Ines Kova - Half Moon Step.wav",
        artist="Ines Kova",
        title="Half Moon Step",
        genre=("Drum & Bass", "Halftime"),
        year="2024",
        bpm="87.01",
        key=(7, True, Notation.LANCELOT),
        rating="3",
        crate="Warm-up / early",
        unlocked=True,
        content_in=ContentIn.ARCHIVE,
    ),
    # Scripts: Cyrillic, Japanese, Arabic (right to left), and accents as combining characters.
    _track(
        "Светлана Миронова/Переулок/01 Белая ночь.flac",
        artist="Светлана Миронова",
        title="Белая ночь",
        album="Переулок",
        tracknumber="1",
        genre=("Ambient", "Эмбиент"),
        year="2008",
        bpm="72.5",
        key=(5, True, Notation.OPEN),
        rating="4",
        crate="Afterhours",
        color=_BLUE,
        added="2020-02-14",
        content_in=ContentIn.BOTH,
    ),
    _track(
        "山田ハルカ/終電のあと.mp3",
        artist="山田ハルカ",
        title="終電のあと",
        genre=("House", "シティポップ"),
        year="1986",
        bpm="118.4",
        key=(4, False, Notation.SIGNS),
        rating="5",
        crate=("Warm-up / early", "Sunday 🌞"),
        color=_CYAN,
        comment="７インチから録音",
    ),
    _track(
        "ليلى حداد/قمر الصحراء.flac",
        artist="ليلى حداد",
        title="قمر الصحراء",
        genre=("Downtempo", "House"),
        year="2015",
        bpm="98.7",
        key=(11, True, Notation.SIGNS),
        rating="4",
        crate="Sunday 🌞",
        added="2021-09-30",
    ),
    _track(
        _decomposed("Zoë Désirée/Déjà Rêvé (Extended Mix).mp3"),
        artist=_decomposed("Zoë Désirée"),
        title=_decomposed("Déjà Rêvé (Extended Mix)"),
        genre="Deep House",
        year="2017",
        bpm="121.98",
        key=(3, True, Notation.OPEN),
        rating="2",
        added="2018-01-20",
    ),
    # Quotes of every kind, and characters that a shell expands; no rating.
    _track(
        "Singles/Rico \"Smoke\" O'Dell - Don't Touch the $%&# Fader! [12'' Mix].wav",
        artist='Rico "Smoke" O\'Dell',
        title="Don't Touch the $%&# Fader! [12'' Mix]",
        genre=("Disco", "Funk"),
        year="1979",
        bpm="112.6",
        key=(6, False, Notation.NAME),
        crate="Closing",
        comment="“borrowed” from Jonas; ask *before* playing?",
        added="2017-03-11",
    ),
    _track(
        "DJ 🐙/Sunrise 🌅 (Afterhours Mix).mp3",
        artist="DJ 🐙",
        title="Sunrise 🌅 (Afterhours Mix)",
        genre=("House", "Progressive House"),
        year="2022",
        bpm="123",
        key=(10, False, Notation.LANCELOT),
        rating="3",
        crate=("Sunday 🌞", "Afterhours"),
        color=_YELLOW,
    ),
    # Two tracks of the same artist and title: one on an album, one a single.
    _track(
        "Marlow & Finch/Low Tide/04 Lighthouse.flac",
        artist="Marlow & Finch",
        title="Lighthouse",
        album="Low Tide",
        tracknumber="4",
        genre="Deep House",
        year="2018",
        bpm="120.5",
        key=(2, True, Notation.NAME),
        rating="4",
        crate="Warm-up / early",
        color=_GREEN,
        added="2018-06-01",
    ),
    _track(
        "Singles/Marlow & Finch - Lighthouse.flac",
        artist="Marlow & Finch",
        title="Lighthouse",
        genre=("Deep House", "Dub"),
        year="2018",
        bpm="119",
        key=(2, True, Notation.SIGNS),
        rating="5",
        crate=("Warm-up / early", "Afterhours"),
        color=_GREEN,
        added="2020-10-05",
    ),
    # Live recordings; and titles that contain "live" in another meaning.
    _track(
        f"{_TOUR}/01 Undertow.mp3",
        artist="Marlow & Finch",
        title="Undertow",
        album="Live at the Harbour (2019)",
        tracknumber="1",
        genre="Deep House",
        year="2019",
        bpm="122",
        key=(1, True, Notation.NAME),
        rating="3",
        crate="Festival",
        color=_WHITE,
        added="2020-01-12",
    ),
    _track(
        f"{_TOUR}/02 Live Forever.mp3",
        artist="Marlow & Finch",
        title="Live Forever",
        album="Live at the Harbour (2019)",
        tracknumber="2",
        genre="Deep House",
        year="2019",
        bpm="122",
        key=(1, True, Notation.NAME),
        rating="4",
        added="2020-01-12",
    ),
    # The same file in an album and in a set: one key under two work paths.
    _track(
        "Compilations/Harbour Sessions 3/07 Onur Tekin - Deliver.flac",
        "Sets/2024-06-21 Solstice/01 Onur Tekin - Deliver.flac",
        artist="Onur Tekin",
        title="Deliver",
        album="Harbour Sessions 3",
        albumartist="Various Artists",
        tracknumber="7",
        genre=("techno", "Electro"),
        year="2024",
        bpm="133.33",
        key=(12, True, Notation.LANCELOT),
        rating="5",
        crate=("Peak time", "Festival"),
        color=_RED,
        added="2024-06-10",
    ),
    _track(
        "Compilations/Harbour Sessions 3/08 Mira Lund - Pier 9 (Live at Kanal 103).flac",
        artist=("Mira Lund", "Onur Tekin"),
        title="Pier 9 (Live at Kanal 103)",
        album="Harbour Sessions 3",
        albumartist="Various Artists",
        tracknumber="8",
        genre=("Electro", "Breaks"),
        year="2024",
        bpm="130",
        key=(7, False, Notation.OPEN),
        rating="1",
        added="2024-06-10",
    ),
    # No git-annex metadata yet: one has tags inside the file, the other has none.
    Track(
        work_paths=("Incoming/promo (3).mp3",),
        tune=Tune(bpm=127, root=5, minor=True, number=0),
        tags={
            "artist": ("Halima Osei",),
            "title": ("Tin Roof",),
            "genre": ("UK Garage",),
            "year": ("2025",),
        },
    ),
    Track(
        work_paths=("Incoming/REC-0042.wav",),
        tune=Tune(bpm=100, root=0, minor=False, number=0),
    ),
)
