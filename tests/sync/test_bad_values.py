"""One bad value never stops the rest: not a sync, and not what reads the store afterwards."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcfs.annex.library import open_library
from mcfs.annex.logs import Metadata
from mcfs.annex.read_library import AnnexedKey
from mcfs.config.settings import DEFAULTS
from mcfs.inspect.status import gather_status
from mcfs.inspect.status_text import status_lines
from mcfs.store import CacheRepository, Store, TrackRecord, open_store
from mcfs.store.engine import open_engine
from mcfs.sync.background import BackgroundSync
from mcfs.sync.derive import track_record
from mcfs.sync.report import SyncKind
from mcfs.sync.run import sync
from tests.annex.logs_by_git_annex import LogReader, new_log_reader
from tests.cli.running import CommandRunner
from tests.prerequisites import needs_git_annex
from tests.store.cache_contents import contents

_NINES = b"9" * 309
# Name of a file → the metadata log of its key.
BAD_LOGS: Mapping[str, bytes] = {
    "long duration": b"1s duration +" + _NINES + b":00",
    "longer duration": b"1s duration +" + b"9" * 5000 + b":00:00",
    "long numbers": b"1s bpm +%b rating +%b year +%b tracknumber +%b/2" % ((b"9" * 5000,) * 4),
    "long time": b"9" * 5000 + b"s genre +techno",
    "late time": b"99999999999999s genre +techno",
    "a field like ours": b"1s /type +mp3 /Location +here artist +Surgeon",
    "no name of a field": b"100s f  +x   +y",
    "names that fold to one": "1s Künstler +a kunstler +b".encode(),
    "late date": b"1s added +9999-12-31T23:59:59-01:00",
    "early date": b"1s added +0001-01-01",
    "early moment": b"1s added +0001-01-01T00:00:00Z",
    "not UTF-8": b"1s genre +\xff \xff +x",
    "a NUL": b"1s genre +!AA==",
    "good": b"1s genre +techno",
}
_LONG_SIZE = f"MD5E-s{'9' * 4400}--0123456789abcdef0123456789abcdef.mp3"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a file for each of these logs, and one whose key has a size of 4,400 digits: synced."""
    needs_git_annex()
    reader = new_log_reader(tmp_path_factory.mktemp("bad values"))
    keys = reader.put_on_branch(list(BAD_LOGS.values()))
    for name, key in zip([*BAD_LOGS, "long size"], [*keys, _LONG_SIZE], strict=True):
        _add(reader, f"{name}.mp3", key)
    with open_store(open_library(reader.folder).store_dir) as store:
        report = sync(open_library(reader.folder), store)
    assert report.kind is SyncKind.FULL
    assert report.tracks == len(BAD_LOGS) + 1
    return reader.folder


def _add(reader: LogReader, file: str, key: str) -> None:
    """A file whose content is elsewhere, as git has it: the names of keys may be too long for the disk."""
    link = f".git/annex/objects/XX/YY/{key}/{key}".encode()
    blob = reader.run("git", "hash-object", "-w", "--stdin", stdin=link).decode().strip()
    reader.run("git", "update-index", "--add", "--cacheinfo", f"120000,{blob},{file}")


@pytest.fixture
def store(library: Path) -> Iterator[Store]:
    """Its store."""
    with open_store(open_library(library).store_dir) as synced:
        yield synced


def test_what_is_left_out_is_named(library: Path, store: Store) -> None:
    lines = [sentence for label, sentence in status_lines(gather_status(open_library(library)))]
    assert 'no name of a field.mp3 is kept without the field ""' in lines
    assert 'a field like ours.mp3 is kept without the field "/Location"' in "\n".join(lines)
    with store.cache.reading() as read:
        assert read.counts().incomplete == 2


def test_a_sync_by_difference_stores_the_same(library: Path, store: Store, tmp_path: Path) -> None:
    """Also for tracks that change from good to bad, and back."""
    reader = LogReader(library)
    path = store.folder / "cache.db"
    full = contents(path)
    reader.put_on_branch([b"1s genre +house"] * len(BAD_LOGS))
    assert sync(open_library(library), store).kind is SyncKind.DIFFERENCE
    assert sync(open_library(library), store).incomplete == 0
    reader.put_on_branch(list(BAD_LOGS.values()))
    report = sync(open_library(library), store)
    assert (report.kind, report.incomplete) == (SyncKind.DIFFERENCE, 2)
    assert contents(path) == full


