"""What mounts without a person: mount(8) and /etc/fstab, autofs, systemd. As the README says to write it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contrib.programs.private_system import (
    BIN,
    DJ,
    HOME,
    LIBRARY,
    MOUNT_POINT,
    NOBODY,
    PrivateSystem,
    private_system,
    readme_lines,
)
from contrib.programs.running import program_running
from mcfs.mount_table import all_mounts
from tests.mounts import REPOSITORY, wait_until
from tests.prerequisites import skip_or_fail

_AT_BOOT, _BY_USER = readme_lines("  fuse.mcfs  ")
_AUTOFS_MASTER = readme_lines("  /etc/auto.mcfs  --")[0].replace("600", "2")
_AUTOFS_MAP = readme_lines("-fstype=fuse.mcfs")[0]

# A setting of dj's: a view that is not built in.
_SETTINGS = '[view."Peak time"]\nquery = "bpm:>=125"\n'


@pytest.fixture
def system(demo_library: Path, tmp_path: Path) -> Iterator[PrivateSystem]:
    """A system whose user dj has a music library, and settings."""
    with private_system(tmp_path / "system", demo_library) as made:
        made.write(f"{HOME}/.config/mcfs/config.toml", _SETTINGS, DJ)
        yield made


def _serves_dj(system: PrivateSystem, place: str = MOUNT_POINT) -> None:
    """The mount is dj's: dj's settings, dj's process, and files that dj can change."""
    assert "Peak time" in system.check(f"ls {place}", DJ).splitlines()
    assert system.check(f"ls {place}/genre", DJ)
    system.check(f"mkdir {place}/pins/bpm:120-130", DJ)
    assert system.check(f"find {LIBRARY} -not -user {DJ}") == ""
    assert any("mcfs" in process for process in system.processes())


@pytest.mark.programs("mount", "mount.fuse3")
class TestMount:
    def test_a_user_mounts_what_fstab_names(self, system: PrivateSystem) -> None:
        system.fstab(_BY_USER)
        assert system.check(f"mount {MOUNT_POINT}", DJ) == ""
        _serves_dj(system)
        assert system.check(f"umount {MOUNT_POINT}", DJ) == ""
        wait_until(lambda: not system.processes())

    def test_root_mounts_at_boot_what_fstab_names(self, system: PrivateSystem) -> None:
        system.fstab(_AT_BOOT)
        assert system.check(f"mount {MOUNT_POINT}") == ""
        _serves_dj(system)
        # Only dj may use it, and take it away.
        assert "Permission denied" in system.run(f"ls {MOUNT_POINT}", NOBODY).stdout
        assert system.run(f"mcfs umount {MOUNT_POINT}", NOBODY).returncode == 1
        assert system.check(f"mcfs umount {MOUNT_POINT}", DJ) == ""

    def test_a_missing_library_does_not_stop_the_boot(self, system: PrivateSystem) -> None:
        system.fstab(_AT_BOOT.replace("Music", "Elsewhere"))
        said = system.run(f"mount {MOUNT_POINT}").stdout
        assert f"mcfs: {HOME}/Elsewhere is not there" in said

    def test_setuid_names_the_user(self, system: PrivateSystem) -> None:
        system.fstab(_AT_BOOT.replace("nofail", f"nofail,setuid={DJ}"))
        assert system.check(f"mount {MOUNT_POINT}") == ""
        _serves_dj(system)

    def test_root_mounts_for_everybody_on_a_folder_of_its_own(self, system: PrivateSystem) -> None:
        system.check("mkdir -m 755 /home/party")
        assert system.check(f"mcfs mount {LIBRARY} /home/party -o allow_other") == ""
        _serves_dj(system, "/home/party")
        assert system.check("ls /home/party/all", NOBODY)
        assert "Permission denied" in system.run("mkdir /home/party/pins/bpm:99", NOBODY).stdout
        # Root's rights were only for mounting.
        (process,) = system.processes()
        status = f"/proc/{process.split()[0]}/status"
        rights = system.check(f"grep -E '^(Uid|Gid|Cap(Prm|Eff))' {status}")
        assert {word for line in rights.splitlines() for word in line.split()[1:]} == {
            system.check("id --user", DJ).strip(),
            "0" * 16,
        }


