"""What Mixxx 2.3.3 does with its rows when it scans, without Mixxx: fast enough for hundreds of rounds.

`data/mixxx-2.3.3-loop.json` has the rows that a real one left; a test compares the two. Owns these rules:

- A path that Mixxx does not know gets a new location and a new row: what the file's tags say (several values
  joined by a space), no rating, no crate, added now.
- A path that is gone keeps its location, marked as deleted, and its row with all that the DJ made.
- A path that is there again is only no longer marked.
- A new path with the name of one that has just gone, in another folder, is a file that was moved: the row of
  old follows it, and the row that was just made goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.imports.mixxx_database import MixxxDatabase

# The columns that Mixxx fills from tags.
Tags = dict[str, Any]


class SimulatedMixxx(MixxxDatabase):
    """A database, and a Mixxx that scans."""

    def scan(self, files: Iterable[Path], tags_of: Callable[[Path], Tags]) -> None:
        """Find the files there are; `tags_of` are read of those that are new."""
        found = {str(file): file for file in sorted(files)}
        with self.changing() as connection:
            known = {
                location: (number, deleted)
                for number, location, deleted in connection.execute(
                    "SELECT id, location, fs_deleted FROM track_locations"
                )
            }
            gone = [
                path for path, (_, deleted) in known.items() if path not in found and not deleted
            ]
            connection.executemany(
                "UPDATE track_locations SET fs_deleted = ?, needs_verification = 0 WHERE location = ?",
                [(path not in found, path) for path in known],
            )
        new = [path for path in found if path not in known]
        rows = {path: self._add(found[path], tags_of(found[path])) for path in new}
        for path in gone:
            for moved in [place for place in rows if Path(place).name == Path(path).name]:
                self._move(path, moved, rows.pop(moved))
                break

    def _add(self, file: Path, tags: Tags) -> int:
        return self.add(
            file,
            rating=0,
            bpm=0.0,
            datetime_added=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            **tags,
        )

    def _move(self, old: str, new: str, new_row: int) -> None:
        """Let the row of the old path have the new one."""
        with self.changing() as connection:
            ((old_location,),) = connection.execute(
                "SELECT id FROM track_locations WHERE location = ?", [old]
            ).fetchall()
            connection.execute("DELETE FROM library WHERE id = ?", [new_row])
            connection.execute(
                "UPDATE library SET location = (SELECT id FROM track_locations WHERE location = ?)"
                " WHERE location = ?",
                [new, old_location],
            )
            connection.execute("DELETE FROM track_locations WHERE id = ?", [old_location])

    def row_of(self, file: Path) -> int:
        """The id of the row of a file."""
        with self.changing() as connection:
            ((number,),) = connection.execute(
                "SELECT l.id FROM library l JOIN track_locations t ON t.id = l.location"
                " WHERE t.location = ?",
                [str(file)],
            ).fetchall()
        return int(number)

    def value_of(self, number: int, column: str) -> Any:
        """What a row has in a column."""
        with self.changing() as connection:
            query = f'SELECT "{column}" FROM library WHERE id = ?'
            ((value,),) = connection.execute(query, [number]).fetchall()
        return value

    def crates_of(self, number: int) -> set[str]:
        """The crates that a row is in."""
        with self.changing() as connection:
            rows = connection.execute(
                "SELECT name FROM crates JOIN crate_tracks ON crates.id = crate_id WHERE track_id = ?",
                [number],
            )
            return {name for (name,) in rows}
