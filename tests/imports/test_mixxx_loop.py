"""Mixxx scans, a DJ rates, names change, Mixxx scans again, mcfs imports: nothing of the DJ's is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.imports.mixxx_rounds import rounds_in
from tests.imports.recorded_mixxx import KEPT, RECORDED, comparable_rows, library_rows
from tests.imports.simulated_mixxx import SimulatedMixxx


def test_the_simulated_mixxx_leaves_the_rows_that_a_real_one_leaves(tmp_path: Path) -> None:
    mixxx = SimulatedMixxx(tmp_path / "mixxxdb.sqlite")
    music = tmp_path / "MUSIC"
    for step in RECORDED["steps"]:
        made = {row["title"]: row for row in library_rows(step)}
        if "edited" in step["after"]:
            for title, row in made.items():
                number = mixxx.row_of(_path(music, step, row["location"]))
                mixxx.change(number, rating=row["rating"], title=title)
                mixxx.put(number, *[name for _, name in step["crates"]])
        else:
            there = [
                _path(music, step, place[0]) for place in step["track_locations"] if not place[5]
            ]
            tags = {file: _tags(step, file, music) for file in there}
            mixxx.scan(there, tags.__getitem__)
        assert _rows(mixxx, music) == comparable_rows(step), step["after"]


def _path(music: Path, step: dict[str, Any], location: int) -> Path:
    text: str
    (text,) = (place[1] for place in step["track_locations"] if place[0] == location)
    return music / text.removeprefix("MUSIC/")


def _tags(step: dict[str, Any], file: Path, music: Path) -> dict[str, str]:
    """What the tags of a file say: all files had the same, but for the title."""
    (row,) = (r for r in library_rows(step) if _path(music, step, r["location"]) == file)
    return {name: row[name] for name in ("title", "artist", "genre", "comment")}


def _rows(mixxx: SimulatedMixxx, music: Path) -> list[tuple[Any, ...]]:
    columns = ", ".join(f"l.{name}" for name in KEPT)
    with mixxx.changing() as connection:
        rows = connection.execute(
            f"SELECT l.id, t.location, t.fs_deleted, {columns}"
            " FROM library l JOIN track_locations t ON t.id = l.location"
        ).fetchall()
    return sorted(
        (path.replace(str(music), "MUSIC"), *values, sorted(mixxx.crates_of(number)))
        for number, path, *values in rows
    )


def test_a_rating_whose_row_lost_its_name_before_the_import(tmp_path: Path) -> None:
    """Somebody corrects a title in git-annex, so the file has another name, and Mixxx a new row."""
    with rounds_in(tmp_path / "rounds", tracks=1, seed=1) as rounds:
        ((key, model),) = rounds.model.items()
        (old,) = rounds.links.iterdir()
        row = rounds.mixxx.row_of(old)
        rounds.import_and_check()
        rounds.mixxx.change(row, rating=4)
        rounds.mixxx.put(row, "Festival")
        rounds.set_by_hand(key, "title", "Another")
        rounds.scan()
        assert not old.is_symlink()
        model |= {"rating": ("4",), "crate": ("Festival",)}
        rounds.import_and_check()
        # Out of the crate in that row is not out of the crate: Mixxx cannot show the row any more.
        rounds.mixxx.put(row)
        rounds.import_and_check()


def test_rounds_of_everything_lose_nothing(tmp_path: Path) -> None:
    """A short version of contrib/soak/mixxx_rounds.py."""
    with rounds_in(tmp_path / "rounds", tracks=6, seed=1) as rounds:
        for _ in range(15):
            rounds.round()
