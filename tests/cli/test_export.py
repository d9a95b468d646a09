"""`mcfs export`: folders that need no mount, on real disks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyrekordbox.rbxml import RekordboxXml

from mcfs.annex.library import Library
from mcfs.errors import ExitCode
from mcfs.store import Store
from tests.cli.running import CommandRunner
from tests.mounts import mounted
from tests.prerequisites import needs_fuse
from tests.tracks import ABSENT, copy_of_library, run_in_library

MANIFESTS = ".mcfs-export"
SURGEON = "Surgeon - Remnants.flac"
HALO = "Beyoncé - Halo.mp3"
# Without the one that is not here.
TECHNO = "genre:techno present:yes"


@pytest.fixture(scope="module")
def shared_library(
    pristine_library: Path, pristine_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("shared") / "library"
    with copy_of_library(pristine_library, folder) as library:
        shutil.copytree(pristine_store, library.store_dir)
        yield library


@pytest.fixture
def mcfs(
    shared_library: Library,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> CommandRunner:
    """On a library that no test of this module changes."""
    monkeypatch.delenv("COLUMNS", raising=False)
    return CommandRunner(shared_library, capsysbinary)


@pytest.fixture
def own(
    library: Library, synced: Store, capsysbinary: pytest.CaptureFixture[bytes]
) -> CommandRunner:
    """On a library of the test's own."""
    return CommandRunner(library, capsysbinary)


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "out"


