"""How each kind of field reads the number of a stored value."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.fields import field_named


@pytest.mark.parametrize(
    ("field", "text", "number"),
    [
        ("bpm", "128", 128),
        ("bpm", " 128.5 ", 128.5),
        ("bpm", "128,5", 128.5),
        ("bpm", "-3", -3),
        ("bpm", "+.5", 0.5),
        ("bpm", "5.", 5),
        ("bpm", "fast", None),
        ("bpm", "", None),
        ("bpm", "12x", None),
        ("bpm", "nan", None),
        ("bpm", "inf", None),
        ("bpm", "-inf", None),
        ("bpm", "1e5", None),
        ("bpm", "0x10", None),
        ("bpm", "1_000", None),
        ("bpm", "١٢٨", None),
        ("bpm", "9" * 400, None),
        ("bpm", "-", None),
        ("bpm", "1\0", None),
        ("whatever", "7", 7),
        ("year", "1997", 1997),
        ("year", "1997-05-12", 1997),
        ("year", "19970512", 1997),
        ("year", "97", None),
        ("year", "May 1997", None),
        ("tracknumber", "3/12", 3),
        ("tracknumber", "03", 3),
        ("tracknumber", "3 / 12", 3),
        ("tracknumber", "A1", None),
        ("tracknumber", "3b", None),
    ],
)
def test_number(field: str, text: str, number: float | None) -> None:
    assert field_named(field).kind.number_of(text) == number


@given(st.sampled_from(["bpm", "year", "tracknumber"]), st.text())
def test_any_text_is_a_finite_number_or_none(field: str, text: str) -> None:
    number = field_named(field).kind.number_of(text)
    assert number is None or math.isfinite(number)
