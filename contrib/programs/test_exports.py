"""Folders that `mcfs export` made, as players read them: no mount is there, nor the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.programs.mixxx import mixxx_for
from contrib.programs.running import Screen, mpd_playing
from contrib.programs.test_mixxx_playlists import import_playlist
from tests.mounts import mcfs, wait_until

# Long names, several folders, tracks that are in two of them.
EXPORTED = "rating:>=3 present:yes/{{ genre }}"


@pytest.fixture
def stick(demo_copy: Path, tmp_path: Path) -> Iterator[Path]:
    """Copies on a stick, with all playlists, while the library is not there."""
    folder = tmp_path / "stick"
    tags = mcfs("import", "tags", "--library", demo_copy)
    assert tags.returncode in (0, 3), tags.stderr  # a file without sound is named
    words = ("--library", demo_copy, "--copy", "--portable", "--m3u8", "--playlist")
    done = mcfs("export", EXPORTED, folder, *words)
    assert done.returncode == 0, done.stderr
    gone = demo_copy.parent.rename(tmp_path / "gone")
    yield folder.rename(tmp_path / "mounted elsewhere")
    gone.rename(demo_copy.parent)


def playlists_of(stick: Path) -> list[Path]:
    return sorted(stick.rglob("*.m3u8"))


def names_in(playlist: Path) -> list[Path]:
    """The tracks of a playlist, as paths of the stick."""
    lines = playlist.read_text().splitlines()
    return [playlist.parent / line for line in lines if not line.startswith("#")]


@pytest.mark.programs("mpd", "mpc")
def test_mpd_knows_every_track_of_every_playlist(stick: Path, home: Path, tmp_path: Path) -> None:
    with mpd_playing(stick, tmp_path / "mpd") as mpd:
        mpd.mpc("update", "--wait")
        known = set(mpd.mpc("listall"))
        assert known == {str(file.relative_to(stick)) for file in _tracks(stick)}
        assert len(playlists_of(stick)) > 5
        for playlist in playlists_of(stick):
            mpd.mpc("clear")
            # One inside its music folder is loaded by its path there.
            mpd.mpc("load", str(playlist.relative_to(stick)))
            wanted = [str(track.relative_to(stick)) for track in names_in(playlist)]
            assert mpd.mpc("--format", "%file%", "playlist") == wanted
            assert set(wanted) <= known
        # The lengths in the playlists are those that MPD measures.
        for file, length in (
            line.split("\t") for line in mpd.mpc("--format", "%file%\t%time%", "listall")
        ):
            minutes, _, seconds = length.rpartition(":")
            assert abs(_length_in(stick, stick / file) - int(minutes) * 60 - int(seconds)) <= 1, (
                file
            )
        mpd.mpc("play")
        wait_until(lambda: any(line.startswith("[playing]") for line in mpd.mpc("status")))


def _tracks(stick: Path) -> set[Path]:
    found = {path for path in stick.rglob("*") if path.suffix in (".flac", ".mp3", ".wav")}
    assert found
    return found


def _length_in(stick: Path, track: Path) -> int:
    """What the playlist beside a track says of its length."""
    lines = (track.parent / f"{track.parent.name}.m3u8").read_text().splitlines()
    return int(lines[lines.index(track.name) - 1].removeprefix("#EXTINF:").partition(",")[0])


@pytest.mark.programs("mixxx", "Xvfb", "xdotool", "import", "dbus-run-session")
def test_mixxx_knows_every_track_of_its_playlists(
    stick: Path, screen: Screen, tmp_path: Path
) -> None:
    mixxx = mixxx_for(stick, tmp_path / "mixxx", screen)
    files = _tracks(stick)

    def all_scanned() -> bool:
        found = mixxx.select("SELECT location FROM track_locations WHERE NOT fs_deleted")
        return {Path(location) for (location,) in found} == files

    with mixxx.running(all_scanned):
        for playlist in playlists_of(stick)[:2]:
            import_playlist(screen, mixxx.database, playlist)
            screen.screenshot(playlist.stem)
    titles = mixxx.select("SELECT count(*) FROM library WHERE title != '' AND duration > 0")
    # No playlist has added a track.
    assert titles == mixxx.select("SELECT count(*) FROM library") == [(len(files),)]
