"""Where the names in a template look."""

from __future__ import annotations

import pytest

from mcfs.fields import Vocabulary
from mcfs.tree.template_fields import PathPart, StoredValues, TrackColumn, field_source


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ext", "mp3"),
        ("type", "mp3"),
        ("filename", "Halo.Live.MP3"),
        ("location", "Beyoncé/Halo.Live.MP3"),
        ("file", "Beyoncé/Halo.Live.MP3"),
        ("directory", "Beyoncé"),
        ("dir", "Beyoncé"),
    ],
)
def test_parts_of_a_path(name: str, value: str) -> None:
    source = field_source(name, Vocabulary())
    assert isinstance(source, PathPart)
    assert source.cell("Beyoncé/Halo.Live.MP3") == value


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("genre", ("genre",)),
        ("g", ("genre",)),
        # not the album artist, which a query for the artist searches too
        ("artist", ("artist",)),
        ("albumartist", ("albumartist", "album_artist")),
        ("track", ("tracknumber", "track")),
        ("mood", ("mood",)),
        ("meta.bpm", ("bpm",)),
        ("any", ("any",)),
    ],
)
def test_stored_values(name: str, fields: tuple[str, ...]) -> None:
    source = field_source(name, Vocabulary())
    assert isinstance(source, StoredValues)
    assert source.fields == fields


@pytest.mark.parametrize(
    ("name", "text", "number", "value"),
    [
        ("bpm", "126.9", 126.9, 126.9),
        ("bpm", "fast", None, "fast"),
        # no tempo and no rating
        ("bpm", "0", 0, None),
        ("rating", "0", 0, None),
        ("tracknumber", "0", 0, 0),
        ("key", "8A", 15, "8A"),
        ("genre", "1999", 1999, "1999"),
        ("genre", " ", None, None),
        ("meta.bpm", "0", 0, "0"),
        ("mood", "5", 5, "5"),
    ],
)
def test_a_stored_value_in_a_template(
    name: str, text: str, number: float | None, value: str | float | None
) -> None:
    source = field_source(name, Vocabulary())
    assert isinstance(source, StoredValues)
    assert source.cell(text, number) == value


@pytest.mark.parametrize(
    ("name", "column", "stored", "value"),
    [
        ("size", "size", 5, 5),
        ("live", "is_live", 0, False),
        ("present", "present", 1, True),
        ("decade", "decade", "1990s", "1990s"),
        ("added", "added_at", None, None),
    ],
)
def test_columns(name: str, column: str, stored: object, value: object) -> None:
    source = field_source(name, Vocabulary())
    assert isinstance(source, TrackColumn)
    assert source.column == column
    assert source.cell(stored) == value
