"""The place of a mount: whether it can be used, what is mounted there, and taking that away.

Owns what `/proc` and `fusermount3` say, and how a mount says whose it is: the source of ours is the path
of the library. Light, for `mcfs umount` needs nothing else: no database, no event loop, and no library
that may be gone.
"""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcfs.errors import MountError, MountOptionError

SUBTYPE = "mcfs"
_OURS = f"fuse.{SUBTYPE}"
# What neither libfuse, fusermount3 nor pyfuse3 takes for anything but itself.
_PLAIN = frozenset(b"/.-_ ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo."""

    place: Path
    # Of the file system: "fuse.mcfs".
    kind: str
    # What is mounted, as its file system says: of ours, the library's path.
    source: str


def mounts() -> Iterator[Mount]:
    """Everything mounted that this process can see; of two at one place, the later one is on top."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return  # no /proc, no mounts
    for line in lines:
        before, _, after = line.partition(b" - ")
        kind, source, *_ = after.split(b" ")
        place = _unescaped(before.split(b" ")[4])
        yield Mount(Path(place), kind.decode(), _unescaped(source))


def our_mounts() -> list[Mount]:
    """Those of mcfs, of whatever library."""
    return [mount for mount in mounts() if mount.kind == _OURS]


def mount_of(text: str) -> tuple[Mount, str] | None:
    """The mount that a path lies in, and the part of it that is inside; None where it is in none."""
    ours = our_mounts()
    if not ours:
        return None
    try:
        place = os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111  (Path.resolve would ask)
    except FileNotFoundError:
        return None  # where we stand was deleted
    # The way to a mount may be through a link; the last name may be one of ours, to be left alone.
    folder, name = os.path.split(place)
    for path in (place, os.path.join(os.path.realpath(folder), name)):  # noqa: PTH118
        for mount in ours:
            mounted = os.fspath(mount.place)
            if path == mounted or path.startswith(f"{mounted}/"):
                return mount, path[len(mounted) :]
    return None


def mount_options(library_top: Path) -> frozenset[str]:
    """What tells a mount of ours from others, and from those of another library."""
    return frozenset({f"subtype={SUBTYPE}", f"fsname={_escaped(os.fsencode(library_top))}"})


@dataclass(frozen=True, slots=True)
class Options:
    """What `-o` says: to the kernel, and to us."""

    for_kernel: frozenset[str]
    values: Mapping[str, str]


def read_options(texts: Iterable[str]) -> Options:
    """The options of mount(8) and of `/etc/fstab`; a `MountOptionError` for what nobody knows."""
    kernel: set[str] = set()
    values: dict[str, str] = {}
    for option in (part.strip() for text in texts for part in text.split(",")):
        name, _, value = option.partition("=")
        if option in _FOR_KERNEL:
            kernel.add(option)
        elif name in _OURS_TO_KNOW:
            if value not in _OURS_TO_KNOW[name]:
                raise MountOptionError(f"-o {name}= takes {' or '.join(_OURS_TO_KNOW[name])}")
            values[name] = value
        elif option and name not in _GENERIC and not name.startswith(("x-", "X-")):
            known = sorted(_FOR_KERNEL) + [f"{name}=…" for name in _OURS_TO_KNOW]
            raise MountOptionError(f"-o {option}: no such option; there are {', '.join(known)}")
    if "allow_other" in kernel:
        _must_allow_others()
        # Others may look, and change nothing: the kernel sees to that by the permissions we show.
        kernel.add("default_permissions")
    return Options(frozenset(kernel), values)


_FOR_KERNEL = frozenset({"allow_other", "auto_unmount", "default_permissions", "ro"})
_OURS_TO_KNOW: Mapping[str, tuple[str, ...]] = {
    "entries": ("links", "files"),
    "absent": ("hide", "show"),
}
# What mount(8) and systemd hand on to every file system, and means nothing here.
_GENERIC = frozenset(
    """rw dev nodev suid nosuid exec noexec async sync atime noatime diratime nodiratime relatime
    norelatime strictatime lazytime auto noauto user nouser users owner group defaults nofail _netdev
    comment""".split()  # noqa: SIM905
)


def _must_allow_others() -> None:
    if os.geteuid() == 0:
        return
    try:
        said = Path("/etc/fuse.conf").read_text("utf-8", "replace")
    except OSError:
        said = ""
    if not re.search(r"^\s*user_allow_other\s*$", said, re.MULTILINE):
        raise MountError(
            "allow_other is not allowed on this machine; as root, write a line `user_allow_other` "
            "into /etc/fuse.conf"
        )


def _escaped(path: bytes) -> str:
    """As libfuse reads the value of an option: a comma would end it, and pyfuse3 takes ASCII alone."""
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in path)


def _unescaped(text: bytes) -> str:
    return os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda code: bytes([int(code[1], 8)]), text))


def unmount(mount_point: Path) -> None:
    """Unmount what is mounted here, a mount whose process is gone too."""
    place = _absolute(mount_point)
    if _mounted_at(place) is None:
        raise MountError(f"{mount_point} is not mounted")
    if _mounted_at(place) != _OURS:
        raise MountError(f"{mount_point} is a mount of something else; mcfs leaves it alone")
    _fusermount("-u", place, "-z" if is_dead(place) else None)


def usable(mount_point: Path, library_top: Path) -> Path:
    """The absolute path of a place that can be mounted on; a `MountError` that says why it cannot."""
    place = _absolute(mount_point)
    if not Path("/dev/fuse").exists():
        raise MountError("there is no /dev/fuse: run `modprobe fuse`, or give it to the container")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise MountError("/dev/fuse is not open to you; as root, run: chmod 666 /dev/fuse")
    if _mounted_at(place) == _OURS and is_dead(place):
        _fusermount("-u", place, "-z")
    if _mounted_at(place) not in (None, _OURS):
        raise MountError(f"{mount_point} is a mount of something else; mount elsewhere")
    if _mounted_at(place) is not None:
        raise MountError(
            f"{mount_point} is mounted already; to take it away: mcfs umount {mount_point}"
        )
    if not place.exists():
        raise MountError(f"{mount_point} is not there; make it first: mkdir {mount_point}")
    if not place.is_dir():
        raise MountError(f"{mount_point} is not a folder")
    if place.is_relative_to(library_top) or library_top.is_relative_to(place):
        raise MountError(
            f"{mount_point} and the library {library_top} lie inside one another; mount elsewhere"
        )
    if any(place.iterdir()):
        raise MountError(f"{mount_point} is not empty; mount on an empty folder")
    return place


def _absolute(mount_point: Path) -> Path:
    """Where it really is. Not `Path.resolve`, which would fail on a dead mount."""
    return Path(os.path.realpath(mount_point))


def _mounted_at(place: Path) -> str | None:
    """The type of the file system mounted at this very place."""
    kinds = [mount.kind for mount in mounts() if mount.place == place]
    return kinds[-1] if kinds else None


def is_dead(place: Path) -> bool:
    """Whether the process behind a mount is gone."""
    try:
        # Not `stat`: the kernel may remember what it would say.
        os.statvfs(place)
    except OSError as error:
        return error.errno in (errno.ENOTCONN, errno.ECONNABORTED)
    return False


def _fusermount(*arguments: str | Path | None) -> None:
    words = ["fusermount3", *(str(word) for word in arguments if word is not None)]
    try:
        done = subprocess.run(words, capture_output=True, timeout=30, check=False)
    except FileNotFoundError as error:
        raise MountError("fusermount3 is not installed: install the package fuse3") from error
    except subprocess.TimeoutExpired as error:
        raise MountError("fusermount3 did not finish in 30 s") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        if "busy" in said:
            said = "somebody still uses it (a shell in it, a player); leave it and try again"
        raise MountError(said)
