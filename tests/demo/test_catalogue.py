"""Which tracks a demo library has: first every special case, then realistic ones; always the same."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import islice

import pytest

from mcfs.demo.catalogue import catalogue
from mcfs.demo.generated import generated_tracks
from mcfs.demo.handwritten import HANDWRITTEN_TRACKS
from mcfs.demo.track import ContentIn, Track

FIRST = catalogue(20, seed=1)


def value(track: Track, field: str) -> str:
    return " & ".join(track.fields.get(field, ()))


def test_there_are_twenty_handwritten_tracks() -> None:
    assert len(HANDWRITTEN_TRACKS) == 20


def test_the_same_seed_makes_the_same_tracks() -> None:
    assert catalogue(300, seed=3) == catalogue(300, seed=3)


def test_a_smaller_library_is_the_beginning_of_a_larger_one() -> None:
    assert catalogue(50, seed=3) == catalogue(300, seed=3)[:50]


def test_another_seed_makes_another_library() -> None:
    one, other = catalogue(100, seed=1), catalogue(100, seed=2)
    assert all(a.tune != b.tune for a, b in zip(one, other, strict=True))
    assert one[20:] != other[20:]


def test_generated_tracks_never_change() -> None:
    """If Python's generator gave other numbers, all annex keys would change."""
    first = next(generated_tracks(1, taken=[]))
    assert first.work_paths == (
        "Compilations/Fjord Audio, Vol. 4/01 Jasmin Ueda - Hollow Coast.wav",
    )
    assert first.tune.bpm == 123.79


def test_no_two_tracks_have_the_same_sound() -> None:
    assert len({track.tune.number for track in catalogue(2000, seed=9)}) == 2000


@pytest.mark.parametrize("seed", [0, 1, 2, 12_345])
def test_work_paths_do_not_collide(seed: int) -> None:
    paths = [path for track in catalogue(3000, seed) for path in track.work_paths]
    assert len({unicodedata.normalize("NFC", path).casefold() for path in paths}) == len(paths)
    folders = {path.rpartition("/")[0] for path in paths}
    assert not folders & set(paths)
    for path in paths:
        assert not path.startswith("/")
        for part in path.split("/"):
            assert 0 < len(part.encode()) <= 255
            assert part == part.strip(" ")
            assert part not in (".", "..", ".git")
            assert not re.search(r"[\x00-\x1f\x7f]", part)


def test_twenty_show_text_in_every_script() -> None:
    everything = "".join(value(track, field) for track in FIRST for field in track.fields)
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in everything}
    assert {"CYRILLIC", "ARABIC", "CJK", "KATAKANA", "COMBINING", "OCTOPUS", "SUNRISE"} <= scripts
    assert "/" in value(FIRST[3], "artist")
    for quote in "\"'“":
        assert quote in everything


def test_twenty_show_live_recordings_and_what_only_sounds_like_them() -> None:
    titles = {value(track, "title") for track in FIRST}
    albums = {value(track, "album") for track in FIRST}
    assert any("(live)" in title for title in titles)
    assert any("(Live at" in title for title in titles)
    assert any(album.startswith("Live at") for album in albums)
    assert {"Alive", "Live Forever", "Deliver"} <= titles
    assert any("Olive" in title for title in titles)


def test_twenty_show_namesakes_with_different_sound() -> None:
    names = Counter(
        (value(track, "artist"), value(track, "title"), track.extension) for track in FIRST
    )
    ((name, count),) = [(name, count) for name, count in names.items() if count > 1 and name[1]]
    assert count == 2
    one, other = (track for track in FIRST if value(track, "title") == name[1])
    assert one.tune != other.tune


def test_twenty_show_everything_about_files() -> None:
    assert {track.extension for track in FIRST} == {"wav", "flac", "mp3"}
    assert {track.content_in for track in FIRST} == set(ContentIn)
    assert any(track.unlocked and track.content_in is not ContentIn.ARCHIVE for track in FIRST)
    assert any(track.unlocked and track.content_in is ContentIn.ARCHIVE for track in FIRST)
    assert any(len(track.work_paths) == 2 for track in FIRST)
    assert any(not track.fields and not track.tags for track in FIRST)
    assert any(not track.fields and track.tags for track in FIRST)


def test_twenty_show_everything_about_metadata() -> None:
    for field in ("artist", "genre", "crate"):
        assert any(len(track.fields.get(field, ())) > 1 for track in FIRST), field
    keys = " ".join(value(track, "key") for track in FIRST)
    assert re.search(r"\bAm\b.*\b8A\b", keys)
    for notation in (r"\b\d+m\b", r"\b\d+d\b", r"\b\d+B\b", "♯m|♭"):
        assert re.search(notation, keys), notation
    described = [track for track in FIRST if track.fields]
    assert any("rating" not in track.fields for track in described)
    assert {value(track, "rating") for track in described} == {"", "1", "2", "3", "4", "5"}
    assert all(re.fullmatch(r"#[0-9A-F]{6}|", value(track, "color")) for track in FIRST)
    assert {len(value(track, "bpm").partition(".")[2]) for track in described} == {0, 1, 2}
    drum_and_bass = {
        float(value(t, "bpm")) for t in described if "Drum & Bass" in t.fields["genre"]
    }
    assert min(drum_and_bass) < 90
    assert max(drum_and_bass) > 170


def test_a_thousand_are_believable() -> None:
    generated = list(islice(generated_tracks(5, taken=[]), 1000))
    extensions = Counter(track.extension for track in generated)
    assert all(extensions[extension] > 100 for extension in ("wav", "flac", "mp3"))
    kept = Counter(track.content_in for track in generated)
    assert all(kept[where] > 80 for where in ContentIn)
    assert 50 < sum(track.unlocked for track in generated) < 250
    assert 5 < sum(not track.fields for track in generated) < 100
    assert 5 < sum(len(track.work_paths) == 2 for track in generated) < 100
    assert len({artist for t in generated for artist in t.fields.get("artist", ())}) > 100
    assert len({value(track, "title") for track in generated}) > 700


def test_the_tune_is_what_the_metadata_says() -> None:
    for track in catalogue(500, seed=2):
        if "bpm" in track.fields:
            written_bpm = float(value(track, "bpm"))
            assert (
                min(abs(track.tune.bpm - written_bpm), abs(track.tune.bpm / 2 - written_bpm)) <= 0.5
            )


def test_albums_hold_together() -> None:
    albums: dict[str, list[Track]] = {}
    for track in generated_tracks(4, taken=[]):
        folder = track.work_paths[0].rpartition("/")[0]
        albums.setdefault(folder, []).append(track)
        if len(albums) > 60:
            break
    for folder, tracks in albums.items():
        if folder not in ("Singles", "Incoming"):
            assert [value(track, "tracknumber") for track in tracks] == [
                str(number) for number in range(1, len(tracks) + 1)
            ]
            for field in ("album", "albumartist", "year", "added"):
                assert len({value(track, field) for track in tracks}) == 1, (folder, field)
            assert (
                len({(track.extension, track.content_in, track.unlocked) for track in tracks}) == 1
            )
