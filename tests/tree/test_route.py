"""How a path is split, and how one name is read without a library."""

from __future__ import annotations

import pytest

from mcfs.errors import NotFoundError, QueryError
from mcfs.fields import Vocabulary
from mcfs.query import parse
from mcfs.tree.route import MAX_DEPTH, Route, can_become_valid, name_as_query


@pytest.mark.parametrize(
    ("mount_path", "names"),
    [
        ("", ()),
        ("/", ()),
        ("/all", ("all",)),
        ("genre:techno//bpm:120-130/", ("genre:techno", "bpm:120-130")),
        ("./all/.", ("all",)),
    ],
)
def test_a_path_is_split_into_names(mount_path: str, names: tuple[str, ...]) -> None:
    assert Route.parse(mount_path).names == names


def test_a_route_prints_as_its_path() -> None:
    assert str(Route.parse("all/x")) == "/all/x"
    assert str(Route()) == "/"


def test_a_path_has_a_greatest_depth() -> None:
    with pytest.raises(NotFoundError, match="32 folders deep"):
        Route.parse("/x" * (MAX_DEPTH + 1))


def test_a_name_is_a_query_a_bad_query_or_a_plain_name() -> None:
    assert name_as_query("genre:techno", Vocabulary()) == parse("genre:techno")
    assert name_as_query("README", Vocabulary()) is None
    with pytest.raises(QueryError):
        name_as_query("bpm:12x", Vocabulary())


@pytest.mark.parametrize(
    "name", ["mood:dark", "a=b", "{{ mood }}", "{% if %}", "-x:y", "x.m3u8", "(x", '"x']
)
def test_a_new_field_can_make_such_a_name_valid(name: str) -> None:
    assert can_become_valid(name)


@pytest.mark.parametrize("name", [".git", ".a:b", "HEAD", "*.mp3", "libsoup-3.0.so.0", "A - T.mp3"])
def test_no_new_field_makes_such_a_name_valid(name: str) -> None:
    assert not can_become_valid(name)
