"""What a terminal is sent: so wide and no wider, and nothing that controls it."""

from __future__ import annotations

import io

import pytest

from mcfs.cli.terminal import (
    Screen,
    caret,
    cut,
    draw,
    emit,
    fit,
    in_order,
    padded,
    screen,
    width_of,
    wrapped,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 戦場 🎹", "plain é 戦場 🎹"),
        ("\x1b[31mred", "␛[31mred"),
        ("nul\0bell\x07", "nul␀bell␇"),
        ("two\nlines\tand\r", "two lines and "),
        ("\x7f", "␡"),
        ("\x9b31m", "\ufffd31m"),
        ("\x85|\xa0|\u2028", " | | "),
        ("\u202eturned\u2066", "\ufffdturned\ufffd"),
        ("می\u200cخواهم 👩\u200d🎤", "می\u200cخواهم 👩\u200d🎤"),
        ("caf\udce9", "caf\ufffd"),
        ("", ""),
    ],
)
def test_fit(text: str, shown: str) -> None:
    assert fit(text) == shown
    assert len(fit(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 1), ("戦場", 4), ("🎹", 2)]
)
def test_width(text: str, width: int) -> None:
    assert width_of(text) == width


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
def test_cut(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


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
def test_wrapped(text: str, width: int | None, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


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
def test_padded(text: str, width: int, right: bool, shown: str) -> None:
    assert padded(text, width, right=right) == shown


@pytest.mark.parametrize(
    ("text", "marked"),
    [("שלום", True), ("a می", True), ("abc", False), ("戦場", False), ("é", False), ("", False)],
)
def test_in_order(text: str, marked: bool) -> None:
    assert in_order(text) == text + "\u200e" * marked


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
def test_caret(text: str, position: int, width: int | None, line: str, pointer: str) -> None:
    assert caret(text, position, width) == (line, pointer)


@pytest.mark.parametrize("width", [1, 8, 9, 20, 40])
@pytest.mark.parametrize("letter", ["x", "戦"])
def test_caret_stays_on_the_line(letter: str, width: int) -> None:
    for position in range(41):
        line, pointer = caret(letter * 40, position, width)
        assert width_of(line) < max(width, 8)
        assert len(pointer) <= max(width, 8)


@pytest.mark.parametrize(
    ("pieces", "terminal", "sent"),
    [
        (["a", "b\n"], True, b"ab\n"),
        (["caf\udce9 é"], False, b"caf\xe9 \xc3\xa9"),
        (["\x1b[31m\0"], False, b"\x1b[31m\0"),
        (["\x1b[31m\0\t\n"], True, b"?[31m\0\t\n"),
        (["a\r\nb\rc"], True, b"a\r\nb?c"),
        (["\x9b31m \x7f"], True, b"?31m ?"),
        (["é戦"], True, "é戦".encode()),
        ([], True, b""),
    ],
)
def test_emit(
    capsysbinary: pytest.CaptureFixture[bytes], pieces: list[str], terminal: bool, sent: bytes
) -> None:
    emit(pieces, Screen(terminal=terminal))
    assert capsysbinary.readouterr().out == sent


def test_draw(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    draw(["a  ", "", "é\udce9"])
    assert capsysbinary.readouterr().out == "a\n\né?\n".encode()


class _Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal, though none that says how wide."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "encoding", "environment", "found"),
    [
        (False, "utf-8", {}, Screen()),
        (False, "ascii", {}, Screen(unicode=False)),
        (False, "utf-8", {"COLUMNS": "50"}, Screen(width=50)),
        (False, "utf-8", {"COLUMNS": "0"}, Screen()),
        (False, "utf-8", {"COLUMNS": "wide"}, Screen()),
        (False, "utf-8", {"COLUMNS": "²"}, Screen()),
        (False, "utf-8", {"TERM": "xterm"}, Screen()),
        (True, "utf-8", {}, Screen(width=80, terminal=True)),
        (True, "utf-8", {"TERM": "dumb"}, Screen(width=80, terminal=True)),
        (True, "utf-8", {"TERM": "xterm"}, Screen(width=80, styled=True, terminal=True)),
        (True, "UTF8", {"TERM": "xterm", "NO_COLOR": "1"}, Screen(width=80, terminal=True)),
        (
            True,
            "latin-1",
            {"TERM": "xterm", "COLUMNS": "120"},
            Screen(width=120, styled=True, unicode=False, terminal=True),
        ),
    ],
)
def test_screen(
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    encoding: str,
    environment: dict[str, str],
    found: Screen,
) -> None:
    for name in ("COLUMNS", "TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    kind = _Terminal if terminal else io.TextIOWrapper
    with kind(io.BytesIO(), encoding=encoding) as stream:
        assert screen(stream) == found


@pytest.mark.parametrize(
    ("styled", "bold", "dim"), [(True, "\x1b[1mx\x1b[0m", "\x1b[2mx\x1b[0m"), (False, "x", "x")]
)
def test_styles(styled: bool, bold: str, dim: str) -> None:
    assert (Screen(styled=styled).bold("x"), Screen(styled=styled).dim("x")) == (bold, dim)
