"""The files of the store are never opened through a link: it may lead to a file that is not ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcfs.errors import MountError, StoreError
from mcfs.mounting.logs import log_to_store
from mcfs.store.locks import running_sync, sync_lock
from mcfs.store.pin_trash import PinTrash, TrashPart


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


def test_the_trash_of_pins(tmp_path: Path, precious: Path) -> None:
    trash = PinTrash(tmp_path / "trash")
    for part in (TrashPart.FILES, TrashPart.INFO):
        (tmp_path / "trash" / part.value).mkdir(parents=True)
        (tmp_path / "trash" / part.value / "x").symlink_to(precious)
    for change in (
        lambda: trash.open_note("x", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        lambda: trash.note("x"),
        lambda: trash.pin(TrashPart.FILES, "x"),
    ):
        with pytest.raises(OSError, match="Too many levels of symbolic links"):
            change()
    assert precious.read_text() == "kept"
