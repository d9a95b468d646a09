"""The user that a mount runs as. Mounts that mount(8) and autofs start are tried in contrib/programs/."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mounts import REPOSITORY
from tests.prerequisites import needs_root

# Of every system; its home is a folder that others own.
_USER = pwd.getpwnam("daemon")

_SCRIPT = """
import json, os, sys
from pathlib import Path
from mcfs.mounting.user import rights_to_mount, run_as_owner
if len(sys.argv) > 2:  # only now: Python itself may be where only root can read it
    os.setgroups([])
    os.setuid(int(sys.argv[2]))
run_as_owner(Path(sys.argv[1]))
states = [os.getresuid()]
with rights_to_mount():
    states.append(os.getresuid())
states.append(os.getresuid())
print(json.dumps([states, os.getgroups(), dict(os.environ)]))
"""


def _run(
    library: Path, *uid: str, **environment: str
) -> tuple[list[list[int]], list[int], dict[str, str]]:
    """(user ids: at first, while mounting, and then; groups; environment) after becoming the owner."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, library, *uid],
        env={"XDG_CONFIG_HOME": "/elsewhere"} | environment,
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    states, groups, found = json.loads(done.stdout)
    return states, groups, found


@pytest.fixture
def owned() -> Iterator[Path]:
    """A folder of another user, who may not look into pytest's own folder."""
    needs_root("to give a folder to another user")
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, _USER.pw_uid, _USER.pw_gid)
        yield Path(folder)


def test_root_becomes_the_owner_and_can_mount_once(owned: Path) -> None:
    uid = _USER.pw_uid
    states, groups, environment = _run(owned, HOME="/root")
    assert states == [[uid, uid, 0], [uid, 0, 0], [uid, uid, uid]]
    assert 0 not in groups
    assert environment["HOME"] == _USER.pw_dir
    assert environment["USER"] == environment["LOGNAME"] == _USER.pw_name
    assert "XDG_CONFIG_HOME" not in environment, "root's settings are not the owner's"


def test_root_stays_root_in_a_library_of_root_or_of_an_unknown_user(owned: Path) -> None:
    for uid in (0, 2**31 - 7):
        os.chown(owned, uid, 0)
        states, _, environment = _run(owned, HOME="/root")
        assert states == [[0, 0, 0]] * 3
        assert environment["HOME"] == "/root"
        assert environment["XDG_CONFIG_HOME"] == "/elsewhere"


@pytest.mark.parametrize("home", ["/", "", "/nowhere", None], ids=repr)
def test_a_user_with_the_home_of_another_gets_the_own_one(owned: Path, home: str | None) -> None:
    given = {} if home is None else {"HOME": home}
    states, _, environment = _run(owned, str(_USER.pw_uid), **given)
    assert states == [[_USER.pw_uid] * 3] * 3
    assert environment["HOME"] == _USER.pw_dir
    assert environment["XDG_CONFIG_HOME"] == "/elsewhere", "it is the user's own"


def test_a_user_may_choose_a_home(owned: Path) -> None:
    assert _run(owned, str(_USER.pw_uid), HOME=str(owned))[2]["HOME"] == str(owned)
