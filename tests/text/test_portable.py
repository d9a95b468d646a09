"""Names for file systems that allow less."""

from __future__ import annotations

import pytest

from mcfs.text.escape import MAX_BYTES
from mcfs.text.fold import fold
from mcfs.text.portable import portable_name


@pytest.mark.parametrize(
    ("name", "portable"),
    [
        ("Halo.mp3", "Halo.mp3"),
        ("What?.mp3", "What？.mp3"),
        ('a:b*c"d<e>f|g\\h', "a：b＊c＂d＜e＞f｜g＼h"),
        ("con", "ｃon"),
        ("NUL.mp3", "ＮUL.mp3"),
        ("console", "console"),
        ("a.", "a․"),
        ("a ", "a\N{NO-BREAK SPACE}"),
    ],
)
def test_a_portable_name(name: str, portable: str) -> None:
    assert portable_name(name) == portable
    assert fold(portable) == fold(name)


def test_a_name_that_becomes_too_long_gets_a_hash() -> None:
    name = "?" * 100 + ".mp3"
    portable = portable_name(name)
    assert len(portable.encode()) <= MAX_BYTES
    assert portable.endswith("].mp3")
    assert portable != portable_name("?" * 101 + ".mp3")
