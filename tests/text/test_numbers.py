"""How numbers are written."""

from __future__ import annotations

import pytest

from mcfs.text.numbers import number_text, read_number, trim_zeros


@pytest.mark.parametrize(
    ("number", "decimals", "text"),
    [
        (126.90, 2, "126.9"),
        (126.0, 2, "126"),
        (100, 0, "100"),
        (0, 2, "0"),
        (1.005, 2, "1"),
        (-0.5, 4, "-0.5"),
        (123456, 9, "123456"),
    ],
)
def test_a_number_has_no_more_decimals_than_it_needs(
    number: float, decimals: int, text: str
) -> None:
    assert number_text(number, decimals) == text


@pytest.mark.parametrize(("digits", "text"), [("1.50", "1.5"), ("1.00", "1"), ("100", "100")])
def test_only_zeros_after_a_point_are_trimmed(digits: str, text: str) -> None:
    assert trim_zeros(digits) == text


def test_numbers_are_read_with_a_comma_too() -> None:
    assert read_number(" 126,9 ") == 126.9
    assert read_number("126,9 bpm") is None
