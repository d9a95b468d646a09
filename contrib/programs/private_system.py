"""A system of its own for a trial: another /etc/passwd and /etc/fstab, another /home, and its own mounts.

It is a mount namespace. Nobody outside of it sees what is mounted there, and it ends with the trial.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.mounts import REPOSITORY, wait_until
from tests.prerequisites import needs_fuse, needs_root

# The user of the README's examples.
DJ = "dj"
HOME = "/home/dj"
LIBRARY = f"{HOME}/Music"
MOUNT_POINT = f"{HOME}/mnt"
_UID = 47_110
# The other user there is; in passwd on every system.
NOBODY = "nobody"
_NOBODY = 65_534

# Where the README says to put `mcfs`.
BIN = "/usr/local/bin"
_ROOT_HOME = Path("/root")


@dataclass(frozen=True, slots=True)
class PrivateSystem:
    """Runs commands in the namespace, with the environment that a service has: next to none."""

    holder: int
    folder: Path

    def run(self, script: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        """What a shell script of this user prints, errors included."""
        enter = ["nsenter", f"--mount=/proc/{self.holder}/ns/mnt", "--wd=/"]
        if user != "root":
            gid = _UID if user == DJ else _NOBODY
            enter += ["setpriv", f"--reuid={user}", f"--regid={gid}", "--init-groups"]
        home = HOME if user == DJ else str(_ROOT_HOME)
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.run(
            [*enter, "sh", "-c", script],
            env={"PATH": path, "HOME": home, "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def check(self, script: str, user: str = "root") -> str:
        """The same for a script that must succeed."""
        done = self.run(script, user)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def processes(self) -> list[str]:
        """The pids and command lines of dj's processes in this namespace."""
        found = []
        here = os.readlink(f"/proc/{self.holder}/ns/mnt")
        for process in Path("/proc").glob("[0-9]*"):
            # It may end meanwhile; one that has ended has no namespace.
            with suppress(OSError):
                if process.stat().st_uid == _UID and os.readlink(process / "ns/mnt") == here:
                    words = (process / "cmdline").read_bytes().split(b"\0")
                    found.append(f"{process.name} {os.fsdecode(b' '.join(words))}")
        return found

    def write(self, path: str, text: str, user: str = "root") -> None:
        """Write a file in the namespace."""
        self.check(f"mkdir -p $(dirname {path}) && cat > {path} <<'MCFS'\n{text}\nMCFS", user)

    def fstab(self, *lines: str) -> None:
        """What /etc/fstab says."""
        (self.folder / "fstab").write_text("\n".join([*lines, ""]))


@contextmanager
def private_system(folder: Path, library: Path) -> Iterator[PrivateSystem]:
    """The user `dj` with a copy of this library in ~/Music, and `mcfs` where mount(8) finds it."""
    needs_root("to have another /etc/passwd")
    needs_fuse()
    folder.mkdir()
    for name, line in (
        ("passwd", f"{DJ}:x:{_UID}:{_UID}::{HOME}:/bin/sh"),
        ("group", f"{DJ}:x:{_UID}:"),
    ):
        (folder / name).write_text(f"{Path('/etc', name).read_text().rstrip()}\n{line}\n")
    (folder / "fstab").touch()
    (folder / "bin").mkdir()
    (folder / "bin" / "mcfs").symlink_to(Path(sysconfig.get_path("scripts")) / "mcfs")
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation=private", "sleep", "infinity"],
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: Path(f"/proc/{holder.pid}/comm").read_text() == "sleep\n")
        system = PrivateSystem(holder.pid, folder)
        system.check(_set_up(folder, library))
        yield system
        # Other mounts of this machine are in the namespace, too: only those in its own /home are unmounted.
        system.run("findmnt -rno TARGET | grep ^/home/ | sort -r | xargs -r umount --lazy")
        wait_until(lambda: not system.processes())
    finally:
        holder.kill()
        holder.wait()


def _set_up(folder: Path, library: Path) -> str:
    # Another user may not look into root's home, where Python and this checkout may be.
    kept = [path for path in (Path(sys.base_prefix), REPOSITORY) if path.is_relative_to(_ROOT_HOME)]
    lines = ["set -e"]
    for number, path in enumerate(kept):
        lines += [f"mkdir {folder}/{number}", f"mount --bind {path} {folder}/{number}"]
    lines.append(f"mount -t tmpfs -o mode=755 tmpfs {_ROOT_HOME}")
    for number, path in enumerate(kept):
        lines += [f"mkdir -p {path}", f"mount --move {folder}/{number} {path}"]
    lines += [f"mount --bind {folder}/{name} /etc/{name}" for name in ("passwd", "group", "fstab")]
    lines += [
        f"mount -t overlay -o lowerdir={folder}/bin:{BIN} overlay {BIN}",
        "mount -t tmpfs -o mode=755 tmpfs /home",
        f"mkdir -p {MOUNT_POINT}",
        f"cp -a {library} {LIBRARY}",
        f"chown -R {DJ}: {HOME}",
    ]
    return "\n".join(lines)


def readme_lines(containing: str) -> list[str]:
    """The lines of the README that contain this: what it tells its readers to write is what is tried."""
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    found = [line for line in readme.splitlines() if containing in line]
    assert found, f"the README has no line with {containing}"
    return found
