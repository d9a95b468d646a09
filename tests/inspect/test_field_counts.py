"""Counts of fields and values: every name and value can be used in a query."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcfs.errors import QueryError
from mcfs.fields import Vocabulary
from mcfs.inspect.field_counts import ValueUsage, count_fields, count_values, find_field
from tests.records import MEBI, RECORDS, SampleCache, cache_of


@pytest.mark.parametrize(
    ("field", "usages"),
    [
        ("rating", "0 2, 3 1, 5 2, loved 1"),
        ("tracknumber", "1/9 1, 3 1, 4 1"),
        ("energy", "10 1, 7 1, 9 1, low 1"),
        # text: the most frequent value first; spellings are merged
        ("mood", "dark 3, warm 1"),
        ("crate", "Festival 2, Peak 1, Peak time 1, Sunday (late) 1"),
        ("albumartist", "Massive Attack & Friends 1, Ryuichi Sakamoto 1, Various 1"),
        ("настроение", "грусть 1"),
        ("decade", "1950s 1, 1970s 1, 1980s 2, 1990s 7, 2000s 2, 2010s 1"),
        ("changed", "2024-02 1, 2025-07 1"),
        (
            "added",
            "2019-05 1, 2024-07 1, 2024-12 1, 2025-06 4, 2025-07 5",
        ),
        ("present", "yes 21, no 2"),
        ("live", "yes 1, no 22"),
        ("size", "<1M 1, 2M-5M 15, 5M-10M 3, 10M-20M 1, 20M-50M 2"),
        ("type", "mp3 16, flac 3, ogg 2, wav 2, m4a 1"),
        ("meta.size", "huge 1"),
        ("meta.present", "gift 1"),
        ("nobody has this", ""),
    ],
)
def test_values(cache: SampleCache, field: str, usages: str) -> None:
    with cache.store.cache.reading() as read:
        found = count_values(read, read.vocabulary(), field)
    assert ", ".join(f"{usage.value} {usage.tracks}" for usage in found) == usages


@pytest.mark.parametrize("field", ["present", "live", "size", "added", "changed", "decade"])
def test_each_value_can_be_asked_for(cache: SampleCache, field: str) -> None:
    with cache.store.cache.reading() as read:
        usages = count_values(read, read.vocabulary(), field)
    for usage in usages:
        text = f"{field}:{usage.value}"
        if field == "size" and "-" in usage.value:
            # The end of a range belongs to the next range.
            low, _, high = usage.value.partition("-")
            text = f"size:>={low} size:<{high}"
        assert cache.count(text) == usage.tracks, text


@pytest.mark.parametrize(
    ("mebibytes", "step"),
    [
        (0, "<1M"), (0.99, "<1M"), (1, "1M-2M"), (1.99, "1M-2M"), (2, "2M-5M"), (5, "5M-10M"),
        (10, "10M-20M"), (99.9, "50M-100M"), (999.9, "500M-1000M"), (1000, ">=1000M"), (5000, ">=1000M"),
    ],
)  # fmt: skip
def test_a_size_is_in_one_step(
    tmp_path_factory: pytest.TempPathFactory, mebibytes: float, step: str
) -> None:
    one = replace(RECORDS[0], size=int(mebibytes * MEBI))
    with (
        cache_of(tmp_path_factory.mktemp("size"), [one]) as cache,
        cache.store.cache.reading() as read,
    ):
        assert count_values(read, read.vocabulary(), "size") == [ValueUsage(step, 1)]


@pytest.mark.parametrize(
    ("field", "tracks", "kind", "derived"),
    [
        ("genre", 14, "text", False),
        ("bpm", 14, "bpm", False),
        ("key", 15, "key", False),
        ("mood", 3, "text", False),
        ("настроение", 1, "text", False),
        # a derived field hides an annex field of the same name
        ("meta.size", 1, "text", False),
        ("size", 22, "size", True),
        ("meta.present", 1, "text", False),
        ("present", 23, "flag", True),
        ("live", 1, "flag", True),
        ("added", 12, "date", True),
        ("location", 23, "text", True),
    ],
)
def test_fields(cache: SampleCache, field: str, tracks: int, kind: str, derived: bool) -> None:
    with cache.store.cache.reading() as read:
        (usage,) = [
            usage for usage in count_fields(read, read.vocabulary()) if usage.field == field
        ]
    assert (usage.tracks, usage.derived) == (tracks, derived)
    assert usage.kind.name == kind


def test_the_fields_of_the_library_come_first(cache: SampleCache) -> None:
    with cache.store.cache.reading() as read:
        usages = count_fields(read, read.vocabulary())
    derived = [usage.derived for usage in usages]
    assert derived == sorted(derived)
    assert all(cache.vocabulary.canonical(usage.field) for usage in usages)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("g", "genre"), ("GENRE", "genre"), ("ad", "added"), ("ext", "type"), ("Mood", "mood"),
        ("meta.size", "meta.size"),
    ],
)  # fmt: skip
def test_a_field_by_its_names(written: str, name: str) -> None:
    assert find_field(written, Vocabulary(frozenset({"mood", "size"}))) == name


@pytest.mark.parametrize(
    ("written", "suggestion"),
    [
        ("gnere", 'did you mean "genre"'),
        ("mod", 'did you mean "mood"?'),
        ("zzzzzz", "`mcfs fields` lists what there is"),
        ("any", "name a field, such as artist"),
        ("", "`mcfs fields` lists what there is"),
    ],
)
def test_no_field(written: str, suggestion: str) -> None:
    with pytest.raises(QueryError) as refused:
        find_field(written, Vocabulary(frozenset({"mood"})))
    assert suggestion in str(refused.value.suggestion)
