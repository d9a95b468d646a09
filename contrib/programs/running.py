"""Starts the programs of the trials, each with settings and files of its own, and ends them.

Nothing that runs on this machine is touched: ports, displays and folders are free ones, and only processes
that were started here are ended.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.mounts import wait_until
from tests.prerequisites import needs_root

# A program with windows takes its time on a busy machine.
_SECONDS_TO_START = 60
_SECONDS_TO_END = 10


@contextmanager
def program_running(
    command: list[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    ready: Callable[[], bool] = lambda: True,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while this lasts; what it prints goes into `log`. It must not end before it is ready."""

    def started() -> bool:
        assert process.poll() is None, f"{command[0]} ended: {log.read_text('utf-8', 'replace')}"
        return ready()

    with log.open("ab") as output:
        # A group of its own, so that whatever the program starts ends with it.
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(started, seconds=_SECONDS_TO_START)
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Screen:
    """A display that only exists in memory, and what can be seen and done on it (xdotool, ImageMagick)."""

    display: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """For the programs that are to appear here."""
        # Without a session bus of its own, a program would start one that nobody ends.
        return {**os.environ, "DISPLAY": self.display, "NO_AT_BRIDGE": "1", "LC_ALL": "C.UTF-8"}

    @contextmanager
    def showing(
        self, command: list[str | Path], window: str, **environment: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program with a session bus of its own; ready when it has a window whose title matches."""
        bus = shutil.which("dbus-run-session")
        log = self.folder / f"{Path(command[0]).name}.log"
        with program_running(
            [bus, "--", *command] if bus else command,
            log,
            environment=self.environment | environment,
            ready=lambda: bool(self.windows(window)),
        ) as process:
            yield process

    def windows(self, title: str) -> list[str]:
        """The ids of the visible windows whose title matches a regular expression."""
        found = self.xdotool("search", "--onlyvisible", "--name", title, check=False)
        return found.split()

    def keys(self, *keys: str) -> None:
        """Press keys, by their names in X: "ctrl+a", "Return"."""
        self.xdotool("key", "--clearmodifiers", *keys)

    def xdotool(self, *words: str, check: bool = True) -> str:
        """Run xdotool on this display, and return what it prints."""
        done = subprocess.run(
            ["xdotool", *words], env=self.environment, capture_output=True, text=True, check=check
        )
        return done.stdout

    def screenshot(self, name: str) -> Path:
        """What can be seen now, as a picture in the trial's folder (pytest --basetemp=DIR keeps it)."""
        picture = self.folder / f"{name}.png"
        subprocess.run(
            ["import", "-window", "root", picture], env=self.environment, check=True, timeout=60
        )
        return picture


@contextmanager
def screen_running(folder: Path, size: str = "1280x800x24") -> Iterator[Screen]:
    """Run an X server on a free display while this lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    with (folder / "Xvfb.log").open("ab") as output, open(reading, "rb") as answer:
        # It chooses the display itself, and says which when it is ready.
        process = subprocess.Popen(
            # Without -noreset it would begin anew, and fail, when its last client ends: each xdotool may be.
            [
                *("Xvfb", "-displayfd", str(writing), "-screen", "0", size),
                *("-nolisten", "tcp", "-noreset"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(writing,),
            start_new_session=True,
        )
        os.close(writing)
        try:
            assert select.select([answer], [], [], 20)[0], "Xvfb does not start"
            display = answer.readline().decode().strip()
            assert display, f"Xvfb ended: {(folder / 'Xvfb.log').read_text()}"
            yield Screen(f":{display}", folder)
        finally:
            _end(process)


@dataclass(frozen=True, slots=True)
class Mpd:
    """A player without sound."""

    socket: Path
    # Where `sticker` databases and the like are.
    folder: Path

    def mpc(self, *words: str) -> list[str]:
        """The lines that a command of mpc prints."""
        done = subprocess.run(
            ["mpc", "--host", self.socket, *words],
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@contextmanager
def mpd_playing(music: Path, folder: Path, *settings: str) -> Iterator[Mpd]:
    """Run MPD over a music folder while this lasts. It has read nothing yet: `mpc("update", "--wait")`.

    `settings` are more lines of its configuration, such as `follow_outside_symlinks "no"`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "playlists").mkdir(exist_ok=True)
    address = folder / "socket"
    configuration = folder / "mpd.conf"
    configuration.write_text(
        "\n".join(
            [
                f'music_directory "{music}"',
                f'playlist_directory "{folder}/playlists"',
                f'db_file "{folder}/database"',
                f'state_file "{folder}/state"',
                f'sticker_file "{folder}/stickers"',
                f'bind_to_address "{address}"',
                *("audio_output {", 'type "null"', 'name "none"', "}"),
                *settings,
                "",
            ]
        )
    )
    with program_running(
        ["mpd", "--no-daemon", "--stderr", configuration],
        folder / "mpd.log",
        ready=address.exists,
    ):
        yield Mpd(address, folder)


_SAMBA_FOLDERS = (
    *("cache directory", "lock directory", "ncalrpc dir", "pid directory", "private dir"),
    "state directory",
)


@dataclass(frozen=True, slots=True)
class Samba:
    """A server of one share, and a client of it."""

    port: int
    folder: Path
    share: str = field(default="music")

    def client(self, *commands: str) -> str:
        """What smbclient prints for these commands of its own, such as `ls genre\\*`."""
        done = subprocess.run(
            [
                *("smbclient", "-N", "-p", str(self.port), "-s", self.folder / "smb.conf"),
                *(f"//127.0.0.1/{self.share}", "-c", "; ".join(commands)),
            ],
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=False,
        )
        return done.stdout + done.stderr


@contextmanager
def samba_sharing(shared: Path, folder: Path, *settings: str) -> Iterator[Samba]:
    """Share a folder on loopback, to anybody, as root sees it, while this lasts.

    `settings` are more lines for the share, such as `wide links = yes`.
    """
    needs_root("to run smbd")
    folder.mkdir(parents=True, exist_ok=True)
    own_folders = {option: folder / option.split()[0] for option in _SAMBA_FOLDERS}
    for own in own_folders.values():
        own.mkdir(exist_ok=True)
    port = free_port()
    configuration = folder / "smb.conf"
    lines = [
        "[global]",
        f"smb ports = {port}",
        "interfaces = lo",
        "bind interfaces only = yes",
        "server role = standalone server",
        "disable netbios = yes",
        "disable spoolss = yes",
        "load printers = no",
        "map to guest = Bad User",
        # The mount is root's: its permissions are not what a trial of Samba is about.
        "guest account = root",
        "log file = /dev/stdout",
        *(f"{option} = {own}" for option, own in own_folders.items()),
        "[music]",
        f"path = {shared}",
        "guest ok = yes",
        "read only = no",
        *settings,
    ]
    configuration.write_text("\n".join([*lines, ""]))

    def answers() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    smbd = shutil.which("smbd") or "/usr/sbin/smbd"
    with program_running(
        [smbd, "--foreground", "--no-process-group", f"--configfile={configuration}"],
        folder / "smbd.log",
        ready=answers,
    ):
        yield Samba(port, folder)
