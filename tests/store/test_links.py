"""The files of the store are never opened through a link: it may lead to a file that is not ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcfs.errors import MountError, StoreError
from mcfs.mounting.logs import log_to_store
from mcfs.store.locks import running_sync, sync_lock


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """Another file of the user."""
    file = tmp_path / "precious"
    file.write_text("kept")
    return file


def test_a_lock(tmp_path: Path, precious: Path) -> None:
    (tmp_path / "sync.lock").symlink_to(precious)
    with (
        pytest.raises(StoreError, match="is a link, which mcfs does not follow"),
        sync_lock(tmp_path),
    ):
        pass
    assert running_sync(tmp_path) is None
    assert precious.read_text() == "kept"


def test_a_log(tmp_path: Path, precious: Path) -> None:
    (tmp_path / "mount.log").symlink_to(precious)
    with pytest.raises(MountError, match="cannot be written: Too many levels of symbolic links"):
        log_to_store(tmp_path, 0)
    assert precious.read_text() == "kept"
