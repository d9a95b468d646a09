"""Shapes are keys of a cache: equal for queries that differ in words alone, and for no others."""

from __future__ import annotations

from typing import get_args

import pytest

from mcfs.query import Query, parse
from mcfs.sql import bind_without_values, select_tracks
from mcfs.sql.lowering import lower
from mcfs.sql.shape import AllOf, AnyOf, Condition, NumberTest, QueryShape, SortKey, TextTest
from tests.records import TODAY


def _shape(text: str) -> QueryShape:
    shape, _ = lower(bind_without_values(parse(text), TODAY))
    return shape


def test_every_class_has_a_tag_of_its_own() -> None:
    """Named tuples of equal content are equal, even when their classes differ."""
    classes = [
        one for union in (Condition, NumberTest, SortKey, TextTest) for one in get_args(union)
    ]
    tags = [one.__new__.__defaults__[-1] for one in classes]
    assert all(isinstance(tag, str) for tag in tags)
    assert len(set(tags)) == len(classes)


def test_classes_of_equal_content_differ() -> None:
    one: Condition = AllOf(())
    other: Condition = AnyOf(())
    assert one != other


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("genre:techno bpm:>120", "genre:ambient bpm:>80"),
        ("added:>-7d", "added:>2020"),
        ("shuffle:a limit:1", "shuffle:b limit:2"),
        ("bpm:=126", "bpm:=99"),
        ("genre:^techno", "genre:^t"),
        ("genre:techno$", "genre:ambient$"),
        ('title:=~"a.*b"', 'title:=~"^x"'),
        ("in:orbital", 'in:"a/b"'),
    ],
)
def test_words_are_no_part_of_a_shape(text: str, other: str) -> None:
    assert _shape(text) == _shape(other)
    statements = [
        select_tracks(bind_without_values(parse(each), TODAY)).statement for each in (text, other)
    ]
    assert statements[0] is statements[1]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("genre:techno", "genre:=techno"),
        ("genre:techno", "genre:te"),
        ("genre:techno", "title:techno"),
        ("genre:techno", "genre:^techno"),
        ("genre:^techno", "genre:techno$"),
        ("genre:techno$", "genre:+techno"),
        ("genre:+techno", "genre:+techno$"),
        ('title:=~"a"', 'title:=~"(?-i)a"'),
        ("bpm:>120", "bpm:>=120"),
        ("bpm:>120", "size:>120"),
        ("a:techno t:dub", "a:techno | t:dub"),
        ("sort:bpm", "sort:-bpm"),
        ("sort:bpm", "sort:bpm limit:5"),
        ("present:yes", "live:yes"),
    ],
)
def test_all_else_is(text: str, other: str) -> None:
    assert _shape(text) != _shape(other)


def test_all_tracks_have_a_shape() -> None:
    shape, parameters = lower(bind_without_values(Query(), TODAY))
    assert shape == QueryShape(AllOf(()), (), None)
    assert parameters == {}
