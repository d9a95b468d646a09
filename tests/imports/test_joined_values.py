"""Whether a text is several values that a program has joined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.imports.joined_values import is_joined


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("Deep House House", ["Deep House", "House"], True),
        ("House Deep House", ["Deep House", "House"], True),
        ("House; Deep House", ["Deep House", "House"], True),
        ("House,Deep House", ["Deep House", "House"], True),
        ("House / Deep  House", ["Deep House", "House"], True),
        # A tag may have a value twice, and git-annex has it once.
        ("House House Dub", ["House", "Dub"], True),
        ("Deep House", ["Deep House", "House"], False),
        ("House Deep", ["Deep House", "House"], False),
        ("HouseDub", ["House", "Dub"], False),
        ("House & Dub", ["House", "Dub"], False),
        ("House Dub Techno", ["House", "Dub"], False),
        ("House", ["House"], False),
        ("", [], False),
        ("a b", ["a", "b", ""], True),
    ],
)
def test_texts(text: str, values: list[str], expected: bool) -> None:
    assert is_joined(text, values) is expected


_WORDS = st.lists(
    st.sampled_from(["a", "a b", "b", "b a", "ab"]), min_size=2, max_size=6, unique=True
)


@given(_WORDS.flatmap(st.permutations), st.sampled_from([" ", ";", "; ", ",", ", ", "/", " / "]))
def test_whatever_the_order_and_the_separator(values: list[str], separator: str) -> None:
    text = separator.join(values)
    assert is_joined(text, set(values))
    assert not is_joined(text, {*values, "missing"})


def test_very_many_values_take_no_time() -> None:
    """There are too many ways to take this apart to try all of them one after the other."""
    values = ["a", "a a", "a a a", "a a a a", "b"]
    assert not is_joined(" ".join(["a"] * 500), values)
    assert is_joined(" ".join(["a"] * 500) + " b", values)
    assert not is_joined("a b", [str(number) for number in range(1000)])