@pytest.mark.programs("automount")
class TestAutofs:
    @contextmanager
    def _automount(self, system: PrivateSystem, *lines: str) -> Iterator[None]:
        """Run autofs while this lasts; the first line is its master map."""
        if system.run("pgrep --exact automount").returncode == 0:
            skip_or_fail("autofs is running on this machine, and a second one refuses to start")
        folder = system.folder
        master, map_ = folder / "auto.master", folder / "auto.mcfs"
        master.write_text(lines[0].replace("/etc/auto.mcfs", str(map_)) + "\n")
        map_.write_text("\n".join([*lines[1:], ""]))
        log = folder / "automount.log"
        with program_running(
            [
                *("nsenter", f"--mount=/proc/{system.holder}/ns/mnt"),
                *("automount", "--foreground", "--debug", f"--pid-file={folder}/pid", master),
            ],
            log,
            environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            ready=lambda: "autofs" in system.run("findmnt -rno FSTYPE").stdout.split(),
        ):
            yield

    @pytest.mark.parametrize(
        ("master", "map_", "place"),
        [
            (_AUTOFS_MASTER, _AUTOFS_MAP, MOUNT_POINT),
            (
                _AUTOFS_MASTER.replace("/-", "/home/auto"),
                _AUTOFS_MAP.replace(MOUNT_POINT, "music"),
                "/home/auto/music",
            ),
        ],
        ids=["direct", "indirect"],
    )
    def test_mounts_when_somebody_comes_and_unmounts_afterwards(
        self, system: PrivateSystem, master: str, map_: str, place: str
    ) -> None:
        with self._automount(system, master, map_):
            for _ in range(2):
                assert system.processes() == []
                _serves_dj(system, place)
                system.check(f"rmdir {place}/pins/bpm:120-130", DJ)
                wait_until(lambda: not system.processes(), seconds=30)


@pytest.mark.programs("systemctl")
class TestSystemd:
    _RUNTIME = "/run/user/dj"

    @contextmanager
    def _manager(self, system: PrivateSystem) -> Iterator[None]:
        """Run dj's own systemd while this lasts, in control groups of its own."""
        groups = [
            f"{mount.mount_point}/mcfs-trial-{system.holder}"
            for mount in all_mounts()
            if mount.type == "cgroup2"
            or (mount.type == "cgroup" and mount.mount_point.name == "systemd")
        ]
        lines = ["set -e", "mount -t tmpfs -o mode=755 tmpfs /run"]
        # It would not run where systemd did not start the system.
        lines += ["mkdir -p /run/systemd/system", f"install -d -m 700 -o {DJ} {self._RUNTIME}"]
        lines += [f"mkdir {group}; chown -R {DJ} {group}" for group in groups]
        system.check("\n".join(lines))
        command = [f"echo $$ > {group}/cgroup.procs" for group in groups]
        command.append(
            f"exec setpriv --reuid={DJ} --regid={DJ} --init-groups /lib/systemd/systemd --user"
        )
        try:
            with program_running(
                [
                    "nsenter",
                    f"--mount=/proc/{system.holder}/ns/mnt",
                    "sh",
                    "-c",
                    "; ".join(command),
                ],
                system.folder / "systemd.log",
                environment={
                    "HOME": HOME,
                    "PATH": "/usr/local/bin:/usr/bin:/bin",
                    "XDG_RUNTIME_DIR": self._RUNTIME,
                },
                ready=lambda: system.run(f"test -S {self._RUNTIME}/bus").returncode == 0,
            ):
                yield
        finally:
            # Only when the last process has ended.
            remove = f"find {' '.join(groups)} -depth -type d -exec rmdir {{}} +"
            wait_until(lambda: system.run(remove).returncode == 0)

    @pytest.mark.parametrize("place", [f"{HOME}/.local/bin", BIN])
    def test_the_unit_mounts_for_its_user(self, system: PrivateSystem, place: str) -> None:
        unit = (REPOSITORY / "contrib/systemd/mcfs.service").read_text()
        system.write(f"{HOME}/.config/systemd/user/mcfs.service", unit, DJ)
        if place != BIN:
            system.check(
                f"mkdir -p {place}; ln -s $(readlink {BIN}/mcfs) {place}/mcfs; umount {BIN}"
            )
        with self._manager(system):
            system.check(
                f"export XDG_RUNTIME_DIR={self._RUNTIME}; systemctl --user enable --now mcfs", DJ
            )
            _serves_dj(system)
