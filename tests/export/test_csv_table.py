"""CSV, byte for byte."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from mcfs.export.csv_table import as_csv, csv_columns
from mcfs.store import TrackRecord
from tests.simple_track import simple_track

REZ = simple_track("Rez", title="Rez", artist="Underworld", duration="95.4")


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
