"""Similar words, for "did you mean"."""

from __future__ import annotations

import pytest

from mcfs.text.similar import similar_words


@pytest.mark.parametrize(
    ("word", "among", "meant"),
    [
        ("tehno", ["house", "techno"], "techno"),
        ("tehcno", ["techno", "house"], "techno"),
        ("ambeint", ["dark ambient"], "ambient"),
        ("dark ambeint", ["dark ambient"], "dark ambient"),
        # the nearer of two, whichever comes first
        ("technoo", ["tech no", "techno"], "techno"),
        ("technoo", ["techno", "tech no"], "techno"),
        # the whole of a text before the words in it
        ("remnant", ["remnants remnants", "other"], "remnants"),
        ("группа крви", ["группа крови"], "группа крови"),
        # none is close
        ("techno", ["house", "ambient"], None),
        ("techno", [], None),
        ("techno", [""], None),
        ("x", ["y"], None),
        ("", ["techno"], None),
        # what was written is no suggestion
        ("techno", ["techno"], None),
        ("techno", ["techno", "technoo"], "technoo"),
        ("ab", ["abcde"], None),
    ],
)
def test_the_most_similar_word(word: str, among: list[str], meant: str | None) -> None:
    assert similar_words(word, among) == ([] if meant is None else [meant])


def test_several_words_are_sorted_by_similarity() -> None:
    names = ["title", "tittle", "titel", "genre", "tiitle"]
    assert similar_words("tittel", names, most=3) == ["tittle", "titel", "title"]
