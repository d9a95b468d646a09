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


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ('=HYPERLINK("http://x";"y")', '\'=HYPERLINK("http://x";"y")'),
        ("＝1", "'＝1"),
        # Nothing that cannot be seen hides the sign.
        (" \t=1", " \t'=1"),
        ("\r=1", "\r'=1"),
        ("\x00\ufeff=1", "\x00\ufeff'=1"),
        # Where `;` or a tab separates cells, a cell begins after it.
        ("a;=1", "a;'=1"),
        ("a; =1; b", "a; '=1; b"),
        ("a\t@b", "a\t'@b"),
        ("a\n-b", "a\n'-b"),
        # What is no formula stays as it is.
        ("a=b", "a=b"),
        ("A - B", "A - B"),
        ("a, -b", "a, -b"),
        ("-7.5", "-7.5"),
        ("-7,5 dB", "-7,5 dB"),
        ("+4.5%", "+4.5%"),
        ("-1+1", "'-1+1"),
        ("-A1", "'-A1"),
        ("-1A1", "'-1A1"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    track = replace(REZ, values={"title": (text,)})
    written = "".join(as_csv([track], ["title"]))
    [_, row] = csv.reader(io.StringIO(written, newline=""))
    assert row[-1] == cell


def test_each_value_and_name_is_no_formula() -> None:
    track = replace(REZ, files=("=a.mp3",), name="=a.mp3", values={"=x": ("-1", "=2", "b")})
    [head, row] = csv.reader(io.StringIO("".join(as_csv([track], ["=x"])), newline=""))
    assert head[-1] == "'=x"
    # The path still leads to the file.
    assert (row[0], row[1], row[-1]) == ("./=a.mp3", "'=a.mp3", "-1; '=2; b")
