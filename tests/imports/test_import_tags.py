"""Importing the tags inside files; git-annex says what was written."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mcfs.annex.library import Library, open_library
from mcfs.imports.import_mixxx import import_mixxx
from mcfs.imports.import_tags import CONTENT_NOT_HERE, import_tags
from mcfs.imports.result import Event, Imported, ImportResult, Skipped
from mcfs.store import Store, open_store
from mcfs.store.records import Change
from mcfs.sync.report import SyncKind
from mcfs.sync.run import sync
from mcfs.tree.tree import Tree
from tests.imports.mixxx_database import MixxxDatabase, annex, commits, fields_of
from tests.imports.test_file_tags import KINDS, TAGS, tagged
from tests.prerequisites import git_annex_environment
from tests.tracks import ABSENT, SAMPLES
from tests.tree.folder_access import file_text

BROKEN = len(SAMPLES) - 1  # a few bytes each, and no sound; and one is not here


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.imported, result.unchanged, len(result.skipped), len(result.failed)


@pytest.fixture
def sound(library: Library, synced: Store, tmp_path: Path) -> Path:
    """A folder of the library with a tagged file of every format."""
    folder = library.top / "sound"
    folder.mkdir()
    for kind, write in KINDS.items():
        tagged(folder, kind, write)
    annex(library, "add", "-q", "sound")
    _commit(library)
    return folder


def _commit(library: Library) -> None:
    subprocess.run(
        ["git", "commit", "-qm", "more"],
        cwd=library.top,
        env=git_annex_environment(library.top),
        check=True,
    )


def test_files_of_every_kind(library: Library, synced: Store, sound: Path) -> None:
    before = commits(library)
    assert counts(import_tags(library, synced, paths=[sound])) == (len(KINDS), 0, 0, 0)
    assert commits(library) == before + 1
    for kind in KINDS:
        fields = fields_of(library, f"sound/tagged.{kind}")
        assert fields.pop("duration")
        assert fields.pop("bitrate")
        assert fields == {name: list(values) for name, values in TAGS.items()}
    assert sync(library, synced).kind is SyncKind.NOTHING
    assert counts(import_tags(library, synced, paths=[sound])) == (0, len(KINDS), 0, 0)


def test_by_default_only_empty_fields_are_written(
    library: Library, synced: Store, sound: Path
) -> None:
    file = "sound/tagged.flac"
    annex(library, "metadata", "-q", "-s", "artist=By hand", "-s", "mood=dark", file)
    events: list[Event] = []
    path = [library.top / file]
    assert counts(import_tags(library, synced, paths=path, on_event=events.append)) == (1, 0, 0, 0)
    (event,) = events
    assert isinstance(event, Imported)
    assert "artist" not in event.changes
    assert event.changes["title"] == Change((), TAGS["title"])
    after = fields_of(library, file)
    assert (after["artist"], after["mood"]) == (["By hand"], ["dark"])
    # Existing values stay, even if the tags differ, unless overwriting is requested.
    assert counts(import_tags(library, synced, paths=path)) == (0, 1, 0, 0)
    assert counts(import_tags(library, synced, paths=path, overwrite=True)) == (1, 0, 0, 0)
    after = fields_of(library, file)
    assert (after["artist"], after["mood"]) == (["AC/DC", "Кино"], ["dark"])
    assert counts(import_tags(library, synced, paths=path, overwrite=True)) == (0, 1, 0, 0)


def test_a_dry_run_writes_nothing(library: Library, synced: Store, sound: Path) -> None:
    before = commits(library)
    events: list[Event] = []
    result = import_tags(library, synced, paths=[sound], dry_run=True, on_event=events.append)
    assert counts(result) == (len(KINDS), 0, 0, 0)
    assert len(events) == len(KINDS)
    assert commits(library) == before
    assert fields_of(library, "sound/tagged.mp3") == {}
    assert synced.user.last_run("import") is None


def test_a_broken_file_fails_alone(library: Library, synced: Store, sound: Path) -> None:
    """The other samples are a few bytes and no sound, and the content of one is not here."""
    result = import_tags(library, synced)
    assert counts(result) == (len(KINDS), 0, 1, BROKEN)
    assert result.skipped == [Skipped(ABSENT, CONTENT_NOT_HERE)]
    assert not result.success
    reasons = {failed.file: failed.reason for failed in result.failed}
    assert reasons["kino.mp3"].startswith("it is broken: ")
    last = synced.user.last_run("import")
    assert last is not None
    assert last.outcome == "partly"
    assert last.detail is not None
    assert (last.detail["source"], last.detail["imported"]) == ("tags", len(KINDS))


def test_unlocked_files_and_content_that_was_changed_since(
    library: Library, synced: Store, sound: Path
) -> None:
    """Metadata belongs to the key, so tags are read from its content, not from a changed work file."""
    file = "sound/tagged.mp3"
    annex(library, "unlock", "-q", file)
    _commit(library)
    (library.top / file).write_bytes(b"something else")
    assert counts(import_tags(library, synced, paths=[sound])) == (len(KINDS), 0, 0, 0)
    metadata = json.loads(
        annex(library, "metadata", "--json", "--batch", stdin=_key(library, synced, file))
    )
    assert metadata["fields"]["title"] == list(TAGS["title"])


def _key(library: Library, store: Store, file: str) -> str:
    with store.cache.reading() as read:
        (key,) = (found.annex_key for found in read.work_files() if found.work_path == file)
    return json.dumps({"key": key}) + "\n"


def test_values_from_mixxx_replace_those_from_tags(
    library: Library, synced: Store, sound: Path, mixxx: MixxxDatabase
) -> None:
    import_tags(library, synced, paths=[sound])
    same: dict[str, Any] = {
        "title": TAGS["title"][0],
        "year": TAGS["year"][0],
        "tracknumber": "7",
        "key": "F♯m",
        "bpm": 126.9,
        "duration": float(fields_of(library, "sound/tagged.flac")["duration"][0]),
    }
    number = mixxx.add(sound / "tagged.flac", datetime_added=None, **same)
    assert counts(import_mixxx(library, synced, mixxx.path)) == (0, 1, 0, 0)
    mixxx.change(number, title="Corrected")
    assert counts(import_mixxx(library, synced, mixxx.path)) == (1, 0, 0, 0)
    assert fields_of(library, "sound/tagged.flac")["title"] == ["Corrected"]
    assert counts(import_tags(library, synced, paths=[sound])) == (0, len(KINDS), 0, 0)


def test_the_demo_library_has_the_metadata_of_its_tags(demo_copy: Path) -> None:
    library = open_library(demo_copy)
    with open_store(library.store_dir) as store:
        sync(library, store)
        result = import_tags(library, store)
        assert result.imported > 20
        assert not result.failed
        # Playlists in a mount have the lengths that were imported.
        assert "#EXTINF:-1" not in file_text(Tree(store), "all.m3u8")
        again = import_tags(library, store)
        assert (again.imported, again.unchanged) == (0, result.imported + result.unchanged)
