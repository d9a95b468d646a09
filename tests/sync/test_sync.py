"""Syncing a library to its store, compared with what git-annex says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from mcfs.annex import process
from mcfs.annex.library import Library, open_library
from mcfs.config.load import load_settings
from mcfs.config.settings import EXTENSIONS, Settings
from mcfs.errors import LibraryError, SyncRunningError
from mcfs.query import ALL
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import Store, TrackRecord, open_store
from mcfs.store.clock import today
from mcfs.store.locks import running_sync, sync_lock
from mcfs.sync.progress import SyncProgress
from mcfs.sync.report import SyncKind
from mcfs.sync.run import preview, sync
from mcfs.sync.waiting import sync_in_turn
from mcfs.text.track_names import is_audio
from tests.cache_access import generation_of, get_track
from tests.mounts import REPOSITORY
from tests.prerequisites import git_annex_environment
from tests.tracks import SAMPLES, SECOND_PATH


def _annex(library: Library, *words: str) -> list[dict[str, object]]:
    output = subprocess.run(
        ["git", "annex", *words],
        cwd=library.top,
        env=git_annex_environment(library.top),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return [json.loads(line) for line in output.splitlines()]


def test_every_value_of_every_track_is_what_git_annex_says(library: Library, synced: Store) -> None:
    expected = {
        str(row["key"]): {
            name: sorted(values)
            for name, values in row["fields"].items()  # type: ignore[attr-defined]
            if "lastchanged" not in name
        }
        for row in _annex(library, "metadata", "--json")
        if is_audio(str(row["file"]), EXTENSIONS)
    }
    ours = {
        key: {name: sorted(values) for name, values in record.values.items()}
        for key in expected
        if (record := get_track(synced.cache, key)) is not None
    }
    assert ours == expected
    assert len(expected) == len(SAMPLES) == synced.cache.count()


def test_presence_is_what_git_annex_says(library: Library, synced: Store) -> None:
    here = {row["key"] for row in _annex(library, "find", "--in=here", "--json")}
    for row in _annex(library, "find", "--include=*", "--json"):
        record = get_track(synced.cache, str(row["key"]))
        if record is None:
            assert not is_audio(str(row["file"]), EXTENSIONS)
        else:
            assert record.present is (row["key"] in here)
            assert record.size == int(str(row["bytesize"]))
            assert (library.common_dir / record.content_path).exists() is record.present


def test_a_key_with_two_files_is_one_track(library: Library, synced: Store) -> None:
    (key,) = {row["key"] for row in _annex(library, "find", "--json", *SECOND_PATH)}
    record = get_track(synced.cache, str(key))
    assert record is not None
    assert set(record.files) == set(SECOND_PATH)


def test_uncommitted_metadata_counts(library: Library, synced: Store) -> None:
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
    record = get_track(synced.cache, str(key))
    assert record is not None
    assert record.values["mood"] == ("dark",)


def test_a_sync_without_changes_begins_no_generation(library: Library, synced: Store) -> None:
    sync(library, synced)
    before = generation_of(synced.cache)
    assert sync(library, synced).kind is SyncKind.NOTHING
    assert generation_of(synced.cache) == before
    assert sync(library, synced, full=True).kind is SyncKind.FULL
    after = generation_of(synced.cache)
    assert (after.store_uuid, after.counter) == (before.store_uuid, before.counter + 1)


def test_a_sync_without_changes_starts_one_git_command(
    library: Library, synced: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(library, synced)
    commands: list[Sequence[str]] = []
    statements: list[str] = []
    start = process.start_process

    def started(arguments: Sequence[str], *rest: Any) -> subprocess.Popen[bytes]:
        commands.append(arguments)
        return start(arguments, *rest)

    def executed(*arguments: Any) -> None:
        statements.append(arguments[2])

    monkeypatch.setattr(process, "start_process", started)
    event.listen(Engine, "before_cursor_execute", executed)
    try:
        sync(library, synced)
    finally:
        event.remove(Engine, "before_cursor_execute", executed)
    assert [command[1] for command in commands] == ["for-each-ref"]
    # That it looked, and when.
    (writing,) = (
        words for words in statements if not words.startswith(("SELECT", "BEGIN", "PRAGMA"))
    )
    assert writing.startswith("UPDATE sync_state SET finished_at=")


def test_the_report_counts_tracks(library: Library, synced: Store) -> None:
    with synced.cache.reading() as read:
        counts = read.counts()
        records = read.records({file.annex_key for file in read.work_files()}).values()
    assert counts.tracks == len(records) == len(SAMPLES)
    assert counts.present == sum(record.present for record in records)
    assert counts.without_metadata == sum(not record.values for record in records)
    _shell(library, "git annex drop -q --force --all; git annex metadata -q --all --remove-all")
    sync(library, synced)
    with synced.cache.reading() as read:
        counts = read.counts()
    assert (counts.tracks, counts.present, counts.broken) == (len(SAMPLES), 0, {})
    assert counts.without_metadata == len(SAMPLES)


def test_progress_goes_from_0_to_all(library: Library) -> None:
    seen: list[SyncProgress] = []
    with open_store(library.store_dir) as store:
        sync(library, store, on_progress=seen.append)
    assert seen[0] == SyncProgress(0, len(SAMPLES))
    assert seen[-1] == SyncProgress(len(SAMPLES), len(SAMPLES))


def test_every_sync_is_logged(
    library: Library, synced: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(library, synced, full=True)
    run = synced.user.last_run("sync")
    assert run is not None
    assert run.detail is not None
    assert (run.outcome, run.detail["kind"], run.detail["tracks"]) == ("done", "full", 12)

    def fail(*_: object) -> None:
        raise LibraryError("the disk is gone")

    monkeypatch.setattr("mcfs.sync.run.fingerprint_and_journal", fail)
    before = generation_of(synced.cache)
    with pytest.raises(LibraryError):
        sync(library, synced)
    run = synced.user.last_run("sync")
    assert run is not None
    assert run.detail is not None
    assert (run.outcome, run.detail["error"]) == ("failed", "the disk is gone")
    assert run.detail["seconds"] > 0
    assert generation_of(synced.cache) == before


def test_a_folder_that_is_not_a_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="is not in a git-annex repository"):
        open_library(tmp_path)
    with pytest.raises(LibraryError, match="is not there"):
        open_library(tmp_path / "nowhere")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    with pytest.raises(LibraryError, match="without git-annex; run: git annex init"):
        open_library(tmp_path)


# Each of these happens to a library between two syncs: shell, with git-annex in the path.
CHANGES = [
    "git annex metadata -q kino.mp3 -s title=Перемен -s mood=dark",
    "git annex metadata -q kino.mp3 -r bpm",
    "git annex metadata -q white/a.mp3 -s title=Named",
    "git annex metadata -q kino.mp3 -s artist=Anon -s title=Untitled",
    "git -c annex.alwayscommit=false annex metadata -q kino.mp3 -s mood=dark",
    "git annex drop -q --force kino.mp3",
    "git mv kino.mp3 'a new place.mp3'",
    "mkdir -p x && git mv white/a.mp3 x/ && git mv white/b.mp3 'x/b b.mp3'",
    "git rm -q kino.mp3",
    "git rm -q orbital.mp3",
    "cp acdc.mp3 acdc2.mp3 && git annex add -q acdc2.mp3",
    "echo new > new.mp3 && git annex add -q new.mp3 && git annex metadata -q new.mp3 -s title=New",
    "git annex unlock -q kino.mp3",
    "git annex lock -q underworld.wav",
    "rm kino.mp3 && echo other > kino.mp3 && git annex add -q kino.mp3",
    "git annex drop -q --force kino.mp3 && git annex dead -q --key=$(git annex lookupkey kino.mp3)",
    "git annex forget -q --force",
    "git annex adjust -q --unlock",
    "git annex adjust -q --hide-missing",
    "echo hello > readme.txt && git add readme.txt",
    "git annex metadata -q cover.jpg -s title=Cover",
]


def _contents(store: Store) -> dict[str, object]:
    """Everything about every track, except ids."""
    with store.cache.reading() as read:
        keys = {file.annex_key for file in read.work_files()}
        rows = read.select(select_tracks(bind_without_values(ALL, today())))
        return {
            "records": read.records(keys | {row.annex_key for row in rows}),
            "listed": {row.annex_key: tuple(row)[1:] for row in rows},
            "fields": read.fields(),
        }


def _shell(library: Library, line: str) -> None:
    subprocess.run(
        ["sh", "-ec", line],
        cwd=library.top,
        env=git_annex_environment(library.top),
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("change", CHANGES)
def test_a_sync_by_difference_equals_a_full_sync(
    library: Library, synced: Store, tmp_path: Path, change: str
) -> None:
    sync(library, synced)
    _shell(library, change)
    would = preview(library, synced)
    report = sync(library, synced)
    assert (report.added, report.changed, report.removed) == (
        would.added,
        would.changed,
        would.removed,
    )
    with open_store(tmp_path / "fresh") as fresh:
        sync(library, fresh)
        assert _contents(synced) == _contents(fresh)


def test_many_changes_one_after_the_other(library: Library, synced: Store, tmp_path: Path) -> None:
    for change in CHANGES[:5] + CHANGES[10:14]:
        _shell(library, change)
        sync(library, synced)
    with open_store(tmp_path / "fresh") as fresh:
        sync(library, fresh)
        assert _contents(synced) == _contents(fresh)


def test_a_store_of_another_library_is_read_again(library: Library, synced: Store) -> None:
    sync(library, synced)
    _shell(library, "git config annex.uuid 11111111-2222-3333-4444-555555555555")
    assert sync(open_library(library.top), synced).kind is SyncKind.FULL


# What `mcfs.toml` says before and after.
LISTS = [
    ("", 'extensions = ["mp3"]'),
    ('extensions = ["mp3"]', ""),
    ("", 'extensions = ["mp3", "flac", "wav", "jpg", "dat"]'),
    ('extensions = ["dat"]', 'extensions = ["MP3", ".jpg"]'),
]


@pytest.mark.parametrize(("before", "after"), LISTS)
@pytest.mark.parametrize("change", ["true", CHANGES[0], "git mv kino.mp3 kino.dat"])
def test_a_sync_after_new_extensions_equals_a_full_sync(
    library: Library, tmp_path: Path, before: str, after: str, change: str
) -> None:
    # A key that is a track by one of its files alone.
    _shell(library, "cp acdc.mp3 acdc.dat && git annex add -q acdc.dat")
    with open_store(library.store_dir) as store, open_store(tmp_path / "fresh") as fresh:
        (library.top / "mcfs.toml").write_text(before)
        sync(library, store, load_settings(library.top))
        was = _contents(store)
        (library.top / "mcfs.toml").write_text(after)
        _shell(library, change)
        settings = load_settings(library.top)
        would = preview(library, store, settings)
        report = sync(library, store, settings)
        assert report.kind is SyncKind.DIFFERENCE
        assert (report.added, report.changed, report.removed) == (
            would.added,
            would.changed,
            would.removed,
        )
        sync(library, fresh, settings)
        assert _contents(store) == _contents(fresh) != was
        assert sync(library, store, settings).kind is SyncKind.NOTHING


def test_new_extensions_without_a_file_begin_no_generation(library: Library, synced: Store) -> None:
    before = generation_of(synced.cache)
    more = Settings(extensions=EXTENSIONS | {"dsf"})
    assert sync(library, synced, more).kind is SyncKind.NOTHING
    assert generation_of(synced.cache) == before


def test_two_syncs_at_once(library: Library, synced: Store) -> None:
    with sync_lock(synced.folder) as lock:
        lock.report_progress(5, 12)
        running = running_sync(synced.folder)
        assert running is not None
        assert (running.pid, running.done, running.total) == (os.getpid(), 5, 12)
        with pytest.raises(
            SyncRunningError, match=rf"already syncing \(pid {os.getpid()}, for 0 s\)"
        ):
            sync(library, synced)
    assert running_sync(synced.folder) is None
    sync(library, synced)


def test_a_lock_is_free_after_its_process_died(library: Library, synced: Store) -> None:
    script = (
        "import os, sys; from pathlib import Path; from mcfs.store.locks import sync_lock\n"
        "with sync_lock(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, synced.folder], cwd=REPOSITORY, check=False
    )
    assert done.returncode == -9
    assert running_sync(synced.folder) is None
    sync(library, synced)


@pytest.mark.parametrize("milliseconds", range(150, 1150, 100))
@pytest.mark.parametrize("full", [True, False])
def test_killed_at_any_moment(
    library: Library, synced: Store, tmp_path: Path, milliseconds: int, full: bool
) -> None:
    sync(library, synced)
    before = generation_of(synced.cache)
    _shell(library, CHANGES[0])
    command = [sys.executable, "-m", "mcfs", "sync", "--library", str(library.top)]
    process = subprocess.Popen([*command, "--full"] if full else command, cwd=REPOSITORY,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    time.sleep(milliseconds / 1000)
    process.kill()
    process.wait()
    assert generation_of(synced.cache).counter in (before.counter, before.counter + 1)
    # In turn: a git that the killed sync was just starting holds the lock until it has started.
    sync_in_turn(synced.folder, lambda: sync(library, synced))
    with open_store(tmp_path / "fresh") as fresh:
        sync(library, fresh)
        assert _contents(synced) == _contents(fresh)


def test_a_full_sync_when_most_tracks_changed(
    library: Library, synced: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcfs.sync.changes.FEW_KEYS", 1)
    _annex(library, "metadata", "--json", "-s", "mood=dark", "kino.mp3")
    assert sync(library, synced).kind is SyncKind.DIFFERENCE
    _annex(library, "metadata", "--json", "--force", "-s", "mood=light", ".")
    before = generation_of(synced.cache)
    assert sync(library, synced).kind is SyncKind.FULL
    assert generation_of(synced.cache).counter == before.counter + 1
    moods = {row.values["mood"] for row in _records(synced)}
    assert moods == {("light",)}
    assert sync(library, synced).kind is SyncKind.NOTHING


def _records(store: Store) -> list[TrackRecord]:
    with store.cache.reading() as read:
        return list(read.records_of(select_tracks(bind_without_values(ALL, today()))))
