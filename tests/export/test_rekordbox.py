"""The XML for Rekordbox: value by value, and as a reader that others wrote understands it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from pyrekordbox.rbxml import Node, RekordboxXml

from mcfs.export.plan import PlannedFile, PlannedFolder, PlannedText
from mcfs.export.rekordbox import as_rekordbox_xml, location, why_not_imported
from mcfs.store import TrackRecord
from tests.export.planned import planned_file
from tests.simple_track import simple_track

REZ = replace(
    simple_track(
        "Rez",
        title="Rez",
        artist=("Hyde", "Smith"),
        album="1992-2002",
        genre="Techno",
        bpm="126.90",
        key="8A",
        rating="4",
        color="#F8A030",
        comment="long\nbreak",
        year="1993-09-01",
        track="3/12",
        duration="9:55.6",
        bitrate="320",
        label="Junior Boy's Own",
        played="7",
        lastplayed=("2024-01-05", "2025-06-30 22:30:00"),
    ),
    size=23_000_000,
    added_at=datetime(2025, 6, 1, 12, tzinfo=UTC),
)
UNKNOWN = simple_track("a")


def written(tracks: Iterable[TrackRecord], plan: PlannedFolder | None = None) -> str:
    tracks = list(tracks)
    folder = plan or PlannedFolder("", tuple(map(planned_file, tracks)))
    return "".join(as_rekordbox_xml(tracks, folder, "USB & more", lambda track: f"/m/{track.name}"))


def attributes(track: TrackRecord) -> dict[str, str]:
    [element] = ElementTree.fromstring(written([track])).findall("COLLECTION/TRACK")
    return element.attrib


def test_a_track_in_the_order_in_which_rekordbox_writes_it() -> None:
    [line] = [line for line in written([REZ]).splitlines() if "<TRACK TrackID" in line]
    assert line == (
        '    <TRACK TrackID="1" Name="Rez" Artist="Hyde, Smith" Composer="" Album="1992-2002"'
        ' Grouping="" Genre="Techno" Kind="MP3 File" Size="23000000" TotalTime="596"'
        ' DiscNumber="0" TrackNumber="3" Year="1993" AverageBpm="126.90" DateAdded="2025-06-01"'
        ' BitRate="320" SampleRate="0" Comments="long&#10;break" PlayCount="7"'
        ' LastPlayed="2025-06-30" Rating="204" Location="file://localhost/m/Rez.mp3" Remixer=""'
        ' Tonality="Am" Label="Junior Boy\'s Own" Mix="" Colour="0xFFA500"/>'
    )


def test_a_track_of_which_nothing_is_known() -> None:
    assert attributes(replace(UNKNOWN, size=None)) == {
        "TrackID": "1", "Name": "a", "Artist": "", "Composer": "", "Album": "", "Grouping": "",
        "Genre": "", "Kind": "MP3 File", "Size": "0", "TotalTime": "0", "DiscNumber": "0",
        "TrackNumber": "0", "Year": "0", "AverageBpm": "0.00", "DateAdded": "", "BitRate": "0",
        "SampleRate": "0", "Comments": "", "PlayCount": "0", "Rating": "0",
        "Location": "file://localhost/m/a.mp3", "Remixer": "", "Tonality": "", "Label": "",
        "Mix": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "texts", "attribute", "value"),
    [
        ("rating", "0", "Rating", "0"), ("rating", "1", "Rating", "51"), ("rating", "2", "Rating", "102"),
        ("rating", "3", "Rating", "153"), ("rating", "5", "Rating", "255"), ("rating", "9", "Rating", "255"),
        ("rating", "-1", "Rating", "0"), ("rating", "good", "Rating", "0"),
        ("bpm", "126", "AverageBpm", "126.00"), ("bpm", "126,7", "AverageBpm", "126.70"),
        ("bpm", ("fast", "99.999"), "AverageBpm", "100.00"), ("bpm", "0", "AverageBpm", "0.00"),
        ("bpm", "9" * 300, "AverageBpm", "0.00"),
        ("key", "F♯m", "Tonality", "F#m"), ("key", "1d", "Tonality", "C"), ("key", "5A", "Tonality", "Cm"),
        ("key", "A#", "Tonality", "Bb"), ("key", "12B", "Tonality", "E"),
        ("key", "atonal", "Tonality", "atonal"), ("key", ("off", "1A"), "Tonality", "Abm"),
        ("duration", "225.3", "TotalTime", "225"), ("duration", "3:45", "TotalTime", "225"),
        ("duration", "1:00:00", "TotalTime", "3600"), ("duration", "9" * 12, "TotalTime", "0"),
        ("year", "nineties", "Year", "0"), ("tracknumber", "12", "TrackNumber", "12"),
        ("tracknumber", "9" * 10, "TrackNumber", "0"), ("discnumber", "2", "DiscNumber", "2"),
        ("lastplayed", "2024", "LastPlayed", None), ("lastplayed", "2024-02-03", "LastPlayed", "2024-02-03"),
        ("ALBUM", " ", "Album", ""), ("Genre", ("House", "Dub"), "Genre", "House, Dub"),
        ("color", "#ff0000", "Colour", "0xFF0000"), ("color", "c50a08", "Colour", "0xFF0000"),
        ("color", "#F870F8", "Colour", "0xFF007F"), ("color", "#F8E331", "Colour", "0xFFFF00"),
        ("color", "#32BE44", "Colour", "0x00FF00"), ("color", "#00C0F8", "Colour", "0x25FDE9"),
        ("color", "#0044FF", "Colour", "0x0000FF"), ("color", "#AF00CC", "Colour", "0x660099"),
        ("color", "#F2F2FF", "Colour", None), ("color", "#000000", "Colour", None),
        ("color", "red", "Colour", None),
    ],
)  # fmt: skip
def test_values(
    field: str, texts: str | tuple[str, ...], attribute: str, value: str | None
) -> None:
    assert attributes(simple_track("a", **{field: texts})).get(attribute) == value


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/m/a.mp3", "/m/a.mp3"),
        # What Rekordbox itself keeps, and what it encodes.
        ("/a, (b)!+#$@?-_.~.mp3", "/a,%20(b)!+#$@?-_.~.mp3"),
        ("/R&B's %20 [x];=*.mp3", "/R%26B%27s%20%2520%20%5bx%5d%3b%3d%2a.mp3"),
        ("/花.aiff", "/%e8%8a%b1.aiff"),
        ("/é\udce9\n.mp3", "/%c3%a9%e9%0a.mp3"),
        ("E:/My Music/a: b.mp3", "/E:/My%20Music/a%3a%20b.mp3"),
    ],
)
def test_locations(path: str, url: str) -> None:
    assert location(path) == f"file://localhost{url}"
    assert unquote(url, errors="surrogateescape").removeprefix("/E:") == path.removeprefix("E:")


@pytest.mark.parametrize("value", [chr(code) for code in (0, 1, 0xB, 0x1F, 0xDC80, 0xFFFE, 0xFFFF)])
def test_what_xml_cannot_contain_is_replaced(value: str) -> None:
    assert (
        attributes(simple_track("a", title=f"<{value}>"))["Name"] == "<\N{REPLACEMENT CHARACTER}>"
    )


@pytest.mark.parametrize("value", ["\t a\r\nb ", "\"'&<>&amp;", "\x7f\x85\u2028\ud7ff\ue000🎹"])
def test_other_text_stays_as_it_is(value: str) -> None:
    assert attributes(simple_track("a", title=value))["Name"] == value


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/m/a.mp3", None), ("/m/a.FLAC", None), ("E:/a.m4a", None),
        ("/m/a.ogg", "it does not play ogg files"), ("/m.mp3/a", "it does not play such files"),
        ("/" + "a" * 250 + ".mp3", None),
        ("/" + "a" * 251 + ".mp3", "their paths have more than 255 characters"),
    ],
)  # fmt: skip
def test_what_rekordbox_does_not_import(path: str, why: str | None) -> None:
    assert why_not_imported(path) == why


def test_playlists_are_nested_as_folders_are() -> None:
    a, b, c = (simple_track(name) for name in "abc")
    cover = PlannedFile("cover.jpg", "MD5E-s1--0.jpg", "cover.jpg", "annex/objects/cover", 1)
    deep = PlannedFolder("Deep", (planned_file(b),))
    plan = PlannedFolder(
        "",
        (
            planned_file(c),
            planned_file(a),
            PlannedFolder("Techno", (planned_file(a), cover, PlannedText("Techno.m3u8", b""))),
            PlannedFolder("House", (planned_file(b), deep)),
        ),
    )
    text = written([a, b, c], plan)
    assert re.sub(
        r"\s*\n\s*", "", text.partition("<PLAYLISTS>")[2].partition("</PLAYLISTS>")[0]
    ) == (
        '<NODE Type="0" Name="ROOT" Count="3">'
        '<NODE Name="USB &amp; more" Type="1" KeyType="0" Entries="2"><TRACK Key="3"/><TRACK Key="1"/></NODE>'
        '<NODE Name="Techno" Type="1" KeyType="0" Entries="1"><TRACK Key="1"/></NODE>'
        '<NODE Type="0" Name="House" Count="2">'
        '<NODE Name="House" Type="1" KeyType="0" Entries="1"><TRACK Key="2"/></NODE>'
        '<NODE Name="Deep" Type="1" KeyType="0" Entries="1"><TRACK Key="2"/></NODE>'
        "</NODE></NODE>"
    )


def test_an_empty_collection_is_one() -> None:
    root = ElementTree.fromstring(written([]))
    assert [root.tag, *(child.tag for child in root)] == [
        "DJ_PLAYLISTS", "PRODUCT", "COLLECTION", "PLAYLISTS",
    ]  # fmt: skip
    assert root.attrib == {"Version": "1.0.0"}


def test_pyrekordbox_reads_what_was_written_and_writes_the_same(tmp_path: Path) -> None:
    """An independent reader, which refuses attributes that the format does not have."""
    odd = simple_track("R&B's é #1 [x]", title="\"<&>'", artist="Кино", rating="5", color="#0000ff")
    plan = PlannedFolder(
        "", (planned_file(odd), planned_file(REZ), PlannedFolder("2", (planned_file(REZ),)))
    )
    file = tmp_path / "rekordbox.xml"
    file.write_text(written([REZ, odd, UNKNOWN], plan), encoding="utf-8")

    read = RekordboxXml(file)
    assert (read.frmt_version, read.product_name, read.num_tracks) == ("1.0.0", "mcfs", 3)
    first, second, _ = read.get_tracks()
    every = {name: first.get(name) for name in first.ATTRIBS if first.get(name) is not None}
    assert every == {
        "TrackID": 1, "Name": "Rez", "Artist": "Hyde, Smith", "Composer": "", "Album": "1992-2002",
        "Grouping": "", "Genre": "Techno", "Kind": "MP3 File", "Size": 23_000_000, "TotalTime": 596,
        "DiscNumber": 0, "TrackNumber": 3, "Year": 1993, "AverageBpm": 126.9,
        "DateAdded": "2025-06-01", "BitRate": 320, "SampleRate": 0.0, "Comments": "long\nbreak",
        "PlayCount": 7, "LastPlayed": "2025-06-30", "Rating": 4, "Remixer": "", "Tonality": "Am",
        "Location": "m/Rez.mp3", "Label": "Junior Boy's Own", "Mix": "", "Colour": "0xFFA500",
    }  # fmt: skip
    # It has the paths of Windows in mind, and cuts off the first slash.
    assert (second.Name, second.Location, second.Rating) == ("\"<&>'", f"m/{odd.name}", 5)
    assert read.get_playlist("USB & more").get_tracks() == [2, 1]
    assert [node.name for node in read.root_playlist_folder.get_playlists()] == ["USB & more", "2"]
    assert isinstance(read.get_playlist("2"), Node)

    # All elements and attributes that it writes are those that it read.
    again = tmp_path / "again.xml"
    read.save(again)
    assert list(_elements(again)) == list(_elements(file))


def _elements(file: Path) -> Iterable[tuple[str, dict[str, str]]]:
    return ((element.tag, element.attrib) for element in ElementTree.parse(file).iter())
