"""Reading in a subprocess: the result is the same, and neither process outlives the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from mcfs.annex import parallel
from mcfs.annex.files import read_files
from mcfs.annex.library import Library
from mcfs.annex.parallel import read_in_subprocess, subprocess_pays_off
from mcfs.annex.read_library import AnnexedKey, fingerprint_and_journal, read_all_keys
from mcfs.config.settings import EXTENSIONS
from mcfs.errors import LibraryError
from mcfs.store import Store
from mcfs.sync.report import SyncKind
from mcfs.sync.run import sync
from mcfs.text.track_names import is_audio
from tests.annex.git_annex_oracle import Repository
from tests.cache_access import generation_of, get_track
from tests.child_processes import children
from tests.mounts import wait_until

WANTED = partial(is_audio, extensions=EXTENSIONS)
TRACK = "acdc.mp3"
# More than the smallest pipe takes, and than is read ahead of it.
MUCH = "comment=" + "x" * 60_000


def _read_in_subprocess(library: Library) -> list[AnnexedKey]:
    state, journal = fingerprint_and_journal(library)
    with read_in_subprocess(library, state, WANTED, journal) as (total, keys):
        found = list(keys)
    assert total >= len(found)
    return found


def _assert_reads_the_same(library: Library) -> None:
    state, journal = fingerprint_and_journal(library)
    files = read_files(library, state, WANTED, {})
    here = {key.key: key for key in read_all_keys(library, state.annex_commit, files, journal)}
    there = _read_in_subprocess(library)
    assert {key.key: key for key in there} == here
    assert len(there) == len(here) > 0
    assert {key.key: key.blobs for key in there} == {key: here[key].blobs for key in here}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library counts as large."""
    monkeypatch.setattr(parallel, "LARGE_INDEX", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


class TestReadsTheSame:
    def test_of_the_samples(self, library: Library) -> None:
        _assert_reads_the_same(library)

    def test_of_what_is_in_the_journal(self, library: Library, repository: Repository) -> None:
        repository.git(
            "-c", "annex.alwayscommit=false", "annex", "metadata", "-q", "-s", "mood=dark", TRACK
        )
        (key,) = (key for key in _read_in_subprocess(library) if TRACK in key.work_paths)
        assert key.metadata.values["mood"] == ("dark",)
        _assert_reads_the_same(library)

    def test_of_what_is_not_utf_8(self, library: Library, repository: Repository) -> None:
        odd = os.fsdecode(b"caf\xe9")
        repository.describe(TRACK, f"odd={odd}")
        (library.top / f"{odd}.mp3").symlink_to((library.top / TRACK).readlink())
        repository.git("add", f"{odd}.mp3")
        (key,) = (key for key in _read_in_subprocess(library) if TRACK in key.work_paths)
        assert f"{odd}.mp3" in key.work_paths
        assert key.metadata.values["odd"] == (odd,)
        _assert_reads_the_same(library)

    def test_of_hidden_unlocked_and_absent_files(
        self, library: Library, repository: Repository
    ) -> None:
        repository.annex("drop", "-q", "--force", TRACK)
        repository.annex("unlock", "-q", "beyonce.mp3")
        repository.annex("adjust", "-q", "--hide-missing")
        assert any(key.hidden for key in _read_in_subprocess(library))
        _assert_reads_the_same(library)

    @pytest.mark.parametrize("name", ["mcfs", "json.py"])
    def test_with_modules_in_the_library(
        self, library: Library, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = library.top / name
        if name == "mcfs":
            place.mkdir()
            place /= "__init__.py"
        place.write_text("raise SystemExit(3)")
        _assert_reads_the_same(library)
        monkeypatch.chdir(library.top.parent)
        monkeypatch.delenv("PYTHONPATH", raising=False)
        _assert_reads_the_same(library)

    def test_and_so_does_the_store(self, library: Library, synced: Store, always: None) -> None:
        keys = {key.key for key in _read_in_subprocess(library)}
        before = {key: get_track(synced.cache, key) for key in keys}
        report = sync(library, synced, full=True)
        assert report.kind is SyncKind.FULL
        assert report.tracks == len(keys)
        assert {key: get_track(synced.cache, key) for key in keys} == before


def test_a_small_library_is_read_in_process(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, _ = fingerprint_and_journal(library)
    assert not subprocess_pays_off(state)
    monkeypatch.setattr(parallel, "LARGE_INDEX", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert subprocess_pays_off(state)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert not subprocess_pays_off(state)


class TestFails:
    def test_as_here(self, library: Library, repository: Repository) -> None:
        repository.describe(TRACK, "mood=dark")
        tree = repository.git("ls-tree", "-r", "git-annex").decode().splitlines()
        key = repository.key(TRACK)
        (blob,) = (line.split()[2] for line in tree if line.endswith(f"{key}.log.met"))
        (library.common_dir / "objects" / blob[:2] / blob[2:]).unlink()
        with pytest.raises(LibraryError) as there:
            _read_in_subprocess(library)
        state, journal = fingerprint_and_journal(library)
        files = read_files(library, state, WANTED, {})
        with pytest.raises(LibraryError) as here:
            list(read_all_keys(library, state.annex_commit, files, journal))
        assert str(there.value) == str(here.value)
        assert "git fsck" in str(here.value)

    def test_before_the_first(self, library: Library) -> None:
        state, journal = fingerprint_and_journal(library)
        library.git_dir.rename(library.top / "away")
        with (
            pytest.raises(LibraryError, match="not a git repository"),
            read_in_subprocess(library, state, WANTED, journal),
        ):
            pass

    def test_where_there_is_no_python(
        self, library: Library, synced: Store, always: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = generation_of(synced.cache)
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(LibraryError, match=r"mcfs\.annex\.parallel failed \(1\)"):
            sync(library, synced, full=True)
        assert generation_of(synced.cache) == before
        failed = synced.user.last_run("sync", "failed")
        assert failed is not None
        assert failed.detail is not None
        assert "failed (1)" in failed.detail["error"]

    @pytest.mark.parametrize("size", [0, 3, 8, 12, 14, 21, 1000, -1])
    def test_where_the_end_is_missing(
        self, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
    ) -> None:
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\n{sys.executable} "$@" | head -c {size}\n')
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))
        with pytest.raises(LibraryError, match="was not read to its end"):
            _read_in_subprocess(library)

    def test_killed(
        self, library: Library, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parallel, "PIPE_BYTES", 4096)
        repository.describe(TRACK, MUCH)
        state, journal = fingerprint_and_journal(library)
        with (  # noqa: PT012
            pytest.raises(LibraryError, match=r"failed \(-9\)"),
            read_in_subprocess(library, state, WANTED, journal) as (_, keys),
        ):
            (reader,) = children()
            os.kill(reader, signal.SIGKILL)
            list(keys)

    def test_killed_once_a_sync_reads_again(
        self,
        library: Library,
        repository: Repository,
        synced: Store,
        always: None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        repository.describe(TRACK, MUCH)
        monkeypatch.setattr(parallel, "PIPE_BYTES", 4096)
        killed: list[int] = []

        def kill(_: object) -> None:
            if not killed:
                killed.extend(children())
                os.kill(killed[0], signal.SIGKILL)

        assert sync(library, synced, full=True, on_progress=kill).kind is SyncKind.FULL
        assert len(killed) == 1
        record = get_track(synced.cache, repository.key(TRACK))
        assert record is not None
        assert record.values["comment"] == (MUCH.partition("=")[2],)


class TestNoProcessIsLeftBehind:
    """The subprocess has more to send than the parent reads."""

    def test_an_error_in_the_parent_ends_it(
        self, library: Library, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parallel, "PIPE_BYTES", 4096)
        repository.describe(TRACK, MUCH)
        state, journal = fingerprint_and_journal(library)
        with (  # noqa: PT012
            pytest.raises(KeyboardInterrupt),
            read_in_subprocess(library, state, WANTED, journal) as (_, _keys),
        ):
            (reader,) = children()
            raise KeyboardInterrupt
        assert not Path(f"/proc/{reader}").exists()

    @pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
    def test_the_parent_is_killed(
        self, library: Library, repository: Repository, end: signal.Signals
    ) -> None:
        repository.describe(TRACK, MUCH)
        script = (
            "import sys, time\nfrom pathlib import Path\n"
            "from mcfs.annex import parallel\nfrom mcfs.annex.library import open_library\n"
            "from mcfs.annex.read_library import fingerprint_and_journal\n"
            "parallel.PIPE_BYTES = 4096\nlibrary = open_library(Path(sys.argv[1]))\n"
            "state, journal = fingerprint_and_journal(library)\n"
            "with parallel.read_in_subprocess(library, state, str, journal):\n"
            "    print('reading', flush=True)\n    time.sleep(60)\n"
        )
        # As a shell does: one group, to all of which Ctrl-C goes.
        with subprocess.Popen(
            [sys.executable, "-c", script, library.top],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"reading\n"
            assert len(_group(process.pid)) > 1, "the other one reads"
            if end is signal.SIGINT:
                os.killpg(process.pid, end)
            else:
                process.send_signal(end)
        wait_until(lambda: not _group(process.pid))


def _group(leader: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            group = int((place / "stat").read_text().rpartition(")")[2].split()[2])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if group == leader:
            found.append(int(place.name))
    return found
