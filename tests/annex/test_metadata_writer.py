"""Writing metadata through git-annex: what is written, what is refused, and what kills the process."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.annex.metadata_process import MetadataChange
from mcfs.annex.metadata_writer import MetadataWriter, metadata_writer
from mcfs.errors import LibraryError
from tests.child_processes import children
from tests.imports.mixxx_database import annex, commits, fields_of
from tests.mounts import wait_until


@pytest.fixture
def keys(library: Library) -> dict[str, str]:
    """File → key."""
    lines = annex(library, "find", "--include=*.mp3", "--json").splitlines()
    return {row["file"]: row["key"] for row in map(json.loads, lines)}


def written(writer: MetadataWriter, changes: list[MetadataChange]) -> list[str | None]:
    """The result of each change."""
    return writer.submit(changes) + writer.wait_for_all()


def test_values_are_set_replaced_and_removed(library: Library, keys: dict[str, str]) -> None:
    before = fields_of(library, "kino.mp3")
    with metadata_writer(library) as writer:
        assert written(
            writer,
            [
                MetadataChange(keys["kino.mp3"], {"genre": ["a", "b"], "bpm": []}),
                MetadataChange(keys["acdc.mp3"], {"mood": ["dark"]}),
            ],
        ) == [None, None]
    del before["bpm"]
    assert fields_of(library, "kino.mp3") == {**before, "genre": ["a", "b"]}
    assert fields_of(library, "acdc.mp3")["mood"] == ["dark"]


@pytest.mark.parametrize(
    "value",
    [
        "two\nlines",
        " space ",
        "!bang",
        "\t",
        "é 音 🎹 ♯",
        "a\x00b",
        '"',
        "\\",
        "x" * 1_000_000,
        "-",
    ],
)
def test_values_of_any_kind(library: Library, keys: dict[str, str], value: str) -> None:
    with metadata_writer(library) as writer:
        assert written(writer, [MetadataChange(keys["kino.mp3"], {"crate": [value]})]) == [None]
    assert fields_of(library, "kino.mp3")["crate"] == [value]


def test_more_than_pipes_hold(library: Library, keys: dict[str, str]) -> None:
    """git-annex repeats all values in its answer, and blocks until the answer is read."""
    changes = [
        MetadataChange(key, {"comment": [f"{number} " + "x" * 50_000]})
        for number in range(10)
        for key in keys.values()
    ]
    with metadata_writer(library) as writer:
        assert written(writer, changes) == [None] * len(changes)
    assert fields_of(library, "kino.mp3")["comment"] == ["9 " + "x" * 50_000]


def test_one_commit_at_the_end(library: Library, keys: dict[str, str]) -> None:
    before = commits(library)
    with metadata_writer(library) as writer:
        for key in keys.values():
            written(writer, [MetadataChange(key, {"a": ["b"]})])
        assert commits(library) == before
    assert commits(library) == before + 1


def test_without_changes_there_is_no_commit(library: Library) -> None:
    before = commits(library)
    with metadata_writer(library) as writer:
        assert written(writer, []) == []
    assert commits(library) == before


def test_a_commit_every_so_many(library: Library, keys: dict[str, str]) -> None:
    before = commits(library)
    changes = [MetadataChange(key, {"a": ["b"]}) for key in keys.values()]
    with metadata_writer(library, commit_every=2) as writer:
        assert written(writer, changes[:3]) == [None] * 3
        assert commits(library) == before + 1
        assert written(writer, changes[3:5]) == [None] * 2
    assert commits(library) == before + 3


def test_a_change_that_git_annex_cannot_parse_fails_alone(
    library: Library, keys: dict[str, str]
) -> None:
    """git-annex exits at once when it is sent something that is not a key."""
    bad = MetadataChange("nonsense", {"a": ["b"]})
    good = [MetadataChange(key, {"a": ["b"]}) for key in keys.values()]
    before = commits(library)
    with metadata_writer(library) as writer:
        reasons = written(writer, [*good[:3], bad, good[3], bad, *good[4:], bad])
    failed = [place for place, reason in enumerate(reasons) if reason is not None]
    assert failed == [3, 5, len(reasons) - 1]
    assert "Batch input parse failure" in str(reasons[3])
    assert commits(library) == before + 1
    assert fields_of(library, "kino.mp3")["a"] == ["b"]


def test_git_annex_that_always_dies_is_reported_once(library: Library) -> None:
    with (
        pytest.raises(LibraryError, match="git-annex metadata failed: git-annex: Batch input"),
        metadata_writer(library) as writer,
    ):
        written(writer, [MetadataChange("nonsense", {})] * 10)


def test_a_process_that_hangs_is_killed(library: Library, keys: dict[str, str]) -> None:
    change = MetadataChange(keys["kino.mp3"], {"a": ["x" * 1_000_000]})
    with metadata_writer(library) as writer:
        assert written(writer, [MetadataChange(keys["acdc.mp3"], {})]) == [None]
        (git_annex,) = children()
        os.kill(git_annex, signal.SIGSTOP)
        writer.seconds = 0.2
        with pytest.raises(LibraryError, match=r"git-annex metadata did not finish in 0\.2 s"):
            written(writer, [change])
        writer.terminate()


def test_a_commit_that_fails(library: Library, keys: dict[str, str]) -> None:
    lock = library.common_dir / "refs" / "heads" / "git-annex.lock"
    lock.touch()
    with (
        pytest.raises(LibraryError, match=r"git-annex metadata failed \(1\): .*git-annex\.lock"),
        metadata_writer(library) as writer,
    ):
        assert written(writer, [MetadataChange(keys["kino.mp3"], {"a": ["b"]})]) == [None]
    lock.unlink()
    # Nothing is lost: it is in the journal.
    assert fields_of(library, "kino.mp3")["a"] == ["b"]


def _break_off(writer: MetadataWriter, change: MetadataChange) -> None:
    assert written(writer, [change]) == [None]
    raise ZeroDivisionError


def test_an_exception_leaves_no_process_and_loses_nothing(
    library: Library, keys: dict[str, str]
) -> None:
    change = MetadataChange(keys["kino.mp3"], {"a": ["b"]})
    with pytest.raises(ZeroDivisionError), metadata_writer(library) as writer:
        _break_off(writer, change)
    assert fields_of(library, "kino.mp3")["a"] == ["b"]


def test_the_library_is_gone(library: Library, tmp_path: Path) -> None:
    gone = replace(library, top=tmp_path / "gone")
    with (
        pytest.raises(LibraryError, match="gone is not there"),
        metadata_writer(gone) as writer,
    ):
        written(writer, [MetadataChange("MD5E-s1--a.mp3", {})])


def test_more_changes_are_submitted_while_it_works(library: Library, keys: dict[str, str]) -> None:
    """Results come in the order of the changes, whenever they are taken."""
    bad = MetadataChange("nonsense", {"a": ["b"]})
    changes = [MetadataChange(key, {"a": [f"{n}"]}) for n in range(4) for key in keys.values()]
    changes[7:7] = [bad]
    with metadata_writer(library, commit_every=5) as writer:
        assert writer.pending == 0
        reasons: list[str | None] = []
        for change in changes:
            reasons += writer.submit([change])
        assert len(reasons) + writer.pending <= len(changes)
        reasons += writer.wait_for_all()
        assert (writer.pending, writer.wait_for_all()) == (0, [])
    assert [place for place, reason in enumerate(reasons) if reason is not None] == [7]
    assert len(reasons) == len(changes)
    assert fields_of(library, "kino.mp3")["a"] == ["3"]


def test_it_commits_when_its_input_ends(library: Library, keys: dict[str, str]) -> None:
    before = commits(library)
    with metadata_writer(library) as writer:
        writer.end_input()  # nothing was submitted yet
        written(writer, [MetadataChange(keys["kino.mp3"], {"a": ["b"]})])
        assert commits(library) == before
        writer.end_input()
        wait_until(lambda: commits(library) == before + 1)
    assert commits(library) == before + 1
