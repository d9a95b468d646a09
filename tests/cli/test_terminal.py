"""What stdout and stderr can show, and what is written to them."""

from __future__ import annotations

import io

import pytest

from mcfs.cli.terminal import Output, output_of, print_exactly, print_lines


@pytest.mark.parametrize(
    ("pieces", "is_terminal", "written"),
    [
        (["a", "b\n"], True, b"ab\n"),
        (["caf\udce9 é"], False, b"caf\xe9 \xc3\xa9"),
        (["\x1b[31m\0"], False, b"\x1b[31m\0"),
        (["\x1b[31m\0\t\n"], True, b"?[31m\0\t\n"),
        (["a\r\nb\rc"], True, b"a\r\nb?c"),
        (["\x9b31m \x7f"], True, b"?31m ?"),
        (["\u202ea\u2066b"], True, b"?a?b"),
        (["é戦\u200d"], True, "é戦\u200d".encode()),
        ([], True, b""),
    ],
)
def test_print_exactly(
    capsysbinary: pytest.CaptureFixture[bytes], pieces: list[str], is_terminal: bool, written: bytes
) -> None:
    print_exactly(pieces, Output(is_terminal=is_terminal))
    assert capsysbinary.readouterr().out == written


def test_print_lines(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    print_lines(["a  ", "", "é\udce9"])
    assert capsysbinary.readouterr().out == "a\n\né?\n".encode()


class _Terminal(io.TextIOWrapper):
    """A terminal whose width is unknown."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("is_terminal", "encoding", "environment", "output"),
    [
        (False, "utf-8", {}, Output()),
        (False, "ascii", {}, Output(unicode=False)),
        (False, "utf-8", {"COLUMNS": "50"}, Output(width=50)),
        (False, "utf-8", {"COLUMNS": "0"}, Output()),
        (False, "utf-8", {"COLUMNS": "wide"}, Output()),
        (False, "utf-8", {"COLUMNS": "²"}, Output()),
        (False, "utf-8", {"TERM": "xterm"}, Output()),
        (True, "utf-8", {}, Output(width=80, is_terminal=True)),
        (True, "utf-8", {"TERM": "dumb"}, Output(width=80, is_terminal=True)),
        (True, "utf-8", {"TERM": "xterm"}, Output(width=80, styled=True, is_terminal=True)),
        (True, "UTF8", {"TERM": "xterm", "NO_COLOR": "1"}, Output(width=80, is_terminal=True)),
        (
            True,
            "latin-1",
            {"TERM": "xterm", "COLUMNS": "120"},
            Output(width=120, styled=True, unicode=False, is_terminal=True),
        ),
    ],
)
def test_output_of(
    monkeypatch: pytest.MonkeyPatch,
    is_terminal: bool,
    encoding: str,
    environment: dict[str, str],
    output: Output,
) -> None:
    for name in ("COLUMNS", "TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    kind = _Terminal if is_terminal else io.TextIOWrapper
    with kind(io.BytesIO(), encoding=encoding) as stream:
        assert output_of(stream) == output


@pytest.mark.parametrize(
    ("styled", "bold", "dim"), [(True, "\x1b[1mx\x1b[0m", "\x1b[2mx\x1b[0m"), (False, "x", "x")]
)
def test_styles(styled: bool, bold: str, dim: str) -> None:
    assert (Output(styled=styled).bold("x"), Output(styled=styled).dim("x")) == (bold, dim)
