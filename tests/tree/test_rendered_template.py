"""A template is rendered once for each combination of cells."""

from __future__ import annotations

import pytest

from mcfs.fields import Vocabulary
from mcfs.template import parse_template
from mcfs.tree.rendered_template import RenderedTemplate


def _rendered(text: str) -> RenderedTemplate:
    return RenderedTemplate(parse_template(text), Vocabulary())


def test_equal_cells_are_rendered_once() -> None:
    rendered = _rendered("{{ genre }} {{ bpm | round_to(5) }}")
    first = rendered.value(("Techno", 128.0))
    of_one = rendered.bytes
    assert first == ("Techno 130", "techno 130")
    assert rendered.value(("Techno", 128.0)) is first
    assert rendered.bytes == of_one
    assert rendered.value(("Techno", 127.0)).text == "Techno 125"
    assert of_one < rendered.bytes < 3 * of_one


def test_a_field_by_two_names_is_one_source() -> None:
    rendered = _rendered("{{ g }} {{ bpm }} {{ genre }}")
    assert len(rendered.sources) == 2
    assert rendered.value(("Dub", 70.0)).text == "Dub 70 Dub"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("{{ genre }}", ("genre",)),
        ("{{ genre | upper }} {{ g }}", ("genre",)),
        ("{{ albumartist }}", ("albumartist", "album_artist")),
        ("{{ meta.title }}", ("title",)),
        # The name of the file stands in for a title, and is no stored value.
        ("{{ title }}", None),
        ("{{ genre }} {{ bpm }}", None),
        ("{{ directory }}", None),
        ("{{ added }}", None),
    ],
)
def test_templates_of_one_stored_field(text: str, fields: tuple[str, ...] | None) -> None:
    source = _rendered(text).only_stored_values
    assert (None if source is None else source.fields) == fields


def test_space_is_cut_off_and_nothing_is_unknown() -> None:
    rendered = _rendered("{{ genre }} ")
    assert rendered.value((" Dub",)) == ("Dub", "dub")
    assert rendered.value((None,)).text == "Unknown"
    blank = _rendered('{{ "" if genre else genre }}')
    assert blank.value(("Dub",)).text == "Unknown"
