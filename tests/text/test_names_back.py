"""Folder names → the values they were made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import text

from mcfs.text.escape import escape, unescape
from mcfs.text.portable import plain_name, portable_name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("AC/DC", "AC∕DC"),
        (".hidden", "․hidden"),
        ("a\tb\x7f", "a␉b␡"),
        ("Peak time", "Peak time"),
    ],
)
def test_examples(value: str, name: str) -> None:
    assert escape(value) == name
    assert unescape(name) == value


@pytest.mark.parametrize("name", ["What?", "a:b", 'x"<>|*\\', "Mr.", "con", "lpt1.x", "Dub "])
def test_portable_examples(name: str) -> None:
    assert portable_name(name) != name
    assert plain_name(portable_name(name)) == name


@given(text(min_size=1, max_size=30))
def test_a_name_comes_of_the_value_that_it_stands_for(value: str) -> None:
    name = escape(value)
    assert escape(unescape(name)) == name
    assert portable_name(plain_name(portable_name(name))) == portable_name(name)
