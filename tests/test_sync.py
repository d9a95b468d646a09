"""Library → store, with git-annex as the oracle."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import UTC
from pathlib import Path

import pytest

from mcfs.annex.library import Library, open_library
from mcfs.errors import LibraryError
from mcfs.store import Store, open_store
from mcfs.sync import Progress, added_at, decade, is_audio, is_live, sync
from tests.needs import git_annex_environment
from tests.tracks import SAMPLES, SECOND_PATH


def _annex(library: Library, *words: str) -> list[dict[str, object]]:
    said = subprocess.run(
        ["git", "annex", *words],
        cwd=library.top,
        env=git_annex_environment(library.top),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return [json.loads(line) for line in said.splitlines()]


def test_every_value_of_every_track_is_what_git_annex_says(library: Library, synced: Store) -> None:
    told = {
        str(row["key"]): {
            name: sorted(values)
            for name, values in row["fields"].items()  # type: ignore[attr-defined]
            if "lastchanged" not in name
        }
        for row in _annex(library, "metadata", "--json")
        if is_audio(str(row["file"]))
    }
    ours = {
        key: {name: sorted(values) for name, values in record.values.items()}
        for key in told
        if (record := synced.cache.get(key)) is not None
    }
    assert ours == told
    assert len(told) == len(SAMPLES) == synced.cache.count()


def test_presence_is_what_git_annex_says(library: Library, synced: Store) -> None:
    here = {row["key"] for row in _annex(library, "find", "--in=here", "--json")}
    for row in _annex(library, "find", "--include=*", "--json"):
        record = synced.cache.get(str(row["key"]))
        if record is None:
            assert not is_audio(str(row["file"]))
        else:
            assert record.present is (row["key"] in here)
            assert record.size == int(str(row["bytesize"]))
            assert (library.common_dir / record.content_path).exists() is record.present


def test_a_key_with_two_files_is_one_track(library: Library, synced: Store) -> None:
    (key,) = {row["key"] for row in _annex(library, "find", "--json", *SECOND_PATH)}
    record = synced.cache.get(str(key))
    assert record is not None
    assert set(record.files) == set(SECOND_PATH)


def test_what_is_not_committed_yet_counts(library: Library, synced: Store) -> None:
    subprocess.run(
        ["git", "-c", "annex.alwayscommit=false", "annex", "metadata", "-q", "-s", "mood=dark",
         "kino.mp3"],
        cwd=library.top,
        env=git_annex_environment(library.top),
        check=True,
    )  # fmt: skip
    assert list((library.git_dir / "annex" / "journal").iterdir())
    sync(library, synced)
    (key,) = {row["key"] for row in _annex(library, "find", "--json", "kino.mp3")}
    record = synced.cache.get(str(key))
    assert record is not None
    assert record.values["mood"] == ("dark",)


def test_every_sync_is_a_generation_and_keeps_the_inodes(library: Library, synced: Store) -> None:
    before = synced.cache.generation()
    keys = [str(row["key"]) for row in _annex(library, "find", "--include=*", "--json")]
    sync(library, synced)
    after = synced.cache.generation()
    assert (after.store_uuid, after.counter) == (before.store_uuid, before.counter + 1)
    assert all(synced.cache.get(key) is not None for key in keys if is_audio(key))


def test_progress_goes_from_nothing_to_all(library: Library) -> None:
    seen: list[Progress] = []
    with open_store(library.store_dir) as store:
        sync(library, store, seen.append)
    assert seen[0] == Progress(0, 0)
    assert seen[-1] == Progress(len(SAMPLES), len(SAMPLES))


def test_every_sync_is_logged(
    library: Library, synced: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(library, synced)
    run = synced.user.last_run("sync")
    assert run is not None
    assert (run.outcome, run.detail) == ("done", {"tracks": 12, "present": 11})

    def fail(*_: object) -> None:
        raise LibraryError("the disk is gone")

    monkeypatch.setattr("mcfs.sync.read_keys", fail)
    before = synced.cache.generation()
    with pytest.raises(LibraryError):
        sync(library, synced)
    run = synced.user.last_run("sync")
    assert run is not None
    assert (run.outcome, run.detail) == ("failed", {"error": "the disk is gone"})
    assert synced.cache.state().last_error == "the disk is gone"
    assert synced.cache.generation() == before


def test_a_folder_that_is_no_library_says_so(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="is not in a git-annex repository"):
        open_library(tmp_path)
    with pytest.raises(LibraryError, match="is not there"):
        open_library(tmp_path / "nowhere")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    with pytest.raises(LibraryError, match="without git-annex; run: git annex init"):
        open_library(tmp_path)


@pytest.mark.parametrize(
    ("title", "live"),
    [
        ("Live at Tresor", True),
        ("Strings of Life (live)", True),
        ("Rez [Live 1994]", True),
        ("A live set", True),
        ("Alive", False),
        ("Live Forever", False),
        ("Deliver", False),
        ("Long Live the King", False),
    ],
)
def test_live(title: str, live: bool) -> None:
    assert is_live({"title": [title]}) is live


@pytest.mark.parametrize(
    ("years", "said"),
    [(["1998"], "1990s"), (["2001-05-03", "1999"], "1990s"), (["soon"], None), ([], None)],
)
def test_decade(years: list[str], said: str | None) -> None:
    assert decade({"year": years}) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["2025-06-30 12:00:00"], "2025-06-30T12:00:00+00:00"),
        (["2025-06-30T12:00:00+02:00"], "2025-06-30T10:00:00+00:00"),
        (["2025-07-01T00:00:00Z", "2025-06-30 12:00"], "2025-06-30T12:00:00+00:00"),
        (["soon"], None),
        (["0001-01-01"], None),
        ([], None),
    ],
)
def test_added(values: list[str], said: str | None) -> None:
    moment = added_at({"added": values})
    assert (moment and moment.astimezone(UTC).isoformat()) == said


def test_a_day_is_added_where_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        moment = added_at({"added": ["2025-06-30"]})
    finally:
        monkeypatch.undo()
        time.tzset()
    assert moment is not None
    assert moment.astimezone(UTC).isoformat() == "2025-06-30T04:00:00+00:00"
