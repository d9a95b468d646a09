"""The options of `-o`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcfs.errors import MountError, MountOptionError
from mcfs.mounting.options import identifying_options, parse_mount_options


@pytest.mark.parametrize(
    ("text", "kernel", "settings"),
    [
        ("", set(), {}),
        ("rw,dev,suid,noauto,user,x-systemd.automount,_netdev,nofail", set(), {}),
        ("ro,auto_unmount", {"ro", "auto_unmount"}, {}),
        ("entries=files,absent=show", set(), {"entries": "files", "absent": "show"}),
    ],
)
def test_known_options(text: str, kernel: set[str], settings: dict[str, str]) -> None:
    found = parse_mount_options([text])
    assert (set(found.for_kernel), dict(found.settings)) == (kernel, settings)


@pytest.mark.parametrize("text", ["entries=fils", "nonsense", "uid=0", "max_read=4096"])
def test_unknown_options_and_values(text: str) -> None:
    with pytest.raises(MountOptionError, match=text.partition("=")[0]):
        parse_mount_options(["rw", text])


def test_other_users_only_where_the_machine_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert parse_mount_options(["allow_other"]).for_kernel == {
        "allow_other",
        "default_permissions",
    }
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    conf = Path("/etc/fuse.conf")
    allowed = conf.exists() and "\nuser_allow_other" in f"\n{conf.read_text()}"
    if not allowed:
        with pytest.raises(MountError, match="user_allow_other"):
            parse_mount_options(["allow_other"])


def test_a_mount_shows_that_it_is_of_mcfs_and_of_which_library() -> None:
    assert identifying_options(Path("/a b/c,d\\e\udce9")) == {
        "subtype=mcfs",
        r"fsname=/a b/c\054d\134e\351",
    }
