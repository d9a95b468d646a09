"""What differs between a frozen result and the present one, and how that is said."""

from __future__ import annotations

from datetime import date

import pytest

from mcfs.snapshots.differences import Differences, PresentResult, changes, compare, sentences
from mcfs.store.snapshot_records import FrozenTrack

THEN, NOW = date(2025, 6, 12), date(2025, 9, 1)
FROZEN = [FrozenTrack(key, f"{key}.flac") for key in "abc"]
HERE = dict.fromkeys("abc", True)


def found(keys: str) -> dict[str, str]:
    return {key: f"now {key}.flac" for key in keys}


@pytest.mark.parametrize(
    ("now", "presence", "is_ordered", "expected"),
    [
        ("abc", HERE, True, []),
        ("cba", HERE, False, []),
        ("cba", HERE, True, ["the order has changed since 12 June"]),
        ("abcd", HERE, False, ["1 track joined since 12 June: + now d.flac"]),
        ("ab", HERE, False, ["1 track left since 12 June: - c.flac"]),
        ("", HERE, True, ["3 tracks left since 12 June: - a.flac, - b.flac, - c.flac"]),
        (
            "abdef",
            HERE,
            True,
            ["3 tracks joined, 1 left since 12 June: "
             "+ now d.flac, + now e.flac, + now f.flac, - c.flac"],
        ),
        (
            "abcdefghi",
            HERE,
            False,
            ["6 tracks joined since 12 June: + now d.flac, + now e.flac, + now f.flac, "
             "+ now g.flac, + now h.flac, …"],
        ),
        ("c", {"a": False, "b": False, "c": True}, False,
         ["2 tracks are no longer here: a.flac, b.flac"]),
        # Found, because the query shows absent ones too.
        ("abc", {**HERE, "b": False}, False, ["1 track is no longer here: b.flac"]),
        ("bc", {"b": True, "c": True}, False, ["1 track is gone from the library: a.flac"]),
        (
            "cd",
            {"b": False, "c": True},
            True,
            ["1 track is gone from the library: a.flac", "1 track is no longer here: b.flac",
             "1 track joined since 12 June: + now d.flac"],
        ),
    ],
)  # fmt: skip
def test_sentences(
    now: str, presence: dict[str, bool], is_ordered: bool, expected: list[str]
) -> None:
    differences = compare(FROZEN, PresentResult(found(now), presence, is_ordered))
    assert list(sentences(differences, THEN, NOW)) == expected
    assert bool(differences) == bool(expected)


def test_a_track_that_was_absent_then_is_no_news() -> None:
    frozen = [FrozenTrack("a", "a.flac", present=False), FrozenTrack("b", "b.flac")]
    present = PresentResult(found("ab"), {"a": False, "b": True}, is_ordered=False)
    assert compare(frozen, present) == Differences()


def test_other_inputs_come_first_and_the_year_if_it_is_another() -> None:
    differences = compare(
        FROZEN,
        PresentResult(found("ab"), HERE, is_ordered=False),
        ["the view's template has changed"],
    )
    assert list(sentences(differences, date(2024, 12, 3), NOW)) == [
        "the view's template has changed",
        "1 track left since 3 December 2024: - c.flac",
    ]


def test_changes_name_every_track() -> None:
    present = PresentResult(found("dcb"), {"b": True, "c": False}, is_ordered=True)
    differences = compare([*FROZEN, FrozenTrack("e", "e.flac")], present, ["another query"])
    assert list(changes(differences)) == [
        "another query",
        "+ now d.flac",
        "- c.flac (not here)",
        "- a.flac (gone from the library)",
        "- e.flac (gone from the library)",
        "the order has changed",
    ]


def test_no_changes() -> None:
    assert list(changes(Differences())) == list(sentences(Differences(), THEN, NOW)) == []