def tree(folder: Path) -> dict[str, str]:
    """What is in a folder: path → the target of a link, or "file", or "folder"."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(MANIFESTS):
            if path.is_symlink():
                found[name] = os.readlink(path)
            else:
                found[name] = "folder" if path.is_dir() else "file"
    return found


def files(folder: Path) -> set[str]:
    return {name for name, what in tree(folder).items() if what != "folder"}


def objects(text: str) -> dict[str, Any]:
    return {each["path"]: each for each in json.loads(text)}


class TestLinks:
    def test_relative_links_into_the_work_tree(self, own: CommandRunner, dest: Path) -> None:
        result = own("export", "artist:surgeon", str(dest))
        assert (result.code, result.out, result.err) == (
            ExitCode.DONE,
            f"1 linked; in {dest}\n",
            "",
        )
        assert tree(dest) == {SURGEON: "../library/Surgeon/Force + Form/01.flac"}
        assert (dest / SURGEON).read_bytes().startswith(b"sound of Surgeon")
        # Moved together, they still lead there.
        both = dest.parent / "elsewhere"
        both.mkdir()
        Path(dest).rename(both / "out")
        Path(own.library.top).rename(both / "library")
        assert (both / "out" / SURGEON).exists()
        Path(both / "library").rename(own.library.top)

    def test_absolute_links(self, mcfs: CommandRunner, dest: Path) -> None:
        mcfs("export", "artist:surgeon", str(dest), "--absolute")
        assert tree(dest) == {SURGEON: f"{mcfs.library.top}/Surgeon/Force + Form/01.flac"}

    def test_nested_folders_a_template_and_a_view(self, mcfs: CommandRunner, dest: Path) -> None:
        mcfs("export", "genre:techno/{{ key | camelot }}", str(dest / "../a"))
        assert files(dest.parent / "a") >= {f"8A/{SURGEON}", "Unknown/Underworld - Rez.wav"}
        target = tree(dest.parent / "a")[f"8A/{SURGEON}"]
        folder = dest.parent / "a" / "8A"
        assert target == os.path.relpath(mcfs.library.top / "Surgeon/Force + Form/01.flac", folder)
        template = "{{ artist }}/{{ bpm }} {{ title }}.{{ ext }}"
        mcfs("export", "artist:surgeon", str(dest), "--template", template)
        assert files(dest) == {"Surgeon/134.5 Remnants.flac"}
        mcfs("export", "artist", str(dest.parent / "view"))
        assert "Surgeon/Force + Form/Remnants.flac" in files(dest.parent / "view")

    def test_a_pin_and_an_ordered_query(self, own: CommandRunner, dest: Path) -> None:
        own("pin", "--name", "Peak", "genre:techno bpm:>126")
        own("export", "pins/Peak", str(dest))
        assert SURGEON in files(dest)
        own("export", "sort:-rating limit:2 artist:surgeon|artist:beyoncé", f"{dest}2")
        assert files(Path(f"{dest}2")) == {f"001 {SURGEON}", f"002 {HALO}"}

    def test_what_an_earlier_export_made_is_replaced_and_nothing_else(
        self, mcfs: CommandRunner, dest: Path
    ) -> None:
        mcfs("export", TECHNO, str(dest))
        (dest / "notes.txt").write_text("mine")
        (dest / HALO).write_text("mine, too")
        other = dest / "Underworld - Rez.wav"
        other.unlink()
        other.write_text("mine now")
        result = mcfs("export", f"{TECHNO} OR artist:beyoncé", str(dest), "--absolute")
        # It is another query, so it replaces none of the links of the first.
        assert result.code == ExitCode.FAILED
        assert (dest / HALO).read_text() == "mine, too"
        assert f"{HALO}: a file of this name is there, which mcfs has not made" in result.err
        assert f"{SURGEON}: the export of {'genre:techno present:yes'}" in result.err
        result = mcfs("export", TECHNO, str(dest), "--absolute")
        assert result.code == ExitCode.PARTLY_DONE
        assert other.read_text() == "mine now"
        assert tree(dest)[SURGEON].startswith("/")
        assert (dest / "notes.txt").read_text() == "mine"

    def test_the_second_time_nothing_is_written(self, mcfs: CommandRunner, dest: Path) -> None:
        mcfs("export", "genre", str(dest))
        before = {path: path.lstat().st_mtime_ns for path in dest.rglob("*")}
        result = mcfs("export", "genre", str(dest), "--sync")
        assert "there before" in result.out
        assert {path: path.lstat().st_mtime_ns for path in dest.rglob("*")} == before

    def test_sync_removes_what_left_the_query_and_only_that(
        self, own: CommandRunner, dest: Path
    ) -> None:
        own("export", "genre", str(dest))
        (dest / "Pop" / "notes.txt").write_text("mine")
        before = files(dest)
        for file in ("beyonce.mp3", "acdc.mp3"):
            run_in_library(own.library, f"git annex metadata -q {file} -s genre=Other")
        own("sync")
        result = own("export", "genre", str(dest))
        assert "2 files of an earlier run are no longer part of this export" in result.err
        assert files(dest) == before | {f"Other/{HALO}", "Other/AC∕DC - T.N.T..mp3"}
        result = own("export", "genre", str(dest), "--sync")
        assert result.out.endswith(f"there before, 2 removed; in {dest}\n")
        left = {f"Pop/{HALO}", "Rock/AC∕DC - T.N.T..mp3"}
        assert files(dest) == (before | {f"Other/{HALO}", "Other/AC∕DC - T.N.T..mp3"}) - left
        # A folder that became empty goes; one with something of somebody else stays.
        assert not (dest / "Rock").exists()
        assert (dest / "Pop" / "notes.txt").exists()

    def test_two_exports_into_one_folder_each_manage_their_own(
        self, own: CommandRunner, dest: Path
    ) -> None:
        own("export", "artist:surgeon | artist:underworld", str(dest))
        own("export", "artist:surgeon | artist:orbital", str(dest))
        run_in_library(own.library, "git annex metadata -q underworld.wav orbital.mp3 -s artist=X")
        run_in_library(
            own.library,
            "git annex metadata -q 'Surgeon/Force + Form/01.flac' -s artist=Y -s title=Z",
        )
        own("sync")
        result = own("export", "artist:surgeon | artist:underworld", str(dest), "--sync")
        assert (result.code, result.out) == (ExitCode.DONE, f"1 removed; in {dest}\n")
        assert "no tracks" in result.err
        # The other export has made this one, too.
        assert files(dest) == {SURGEON, "Orbital - Halcyon.mp3"}
        own("export", "artist:surgeon | artist:orbital", str(dest), "--sync")
        assert files(dest) == set()

    def test_a_folder_that_is_a_link_is_not_followed(self, mcfs: CommandRunner, dest: Path) -> None:
        elsewhere = dest.parent / "elsewhere"
        elsewhere.mkdir()
        dest.mkdir()
        (dest / "Pop").symlink_to(elsewhere)
        result = mcfs("export", "genre", str(dest))
        assert result.code == ExitCode.PARTLY_DONE
        assert f"Pop/{HALO}: instead of the folder Pop, a file or a link" in result.err
        assert not any(elsewhere.iterdir())


class TestCopies:
    def test_copies_are_whole_and_keep_their_time(self, own: CommandRunner, dest: Path) -> None:
        source = own.library.top / "Surgeon/Force + Form/01.flac"
        os.utime(source, ns=(10**18, 10**18))
        result = own("export", "artist:surgeon", str(dest), "--copy")
        size = source.stat().st_size
        assert result.out == f"1 copied ({size / 1000:.1f} kB); in {dest}\n"
        copy = dest / SURGEON
        assert not copy.is_symlink()
        assert copy.read_bytes() == source.read_bytes()
        assert copy.stat().st_mtime_ns == 10**18
        # The content of a library is read-only. A copy is not.
        assert copy.stat().st_mode & 0o200
        assert not list((dest / MANIFESTS).glob("*.part"))

    def test_what_is_there_and_whole_is_skipped(self, mcfs: CommandRunner, dest: Path) -> None:
        mcfs("export", TECHNO, str(dest), "--copy")
        whole, short = dest / SURGEON, dest / "Underworld - Rez.wav"
        inode = whole.stat().st_ino
        os.truncate(short, 10)
        result = mcfs("export", TECHNO, str(dest))  # again copies, as before
        assert result.out.startswith("1 copied")
        assert whole.stat().st_ino == inode
        assert short.read_bytes() == (mcfs.library.top / "underworld.wav").read_bytes()

    def test_a_copy_of_somebody_else_counts_if_it_is_the_same(
        self, mcfs: CommandRunner, dest: Path
    ) -> None:
        dest.mkdir()
        content = (mcfs.library.top / "Surgeon/Force + Form/01.flac").read_bytes()
        (dest / SURGEON).write_bytes(content)
        (dest / "Underworld - Rez.wav").write_bytes(
            b"x" * (mcfs.library.top / "underworld.wav").stat().st_size
        )
        result = mcfs("export", "artist:surgeon|artist:underworld", str(dest), "--copy")
        assert result.code == ExitCode.PARTLY_DONE
        assert result.out == f"1 there before, 1 failed; in {dest}\n"
        assert "Underworld - Rez.wav: a file of this name is there" in result.err

    def test_copies_that_are_numbered_anew_are_renamed(
        self, own: CommandRunner, dest: Path
    ) -> None:
        query = "sort:title artist:surgeon|artist:underworld"
        own("export", query, str(dest), "--copy")
        inodes = {path.stat().st_ino for path in dest.glob("00*")}
        assert files(dest) == {f"001 {SURGEON}", "002 Underworld - Rez.wav"}
        run_in_library(own.library, "git annex metadata -q underworld.wav -s title=Aaa")
        own("sync")
        foreseen = own("export", query, str(dest), "--sync", "--dry-run").out
        result = own("export", query, str(dest), "--sync")
        assert result.out == f"2 renamed; in {dest}\n"
        assert foreseen == f"would be: {result.out}"
        assert files(dest) == {"001 Underworld - Aaa.wav", f"002 {SURGEON}"}
        assert {path.stat().st_ino for path in dest.glob("00*")} == inodes

    def test_links_become_copies_and_copies_links(self, mcfs: CommandRunner, dest: Path) -> None:
        mcfs("export", "artist:surgeon", str(dest))
        mcfs("export", "artist:surgeon", str(dest), "--copy")
        assert tree(dest) == {SURGEON: "file"}
        mcfs("export", "artist:surgeon", str(dest), "--link")
        assert tree(dest)[SURGEON].startswith("../")

    def test_a_track_that_cannot_be_read_is_named_and_the_others_are_copied(
        self, own: CommandRunner, dest: Path
    ) -> None:
        own("export", "artist:surgeon", str(dest), "--dry-run")
        content = Path(os.path.realpath(own.library.top / "kino.mp3"))
        content.parent.chmod(0o700)
        content.unlink()
        content.mkdir()  # reading it fails, even for root
        result = own("export", "artist:surgeon|artist:кино", str(dest), "--copy")
        assert result.code == ExitCode.PARTLY_DONE
        assert result.out.endswith(f", 1 failed; in {dest}\n")
        assert "Кино - Группа крови.mp3: Is a directory" in result.err
        assert files(dest) == {SURGEON}

    def test_a_playlist_of_all_names_the_copies(self, mcfs: CommandRunner, dest: Path) -> None:
        query = "genre:pop|artist:surgeon"
        mcfs("export", query, str(dest), "--copy", "--playlist", "--template", "{{ genre }}")
        assert (dest / "genre:pop|artist:surgeon.m3u8").read_text() == (
            "#EXTM3U\n"
            f"#EXTINF:-1,Beyoncé - Halo\nPop/{HALO}\n"
            f"#EXTINF:-1,Surgeon - Remnants\nTechno/{SURGEON}\n"
        )

    def test_the_work_tree_with_its_covers(self, mcfs: CommandRunner, dest: Path) -> None:
        mcfs("export", "library", str(dest), "--copy")
        assert {"cover.jpg", "Surgeon/Force + Form/01.flac"} <= files(dest)
        assert "there before" in mcfs("export", "library", str(dest)).out


class TestBefore:
    def test_a_dry_run_writes_nothing(self, own: CommandRunner, dest: Path) -> None:
        result = own("export", TECHNO, str(dest), "--dry-run", "--copy")
        assert result.code == ExitCode.DONE
        assert result.out.startswith("would be: 6 copied")
        assert not dest.exists()
        own("export", TECHNO, str(dest), "--copy")
        run_in_library(own.library, "git annex metadata -q underworld.wav -s genre=X")
        own("sync")
        result = own("export", TECHNO, str(dest), "--dry-run", "--sync", "--json")
        actions = {path: each["action"] for path, each in objects(result.out).items()}
        assert actions["Underworld - Rez.wav"] == "removed"
        assert actions[SURGEON] == "kept"
        assert (dest / "Underworld - Rez.wav").exists()

    def test_no_tracks(self, mcfs: CommandRunner, dest: Path) -> None:
        result = mcfs("export", "artist:surgeno", str(dest))
        assert (result.code, result.out) == (ExitCode.DONE, "")
        assert result.err == "mcfs: no tracks; did you mean artist:surgeon?\n"
        result = mcfs("export", "--json", "artist:surgeno", str(dest))
        assert json.loads(result.out) == []
        assert mcfs("export", "pins", str(dest)).err == "mcfs: no tracks\n"
        assert not dest.exists()

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["gnere:techno"], 'unknown field "gnere"; did you mean "genre"?'),
            (["/"], "this is the whole mount"),
            (["genre:techno.m3u8"], "export its folder with --playlist"),
            (["genre:techno", "--template", "flat"], "flat has no field; write {{ genre }}"),
            (["genre:techno", "--template", "{{ gnere }}"], 'did you mean "genre"?'),
        ],
    )
    def test_a_mistake_says_what_to_write(
        self, mcfs: CommandRunner, dest: Path, words: list[str], message: str
    ) -> None:
        first, *rest = words
        result = mcfs("export", first, str(dest), *rest)
        assert result.code == ExitCode.USAGE
        assert message in result.err
        assert not dest.exists()

    def test_places_that_are_refused(self, mcfs: CommandRunner, tmp_path: Path) -> None:
        top = mcfs.library.top
        file = tmp_path / "file"
        file.write_text("")
        for place, reason in (
            (tmp_path / "no" / "where", f"because {tmp_path / 'no'} is not there; is its disk"),
            (file, "is a file; name a folder"),
            (top, "is the library itself"),
            (top / ".git" / "out", "is in the git directory"),
        ):
            result = mcfs("export", "artist:surgeon", str(place))
            assert result.code == ExitCode.USAGE
            assert reason in result.err

    def test_a_mount_is_refused(self, mcfs: CommandRunner, tmp_path: Path) -> None:
        needs_fuse()
        place = tmp_path / "mnt"
        place.mkdir()
        with mounted(mcfs.library.top, place):
            for inside in (place, place / "pins" / "out"):
                result = mcfs("export", "artist:surgeon", str(inside))
                assert result.code == ExitCode.USAGE
                assert f"is in the mount {place}, where nothing can be written" in result.err
            # What is exported may be named by its path there.
            mcfs("export", f"{place}/artist/Surgeon", str(tmp_path / "out"))
        assert files(tmp_path / "out") == {"Force + Form/Remnants.flac"}

    def test_in_the_library_it_says_which_line_keeps_git_away(self, own: CommandRunner) -> None:
        place = own.library.top / "my exports"
        line = "/my\\ exports/"
        result = own("export", "artist:surgeon", str(place))
        assert result.code == ExitCode.DONE
        assert result.err.endswith(f"add this line to .gitignore: {line}\n")
        assert tree(place) == {SURGEON: "../Surgeon/Force + Form/01.flac"}
        (own.library.top / ".gitignore").write_text(f"{line}\n")
        assert own("export", "artist:surgeon", str(place)).err == ""
        status = subprocess.run(
            ["git", "status", "--porcelain", "--ignored"], cwd=own.library.top, capture_output=True
        )
        assert b'!! "my exports/"' in status.stdout

    def test_a_damaged_manifest_is_named(self, mcfs: CommandRunner, dest: Path) -> None:
        mcfs("export", "artist:surgeon", str(dest))
        (manifest,) = (dest / MANIFESTS).glob("*.json")
        whole = json.loads(manifest.read_text())
        for damaged in (
            "{",
            json.dumps(whole | {"made": []}),
            json.dumps(whole | {"made": {"../notes.txt": ["link", "x", None]}}),
            json.dumps(whole | {"folders": ["/tmp"]}),
        ):
            manifest.write_text(damaged)
            result = mcfs("export", "artist:surgeon", str(dest), "--sync")
            assert result.code == ExitCode.FAILED
            assert f"{MANIFESTS}/{manifest.name} in the destination" in result.err
        manifest.unlink()
        assert mcfs("export", "artist:surgeon", str(dest)).out == f"1 there before; in {dest}\n"

    def test_what_is_in_the_place_of_the_manifests_is_named(
        self, mcfs: CommandRunner, dest: Path
    ) -> None:
        dest.mkdir()
        (dest / MANIFESTS).write_text("mine")
        result = mcfs("export", "artist:surgeon", str(dest))
        assert result.code == ExitCode.FAILED
        assert f"{MANIFESTS} in the destination is not a folder" in result.err
        assert result.err.endswith("move it away\n")
        assert tree(dest) == {}


class TestAbsent:
    def test_sync_keeps_copies_of_what_is_no_longer_here(
        self, own: CommandRunner, dest: Path
    ) -> None:
        query = "sort:title artist:beyoncé|artist:surgeon|artist:underworld"
        own("export", query, str(dest), "--copy")
        before = files(dest)
        run_in_library(own.library, "git annex drop -q --force beyonce.mp3 underworld.wav")
        own("sync")
        result = own("export", query, str(dest), "--sync")
        assert result.code == ExitCode.PARTLY_DONE
        assert f"001 {SURGEON}" in files(dest)
        assert before - {f"002 {SURGEON}"} <= files(dest)

    def test_absent_tracks_are_named_and_the_others_exported(
        self, mcfs: CommandRunner, dest: Path
    ) -> None:
        result = mcfs("export", "genre:techno", str(dest))
        assert result.code == ExitCode.PARTLY_DONE
        assert result.err == (
            "mcfs: Basic Channel - Phylyps.flac is not here\n"
            "mcfs: --get fetches them first; present:yes in the query leaves them out\n"
        )
        assert len(files(dest)) == 6
        shown = objects(mcfs("export", "--json", "genre:techno", str(dest)).out)
        assert shown["Basic Channel - Phylyps.flac"]["action"] == "absent"
        assert shown[SURGEON]["action"] == "kept"

    def test_queries_that_leave_absent_tracks_out_name_none(
        self, mcfs: CommandRunner, dest: Path
    ) -> None:
        for query in ("genre:techno present:yes", "genre:techno present:yes limit:3"):
            result = mcfs("export", query, str(dest), "--dry-run")
            assert (result.code, result.err) == (ExitCode.DONE, "")
        result = mcfs("export", "genre:techno present:yes|artist:basic", str(dest), "--dry-run")
        assert result.code == ExitCode.PARTLY_DONE
        assert "Basic Channel - Phylyps.flac is not here" in result.err

    def test_nothing_is_here(self, mcfs: CommandRunner, dest: Path) -> None:
        result = mcfs("export", "artist:basic", str(dest))
        assert result.code == ExitCode.FAILED
        assert "Basic Channel - Phylyps.flac is not here" in result.err
        assert not dest.exists()

    def test_content_that_went_away_since_the_sync(self, own: CommandRunner, dest: Path) -> None:
        run_in_library(own.library, "git annex drop -q --force beyonce.mp3")
        result = own("export", "artist:beyoncé|artist:surgeon", str(dest))
        assert result.code == ExitCode.PARTLY_DONE
        assert result.err == f"mcfs: {HALO}: its content is no longer here\n"
        assert files(dest) == {SURGEON}
        run_in_library(own.library, "git mv 'Surgeon/Force + Form/01.flac' moved.flac")
        result = own("export", "artist:surgeon", f"{dest}-moved")
        assert "its file is no longer where it was; run mcfs sync" in result.err
        # A copy finds the content.
        assert own("export", "artist:surgeon", f"{dest}-copies", "--copy").code == ExitCode.DONE

    def test_get_fetches_first(
        self,
        clone: Library,
        library: Library,
        dest: Path,
        capsysbinary: pytest.CaptureFixture[bytes],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("HOME", str(clone.top.parent))
        mcfs = CommandRunner(clone, capsysbinary)
        foreseen = mcfs("export", "--get", "artist:surgeon", str(dest), "--dry-run")
        assert foreseen.code == ExitCode.FAILED
        assert f"mcfs: {SURGEON} is not here\n" in foreseen.err
        assert foreseen.err.endswith(
            "without --dry-run, they are fetched first and exported, too\n"
        )
        result = mcfs("export", "--get", "genre:techno sort:-rating limit:2", str(dest), "--copy")
        assert (result.code, result.err) == (ExitCode.DONE, "")
        assert files(dest) == {f"001 {SURGEON}", "002 Orbital - Halcyon.mp3"}
        result = mcfs("export", "--get", "artist:basic|artist:surgeon", str(dest))
        assert result.code == ExitCode.PARTLY_DONE
        assert "Basic Channel - Phylyps.flac: " in result.err
        assert SURGEON in files(dest)
        assert not (clone.top / ABSENT).exists()


class TestOtherPrograms:
    def test_a_playlist_in_each_folder(self, mcfs: CommandRunner, dest: Path) -> None:
        run_in_library(mcfs.library, "git annex metadata -q beyonce.mp3 -s duration=3:45.6")
        mcfs("sync")
        query = "genre:pop|artist:surgeon"
        mcfs("export", query, str(dest), "--m3u8", "--template", "{{ genre }}")
        assert (dest / "Pop" / "Pop.m3u8").read_text() == (
            f"#EXTM3U\n#EXTINF:226,Beyoncé - Halo\n{HALO}\n"
        )
        assert {f"Pop/{HALO}", "Pop/Pop.m3u8", f"Techno/{SURGEON}", "Techno/Techno.m3u8"} == files(
            dest
        )

    def test_both_kinds_of_playlists_have_portable_names(
        self, mcfs: CommandRunner, dest: Path
    ) -> None:
        words = [
            "--m3u8",
            "--playlist",
            "--portable",
            "--template",
            "{{ title }}?/{{ bpm }}.{{ ext }}",
        ]
        mcfs("export", "artist:surgeon", str(dest), *words)
        assert files(dest) == {
            "artist：surgeon.m3u8", "Remnants？/134.5.flac", "Remnants？/Remnants？.m3u8",
        }  # fmt: skip
        text = (dest / "artist：surgeon.m3u8").read_text()
        assert text.splitlines()[-1] == "Remnants？/134.5.flac"

    def test_a_collection_leads_to_what_was_exported(self, mcfs: CommandRunner, dest: Path) -> None:
        (dest / "Ambient").mkdir(parents=True)
        (dest / "Ambient" / "Orbital - Halcyon.mp3").write_text("mine")
        file = dest.parent / "rekordbox.xml"
        words = ["genre:techno present:yes", str(dest), "--template", "{{ genre }}"]
        result = mcfs("export", *words, "--rekordbox", str(file))
        assert result.code == ExitCode.PARTLY_DONE
        assert result.lines[-1] == f"6 tracks for Rekordbox; in {file}"
        read = RekordboxXml(file)
        locations = {Path("/", track.Location) for track in read.get_tracks()}
        # Halcyon is in two folders, and what is in one of them is not the export's.
        assert locations == {path for path in dest.glob("techno/*") if path.is_symlink()}
        assert [node.name for node in read.root_playlist_folder.get_playlists()] == [
            "Ambient", "techno",
        ]  # fmt: skip
        assert len(read.get_playlist("techno").get_tracks()) == 6

    def test_a_collection_for_another_machine(self, mcfs: CommandRunner, dest: Path) -> None:
        file = dest / "rekordbox.xml"  # in a folder that the export makes
        words = ["export", "artist:surgeon|artist:underworld", str(dest), "--rekordbox", str(file)]
        for root, start in (
            ("E:\\", "E:/"), ("E:", "E:/"), ("e:/My Music/", "e:/My%20Music/"), ("/", "/"),
            ("/Volumes/STICK", "/Volumes/STICK/"),
        ):  # fmt: skip
            assert mcfs(*words, "--rekordbox-root", root).code == ExitCode.DONE
            host = "file://localhost" if start.startswith("/") else "file://localhost/"
            assert f'Location="{host}{start}Underworld%20-%20Rez.wav"' in file.read_text()
        result = mcfs(*words, "--rekordbox-root", "STICK")
        assert result.code == ExitCode.USAGE
        assert "write E:/Music or /Volumes/STICK/Music" in result.err

    def test_a_collection_of_the_library_itself(self, mcfs: CommandRunner, dest: Path) -> None:
        words = ["artist:surgeon present:yes | artist:orbital", "--rekordbox", str(dest)]
        result = mcfs("export", *words, "--template", "{{ artist }}")
        assert (result.code, result.out) == (ExitCode.DONE, f"2 tracks for Rekordbox; in {dest}\n")
        read = RekordboxXml(dest)
        assert {Path("/", track.Location) for track in read.get_tracks()} == {
            mcfs.library.top / "Surgeon/Force + Form/01.flac",
            mcfs.library.top / "best of/orbital again.mp3",
        }
        listed = objects(mcfs("export", *words, "--json").out)
        assert {each["action"] for each in listed.values()} == {"kept"}
        assert len(listed) == 2
        mcfs("export", *words, "--rekordbox-root", "M:/lib")
        assert "file://localhost/M:/lib/best%20of/orbital%20again.mp3" in dest.read_text()
        result = mcfs("export", "artist:nobody", "--rekordbox", f"{dest}2")
        assert (result.code, result.out, result.err) == (ExitCode.DONE, "", "mcfs: no tracks\n")
        result = mcfs("export", "artist:channel", "--rekordbox", f"{dest}2")
        assert result.code == ExitCode.FAILED
        assert not Path(f"{dest}2").exists()

    def test_what_rekordbox_does_not_import_is_said(self, mcfs: CommandRunner, dest: Path) -> None:
        words = ["artist:surgeon", "--rekordbox", str(dest), "--rekordbox-root", "/" + "m" * 250]
        result = mcfs("export", *words, "--dry-run")
        assert result.out == f"would be: 1 track for Rekordbox; in {dest}\n"
        assert result.err == (
            "mcfs: Rekordbox does not import 1 of these tracks: "
            "their paths have more than 255 characters (1)\n"
        )
        assert not dest.exists()

    def test_a_file_of_somebody_else_is_not_replaced(
        self, mcfs: CommandRunner, dest: Path, tmp_path: Path
    ) -> None:
        mine = tmp_path / "mine.xml"
        mine.write_text('<?xml version="1.0"?>\n<DJ_PLAYLISTS><PRODUCT Name="rekordbox" />')
        for file, reason in (
            (mine, "was not made by mcfs"),
            (tmp_path, f"is a folder; name a file, such as {tmp_path}/rekordbox.xml"),
            (tmp_path / "no" / "a.xml", f"because {tmp_path}/no is not a folder"),
        ):
            result = mcfs("export", "artist:surgeon", str(dest), "--rekordbox", str(file))
            assert result.code == ExitCode.USAGE
            assert reason in result.err
            assert not dest.exists()
        assert 'Name="rekordbox"' in mine.read_text()

    def test_a_mistake_says_what_is_missing(self, mcfs: CommandRunner) -> None:
        for words, message in (
            (["all"], "name the folder to export to, after the query"),
            (["all", "--rekordbox", "x.xml", "--sync"], "--sync needs a folder to export to"),
            (["all", "--rekordbox", "x.xml", "--link"], "--link needs a folder to export to"),
            (["all", "out", "--rekordbox-root", "E:/"], "of --rekordbox FILE are"),
            (["all", ""], "for this folder, write ."),
            (["genre:techno", "bpm:126"], "bpm:126 looks like a part of the query"),
            (["all", "bpm:126", "--rekordbox", "x.xml"], "write ./bpm:126"),
        ):
            result = mcfs("export", *words)
            assert result.code == ExitCode.USAGE
            assert message in result.err
