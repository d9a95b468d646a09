"""Unique names in one folder."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mcfs.text.escape import MAX_BYTES, file_name
from mcfs.text.fold import fold
from mcfs.text.portable import portable_name
from mcfs.text.unique_names import collision_key, unique_names


def test_all_names_in_a_collision_get_a_hash() -> None:
    names = unique_names([("k1", "A - T.mp3"), ("k2", "a - t.mp3"), ("k3", "A - U.mp3")])
    assert names["k3"] == "A - U.mp3"
    assert names["k1"].startswith("A - T [")
    assert names["k2"].startswith("a - t [")
    assert names["k1"].endswith("].mp3")


def test_a_name_that_looks_hashed_stays_unique() -> None:
    marked = unique_names([("k1", "T.mp3"), ("k2", "T.mp3")])["k1"]
    names = unique_names([("k1", "T.mp3"), ("k2", "T.mp3"), ("k3", marked)])
    assert len({fold(name) for name in names.values()}) == 3


def test_a_long_name_keeps_its_hash_and_its_extension() -> None:
    long = "x" * 250 + ".flac"
    for name in unique_names([("k1", long), ("k2", long)]).values():
        assert len(name) == MAX_BYTES
        assert name.endswith("].flac")


@given(
    st.dictionaries(st.text(min_size=1), st.sampled_from(["a.mp3", "A.mp3", "á.mp3", "b.mp3", "a"]))
)
def test_names_are_unique_whatever_the_order(wanted: dict[str, str]) -> None:
    names = unique_names(wanted.items())
    assert len({fold(name) for name in names.values()}) == len(wanted)
    for order in itertools.islice(itertools.permutations(wanted.items()), 6):
        assert unique_names(order) == names


# Few letters, so that names collide; hashes, dots, letters that fold to several, and names that are cut.
wanted_names = st.lists(
    st.sampled_from(
        ["a", "A", "æ", "é", " ", ".", ".mp3", " [abcdef]", "?", "∕", "word " * 60, "😀" * 60]
    ),
    min_size=1,
    max_size=5,
).map(lambda parts: file_name("".join(parts)))


@given(st.lists(wanted_names, min_size=1, max_size=6), st.booleans())
def test_all_names_made_from_one_wanted_name_share_a_key(wanted: list[str], of_files: bool) -> None:
    keys = {str(number): name for number, name in enumerate(wanted)}
    for key, name in unique_names(keys.items(), of_files=of_files).items():
        assert collision_key(name) == collision_key(keys[key]) == collision_key(portable_name(name))


@given(wanted_names, wanted_names)
def test_names_that_collide_share_a_key(one: str, other: str) -> None:
    if fold(one) == fold(other):
        assert collision_key(one) == collision_key(other)
