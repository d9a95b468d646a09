"""A tag reader finds the tags that were written, and the sound is unchanged."""

from __future__ import annotations

import io
from typing import Any

import mutagen
import pytest

from mcfs.demo.sound import encode
from mcfs.demo.tags import with_tags
from mcfs.demo.tune import Tune

TUNE = Tune(bpm=128.5, root=9, minor=True, number=1)
FIELDS = {
    "artist": ("Ines Kova", "山田ハルカ"),
    "title": ("Volt / Ampere",),
    "genre": ("Techno", "Dub Techno"),
    "bpm": ("128.5",),
    "key": ("F♯m",),
    "year": ("1991-08-17",),
    "tracknumber": ("4",),
    "comment": ("“quoted” 🌅",),
    "album": ("Переулок",),
    "albumartist": ("Various Artists",),
    "rating": ("5",),
    "crate": ("Festival",),
    "color": ("#C50A08",),
    "added": ("2020-01-01",),
}


def read(file: bytes) -> Any:
    opened: Any = mutagen.File
    found = opened(io.BytesIO(file))
    assert found is not None
    return found


@pytest.mark.parametrize("extension", ["wav", "mp3"])
def test_id3(extension: str) -> None:
    found = read(with_tags(encode(TUNE, extension), extension, FIELDS))
    written = {frame.FrameID: tuple(map(str, frame.text)) for frame in found.tags.values()}
    assert written == {
        "TPE1": FIELDS["artist"],
        "TIT2": FIELDS["title"],
        "TCON": FIELDS["genre"],
        "TBPM": FIELDS["bpm"],
        "TKEY": FIELDS["key"],
        "TDRC": FIELDS["year"],
        "TRCK": FIELDS["tracknumber"],
        "COMM": FIELDS["comment"],
        "TALB": FIELDS["album"],
        "TPE2": FIELDS["albumartist"],
    }


def test_vorbis_comments() -> None:
    found = read(with_tags(encode(TUNE, "flac"), "flac", FIELDS))
    assert found.tags["artist"] == list(FIELDS["artist"])
    assert found.tags["initialkey"] == ["F♯m"]
    assert found.tags["date"] == ["1991-08-17"]
    assert not {"rating", "crate", "color", "added"} & set(found.tags.keys())
    assert "utagen" not in found.tags.vendor, "a key must not depend on mutagen's version"


@pytest.mark.parametrize("extension", ["wav", "mp3", "flac"])
def test_the_sound_keeps_its_length(extension: str) -> None:
    bare = encode(TUNE, extension)
    tagged = with_tags(bare, extension, FIELDS)
    assert read(tagged).info.length == pytest.approx(read(bare).info.length, abs=0.001)
    assert bare[200:] in tagged


@pytest.mark.parametrize("extension", ["wav", "mp3", "flac"])
def test_without_tags_the_file_stays_the_same(extension: str) -> None:
    bare = encode(TUNE, extension)
    assert with_tags(bare, extension, {}) == bare
    assert with_tags(bare, extension, {"crate": ("Festival",)}) == bare


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="ogg"):
        with_tags(b"", "ogg", FIELDS)
