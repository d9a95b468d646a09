"""Playlists, byte for byte."""

from __future__ import annotations

import pytest

from mcfs.export.playlist import as_m3u8
from mcfs.store import TrackRecord
from tests.simple_track import simple_track

REZ = simple_track("Rez", title="Rez", artist="Underworld", duration="95.4")


@pytest.mark.parametrize(
    ("track", "location", "lines"),
    [
        (REZ, "rez.wav", "#EXTINF:95,Underworld - Rez\nrez.wav\n"),
        (simple_track("a"), "a.mp3", "#EXTINF:-1,a\na.mp3\n"),
        (simple_track("a", title="T", artist=("A", " ", "B")), "a", "#EXTINF:-1,A, B - T\na\n"),
        (
            simple_track("a", title="one\nline\0", artist="A\r\tB"),
            "a",
            "#EXTINF:-1,A B - one line\na\n",
        ),
        (simple_track("a", title="\udce9"), "caf\udce9", "#EXTINF:-1,\ufffd\ncaf\udce9\n"),
        # A terminal that shows a playlist would obey them.
        (
            simple_track("a", title="\x1b]0;x\x07\u202eT\x9b"),
            "a",
            "#EXTINF:-1,␛]0;x␇\ufffdT\ufffd\na\n",
        ),
        (simple_track("a"), "#1.mp3", "#EXTINF:-1,a\n./#1.mp3\n"),
        (simple_track("a"), "/m/#1.mp3", "#EXTINF:-1,a\n/m/#1.mp3\n"),
        (simple_track("a"), "/m/a\nb.mp3", "#EXTINF:-1,a\nfile:///m/a%0Ab.mp3\n"),
        (simple_track("a"), "a\rb\udce9.mp3", "#EXTINF:-1,a\na%0Db%E9.mp3\n"),
    ],
)
def test_m3u8(track: TrackRecord, location: str, lines: str) -> None:
    assert "".join(as_m3u8([track], lambda _: location)) == f"#EXTM3U\n{lines}"


def test_m3u8_of_nothing() -> None:
    assert list(as_m3u8([], lambda track: track.name)) == ["#EXTM3U\n"]
