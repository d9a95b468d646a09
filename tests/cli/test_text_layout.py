"""Text on a terminal: never wider than it may be."""

from __future__ import annotations

import pytest

from mcfs.cli.text_layout import (
    caret_lines,
    cell_width,
    count_noun,
    keep_column_order,
    pad,
    truncate,
    wrap,
)


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 1), ("戦場", 4), ("🎹", 2)]
)
def test_cell_width(text: str, width: int) -> None:
    assert cell_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("techno", 6, "techno"),
        ("techno", 5, "tech…"),
        ("techno", 1, "…"),
        ("techno", 0, ""),
        ("", 0, ""),
        ("dub techno", 5, "dub…"),
        ("戦場の", 6, "戦場の"),
        ("戦場の", 5, "戦場…"),
        ("戦場の", 4, "戦…"),
        ("戦場の", 2, "…"),
    ],
)
def test_truncate(text: str, width: int, shown: str) -> None:
    assert truncate(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("dub techno", None, ["dub techno"]),
        ("dub techno", 10, ["dub techno"]),
        ("dub techno", 9, ["dub", "techno"]),
        ("dub techno", 4, ["dub", "tech", "no"]),
        ("a bc d", 3, ["a", "bc", "d"]),
        ("/music/戦場", 8, ["/music/", "戦場"]),
        ("戦場の", 3, ["戦", "場", "の"]),
        ("戦", 1, ["戦"]),
        ("", 5, [""]),
    ],
)
def test_wrap(text: str, width: int | None, lines: list[str]) -> None:
    assert wrap(text, width) == lines


@pytest.mark.parametrize(
    ("text", "width", "right", "shown"),
    [
        ("ab", 4, False, "ab  "),
        ("ab", 4, True, "  ab"),
        ("戦", 4, False, "戦  "),
        ("戦", 4, True, "  戦"),
        ("abcd", 2, False, "abcd"),
    ],
)
def test_pad(text: str, width: int, right: bool, shown: str) -> None:
    assert pad(text, width, right=right) == shown


@pytest.mark.parametrize(
    ("text", "marked"),
    [("שלום", True), ("a می", True), ("abc", False), ("戦場", False), ("é", False), ("", False)],
)
def test_keep_column_order(text: str, marked: bool) -> None:
    assert keep_column_order(text) == text + "\u200e" * marked


@pytest.mark.parametrize(
    ("text", "position", "width", "line", "pointer"),
    [
        ("gnere:x", 0, None, "gnere:x", "^"),
        ("a gnere:x", 2, None, "a gnere:x", "  ^"),
        ("a gnere:x", 9, None, "a gnere:x", "         ^"),
        ("戦 gnere:x", 2, None, "戦 gnere:x", "   ^"),
        ("a\tb\x1b", 2, None, "a b␛", "  ^"),
        ("a gnere:x", 2, 80, "a gnere:x", "  ^"),
        ("0123456789abcdef", 0, 10, "01234567…", "^"),
        ("0123456789abcdef", 16, 10, "…89abcdef", "         ^"),
    ],
)
def test_caret_lines(text: str, position: int, width: int | None, line: str, pointer: str) -> None:
    assert caret_lines(text, position, width) == (line, pointer)


@pytest.mark.parametrize("width", [1, 8, 9, 20, 40])
@pytest.mark.parametrize("letter", ["x", "戦"])
def test_the_caret_stays_on_the_line(letter: str, width: int) -> None:
    for position in range(41):
        line, pointer = caret_lines(letter * 40, position, width)
        assert cell_width(line) < max(width, 8)
        assert len(pointer) <= max(width, 8)


@pytest.mark.parametrize(("count", "text"), [(0, "0 tracks"), (1, "1 track"), (2, "2 tracks")])
def test_count_noun(count: int, text: str) -> None:
    assert count_noun(count, "track") == text
