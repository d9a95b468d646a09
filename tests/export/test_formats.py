"""Playlists, tables for spreadsheets, JSON: literally."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from mcfs.export.formats import (
    as_csv,
    as_json,
    as_m3u8,
    csv_columns,
    json_text,
    seconds_of,
    shown_title,
    track_object,
    values_of,
)
from mcfs.store import TrackRecord
from tests.cli.running import record

REZ = record("Rez", title="Rez", artist="Underworld", duration="95.4")


@pytest.mark.parametrize(
    ("lengths", "seconds"),
    [
        (("95.4",), 95.4), (("1:03:20",), 3800), (("3:30",), 210), (("long", "90"), 90),
        (("120", "90"), 90), (("0",), None), (("-5",), None), (("long",), None), ((), None),
    ],
)  # fmt: skip
def test_seconds(lengths: tuple[str, ...], seconds: float | None) -> None:
    assert seconds_of({"duration": lengths}) == seconds


@pytest.mark.parametrize(
    ("name", "titles", "shown"),
    [
        ("a.mp3", ("Rez",), "Rez"),
        ("a.mp3", ("Rez", "Cowgirl"), "Rez"),
        ("a.mp3", (" ", "Rez"), "Rez"),
        ("a.mp3", ("",), "a"),
        ("a.b.mp3", (), "a.b"),
        ("no extension", (), "no extension"),
    ],
)
def test_title(name: str, titles: tuple[str, ...], shown: str) -> None:
    assert shown_title(replace(REZ, name=name), {"title": titles}) == shown


def test_fields_by_their_folded_names() -> None:
    assert values_of(record("a", Künstler="x", TITLE="y")) == {"kunstler": ("x",), "title": ("y",)}


@pytest.mark.parametrize(
    ("track", "location", "lines"),
    [
        (REZ, "rez.wav", "#EXTINF:95,Underworld - Rez\nrez.wav\n"),
        (record("a"), "a.mp3", "#EXTINF:-1,a\na.mp3\n"),
        (record("a", title="T", artist=("A", " ", "B")), "a", "#EXTINF:-1,A, B - T\na\n"),
        (record("a", title="one\nline\0", artist="A\r\tB"), "a", "#EXTINF:-1,A B - one line\na\n"),
        (record("a", title="\udce9"), "caf\udce9", "#EXTINF:-1,\udce9\ncaf\udce9\n"),
        (record("a"), "#1.mp3", "#EXTINF:-1,a\n./#1.mp3\n"),
        (record("a"), "/m/#1.mp3", "#EXTINF:-1,a\n/m/#1.mp3\n"),
        (record("a"), "/m/a\nb.mp3", "#EXTINF:-1,a\nfile:///m/a%0Ab.mp3\n"),
        (record("a"), "a\rb\udce9.mp3", "#EXTINF:-1,a\na%0Db%E9.mp3\n"),
    ],
)
def test_m3u8(track: TrackRecord, location: str, lines: str) -> None:
    assert "".join(as_m3u8([track], lambda _: location)) == f"#EXTM3U\n{lines}"


def test_m3u8_of_nothing() -> None:
    assert list(as_m3u8([], lambda track: track.name)) == ["#EXTM3U\n"]


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        (["year", "artist", "title"], "artist title year"),
        (["zebra", "Crate", "BPM", "album"], "album BPM Crate zebra"),
        (["b", "a"], "a b"),
        ([], ""),
    ],
)
def test_csv_columns(fields: list[str], columns: str) -> None:
    assert " ".join(csv_columns(fields)) == columns


@pytest.mark.parametrize(
    ("track", "line"),
    [
        (REZ, "Rez.mp3,Rez.mp3,yes,1,{key},Underworld,Rez"),
        (replace(REZ, present=False, size=None), "Rez.mp3,Rez.mp3,no,,{key},Underworld,Rez"),
        (replace(REZ, files=()), ",Rez.mp3,yes,1,{key},Underworld,Rez"),
        (replace(REZ, values={}), "Rez.mp3,Rez.mp3,yes,1,{key},,"),
        (replace(REZ, values={"ARTIST": ("a", "b")}), "Rez.mp3,Rez.mp3,yes,1,{key},a; b,"),
        (
            replace(REZ, values={"title": ('say "x", y\nz',)}),
            'Rez.mp3,Rez.mp3,yes,1,{key},,"say ""x"", y\nz"',
        ),
        (replace(REZ, values={"title": ("\udce9",)}), "Rez.mp3,Rez.mp3,yes,1,{key},,\udce9"),
    ],
)
def test_csv(track: TrackRecord, line: str) -> None:
    head = "file,name,present,size,annex_key,artist,title\r\n"
    text = "".join(as_csv([track], ["title", "artist"]))
    assert text == head + line.format(key=track.annex_key) + "\r\n"
    assert [len(row) for row in csv.reader(io.StringIO(text, newline=""))] == [7, 7]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_one_array_a_track_a_line(count: int) -> None:
    tracks = [record(f"t{number}", title="é", Mood=("b", "a")) for number in range(count)]
    text = "".join(as_json(tracks))
    assert json.loads(text) == [track_object(track) for track in tracks]
    assert len(text.splitlines()) == (count + 2 if count else 1)
    assert text.endswith("]\n")


def test_a_track_as_an_object() -> None:
    assert track_object(replace(REZ, files=("a", "b"), values={"t": ("x", "y"), "A": ("z",)})) == {
        "annex_key": REZ.annex_key,
        "file": "a",
        "files": ["a", "b"],
        "name": "Rez.mp3",
        "present": True,
        "size": 1,
        "fields": {"A": ["z"], "t": ["x", "y"]},
    }
    assert track_object(replace(REZ, files=()))["file"] is None


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("é🎹", '"é🎹"'),
        ("caf\udce9", '"caf\ufffd"'),
        ({"\udce9": ["\udcff\udcff"]}, '{"\ufffd": ["\ufffd\ufffd"]}'),
        ("\0\n\x1b", '"\\u0000\\n\\u001b"'),
        (None, "null"),
    ],
)
def test_json_is_utf8_whatever_it_is_of(what: object, text: str) -> None:
    assert json_text(what) == text
    text.encode()
