"""The table of fields agrees with itself and with the tables of the store."""

from __future__ import annotations

import pytest

from mcfs.fields import Field, FieldTable, Vocabulary, field_named, field_table
from mcfs.fields.kinds import Text
from mcfs.schema.cache import Track
from mcfs.text.fold import fold

ROWS = field_table().rows
COLUMNS = set(Track.c.keys())


@pytest.mark.parametrize("field", ROWS, ids=lambda field: field.name)
def test_a_row(field: Field) -> None:
    names = (field.name, *field.aliases, *field.stored_names)
    assert all(name == fold(name) for name in names)
    columns = {field.derived_column, field.text_column, field.number_column} - {None}
    assert columns <= COLUMNS
    assert all(other in field_table().by_name for other in field.also_searches)
    assert field.compares is None or field.compares in field_table().by_name
    if field.derived_column is not None:
        assert field.text_column is field.number_column is None


def test_every_column_that_repeats_a_value_belongs_to_one_field() -> None:
    repeated = [
        column
        for field in ROWS
        for column in (field.text_column, field.number_column)
        if column is not None
    ]
    assert len(repeated) == len(set(repeated))
    shown = {"artist", "title", "album", "genre", "bpm", "rating", "key_text", "key_number"}
    assert shown | {"year", "tracknumber"} == set(repeated)


@pytest.mark.parametrize(
    "more",
    [
        Field(name="artist", kind=Text()),
        Field(name="bpm2", kind=Text(), aliases=("b",)),
        Field(name="b", kind=Text()),
    ],
)
def test_no_two_fields_share_a_name(more: Field) -> None:
    with pytest.raises(ValueError, match="the same name or alias"):
        FieldTable([*ROWS, more])


def test_what_a_field_searches() -> None:
    table = field_table()
    assert table.searched("artist") == ("artist", "albumartist", "album_artist")
    assert table.searched("tracknumber") == ("tracknumber", "track")
    assert table.searched("mood") == ("mood",)
    assert table.searched("meta.size") == ("size",)
    assert table.searched("location") == ("/location",)
    assert "album_artist" in table.searched("any")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("BPM", "bpm"),
        ("b", "bpm"),
        ("ext", "type"),
        ("Mood", "mood"),
        ("meta.mood", "meta.mood"),
        ("meta.size", None),
        ("gnere", None),
    ],
)
def test_names(written: str, name: str | None) -> None:
    assert Vocabulary(frozenset({"mood"})).canonical(written) == name


def test_every_stored_name_of_a_field_is_read_alike() -> None:
    table = field_table()
    assert table.of_stored("track").kind.number_of("3/12") == 3
    assert table.of_stored("tracknumber") is table.of_stored("track") is field_named("tracknumber")
    assert table.of_stored("mood").kind.number_of("3/12") is None
