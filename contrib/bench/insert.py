#!/usr/bin/env python3
"""How long it takes to fill the cache: with the repository, and with plain `sqlite3` for comparison.

    python contrib/bench/insert.py FOLDER [--tracks 100000] [--rounds 5]

- `repository`: `CacheRepository.replace_all` with records: encoding, SQLAlchemy and SQLite.
- `bare rows`: plain `sqlite3` with finished tuples in the best order, and with the same schema, settings,
  indexes, trigram index and transaction. The repository should take at most 1.2 times as long.

Every measurement runs in a process of its own, and the two alternate, so that neither profits from caches of
the other. On a busy machine the lowest CPU time is the most reliable figure. `growth` is how much memory the
process needed beyond the records or rows that it was given.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from annex_library import CRATES, random_words
from sqlalchemy import event

from mcfs.store import CacheRepository, TrackRecord
from mcfs.store.bulk_load import FILL_FTS
from mcfs.store.engine import SETTINGS, SETTINGS_TO_REBUILD, open_engine

Rows = dict[str, list[tuple[Any, ...]]]
Result = dict[str, float]

# Each table with the order of its primary key.
TABLES = {
    "field": "id",
    "value": "id",
    "track": "id",
    "track_file": "id",
    "track_value": "track_id, value_id",
}
WAYS = ("repository", "bare rows")
# fmt: off

STYLES = (
    "Techno", "House", "Electro", "Ambient", "Jungle", "Garage", "Trance", "Disco", "Dub", "Funk",
    "Soul", "Rock", "Jazz", "Breaks",
)
# fmt: on
GENRES = [kind + style for kind in ("", "Deep ", "Hard ", "Dub ", "Acid ") for style in STYLES]
COLORS = ("red", "orange", "yellow", "green", "blue", "purple")


def tracks(count: int) -> Iterator[TrackRecord]:
    """Realistic records, sorted by key: 11 values a track, and a seventh of all values distinct."""
    draw = random.Random(7)
    words = partial(random_words, draw)
    artists = [words(1, 2) for _ in range(count // 8)]
    albums = [words(1, 4) for _ in range(count // 9)]
    start = datetime(2009, 1, 1, tzinfo=UTC)
    for key in sorted(f"{draw.getrandbits(256):064x}" for _ in range(count)):
        artist = draw.choice(artists)
        title = words(1, 4)
        genres = tuple(draw.sample(GENRES, draw.choice((1, 1, 2, 3))))
        added = start + timedelta(seconds=draw.randrange(500_000_000))
        size = draw.randrange(3_000_000, 90_000_000)
        year = draw.randint(1975, 2025)
        values = {
            "artist": (artist,),
            "title": (title,),
            "album": (draw.choice(albums),),
            "genre": genres,
            "bpm": (f"{draw.gauss(125, 12):.1f}",),
            "key": (f"{draw.randint(1, 12)}{draw.choice('AB')}",),
            "rating": (str(draw.randint(0, 5)),),
            "year": (str(year),),
            "tracknumber": (f"{draw.randint(1, 14)}/14",),
            "crate": tuple(draw.sample(CRATES, draw.choice((0, 0, 1, 2)))),
            "color": (draw.choice(COLORS),),
        }
        if draw.random() < 0.25:
            values["comment"] = (words(3, 9),)
        yield TrackRecord(
            annex_key=f"SHA256E-s{size}--{key}.flac",
            name=f"{artist} - {title} [{key[:6]}].flac",
            files=(f"{artist}/{title} {key[:6]}.flac",),
            content_path=f"annex/objects/{key[:2]}/{key[2:4]}/SHA256E-s{size}--{key}.flac",
            present=draw.random() < 0.8,
            size=size,
            changed_at=added,
            added_at=added,
            decade=f"{year // 10}0s",
            values=values,
        )


def repository(path: Path, records: list[TrackRecord]) -> None:
    """Fill the cache with its repository, and measure the time inside SQLite too."""
    engine = open_engine(path)
    cache = CacheRepository(engine)
    cache.prepare()
    in_sqlite = 0.0
    entered = 0.0

    def enter(*_: object) -> None:
        nonlocal entered
        entered = time.process_time()

    def leave(*_: object) -> None:
        nonlocal in_sqlite
        in_sqlite += time.process_time() - entered

    event.listen(engine, "before_cursor_execute", enter)
    event.listen(engine, "after_cursor_execute", leave)
    event.listen(engine, "commit", enter)
    with measured() as result:
        cache.replace_all(records)
        leave()  # the commit
        result["in SQLite"] = in_sqlite
    cache.close()


def bare_rows(path: Path, reference: Path) -> None:
    """Fill it with plain sqlite3, which is as fast as it can be."""
    tables, indexes = schema(reference)
    with closing(sqlite3.connect(reference)) as connection:
        rows = {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY {order}").fetchall()  # noqa: S608
            for name, order in TABLES.items()
        }
    with closing(bare_connection(path)) as connection, measured():
        load(connection, tables, rows, indexes)


def schema(reference: Path) -> tuple[list[str], list[str]]:
    """The statements that create the tables, and those that create the indexes."""
    with closing(sqlite3.connect(reference)) as connection:
        made = connection.execute(
            "SELECT type, sql FROM sqlite_master"
            " WHERE sql IS NOT NULL AND name NOT LIKE '%_fts_%' AND name != 'sync_state'"
        ).fetchall()
    return [sql for kind, sql in made if kind == "table"], [
        sql for kind, sql in made if kind == "index"
    ]


def bare_connection(path: Path) -> sqlite3.Connection:
    """A connection with the settings of the repository."""
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in (*SETTINGS, *SETTINGS_TO_REBUILD):
        connection.execute(setting)
    return connection


def load(connection: sqlite3.Connection, tables: list[str], rows: Rows, indexes: list[str]) -> None:
    """In one transaction: the rows in the order of their keys, then the trigram index and others."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in tables:
        connection.execute(statement)
    for name, some in rows.items():
        marks = ", ".join("?" * len(some[0]))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", some)  # noqa: S608
    for statement in (*FILL_FTS, *indexes):
        connection.execute(statement)
    connection.execute("COMMIT")


