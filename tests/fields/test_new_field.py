"""A new field is one row of the table, a new kind one class: the test adds both and changes nothing else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mutagen
import pytest

from mcfs.cli.table import print_table
from mcfs.cli.terminal import Output
from mcfs.errors import QueryError
from mcfs.export.csv_table import as_csv
from mcfs.export.json_objects import as_json
from mcfs.fields import Field, FieldTable, use_table
from mcfs.fields.amounts import Interval
from mcfs.fields.field import MixxxColumn, Origin, TableColumn, Tags
from mcfs.fields.kinds import Number
from mcfs.fields.table import ROWS
from mcfs.imports.file_tags import read_tags
from mcfs.imports.mixxx_database import mixxx_fields, open_mixxx
from mcfs.inspect.describe_query import describe_query
from mcfs.inspect.field_counts import ValueUsage, count_fields, count_values
from mcfs.query import canonical_text
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.imports.mixxx_database import MixxxDatabase
from tests.records import TODAY, SampleCache, cache_of
from tests.simple_track import simple_track

SOUND = Path(__file__).parents[1] / "imports" / "data" / "sound.flac"


class Loudness(Number):
    """A loudness in decibels: "−8.3 dB"."""

    name = "loudness"
    noun = "loudness"
    _DECIBELS = re.compile(r"([-−]?\d+(?:\.\d+)?) *(?:dB|LUFS)?", re.IGNORECASE)

    def example(self, field: str) -> str:
        return f"{field}:>-9 or {field}:-12..-8"

    def number_of(self, text: str) -> float | None:
        found = self._DECIBELS.fullmatch(text.strip())
        return float(found.group(1).replace("−", "-")) if found else None

    def read(self, written: str) -> Interval | None:
        number = self.number_of(written)
        return None if number is None else Interval(number, number)

    def describe(self, number: float) -> str:
        return f"{super().describe(number)} dB"

    def display(self, text: str, *, unicode: bool) -> str:
        number = self.number_of(text)
        if number is None:
            return text
        return f"{number:.1f} dB".replace("-", "−" if unicode else "-")

    def import_text(self, value: object) -> str:
        number = self.number_of(str(value))
        return "" if number is None else f"{number:.1f} dB"


LOUDNESS = Field(
    name="loudness",
    kind=Loudness(),
    aliases=("lufs",),
    stored_as=("loudness", "replaygain-track"),
    mixxx=MixxxColumn("replaygain", Origin.ANALYSIS),
    tags=Tags(vorbis=("loudness",)),
    table_column=TableColumn(rank=3, align_right=True, heading="loud"),
    leads_csv=True,
)
RECORDS = [
    simple_track("loud", title="Loud", loudness="−6.1 dB"),
    simple_track("middle", title="Middle", loudness="-8.3"),
    simple_track("quiet", title="Quiet", **{"replaygain-track": "-14 LUFS"}),
    simple_track("unknown", title="Unknown"),
]


@pytest.fixture
def loudness(tmp_path: Path) -> Iterator[SampleCache]:
    """Tracks with a loudness, where the table has the field."""
    with use_table(FieldTable([*ROWS, LOUDNESS])), cache_of(tmp_path, RECORDS) as cache:
        yield cache


def found(cache: SampleCache, text: str) -> list[str]:
    """The tracks that a query finds, in its order."""
    names = {record.annex_key: record.name.removesuffix(".mp3") for record in RECORDS}
    return [names[key] for key in cache.annex_keys(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loudness:>-9", ["loud", "middle"]),
        ("loudness:>=-8.3dB", ["loud", "middle"]),
        ("lufs:<-9", ["quiet"]),
        ("loudness:-15..-8", ["middle", "quiet"]),
        ("loudness:−8.3dB", ["middle"]),
        ('loudness:""', ["unknown"]),
        ("-loudness:>-9", ["quiet", "unknown"]),
        ("sort:loudness", ["quiet", "middle", "loud", "unknown"]),
        ("sort:-lufs", ["loud", "middle", "quiet", "unknown"]),
    ],
)
def test_it_is_queried(loudness: SampleCache, text: str, expected: list[str]) -> None:
    assert found(loudness, text) == expected
    assert found(loudness, canonical_text(loudness.query(text))) == expected


def test_a_mistake_is_explained(loudness: SampleCache) -> None:
    with pytest.raises(QueryError, match='"deafening" is no loudness') as caught:
        loudness.query("loudness:deafening")
    assert caught.value.suggestion == "write for example loudness:>-9 or loudness:-12..-8"
    with pytest.raises(QueryError) as caught:
        loudness.query("loundess:>-9")
    assert caught.value.suggestion == 'did you mean "loudness"?'


def test_it_is_described(loudness: SampleCache) -> None:
    query = loudness.query("lufs:-12..-8")
    assert list(describe_query(query, TODAY)) == ["loudness -12 dB to -8 dB"]


def test_it_is_shown(loudness: SampleCache, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (as_object, *_) = json.loads("".join(as_json(RECORDS)))
    assert as_object["fields"] == {"loudness": ["−6.1 dB"], "title": ["Loud"]}
    header = next(iter(as_csv(RECORDS, ["mood", "loudness", "title"])))
    assert header.rstrip().split(",")[-3:] == ["title", "loudness", "mood"]
    print_table(RECORDS[:2], Output())
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert [line.split() for line in lines] == [
        ["title", "loud"],
        ["Loud", "−6.1", "dB"],
        ["Middle", "−8.3", "dB"],
    ]


def test_a_template_uses_it(loudness: SampleCache) -> None:
    tree = Tree(loudness.store)

    def names(path: str) -> list[str]:
        return list(tree.children(tree.resolve(Route.parse(path))).entries)

    assert names("{{ lufs | round }}") == ["-14", "-8", "-6", "Unknown"]
    assert names("loudness:>-9/{{ loudness }} {{ title }}.{{ ext }}") == [
        "-6.1 Loud.mp3",
        "-8.3 Middle.mp3",
    ]


def test_it_is_counted(loudness: SampleCache) -> None:
    with loudness.store.cache.reading() as read:
        (usage,) = [
            usage for usage in count_fields(read, read.vocabulary()) if usage.field == "loudness"
        ]
        assert (usage.tracks, usage.kind.name, usage.derived) == (2, "loudness", False)
        assert count_values(read, read.vocabulary(), "loudness") == [
            ValueUsage("-14 LUFS", 1),
            ValueUsage("-8.3", 1),
            ValueUsage("−6.1 dB", 1),
        ]


def test_it_is_imported(loudness: SampleCache, tmp_path: Path) -> None:
    assert "loudness" in mixxx_fields()
    database = MixxxDatabase(tmp_path / "mixxxdb.sqlite")
    number = database.add("/a.mp3", replaygain=-8.25)
    with open_mixxx(database.path) as mixxx:
        mixxx.remember_matches([(1, number)])
        ((_, (row,)),) = mixxx.matched_tracks()
    assert row.fields["loudness"] == ("-8.2 dB",)

    tagged = tmp_path / "tagged.flac"
    shutil.copyfile(SOUND, tagged)
    file: Any = mutagen.File(tagged)
    file["LOUDNESS"] = "−9"
    file.save()
    assert read_tags(tagged, tagged.name)["loudness"] == ("-9.0 dB",)


def test_without_the_row_it_is_a_field_like_any_other(tmp_path: Path) -> None:
    with cache_of(tmp_path, RECORDS) as cache:
        assert found(cache, "loudness:6.1") == ["loud"]
