"""What a command works on: which library, and when its parts are opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.cli.session import locate_library, locate_path, open_session
from mcfs.config.settings import Absent
from mcfs.store import Store
from tests.cache_access import generation_of


def test_nothing_is_opened_before_it_is_used(tmp_path: Path) -> None:
    with open_session(tmp_path / "missing"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_opened_alone(library: Library, synced: Store) -> None:
    synced.close()
    (library.store_dir / "user.db").unlink()
    with open_session(library.top) as session, session.cache.reading() as read:
        assert read.count() == 12
    assert not (library.store_dir / "user.db").exists()


def test_a_library_is_synced_only_if_it_is_new(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_session(library.top, sync_first=False) as session:
        assert generation_of(session.store.cache).counter == 0
    for _ in range(2):
        with open_session(library.top) as session:
            assert generation_of(session.store.cache).counter == 1


def test_the_option_overrides_the_settings(library: Library) -> None:
    (library.top / "mcfs.toml").write_text('absent = "show"\n')
    with open_session(library.top) as session:
        assert session.settings.absent is Absent.SHOW
    with open_session(library.top, absent="hide") as session:
        assert session.settings.absent is Absent.HIDE


def test_the_option_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCFS_LIBRARY", raising=False)
    assert locate_library(None) == Path()
    monkeypatch.setenv("MCFS_LIBRARY", "/music")
    assert locate_library(None) == Path("/music")
    assert locate_library(Path("/other")) == Path("/other")


def test_a_path_outside_all_mounts_is_read_as_it_is() -> None:
    assert locate_path("genre/Techno", Path("/music")) == (Path("/music"), "genre/Techno")
