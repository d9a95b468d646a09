"""Tracks as symbolic links and as files, on real mounts: what programs read, copy and compare."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.store import Store
from mcfs.sync.run import sync
from tests import contract
from tests.annex.git_annex_oracle import Repository
from tests.mounts import instrumented_mount, wait_until
from tests.prerequisites import needs_fuse
from tests.tracks import ABSENT, copy_of_library

REZ = "Underworld - Rez.wav"


@dataclass(frozen=True, slots=True)
class Shown:
    """A library, and a mount that shows its tracks as links or as files."""

    mnt: Path
    library: Library
    kind: str


@pytest.fixture(scope="module", params=["links", "files"])
def shown(
    request: pytest.FixtureRequest,
    pristine_library: Path,
    pristine_store: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shown]:
    """One mount for all tests that change nothing."""
    needs_fuse()
    folder = tmp_path_factory.mktemp(request.param)
    with copy_of_library(pristine_library, folder / "library") as library:
        shutil.copytree(pristine_store, library.store_dir)
        with instrumented_mount(library.top, folder / "mnt", "--entries", request.param) as served:
            yield Shown(served.path, library, request.param)


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
def test_contract(shown: Shown, check: Callable[[Path], None]) -> None:
    for folder in contract.folders(shown.mnt):
        check(folder)


class TestPrograms:
    """Every program reads the same bytes."""

    FOLDER = "genre:techno"

    def contents(self, folder: Path) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in folder.iterdir()}

    def expected(self, shown: Shown) -> dict[str, bytes]:
        found = self.contents(shown.mnt / self.FOLDER)
        assert found[REZ] == (shown.library.top / "underworld.wav").read_bytes()
        assert len(found) == 6
        return found

    def run(self, command: str, shown: Shown, to: Path) -> str:
        done = subprocess.run(
            ["sh", "-ec", command, "sh", to], cwd=shown.mnt, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    @pytest.mark.parametrize(
        "command",
        [
            'cp -rL ./genre:techno "$1/to"',
            'mkdir "$1/to"; cp ./genre:techno/* "$1/to"',
            'tar -chf - ./genre:techno | tar -xf - -C "$1"; mv "$1/genre:techno" "$1/to"',
            'mkdir "$1/to"; cd genre:techno; for f in *; do cat "$f" >"$1/to/$f"; done',
            pytest.param(
                'rsync -aL --checksum ./genre:techno/ "$1/to"',
                marks=pytest.mark.skipif(
                    not shutil.which("rsync"), reason="rsync is not installed"
                ),
            ),
        ],
    )
    def test_copy(self, shown: Shown, tmp_path: Path, command: str) -> None:
        self.run(command, shown, tmp_path)
        assert self.contents(tmp_path / "to") == self.expected(shown)

    def test_find_newer_compares_when_a_track_changed(self, shown: Shown, tmp_path: Path) -> None:
        old, new = tmp_path / "old", tmp_path / "new"
        old.touch()
        os.utime(old, (0, 0))
        new.touch()
        for reference, count in ((old, 6), (new, 0)):
            found = self.run(f"find genre:techno ! -type d -newer '{reference}'", shown, tmp_path)
            assert found.count("\n") == count

    def test_du_adds_up_the_sizes(self, shown: Shown, tmp_path: Path) -> None:
        size = sum(len(held) for held in self.expected(shown).values())
        total = self.run("du -sLb --apparent-size genre:techno", shown, tmp_path)
        folder = (shown.mnt / "genre:techno").stat().st_size
        assert int(total.split()[0]) == size + folder

    def test_globs_in_any_depth(self, shown: Shown, tmp_path: Path) -> None:
        found = self.run("echo genre/*/*Rez*; echo genre:*/x; echo [a]ll/U*", shown, tmp_path)
        assert found == f"genre/techno/{REZ}\ngenre:*/x\nall/{REZ}\n"


@pytest.fixture
def files(library: Library, synced: Store, place: Path) -> Iterator[Path]:
    """The samples as files."""
    with instrumented_mount(library.top, place, "--entries", "files") as served:
        yield served.path


class TestFiles:
    def test_read_at_any_offset(self, files: Path, library: Library) -> None:
        expected = (library.top / "underworld.wav").read_bytes()
        with (files / "all" / REZ).open("rb") as file:
            file.seek(100)
            assert file.read(50) == expected[100:150]
            assert os.pread(file.fileno(), 10, len(expected) - 5) == expected[-5:]
            assert os.pread(file.fileno(), 10, len(expected) + 5) == b""
            file.seek(0, os.SEEK_END)
            assert file.tell() == len(expected)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                assert mapped[:] == expected

    def test_a_track_is_one_file_in_all_folders(self, files: Path) -> None:
        places = [
            files / folder / REZ for folder in ("all", "genre:techno", "genre/techno", "bpm/126")
        ]
        assert all(places[0].samefile(place) for place in places)
        assert len({place.stat().st_mtime_ns for place in places}) == 1

    def test_folders_share_the_page_cache(
        self, library: Library, synced: Store, place: Path
    ) -> None:
        with instrumented_mount(library.top, place, "--entries", "files") as served:
            first = (served.path / "all" / REZ).read_bytes()
            before = served.requests()
            assert (served.path / "genre:techno" / REZ).read_bytes() == first
            sent = served.requests() - before
            assert sent["open"] == 1
            assert sent["read"] == 0

    def test_inode_time_and_size_are_the_same_after_remounting(
        self, library: Library, synced: Store, place: Path
    ) -> None:
        seen = []
        for _ in range(2):
            with instrumented_mount(library.top, place, "--entries", "files") as served:
                what = (served.path / "all" / REZ).stat()
                seen.append((what.st_ino, what.st_mtime_ns, what.st_size))
        assert seen[0] == seen[1]

    def test_an_open_file_outlives_its_name_and_its_content(
        self, files: Path, library: Library, synced: Store
    ) -> None:
        name = "all/Beyoncé - Halo.mp3"
        expected = (files / name).read_bytes()
        with (files / name).open("rb") as file:
            assert file.read(10) == expected[:10]
            Repository(library.top).annex("drop", "--force", "beyonce.mp3")
            sync(library, synced)
            wait_until(lambda: not os.path.lexists(files / name))
            assert file.read() == expected[10:]

    def test_a_slow_disk_does_not_delay_names(self, files: Path, library: Library) -> None:
        """Its content is a FIFO: opening it blocks until a writer opens it."""
        content = (library.top / "beyonce.mp3").resolve()
        content.parent.chmod(0o755)
        content.unlink()
        os.mkfifo(content)
        programs = 150
        with ThreadPoolExecutor(programs + 1) as threads:
            opened = [
                threads.submit(os.open, files / "all" / "Beyoncé - Halo.mp3", 0)
                for _ in range(programs)
            ]
            try:
                time.sleep(1)  # all of them have asked
                listing = threads.submit(
                    os.listdir, files / "bpm:>1" / "genre:techno" / "title:rez"
                )
                assert listing.result(timeout=20) == [REZ]
                assert not any(future.done() for future in opened)
            finally:
                # Opening a FIFO for reading and writing never blocks, and wakes its readers.
                writer = os.open(content, os.O_RDWR)
                for future in opened:
                    os.close(future.result())
                os.close(writer)

    def test_missing_content_is_an_error_of_that_file_alone(
        self, library: Library, synced: Store, place: Path
    ) -> None:
        with instrumented_mount(
            library.top, place, "--entries", "files", says="its content is not here"
        ) as served:
            # Removed without git-annex, so that neither it nor the store knows.
            content = (library.top / "beyonce.mp3").resolve()
            content.parent.chmod(0o755)
            content.unlink()
            with pytest.raises(OSError) as raised:  # noqa: PT011
                (served.path / "all" / "Beyoncé - Halo.mp3").read_bytes()
            assert raised.value.errno == errno.EIO
            assert (served.path / "all" / REZ).read_bytes()

    def test_an_absent_track_has_a_size_and_cannot_be_read(
        self, library: Library, synced: Store, place: Path, tmp_path: Path
    ) -> None:
        with instrumented_mount(
            library.top, place, "--entries", "files", "--absent", "show",
            says="its content is not here",
        ) as served:  # fmt: skip
            absent = served.path / "all" / "Basic Channel - Phylyps.flac"
            assert absent.stat().st_size == len(f"sound of {ABSENT}\n") * 40
            with pytest.raises(OSError, match="Input/output error"):
                absent.read_bytes()
            done = subprocess.run(
                ["tar", "-cf", tmp_path / "all.tar", "all"], cwd=served.path, capture_output=True
            )
            assert done.returncode != 0, "a copy without the content must fail"


class TestLinks:
    def test_a_copied_link_still_leads_to_the_content(self, shown: Shown, tmp_path: Path) -> None:
        if shown.kind == "files":
            pytest.skip("only links have a target")
        shutil.copy(shown.mnt / "all" / REZ, tmp_path / "copy", follow_symlinks=False)
        moved = tmp_path / "copy"
        assert moved.is_symlink()
        assert moved.resolve() == (shown.library.top / "underworld.wav").resolve()
        for link in (shown.mnt / "sort:title" / "genre:techno").iterdir():
            assert link.read_bytes().startswith(b"sound of ")


def test_names_with_every_legal_byte(library: Library, synced: Store, place: Path) -> None:
    """As the name of a file without a title, and as the name of its directory."""
    legal = bytes(byte for byte in range(1, 256) if byte != ord("/"))
    names = [os.fsdecode(legal[at : at + 85] + b".mp3") for at in range(0, len(legal), 85)]
    repository = Repository(library.top)
    for name in names:
        repository.write(f"{name.removesuffix('.mp3')}/{name}", f"sound of {name!r}")
    repository.annex("add", ".")
    sync(library, synced)
    with instrumented_mount(library.top, place) as served:
        for folder in ("all", "{{ filename }}", "{{ directory }}"):
            for listed in (served.path / folder).rglob("*"):
                assert listed.exists()
        held = {file.read_text() for file in (served.path / "all").iterdir()}
        assert held >= {f"sound of {name!r}" for name in names}
