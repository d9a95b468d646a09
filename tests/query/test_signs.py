"""Beginnings, ends, words and patterns in the store, against Python's own ways to ask for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcfs.query import Contains, ContainsAt, Equals, InFolder, Query, RegularExpression, Term
from mcfs.text.fold import fold
from mcfs.text.folders import folded_folder, is_in_folder
from mcfs.text.regular_expressions import mistake_in
from mcfs.text.whole_words import contains_at
from tests.records import RECORDS, SampleCache, cache_of

# Near each other in the order of characters, in several scripts, and not all of them UTF-8.
VALUES = (
    "dub", "dub techno", "Dubstep", "duc", "dua", "du", "d", "dub/techno", "AC∕DC", "techno dub", "a dub b",
    "dub\udce9", "dub\udce9 x", "\udce9dub", "dub\U0010ffff", "dub\ud7ff", "dub\ue000", "dué", "Dué", "дуб",
    "дубы", "дуб techno", "坂本", "坂本龍一", "+44", "^_^", "$x$", "x$", "100%", "a_b", "dub\0x", "dub\nx",
    " dub", "dub ", "dub🎹", "🎹dub",
)  # fmt: skip
FOLDERS = (
    "a",
    "a/b",
    "a/bc",
    "a b/c",
    "A∕B/c",
    "a\\b",
    "\udce9/a",
    "a/\udce9",
    "ab",
    "a0",
    "a/b/c d",
)
PARTS = sorted(
    {value[begin:end] for value in VALUES for begin in range(4) for end in range(begin + 1, 8)}
    - {""}
)


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleCache]:
    """One track for each value, which is in a field, and for each folder."""
    records = [
        replace(
            RECORDS[0], annex_key=f"v{number}", name=f"{number}.mp3", files=(f"{number}.mp3",),
            values={"mood": (value,), "number": (str(number),)},
        )
        for number, value in enumerate(VALUES)
    ] + [
        replace(
            RECORDS[0], annex_key=f"f{number}", name=f"f{number}.mp3", files=(f"{folder}/x.mp3",),
            values={},
        )
        for number, folder in enumerate(FOLDERS)
    ]  # fmt: skip
    with cache_of(tmp_path_factory.mktemp("values"), records) as cache:
        yield cache


def _check(cache: SampleCache, term: Term, expected: Callable[[str], bool]) -> None:
    found = set(cache.annex_keys(Query(term)))
    assert found == {f"v{n}" for n, value in enumerate(VALUES) if expected(fold(value))}


@settings(max_examples=60)
@given(st.sampled_from(PARTS).map(fold), st.booleans(), st.booleans(), st.booleans())
def test_text_at_a_place(
    values: SampleCache, part: str, at_start: bool, at_end: bool, words: bool
) -> None:
    term: Term
    if at_start and at_end:
        _check(values, Equals("mood", part), lambda value: value == part)
    elif not (at_start or at_end or words):
        _check(values, Contains("mood", part), lambda value: part in value)
    else:
        term = ContainsAt("mood", part, at_start, at_end, words)
        _check(
            values,
            term,
            lambda value: contains_at(value, part, at_start=at_start, at_end=at_end, words=words),
        )


PATTERNS = st.lists(
    st.sampled_from(["d", "u", "b", "é", "^", "$", " ", "[a-d]", "[^d]", "u?", "x*", "(b|x)", "д", "本"]),
    min_size=1, max_size=5,
).map("".join)  # fmt: skip


@settings(max_examples=60)
@given(PATTERNS)
def test_a_pattern(values: SampleCache, pattern: str) -> None:
    if mistake_in(pattern) is None:
        # Python knows this part of the language too. A `$` of Python's also stands before a last newline.
        by_python = re.compile(pattern.replace("é", "e").replace("$", r"\Z"))

        def expected(value: str) -> bool:
            return by_python.search(re.sub("[\ud800-\udfff]", "\ufffd", value)) is not None

        _check(values, RegularExpression("mood", pattern), expected)


@pytest.mark.parametrize("folder", [*FOLDERS, "A", "A∕B", "A/B/C D", "\udce9", "b"])
def test_a_folder(values: SampleCache, folder: str) -> None:
    asked = folded_folder(folder)
    assert asked is not None
    found = set(values.annex_keys(Query(InFolder(asked))))
    assert found == {f"f{n}" for n, one in enumerate(FOLDERS) if is_in_folder(one, asked)}
    assert found or folder == "b"
