"""A real Mixxx: what it leaves in its database, and that imports from it lose nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from contrib.programs.mixxx import mixxx_for
from contrib.programs.mixxx_loop import run_loop
from contrib.programs.running import Screen
from mcfs.annex.library import open_library
from tests.imports.mixxx_database import annex
from tests.imports.recorded_mixxx import RECORDED, comparable_rows
from tests.mounts import mcfs, mounted, wait_until

pytestmark = pytest.mark.programs("mixxx", "Xvfb", "xdotool", "import", "dbus-run-session")

_RATED = (1, 2, 3, 4)


def test_it_leaves_the_rows_that_the_tests_rely_on(screen: Screen, tmp_path: Path) -> None:
    for found, recorded in zip(run_loop(screen, tmp_path / "loop"), RECORDED["steps"], strict=True):
        assert found["after"] == recorded["after"]
        assert comparable_rows(found) == comparable_rows(recorded), found["after"]


def test_scan_rate_import_and_scan_again_on_a_mount(
    demo_copy: Path, place: Path, screen: Screen, tmp_path: Path
) -> None:
    """Names in `all/` follow titles: after an import, Mixxx has new rows for the same tracks."""
    with mounted(demo_copy, place):
        mixxx = mixxx_for(place / "all", tmp_path / "mixxx", screen)
        count = len(os.listdir(place / "all"))

        def all_scanned() -> bool:
            statement = "SELECT count(*) FROM track_locations WHERE NOT fs_deleted"
            return bool(mixxx.select(statement) == [(count,)])

        def imported() -> dict[str, Any]:
            done = mcfs(
                *("import", "mixxx", "--yes", "--db", mixxx.database, "--library", demo_copy)
            )
            assert done.returncode == 0, done.stderr
            return _metadata(demo_copy)

        with mixxx.running(all_scanned):
            mixxx.edit_title(5, "Edited in Mixxx")
            for row in _RATED:
                mixxx.rate_4(row)
            mixxx.put_all_into_new_crate("Set of today")
        first = imported()
        in_crate = [key for key, fields in first.items() if "Set of today" in fields["crate"]]
        assert len(in_crate) == count
        assert sum(fields["title"] == ["Edited in Mixxx"] for fields in first.values()) == 1
        rated = mixxx.select("SELECT count(*) FROM library WHERE rating = 4")
        assert rated == [(len(_RATED),)]
        wait_until(lambda: any("Edited in Mixxx" in name for name in os.listdir(place / "all")))
        for _ in range(2):
            with mixxx.running(all_scanned):
                pass
            assert imported() == first
        missing = mixxx.select("SELECT count(*) >= 1 FROM track_locations WHERE fs_deleted")
        assert missing == [(1,)]


def _metadata(top: Path) -> dict[str, dict[str, list[str]]]:
    """What git-annex has of what a DJ makes in Mixxx."""
    lines = annex(open_library(top), "metadata", "--json", ".").splitlines()
    return {
        answer["key"]: {
            name: sorted(answer["fields"].get(name, []))
            for name in ("rating", "crate", "color", "title", "artist", "genre", "added")
        }
        for answer in map(json.loads, lines)
    }
