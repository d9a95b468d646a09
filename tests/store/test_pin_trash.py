"""The trash of pins, as files in the store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcfs.errors import NotFoundError, PinExistsError
from mcfs.store.pin_trash import PinTrash, TrashedPin, TrashPart


@pytest.fixture
def trash(tmp_path: Path) -> PinTrash:
    """An empty one: its folder does not exist yet."""
    return PinTrash(tmp_path / "trash")


def test_it_makes_its_folder_when_something_is_put_there(trash: PinTrash, tmp_path: Path) -> None:
    assert [trash.names(part) for part in TrashPart] == [[], [], []]
    assert not (tmp_path / "trash").exists()
    trash.put("Peak", TrashedPin("genre:techno"))
    assert trash.names(TrashPart.FILES) == ["Peak"]


def test_a_pin_comes_back_byte_by_byte(trash: PinTrash) -> None:
    pin = TrashedPin("artist:caf\udce9 рок", ("Friday", "Late night"))
    trash.put("a\udce9", pin)
    trash.rename(TrashPart.FILES, "a\udce9", TrashPart.EXPUNGED, "1")
    assert trash.pin(TrashPart.EXPUNGED, "1") == pin


def test_a_taken_name_stays_what_it_is(trash: PinTrash) -> None:
    trash.put("Peak", TrashedPin("genre:techno"))
    trash.put("Other", TrashedPin("genre:rock"))
    with pytest.raises(PinExistsError):
        trash.put("Peak", TrashedPin("genre:house"))
    with pytest.raises(PinExistsError):
        trash.rename(TrashPart.FILES, "Other", TrashPart.FILES, "Peak")
    assert trash.pin(TrashPart.FILES, "Peak").query_text == "genre:techno"


def test_what_is_not_there(trash: PinTrash) -> None:
    with pytest.raises(NotFoundError):
        trash.pin(TrashPart.FILES, "x")
    with pytest.raises(NotFoundError):
        trash.remove(TrashPart.FILES, "x")
    with pytest.raises(NotFoundError):
        trash.rename(TrashPart.FILES, "x", TrashPart.EXPUNGED, "x")
    with pytest.raises(NotFoundError):
        trash.note("x")
    with pytest.raises(NotFoundError):
        trash.open_note("x", os.O_RDONLY)


def test_a_note_is_written_and_read(trash: PinTrash) -> None:
    descriptor = trash.open_note("x.trashinfo", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.write(descriptor, b"[Trash Info]\n")
    os.close(descriptor)
    assert trash.note("x.trashinfo") == b"[Trash Info]\n"
    trash.rename(TrashPart.INFO, "x.trashinfo", TrashPart.INFO, "y.trashinfo")
    trash.remove(TrashPart.INFO, "y.trashinfo")
    assert trash.names(TrashPart.INFO) == []
