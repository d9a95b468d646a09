"""Query plans: no typical query reads every value of every track."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy.dialects import sqlite

from mcfs.sql import AnyCompiled, bind_without_values, count_tracks, select_entry, select_tracks
from mcfs.sql.groups import PATH, select_combinations
from mcfs.store.sql_functions import add_functions
from tests.records import TODAY, SampleCache

TYPICAL = [
    "",
    "genre:techno",
    "genre:te",
    "genre:=techno",
    "genre:^tech",
    "genre:techno$",
    "genre:no$",
    "title:+halo",
    'title:=~"\\brem"',
    "any:^surgeon",
    "in:surgeon",
    "-genre:techno",
    'genre:""',
    "genre:techno bpm:>120",
    "surgeon",
    "surgeon remnants",
    "-surgeon",
    '"force + form"',
    "any:surgeon",
    "bpm:126",
    "-bpm:126",
    "bpm:120-130",
    "~bpm:126",
    'bpm:""',
    "key:8A",
    "~key:8A",
    "rating:>=4",
    "rating:0",
    "year:1990s",
    "decade:1990s",
    "duration:>6m",
    "size:>10M",
    "added:>-7d",
    "crate:peak crate:festival",
    'crate:""',
    "-crate:festival",
    "mood:dark",
    "energy:>7",
    "meta.size:huge",
    "location:orbital",
    "type:flac",
    "present:no",
    "live:yes",
    "genre:techno | genre:house | artist:surgeon",
    "(genre:techno | genre:house) bpm:120-130 -crate:festival",
    "genre:techno sort:-rating sort:bpm limit:50",
    "genre:techno sort:mood sort:-energy",
    "shuffle:friday limit:50",
]


@pytest.fixture(scope="module")
def file(cache: SampleCache) -> Iterator[sqlite3.Connection]:
    """The cache, opened with SQLite's default settings."""
    connection = sqlite3.connect(cache.folder / "cache.db")
    add_functions(connection)
    # The file is opened by the first statement, not by a test that counts open files.
    connection.execute("SELECT count(*) FROM track").fetchone()
    yield connection
    connection.close()


def _plan(file: sqlite3.Connection, compiled: AnyCompiled) -> tuple[str, list[str]]:
    """The statement, and the steps of its plan."""
    statement = compiled.statement.compile(
        dialect=sqlite.dialect(paramstyle="named"), compile_kwargs={"render_postcompile": True}
    )
    # No plan depends on a value, and none is run.
    values = dict.fromkeys(statement.params)
    rows = file.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    return str(statement), [row[3] for row in rows]


def _scanned(file: sqlite3.Connection, compiled: AnyCompiled) -> list[str]:
    """The steps that scan all of `track_value`, under any alias."""
    statement, steps = _plan(file, compiled)
    names = {"track_value", *re.findall(r"\btrack_value AS (\w+)", statement)}
    return [step for step in steps if step.startswith("SCAN ") and step.split()[1] in names]


@pytest.mark.parametrize("text", TYPICAL)
def test_selecting_scans_no_values(file: sqlite3.Connection, cache: SampleCache, text: str) -> None:
    assert not _scanned(file, select_tracks(bind_without_values(cache.query(text), TODAY)))


@pytest.mark.parametrize("text", TYPICAL)
def test_counting_scans_no_values(file: sqlite3.Connection, cache: SampleCache, text: str) -> None:
    assert not _scanned(file, count_tracks(bind_without_values(cache.query(text), TODAY)))


@pytest.mark.parametrize("text", TYPICAL)
def test_one_name_is_looked_up(file: sqlite3.Connection, cache: SampleCache, text: str) -> None:
    assert not _scanned(
        file, select_entry(bind_without_values(cache.query(text), TODAY), "Rez.wav")
    )


@pytest.mark.parametrize("text", ["", "genre:techno", "-genre:techno bpm:126"])
def test_a_name_is_found_by_its_index(
    file: sqlite3.Connection, cache: SampleCache, text: str
) -> None:
    _, steps = _plan(file, select_entry(bind_without_values(cache.query(text), TODAY), "Rez.wav"))
    assert any("USING INDEX track_by_name (name=?)" in step for step in steps)
    assert not any(step == "SCAN track" for step in steps)


@pytest.mark.parametrize("text", ["location:orbital", "any:orbital", "orbital", "-orbital"])
def test_a_substring_of_a_work_path_asks_the_trigrams(
    file: sqlite3.Connection, cache: SampleCache, text: str
) -> None:
    for compiled in (
        select_tracks(bind_without_values(cache.query(text), TODAY)),
        count_tracks(bind_without_values(cache.query(text), TODAY)),
    ):
        _, steps = _plan(file, compiled)
        assert any("track_file_fts VIRTUAL TABLE INDEX" in step for step in steps)
        assert not any(re.match(r"SCAN track_file\b(?!_fts)", step) for step in steps)


def test_a_rare_substring_asks_the_trigrams(file: sqlite3.Connection, cache: SampleCache) -> None:
    _, steps = _plan(file, select_tracks(bind_without_values(cache.query("genre:techno"), TODAY)))
    assert any("value_fts VIRTUAL TABLE INDEX" in step for step in steps)
    assert not any(re.match(r"SCAN value(_\d+)?\b(?!_fts)", step) for step in steps)


@pytest.mark.parametrize("text", ["genre:^techno", "genre:^t", "in:surgeon"])
def test_a_beginning_is_a_range_of_the_index_of_texts(
    file: sqlite3.Connection, cache: SampleCache, text: str
) -> None:
    _, steps = _plan(file, select_tracks(bind_without_values(cache.query(text), TODAY)))
    assert any("value_by_folded (field_id=? AND folded>? AND folded<?)" in step for step in steps)
    assert not any(re.match(r"SCAN value(_\d+)?\b", step) for step in steps)


@pytest.mark.parametrize(
    "text", ["genre:techno$", "title:+halo", "any:^surgeon", "location:^orbital"]
)
def test_text_at_a_place_asks_the_trigrams_first(
    file: sqlite3.Connection, cache: SampleCache, text: str
) -> None:
    _, steps = _plan(file, select_tracks(bind_without_values(cache.query(text), TODAY)))
    assert any("_fts VIRTUAL TABLE INDEX" in step for step in steps)
    assert not any(re.match(r"SCAN (value|track_file)(_\d+)?\b(?!_fts)", step) for step in steps)


@pytest.mark.parametrize("columns", [(), (PATH,), ("decade", "present")])
def test_combinations_start_from_the_values_of_each_field(
    file: sqlite3.Connection, columns: tuple[str, ...]
) -> None:
    fields = (("artist",), ("albumartist", "album_artist"), ("title",))
    _, steps = _plan(file, select_combinations(fields, columns, 2, 9))
    scanned = {step.split()[1] for step in steps if step.startswith("SCAN ")}
    assert scanned <= {"track", "field", "anon_1"}
    assert sum("track_value_by_value (value_id=?)" in step for step in steps) == 3
    assert sum("AUTOMATIC COVERING INDEX (track_id=?) LEFT-JOIN" in step for step in steps) == 3