def test_a_mount_says_what_is_left_out(library: Path, store: Store) -> None:
    """Once, for all the syncs that find the same."""
    problems: list[str] = []
    stop = threading.Event()
    syncs = BackgroundSync(
        open_library(library),
        store,
        DEFAULTS,
        read_settings=lambda: DEFAULTS,
        on_new_settings=lambda _: None,
        on_problem=problems.append,
    )
    thread = threading.Thread(target=syncs.run, args=(stop,))
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while len(problems) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        stop.set()
        thread.join()
    assert len(problems) == 2
    assert any('without the field ""' in problem for problem in problems)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize(
    "words",
    [
        ("search", "--absent", "show", "--json"),
        ("search", "--absent", "show", "--format", "csv"),
        ("search", "--absent", "show", "sort:duration", "sort:added", "sort:bpm"),
        ("search", "--absent", "show", "added:<0002"),
        ("search", "--absent", "show", "added:>9998"),
        ("ls", "-l", "--absent", "show", "all"),
        ("ls", "--absent", "show", "{{ added }}"),
        ("ls", "--absent", "show", "{{ duration }}"),
        ("ls", "--absent", "show", "{{ bpm | round(2) }} {{ duration | int }} {{ year | decade }}"),
        ("ls", "--json", "--absent", "show", "{{ rating * 2 }}"),
        ("fields",),
        ("fields", "added"),
        ("fields", "changed"),
        ("fields", "duration"),
        ("explain", "added:>-7d"),
        ("status", "--json"),
    ],
)
def test_everything_can_be_read(
    library: Path,
    store: Store,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    words: tuple[str, ...],
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        result = CommandRunner(open_library(library), capsysbinary)(*words)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert result.code == 0, result.err
    if "--json" in words:
        json.loads(result.out)


_texts = st.text(max_size=5) | st.sampled_from(["", "9" * 400, "0001-01-01", "1:30", "x\0y"])
_names = st.text(max_size=3) | st.sampled_from(["", "/type", "duration", "Genre", "genre", "added"])
_metadata = st.dictionaries(_names, st.lists(_texts, max_size=3).map(tuple), max_size=6)


@pytest.fixture
def caches(tmp_path: Path) -> Iterator[tuple[CacheRepository, CacheRepository]]:
    """Two caches that are filled again and again: making new ones takes longer."""
    changed, full = (CacheRepository(open_engine(tmp_path / name)) for name in ("a.db", "b.db"))
    changed.prepare()
    full.prepare()
    yield changed, full
    changed.close()
    full.close()


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(before=st.lists(_metadata, max_size=6), after=st.lists(_metadata, max_size=6))
def test_any_metadata_can_be_stored(
    caches: tuple[CacheRepository, CacheRepository],
    before: list[dict[str, tuple[str, ...]]],
    after: list[dict[str, tuple[str, ...]]],
) -> None:
    """Whatever names and values a library has; changing some tracks stores what a full sync does."""
    changed, full = caches
    first, second = map(_records, (before, after))
    changed.replace_all(first)
    with changed.writing() as write:
        write.remove(record.annex_key for record in first[len(second) :])
        write.update(second[: len(first)])
        write.insert(second[len(first) :])
    full.replace_all(second)
    with changed.reading() as read, full.reading() as expected:
        assert read.counts() == expected.counts()
        keys = [record.annex_key for record in second]
        stored = expected.records(keys)
        for key, record in read.records(keys).items():
            assert replace(record, values={}) == replace(stored[key], values={})
            assert _folded(record.values) == _folded(stored[key].values)


def _folded(values: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Which of several spellings of a field is shown depends on the order of the tracks."""
    return {name.casefold(): texts for name, texts in values.items()}


def _records(metadata: list[dict[str, tuple[str, ...]]]) -> list[TrackRecord]:
    return [
        track_record(
            AnnexedKey(
                key=f"MD5E-s1--{number}.mp3",
                work_paths=(f"{number}.mp3",),
                content_path=f"annex/objects/{number}",
                present=True,
                size=1,
                metadata=Metadata(values),
                added_at=None,
                hidden=frozenset(),
                blobs={},
            )
        )
        for number, values in enumerate(metadata)
    ]
