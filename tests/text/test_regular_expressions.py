"""Regular expressions: how they fold, and that none can take long. Their mistakes are in tests/query."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.text.fold import fold
from mcfs.text.regular_expressions import (
    MAX_LENGTH,
    MAX_SIZE,
    has_match,
    mistake_in,
    searched_pattern,
)


@pytest.mark.parametrize(
    ("pattern", "searched"),
    [
        (r"\bDanger\W", r"\bdanger\W"),
        ("BEYONCÉ", "beyonce"),
        ("E\u0301", "e"),
        ("Straße+", "stra(?:ss)e+"),
        ("[ÄßZ-]x", "[assz-]x"),
        ("[^]A]", "[^]a]"),
        (r"[\]A\D]", r"[\]a\D]"),
        ("[[:Upper:]A-Z]", "[[:Upper:]a-z]"),
        ("(?P<Name>É)", "(?P<Name>e)"),
        ("(?i)A(?:B)", "(?i)a(?:b)"),
        (r"\pL\p{Greek}\PN\x{C9}\xC9", r"\pL\p{Greek}\PN\x{C9}\xC9"),
        # a slash is `/` or ∕; `\` is for the pattern, and two of them are one slash
        (r"AC/DC|AC∕DC|AC\\DC|AC\/DC", "ac/dc|ac/dc|ac/dc|ac/dc"),
        # case and accents count
        ("(?-i)É", "(?-i)É"),
        ("", ""),
    ],
)
def test_letters_fold_and_nothing_else_does(pattern: str, searched: str) -> None:
    assert searched_pattern(pattern) == searched


@given(st.text(max_size=10), st.text("abÉß ", max_size=10))
def test_literal_text_is_found_as_contains_finds_it(part: str, rest: str) -> None:
    pattern = re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", part)
    if mistake_in(pattern) is None:
        assert has_match(searched_pattern(pattern), fold(rest + " " + part + " " + rest))


@given(st.text("ab([{^$.*+?|\\)]}-,12:=!<>PQEéx", max_size=15))
def test_any_pattern_can_be_searched_for_or_has_a_mistake_at_a_place(pattern: str) -> None:
    mistake = mistake_in(pattern)
    if mistake is None:
        assert has_match(searched_pattern(pattern), "some text") in {True, False}
    else:
        assert 0 <= mistake.position <= len(pattern)
        assert mistake.message
        assert mistake.suggestion


# Python's own engine would need more than the age of the universe for these.
@pytest.mark.parametrize(
    "pattern", ["(x+x+)+y", "(a|a)*b", "(a*)*b", "^(([a-z])+.)+[A-Z]$", "(.*){30}y"]
)
def test_an_evil_pattern_is_harmless(pattern: str) -> None:
    assert mistake_in(pattern) is None
    assert not has_match(pattern, "xa" * 50_000 + "!")


@pytest.mark.parametrize(
    "pattern",
    [
        "x" * (MAX_LENGTH + 1),
        f"(a{{1000}}){{{MAX_SIZE // 1000 + 1}}}",
        ".{900}.{900}",
        r"\pL{9}",
        "((a{0,100}){0,100}){0,100}",
    ],
)
def test_a_pattern_that_could_take_long_is_refused(pattern: str) -> None:
    assert mistake_in(pattern) is not None


def test_the_engine_is_loaded_by_the_first_pattern() -> None:
    """It would take a tenth of the start of every command."""
    code = (
        "import sys; from mcfs.query import parse; import mcfs.store; parse('genre:^dub title:+x');"
        "assert 're2' not in sys.modules; parse('title:=~x'); assert 're2' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
