"""The kernel is asked to forget what is too much, and keeps what is in use."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.store import TrackRecord, open_store
from tests.mounts import instrumented_mount, wait_until

_KERNEL = [int(number) for number in re.findall(r"\d+", os.uname().release)[:2]]


@pytest.mark.skipif(_KERNEL < [6, 18], reason="Linux can forget inodes on request since 6.18")
def test_the_kernel_forgets_what_is_not_in_use(library: Library, place: Path) -> None:
    records = [
        TrackRecord(
            annex_key=f"SHA256E-s{number}--{number}.mp3",
            name=f"{number:04}.mp3",
            files=(f"{number:04}.mp3",),
            content_path=f"annex/objects/{number}",
            present=True,
            size=1000,
            values={"genre": (f"genre {number}",)},
        )
        for number in range(400)
    ]
    with open_store(library.store_dir) as store:
        store.cache.replace_all(records)
    with instrumented_mount(library.top, place, "--most-inodes", "60") as served:
        shell = subprocess.Popen(["cat"], cwd=place / "genre" / "genre 7", stdin=subprocess.PIPE)
        try:
            inode = (place / "genre" / "genre 7").stat().st_ino
            for _ in range(2):
                names = sorted(os.listdir(place / "all"))
                assert names == [record.name for record in records]
                assert len(os.listdir(place / "genre")) == 400
                assert os.readlink(place / "all" / "0399.mp3").endswith("/0399.mp3")
                wait_until(lambda: served.inode_count() <= 60)
            # Where a process stands, everything is as before.
            assert os.readlink(f"/proc/{shell.pid}/cwd") == str(place / "genre" / "genre 7")
            assert os.listdir(f"/proc/{shell.pid}/cwd/") == ["0007.mp3"]
            assert (place / "genre" / "genre 7").stat().st_ino == inode
            # What was forgotten is read anew in one go, and not name by name.
            before = served.requests()["lookup"]
            assert sum(entry.is_symlink() for entry in os.scandir(place / "all")) == 400
            assert served.requests()["lookup"] - before <= 1
        finally:
            shell.communicate()
