"""Texts in memory and in unnamed files are read alike."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcfs.tree.file_text import LONGEST_IN_MEMORY, FileText, write_text

# In memory, just so, and just no longer; with text that is not UTF-8.
TEXTS = [["ä\udcff", "b" * size] for size in (0, LONGEST_IN_MEMORY - 3, LONGEST_IN_MEMORY, 200_000)]


def _raw(pieces: list[str]) -> bytes:
    return "".join(pieces).encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("pieces", TEXTS, ids=lambda pieces: str(len(pieces[1])))
def test_every_part_of_a_text(tmp_path: Path, pieces: list[str]) -> None:
    text, raw = write_text(pieces, tmp_path), _raw(pieces)
    assert text.size == len(raw)
    assert (text.descriptor is None) == (len(raw) <= LONGEST_IN_MEMORY)
    for offset, size in ((0, text.size), (1, 5), (text.size - 1, 10), (text.size, 10)):
        assert text.read(offset, size) == raw[offset : offset + size]
    assert text == FileText(raw)
    assert text != FileText(raw + b"x")
    assert list(tmp_path.iterdir()) == [], "the file has no name"


def test_a_file_is_closed_with_its_last_user(tmp_path: Path) -> None:
    def open_files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    before = open_files()
    texts = [write_text(["x" * 100_000], tmp_path) for _ in range(5)]
    assert open_files() == before + 5
    texts.clear()
    assert open_files() == before


def test_where_the_folder_cannot_be_written_another_is_taken(tmp_path: Path) -> None:
    text = write_text(["x" * 100_000], tmp_path / "not there")
    assert text.read(0, 100_000) == b"x" * 100_000


def test_a_text_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    def fails() -> Iterator[str]:
        yield "x" * 100_000
        raise OSError("the disk is gone")

    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError, match="the disk is gone"):
        write_text(fails(), tmp_path)
    assert os.listdir("/proc/self/fd") == before
