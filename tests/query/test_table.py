"""What each query finds, row by row, here and in a library without a track."""

from __future__ import annotations

import pytest

from tests.query.table import ROWS
from tests.records import Asked


@pytest.mark.parametrize(("text", "titles"), ROWS)
def test_finds(asked: Asked, text: str, titles: set[str]) -> None:
    found = asked.titles(text)
    assert set(found) == titles
    assert len(found) == len(titles), "a track is there twice"
    assert asked.count(text) == len(titles)


@pytest.mark.parametrize("text", [text for text, _ in ROWS])
def test_an_empty_library_finds_nothing(empty: Asked, text: str) -> None:
    assert empty.titles(text) == []
    assert empty.count(text) == 0
