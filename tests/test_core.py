"""Rules of the core (`sql/` and the rooms below it) that import-linter cannot check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mcfs

PACKAGE = Path(mcfs.__file__).parent
CORE = ("sql", "schema", "query", "template", "fields", "text")
# Not `fromtimestamp`: converting a given time needs no clock.
CLOCK = re.compile(r"\b(?:datetime\.(?:utc)?now|date(?:time)?\.today)\b")


@pytest.mark.parametrize("room", CORE)
def test_the_core_reads_no_clock(room: str) -> None:
    files = list((PACKAGE / room).rglob("*.py"))
    assert files
    assert [file.name for file in files if CLOCK.search(file.read_text())] == []
