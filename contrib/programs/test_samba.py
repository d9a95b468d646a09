"""A mount that Samba shares."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from contrib.programs.running import samba_sharing
from tests.mounts import mounted


@pytest.mark.programs("smbd", "smbclient")
def test_a_client_reads_the_bytes_of_a_track(
    demo_copy: Path, place: Path, home: Path, tmp_path: Path
) -> None:
    options = ("--entries", "files", "-o", "allow_other")
    with (
        mounted(demo_copy, place, options=options),
        samba_sharing(place, tmp_path / "smb") as samba,
    ):
        name = min(os.listdir(place / "all"))
        copy = tmp_path / "copy"
        said = samba.client(f'get "all\\{name}" "{copy}"')
        assert copy.exists(), said
        assert copy.read_bytes() == (place / "all" / name).read_bytes()


@pytest.mark.programs("smbd", "smbclient")
def test_a_windows_client_can_open_every_listed_name(
    demo_copy: Path, place: Path, home: Path, tmp_path: Path
) -> None:
    """Samba shows `GXYZ~1` instead of a name that Windows does not allow."""
    with (demo_copy / "mcfs.toml").open("a") as settings:
        settings.write('names = "portable"\n[view."by: label"]\nquery = "genre:techno"\n')
    options = ("--entries", "files", "-o", "allow_other")
    with (
        mounted(demo_copy, place, options=options),
        samba_sharing(place, tmp_path / "smb") as samba,
    ):
        for pin in ("genre:techno bpm:>120", "Late (night)", "genre=house"):
            (place / "pins" / pin).mkdir()
        (place / "pins/Late (night)").rename(place / "pins/late (NIGHT)")
        (place / "pins/Late (night)").mkdir()
        shown = _walk(samba.client("recurse", "ls"))
        assert len(shown) > 500
        assert not [path for path in shown if re.search(r"[A-Z0-9]{1,6}~[A-Z0-9]", path)]
        assert shown == {
            str(path.relative_to(place)).replace("/", "\\") for path in place.rglob("*")
        }
        asked = samba.client('cd "genre=techno bpm=120-130"', "ls")
        assert set(_walk(asked)) == set(os.listdir(place / "genre=techno bpm=120-130"))
        made = samba.client("mkdir pins\\rating=5", "ls pins\\*")
        assert "rating=5" in made
        assert samba.client("rename pins\\rating=5 pins\\Best") == ""
        assert "Best" in os.listdir(place / "pins")
        # Samba itself refuses to remove a folder in which it sees anything.
        assert "NOT_EMPTY" in samba.client("rmdir pins\\Best")


def _walk(listing: str) -> set[str]:
    """The paths that an `ls` of smbclient shows; a line with a backslash names the folder that follows."""
    folder, found = "", set()
    for line in listing.splitlines():
        if line.startswith("\\"):
            folder = line.strip("\\") + "\\"
        entry = re.fullmatch(r"  (.*?) +([DNAHSR]+) +\d+  \w{3} \w{3} .*", line)
        if entry and entry.group(1) not in (".", ".."):
            found.add(folder + entry.group(1))
    return found
