"""Damage in the databases of a library: it is found out wherever it shows, and work goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.config.settings import DEFAULTS
from mcfs.store import Store, open_store
from mcfs.sync.report import SyncKind
from mcfs.sync.run import sync
from tests.mounts import mcfs, mounted, wait_until

_PAGE = 16384


def overwrite(path: Path, first_page: int) -> None:
    """Overwrite a database with zeros from this page on, as a bad disk may; it stays the same file."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(first_page * _PAGE)
        file.write(bytes(size - first_page * _PAGE))


def damaged_copies(library: Library) -> list[Path]:
    return sorted(library.store_dir.glob("cache.db.damaged-*[0-9]"))


@pytest.mark.parametrize("first_page", [0, 1])
def test_a_mount_goes_on_with_a_new_cache(
    library: Library, synced: Store, place: Path, first_page: int
) -> None:
    synced.close()
    with mounted(library.top, place, says="a copy is kept as") as mount:
        before = sorted(os.listdir(mount.path / "genre:techno"))
        cache = library.store_dir / "cache.db"
        overwrite(cache, first_page)

        def answers() -> bool:
            try:
                return (
                    # Nobody has asked for these, so the store is read.
                    len(os.listdir(mount.path / f"genre:techno/-title:{os.urandom(4).hex()}"))
                    == len(before)
                    and bool(damaged_copies(library))
                )
            except OSError:
                return False

        wait_until(answers)
        assert sorted(os.listdir(mount.path / "genre:techno")) == before
        wait_until(lambda: "a copy is kept as" in (mount.path / ".mcfs/errors").read_text())
        # What others write is seen too: it is still one and the same database.
        done = mcfs("search", "--library", library.top, "genre:techno", "--format", "paths")
        assert (done.returncode, len(done.stdout.splitlines())) == (0, len(before))
    assert len(damaged_copies(library)) == 1


def test_a_damaged_page_is_found_out_by_a_full_sync(library: Library, synced: Store) -> None:
    synced.close()
    cache = library.store_dir / "cache.db"
    good = cache.read_bytes()
    for page in range(1, len(good) // _PAGE, 4):
        cache.write_bytes(good)
        with cache.open("r+b") as file:
            file.seek(page * _PAGE)
            file.write(bytes(_PAGE))
        with open_store(library.store_dir) as store:
            first = sync(library, store, DEFAULTS, full=True)
            assert (first.kind, first.tracks) == (SyncKind.FULL, 12)
            again = sync(library, store, DEFAULTS)
            assert (again.kind, again.rebuilt, again.tracks) == (SyncKind.NOTHING, None, 12)
    assert damaged_copies(library)
    assert not (library.store_dir / "cache.db.new").exists()


def test_a_search_that_meets_damage(library: Library, synced: Store) -> None:
    synced.close()
    overwrite(library.store_dir / "cache.db", 1)
    done = mcfs("search", "--library", library.top, "genre:techno")
    again = mcfs("search", "--library", library.top, "genre:techno", "--format", "paths")
    assert done.returncode in {0, 75}
    assert f"a copy is kept as {damaged_copies(library)[0].name}" in done.stderr
    assert (again.returncode, len(again.stdout.splitlines())) == (0, 6)


def test_pins_are_rescued_under_a_mount(library: Library, synced: Store, place: Path) -> None:
    for number in range(3):
        synced.user.add_pin(f"pin {number}", "genre:techno")
    synced.close()
    user = library.store_dir / "user.db"
    with mounted(library.top, place) as mount:
        assert len(os.listdir(mount.path / "pins")) == 3
        with user.open("r+b") as file:
            file.write(b"nonsense" * 10)
        done = mcfs("pins", "--library", library.top)
        assert (done.returncode, len(done.stdout.splitlines())) == (0, 4)
        assert "rescued: 3 pins" in done.stderr
        assert len(list(library.store_dir.glob("user.db.damaged-*[0-9]"))) == 1
        (mount.path / "pins" / "new").mkdir()
        assert len(os.listdir(mount.path / "pins")) == 4
        assert len(mcfs("pins", "--library", library.top).stdout.splitlines()) == 5


def test_syncs_and_mounts_do_without_user_data(
    library: Library, synced: Store, place: Path
) -> None:
    synced.close()
    user = library.store_dir / "user.db"
    user.unlink(missing_ok=True)
    user.mkdir()
    done = mcfs("sync", "--full", "--library", library.top)
    assert (done.returncode, done.stdout) == (0, "12 tracks, 1 of them not here\n")
    assert f"{user} cannot be opened: it is a folder; until then there are no pins" in done.stderr
    with mounted(library.top, place, says="it is a folder") as mount:
        assert len(os.listdir(mount.path / "genre:techno")) == 6
        with pytest.raises(OSError, match="pins"):
            (mount.path / "pins" / "new").mkdir()
