"""A mount that Samba shares."""

from __future__ import annotations

import os
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
