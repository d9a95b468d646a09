"""A cache after many small changes equals a cache after one full load of the same records."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from mcfs.store import CacheRepository, TrackRecord
from mcfs.store.engine import open_engine
from tests.cache_access import insert_tracks, remove_tracks, update_tracks
from tests.store.cache_contents import (
    check_trigrams,
    contents,
    query,
    track,
    values_with,
    work_paths_with,
)

WORDS = [
    "Techno",
    "techno",
    "Dub Techno",
    "Beyoncé",
    "BEYONCE",
    "AC/DC",
    "рок",
    "戦場",
    "🎹 keys",
    "",
    "a",
    "12",
]
FIELDS = ["genre", "artist", "title", "comment", "crate", "bpm", "tracknumber", "year"]


def draw(chance: random.Random, number: int) -> TrackRecord:
    fields = chance.sample(FIELDS, chance.randrange(len(FIELDS)))
    values = {field: tuple(chance.sample(WORDS, chance.randint(1, 3))) for field in fields}
    record = track(number, **values)
    more = tuple(f"again/{number}/{copy}.mp3" for copy in range(chance.randrange(3)))
    return replace(
        record,
        name=f"{number} {chance.randrange(3)}.mp3",
        files=tuple(sorted(more + record.files)) if chance.random() < 0.9 else (),
        present=chance.random() < 0.5,
        decade=chance.choice([None, "1990s"]),
    )


@pytest.mark.parametrize("seed", range(4))
def test_small_changes_add_up_to_a_full_load(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    changed = CacheRepository(open_engine(tmp_path / "changed.db"))
    changed.prepare()
    wanted: dict[str, TrackRecord] = {}

    def some() -> list[str]:
        return chance.sample(sorted(wanted), min(len(wanted), chance.randint(1, 4)))

    for step in range(40):
        match chance.choice(["insert", "insert", "insert", "update", "remove", "all at once"]):
            case "insert":
                new = [draw(chance, step * 10 + at) for at in range(chance.randint(1, 6))]
                insert_tracks(changed, new)
                wanted |= {record.annex_key: record for record in new}
            case "update":
                other = [draw(chance, int(key.split("--")[1][:6])) for key in some()]
                update_tracks(changed, other)
                wanted |= {record.annex_key: record for record in other}
            case "remove":
                gone = some()
                remove_tracks(changed, gone)
                wanted = {key: record for key, record in wanted.items() if key not in gone}
            case _:
                gone, new = some(), [draw(chance, step * 10 + 9)]
                with changed.writing() as write:
                    write.remove(gone)
                    write.insert(new)
                wanted = {key: record for key, record in wanted.items() if key not in gone}
                wanted |= {record.annex_key: record for record in new}

    loaded = CacheRepository(open_engine(tmp_path / "loaded.db"))
    loaded.prepare()
    loaded.replace_all(chance.sample(list(wanted.values()), len(wanted)))
    assert len(wanted) > 10
    assert contents(tmp_path / "changed.db") == contents(tmp_path / "loaded.db")
    with changed.reading() as read:
        records = read.records(wanted)
    assert records.keys() == wanted.keys()
    for key, record in records.items():
        assert replace(record, values={}) == replace(wanted[key], values={})
        assert {name: set(texts) for name, texts in record.values.items()} == {
            name: set(texts) for name, texts in wanted[key].values.items()
        }
    for path in (tmp_path / "changed.db", tmp_path / "loaded.db"):
        check_trigrams(path)
        assert query(path, "PRAGMA integrity_check") == [("ok",)]
        assert query(path, "PRAGMA foreign_key_check") == []
    folded = {text for (text,) in query(tmp_path / "loaded.db", "SELECT folded FROM value")}
    parts = {text[at : at + 3] for text in folded for at in range(len(text) - 2)}
    for part in parts:
        found = values_with(tmp_path / "changed.db", part)
        assert found == values_with(tmp_path / "loaded.db", part)
        assert found
    paths = {text for (text,) in query(tmp_path / "loaded.db", "SELECT folded FROM track_file")}
    for part in {text[at_ : at_ + 3] for text in paths for at_ in range(len(text) - 2)}:
        found_at = work_paths_with(tmp_path / "changed.db", part)
        assert found_at == work_paths_with(tmp_path / "loaded.db", part)
        assert found_at
    changed.close()
    loaded.close()
