"""Text that a terminal may be sent, whoever wrote it."""

from __future__ import annotations

import pytest

from mcfs.text.printable import printable, printable_lines


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
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert len(printable(text)) == len(text)


def test_printable_lines_keep_their_breaks() -> None:
    assert printable_lines("a\x1b[2J\n\tb\r\n") == "a␛[2J\n b \n"
