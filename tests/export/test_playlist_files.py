"""Playlists in an export: which there are, and what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcfs.export.plan import PlannedFile, PlannedFolder
from mcfs.export.playlist_files import first_paths, with_folder_playlists, with_playlist
from mcfs.store import TrackRecord
from tests.export.planned import planned_file
from tests.simple_track import simple_track

REZ = simple_track("Rez", artist="Underworld", duration="9:55.6")
ODD = simple_track("#1\udce9")
COVER = PlannedFile("cover.jpg", "MD5E-s1--0.jpg", "cover.jpg", "annex/objects/cover", 1)
IN_GIT = PlannedFile("folder.jpg", "", "folder.jpg", None, 1)
PLAN = PlannedFolder(
    "",
    (
        planned_file(ODD),
        COVER,
        PlannedFolder("Techno", (PlannedFolder("126", (planned_file(REZ, "Rez (2).mp3"), COVER)),)),
        PlannedFolder("Covers", (COVER, IN_GIT)),
        PlannedFolder("all", (planned_file(REZ), planned_file(ODD))),
    ),
)


def tracks_of(annex_keys: Iterable[str]) -> Iterator[TrackRecord]:
    tracks = {track.annex_key: track for track in (REZ, ODD)}
    return (tracks[key] for key in annex_keys if key in tracks)


def texts(plan: PlannedFolder) -> dict[str, list[str]]:
    assert list(plan.files()) == list(PLAN.files())
    return {
        path: text.content.decode("utf-8", "surrogateescape").splitlines()
        for path, text in plan.texts()
    }


def test_one_playlist_of_all_tracks() -> None:
    assert texts(with_playlist(PLAN, "Friday", tracks_of)) == {
        "Friday.m3u8": [
            "#EXTM3U",
            "#EXTINF:-1,#1\N{REPLACEMENT CHARACTER}",
            "./#1\udce9.mp3",
            "#EXTINF:596,Underworld - Rez",
            "Techno/126/Rez (2).mp3",
        ]
    }


def test_a_playlist_in_every_folder_that_has_tracks() -> None:
    found = texts(with_folder_playlists(PLAN, "Friday", tracks_of))
    assert {
        path: [line for line in lines if "EXT" not in line] for path, lines in found.items()
    } == {
        "Friday.m3u8": ["./#1\udce9.mp3"],
        "Techno/126/126.m3u8": ["Rez (2).mp3"],
        "all/all.m3u8": ["Rez.mp3", "./#1\udce9.mp3"],
    }


def test_without_tracks_there_is_no_playlist() -> None:
    covers = PlannedFolder("", (COVER, IN_GIT))
    assert with_playlist(covers, "x", tracks_of) == covers
    assert with_folder_playlists(covers, "x", tracks_of) == covers


def test_the_first_path_of_each_content() -> None:
    assert first_paths(PLAN) == {
        ODD.annex_key: ODD.name,
        COVER.annex_key: "cover.jpg",
        REZ.annex_key: "Techno/126/Rez (2).mp3",
        "": "Covers/folder.jpg",
    }
