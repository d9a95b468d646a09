"""The options of `-o`, as mount(8) and /etc/fstab pass them.

Owns which options there are, and the two by which a mount can be recognised as mcfs's (`mount_table.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcfs.errors import MountError, MountOptionError
from mcfs.mount_table import SUBTYPE


@dataclass(frozen=True, slots=True)
class MountOptions:
    """What `-o` says."""

    for_kernel: frozenset[str]
    # Settings of mcfs by name: "entries" → "files".
    settings: Mapping[str, str]


def parse_mount_options(texts: Iterable[str]) -> MountOptions:
    """Read the values of `-o`; a `MountOptionError` where an option does not exist."""
    kernel: set[str] = set()
    settings: dict[str, str] = {}
    for option in (part.strip() for text in texts for part in text.split(",")):
        name, _, value = option.partition("=")
        if option in _FOR_KERNEL:
            kernel.add(option)
        elif name in _SETTINGS:
            if value not in _SETTINGS[name]:
                raise MountOptionError(f"-o {name}= takes {' or '.join(_SETTINGS[name])}")
            settings[name] = value
        elif option and name not in _IGNORED and not name.startswith(("x-", "X-")):
            existing = sorted(_FOR_KERNEL) + [f"{name}=…" for name in _SETTINGS]
            raise MountOptionError(f"-o {option}: no such option; there are {', '.join(existing)}")
    if "allow_other" in kernel:
        _require_user_allow_other()
        # Other users may read and not change: the kernel then checks the permissions that we show.
        kernel.add("default_permissions")
    return MountOptions(frozenset(kernel), settings)


_FOR_KERNEL = frozenset({"allow_other", "auto_unmount", "default_permissions", "ro"})
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "entries": ("links", "files"),
    "absent": ("hide", "show"),
}
# mount(8) and systemd pass these on to every file system; they mean nothing here.
_IGNORED = frozenset(
    """rw dev nodev suid nosuid exec noexec async sync atime noatime diratime nodiratime relatime
    norelatime strictatime lazytime auto noauto user nouser users owner group defaults nofail _netdev
    comment""".split()  # noqa: SIM905  (as a list, one a line)
)


def identifying_options(library_top: Path) -> frozenset[str]:
    """The options that make a mount show up as mcfs's, and with its library's path."""
    return frozenset({f"subtype={SUBTYPE}", f"fsname={_escape(os.fsencode(library_top))}"})


# All that libfuse, fusermount3 and pyfuse3 take literally.
_LITERAL = frozenset(b"/.-_ ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def _escape(path: bytes) -> str:
    """As libfuse reads an option's value: a comma would end it, and pyfuse3 takes only ASCII."""
    return "".join(chr(byte) if byte in _LITERAL else f"\\{byte:03o}" for byte in path)


def _require_user_allow_other() -> None:
    if os.geteuid() == 0:
        return
    try:
        config = Path("/etc/fuse.conf").read_text("utf-8", "replace")
    except OSError:
        config = ""
    if not re.search(r"^\s*user_allow_other\s*$", config, re.MULTILINE):
        raise MountError(
            "allow_other is not allowed on this machine; as root, write a line `user_allow_other` "
            "into /etc/fuse.conf"
        )