@contextmanager
def measured() -> Iterator[Result]:
    """Measure a block, and print the result for the process that started this one."""
    gc.collect()
    gc.freeze()  # the collector must not search what was prepared before
    result: Result = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    yield result
    result["wall"], result["CPU"] = time.perf_counter() - wall, time.process_time() - cpu
    result["growth"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps(result))


def one(name: str, folder: Path, count: int) -> None:
    """One measurement, in this process."""
    path, reference = folder / "measured.db", folder / "reference.db"
    if name == "bare rows":
        bare_rows(path, reference)
    else:
        repository(path, list(tracks(count)))


def measure(folder: Path, count: int, rounds: int) -> dict[str, list[Result]]:
    """Run both ways in turn, each in a process of its own."""
    cache = CacheRepository(open_engine(folder / "reference.db"))
    cache.prepare()
    cache.replace_all(tracks(count))
    cache.close()
    results: dict[str, list[Result]] = {way: [] for way in WAYS}
    for at in range(rounds):
        # They take turns to be first, because the second one finds a busier disk.
        for way in WAYS if at % 2 else reversed(WAYS):
            command = [sys.executable, __file__, str(folder), "--tracks", str(count), "--one", way]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            results[way].append(json.loads(done.stdout))
            for path in folder.glob("measured.db*"):
                path.unlink()
    return results


def report(results: dict[str, list[Result]]) -> None:
    """Print medians, the lowest CPU time, and each one's ratio to that of bare rows."""
    measures: dict[str, Callable[[list[Result]], float]] = {
        "wall s": lambda some: statistics.median(result["wall"] for result in some),
        "CPU s": lambda some: statistics.median(result["CPU"] for result in some),
        "least": lambda some: min(result["CPU"] for result in some),
    }
    print(
        f"{'':12}" + "".join(f"{what:>8}{'ratio':>7}" for what in measures) + f"{'growth MB':>11}"
    )
    for way, some in results.items():
        cells = [
            f"{measure(some):8.2f}{measure(some) / measure(results['bare rows']):7.2f}"
            for measure in measures.values()
        ]
        growth = statistics.median(result["growth"] for result in some)
        print(f"{way:12}" + "".join(cells) + f"{growth:11.0f}")
    in_sqlite = min(result["in SQLite"] for result in results["repository"])
    print(f"repository: {in_sqlite:.2f} s of the lowest are spent in SQLite")


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(description="How long it takes to fill the cache.")
    arguments.add_argument("folder", type=Path, help="an empty folder, for the databases")
    arguments.add_argument("--tracks", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.one:
        one(chosen.one, chosen.folder, chosen.tracks)
    else:
        report(measure(chosen.folder, chosen.tracks, chosen.rounds))


if __name__ == "__main__":
    main()
