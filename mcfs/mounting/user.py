"""The user that a mount runs as, and the home whose settings it reads.

mount(8), autofs and systemd start a mount as root, or as a user whose HOME is still root's. Owns which user
the mount belongs to: git works only for the owner of a repository, and what root wrote into a library its
owner could not change.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pwd import struct_passwd

# Of the user who started the command; another user has another home.
_FOLDERS_OF_THE_HOME = (
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME",
)  # fmt: skip


def run_as_owner(library: Path) -> None:
    """As root, become the user who owns the library; as any user, have a home that is one's own.

    Root's rights stay within reach until `rights_to_mount` has used them.
    """
    if os.geteuid() == 0:
        owner = _user(_owner_of(library))
        if owner is not None and owner.pw_uid != 0:
            os.initgroups(owner.pw_name, owner.pw_gid)
            os.setresgid(owner.pw_gid, owner.pw_gid, owner.pw_gid)
            os.setresuid(owner.pw_uid, owner.pw_uid, 0)
            for name in _FOLDERS_OF_THE_HOME:
                os.environ.pop(name, None)
            _use_home(owner)
    elif _owner_of(Path(os.environ.get("HOME") or os.devnull)) != os.geteuid():
        user = _user(os.geteuid())
        if user is not None:
            _use_home(user)


@contextmanager
def rights_to_mount() -> Iterator[None]:
    """Root's rights, if this process began with them; afterwards they are gone for good.

    Only root may mount on a folder of root's, such as those that autofs makes, and allow others to use the
    mount. The real user stays the owner: to the kernel and to fusermount3, it is the owner's mount.
    """
    user, _, saved = os.getresuid()
    if saved == user:
        yield
        return
    os.setresuid(-1, saved, -1)
    try:
        yield
    finally:
        os.setresuid(user, user, user)


def _use_home(user: struct_passwd) -> None:
    os.environ.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name)


def _owner_of(folder: Path) -> int | None:
    try:
        return folder.stat().st_uid
    except OSError:
        return None


def _user(uid: int | None) -> struct_passwd | None:
    """The entry of a user; None where this machine does not know the user, as in a container."""
    import pwd

    try:
        return None if uid is None else pwd.getpwuid(uid)
    except KeyError:
        return None
