"""The scripts in contrib/: what setup decides, prints and runs, with fake package managers and a fake pip.

Each test runs setup in a small checkout, with a PATH that has only the most basic real commands.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
SCRIPTS = [".ci/run", "contrib/demo", "contrib/setup", "contrib/test"]

_REAL = (
    *("awk", "bash", "cat", "cp", "cut", "dirname", "env", "flock", "getconf", "grep", "mkdir"),
    *("readlink", "rm", "sed", "sha256sum", "sh", "sort", "tr"),
)

# A fake Python: answers setup's questions, makes a .venv whose python is itself, and logs calls of pip.
_PYTHON = """\
#!/bin/sh
case "$1" in
    -I) cat >/dev/null; echo "3.12 True ${HAS_HEADERS:-True} $0" ;;
    -ISc) echo 3.12 ;;
    -m)
        for last in "$@"; do :; done
        echo "$2" "$last" >>"$LOG"
        if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit; fi
        echo "pip says this"
        exit "${PIP_STATUS:-0}"
        ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A checkout that only has setup, and the commands that setup finds in PATH."""

    checkout: Path
    commands: Path
    log: Path

    def has(self, name: str, script: str = "exit 0") -> None:
        """Add a command that logs its call and then runs the script."""
        place = self.commands / name
        place.unlink(missing_ok=True)
        place.write_text(f'#!/bin/sh\necho {name} "$@" >>"$LOG"\n{script}\n')
        place.chmod(0o755)

    def lacks(self, *names: str) -> None:
        for name in names:
            (self.commands / name).unlink()

    def is_root(self, yes: bool) -> None:
        place = self.commands / "id"
        place.write_text(f"#!/bin/sh\necho {0 if yes else 1000}\n")
        place.chmod(0o755)

    def setup(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.checkout / "contrib/setup", *options],
            cwd="/",
            env={"PATH": str(self.commands), "LOG": str(self.log)} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ran(self) -> list[str]:
        """Commands that were run since the last call, without those that only check versions."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [
            line
            for line in lines
            if not line.startswith(("cc", "pkg-config", "sleep", "git-annex"))
        ]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that has everything but git-annex; its user cannot become root."""
    made = Machine(tmp_path / "a checkout", tmp_path / "bin", tmp_path / "log")
    (made.checkout / "contrib").mkdir(parents=True)
    made.commands.mkdir()
    shutil.copy(REPOSITORY / "contrib/setup", made.checkout / "contrib/setup")
    (made.checkout / "pyproject.toml").write_text("[project]\n")
    for input_of_the_build in ("hatch_build.py", "mcfs/fuse/kernel_caches.c"):
        place = made.checkout / input_of_the_build
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / input_of_the_build, place)
    for name in _REAL:
        real = shutil.which(name)
        assert real, f"{name} is everywhere"
        (made.commands / name).symlink_to(real)
    for name in ("cc", "pkg-config", "fusermount3", "git", "sleep"):
        made.has(name)
    made.has("uname", "echo x86_64")
    (made.commands / "python3.12").write_text(_PYTHON)
    (made.commands / "python3.12").chmod(0o755)
    made.is_root(False)
    return made


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_bash_and_can_be_run(script: str) -> None:
    path = REPOSITORY / script
    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/usr/bin/env bash\n")
    subprocess.run(["bash", "-n", path], check=True)


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_the_completion_for_zsh_can_be_read() -> None:
    """contrib/programs/test_shells.py presses Tab."""
    source = REPOSITORY / "contrib/completion/mcfs.zsh"
    done = subprocess.run(["zsh", "-f", "-n", source], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "script",
    [
        str(path.relative_to(REPOSITORY))
        for folder in ("bench", "soak")
        for path in sorted((REPOSITORY / "contrib" / folder).glob("*.py"))
    ],
)
def test_scripts_that_are_run_by_hand_start(script: str) -> None:
    done = subprocess.run(
        [sys.executable, script, "--help"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


def test_a_venv_is_made_and_the_second_run_does_nothing(machine: Machine) -> None:
    first = machine.setup()
    venv = machine.checkout / ".venv"
    assert (first.returncode, first.stdout) == (0, "")
    assert "making .venv with Python 3.12" in first.stderr
    assert "pip says" not in first.stderr
    assert machine.ran() == ["uname -m", f"venv {venv}", "pip .[dev,annex]"]

    second = machine.setup()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert machine.ran() == []


@pytest.mark.parametrize(
    ("version", "extras"),
    [
        ("10.20230126", "dev"),
        ("10.20250630-g1234567", "dev"),
        ("10.20221212", "dev,annex"),
        ("8.20210223", "dev,annex"),
    ],
)
def test_the_wheel_is_installed_only_if_git_annex_is_missing_or_old(
    machine: Machine, version: str, extras: str
) -> None:
    machine.has("git-annex", f"echo {version}")
    assert machine.setup().returncode == 0
    assert machine.ran()[-1] == f"pip .[{extras}]"


def test_a_venv_is_brought_up_to_date_when_the_project_changes(machine: Machine) -> None:
    machine.setup()
    machine.ran()
    (machine.checkout / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    again = machine.setup()
    assert "up to date" in again.stderr
    assert machine.ran() == ["uname -m", "pip .[dev,annex]"]
    assert machine.setup().stderr == ""


def test_a_failed_install_shows_why_and_starts_again(machine: Machine) -> None:
    failed = machine.setup(PIP_STATUS="1")
    assert failed.returncode == 1
    assert "pip says this" in failed.stderr
    assert "pip could not install" in failed.stderr
    # pip runs twice, because networks fail now and then.
    assert [line.split()[0] for line in machine.ran()] == ["uname", "venv", "pip", "pip"]

    again = machine.setup()
    assert "it is unfinished" in again.stderr
    assert machine.setup().stderr == ""


def test_a_checkout_that_moved_gets_another_venv(machine: Machine) -> None:
    machine.setup()
    moved = machine.checkout.rename(machine.checkout.with_name("moved"))
    again = Machine(moved, machine.commands, machine.log).setup()
    assert f"it was made in {machine.checkout}" in again.stderr
    assert again.returncode == 0


def test_a_venv_whose_python_is_gone_is_made_again(machine: Machine) -> None:
    machine.setup()
    (machine.checkout / ".venv/bin/python").unlink()
    again = machine.setup()
    assert "its Python 3.12 is gone" in again.stderr
    assert machine.setup().stderr == ""


def test_a_package_that_was_removed_is_noticed(machine: Machine) -> None:
    machine.setup()
    machine.lacks("fusermount3")
    machine.has("apt-get")
    again = machine.setup()
    assert again.returncode == 1
    assert again.stderr.splitlines()[-1].endswith(" fuse3")


@pytest.mark.parametrize(
    ("manager", "commands"),
    [
        (
            "apt-get",
            [
                "apt-get update",
                "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install --yes"
                " --no-install-recommends gcc libc6-dev pkg-config libfuse3-dev fuse3 git",
            ],
        ),
        ("dnf", ["dnf install --assumeyes gcc pkgconf-pkg-config fuse3-devel fuse3 git"]),
        ("pacman", ["pacman -Syu --needed --noconfirm gcc pkgconf fuse3 git"]),
    ],
)
def test_without_the_right_to_install_it_prints_the_commands(
    machine: Machine, manager: str, commands: list[str]
) -> None:
    machine.lacks("cc", "pkg-config", "fusermount3", "git")
    machine.has(manager)
    machine.has("sudo", "exit 1")
    done = machine.setup()
    assert done.returncode == 1
    first, *rest = done.stderr.splitlines()
    assert "lacks compiler pkg-config fuse-headers fuse git, and only root may install it" in first
    if Path("/var/lib/pacman/sync").exists():
        rest = [line.replace("pacman -S ", "pacman -Syu ") for line in rest]
    assert [line.strip() for line in rest] == commands
    assert machine.ran() == ["uname -m", "sudo -n true"]
    assert not (machine.checkout / ".venv").exists()


def test_with_only_nix_it_prints_how_to_enter_its_shell(machine: Machine) -> None:
    machine.lacks("fusermount3")
    machine.has("nix")
    done = machine.setup()
    assert done.returncode == 1
    assert "develop" in done.stderr.splitlines()[-1]


def test_without_a_package_manager_it_prints_what_is_missing(machine: Machine) -> None:
    machine.lacks("git")
    done = machine.setup()
    assert done.returncode == 1
    assert "this system lacks git," in done.stderr


def test_root_installs_only_what_is_missing(machine: Machine) -> None:
    machine.is_root(True)
    machine.lacks("fusermount3")
    machine.has(
        "apt-get",
        f'case "$*" in *install*) cp "{machine.commands}/git" "{machine.commands}/fusermount3" ;; esac',
    )
    done = machine.setup()
    assert done.returncode == 0
    assert "installing: fuse3 (apt-get)" in done.stderr
    assert machine.ran()[1:3] == [
        "apt-get update",
        "apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends fuse3",
    ]


def test_sudo_without_a_password_is_used(machine: Machine) -> None:
    machine.lacks("fusermount3")
    machine.has("sudo", 'shift; "$@"')
    machine.has("dnf", f'cp "{machine.commands}/git" "{machine.commands}/fusermount3"')
    assert machine.setup().returncode == 0
    assert "sudo -n dnf install --assumeyes fuse3" in machine.ran()


def test_packages_that_are_still_missing_after_install_are_reported(machine: Machine) -> None:
    machine.is_root(True)
    machine.lacks("fusermount3")
    machine.has("apt-get")
    done = machine.setup()
    assert done.returncode == 1
    assert "still missing after that: fuse" in done.stderr


def test_a_python_without_headers_needs_its_dev_package(machine: Machine) -> None:
    machine.has("apt-get")
    done = machine.setup(HAS_HEADERS="False")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(" python3.12-dev")


def test_pythons_that_fail_or_are_old_are_not_used(machine: Machine) -> None:
    machine.has("python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    machine.has("python3.11", "exit 1")
    assert "with Python 3.12" in machine.setup().stderr


def test_without_python_its_package_is_installed(machine: Machine) -> None:
    machine.lacks("python3.12")
    machine.has("apt-get")
    done = machine.setup()
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(" python3 python3-venv python3-dev")


def test_a_release_without_a_recent_python_is_reported(machine: Machine) -> None:
    machine.lacks("python3.12")
    for name, script in {
        "apt-get": "exit 0",
        "apt-cache": '[ "$1" = show ] || echo "  Candidate: 3.9.2-3"',
        "dpkg": "exit 1",
    }.items():
        machine.has(name, script)
    done = machine.setup()
    assert done.returncode == 1
    assert "mcfs needs Python 3.11 or later, and apt-get has none here" in done.stderr


def test_the_variable_python_must_name_a_python(machine: Machine) -> None:
    done = machine.setup(PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert "PYTHON=/nowhere/python3 is not a Python of version 3.11 or later" in done.stderr


def test_real_pythons_answer_the_question_setup_asks(machine: Machine) -> None:
    """The only part of setup that the fake Python does not test."""
    script = (machine.checkout / "contrib/setup").read_text()
    question = script.partition("<<'EOP'\n")[2].partition("EOP\n")[0]
    answer = subprocess.run(
        [sys.executable, "-I", "-"], input=question, capture_output=True, text=True, check=True
    ).stdout
    version, has_venv, has_headers, executable = answer.strip().split(" ", 3)
    assert version == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {has_venv, has_headers} <= {"True", "False"}
    assert executable == sys.executable


class TestPrograms:
    """`contrib/setup --programs`: what the trials in contrib/programs/ run."""

    def test_root_installs_those_that_are_missing(self, machine: Machine) -> None:
        machine.setup()
        machine.ran()
        machine.is_root(True)
        for name in ("mixxx", "mpd", "apt-get"):
            machine.has(name)
        done = machine.setup("--programs")
        assert done.returncode == 0
        update, install = machine.ran()
        assert update == "apt-get update"
        packages = install.partition("--no-install-recommends ")[2].split()
        assert {"mpc", "zsh", "xvfb"} <= set(packages)
        assert not {"mixxx", "mpd"} & set(packages)

    def test_without_apt_get_it_says_which_are_missing(self, machine: Machine) -> None:
        done = machine.setup("--programs")
        assert done.returncode == 1
        assert "only with apt-get; missing here: mixxx mpd" in done.stderr

    def test_there_is_no_other_option(self, machine: Machine) -> None:
        assert "the only option is --programs" in machine.setup("--program").stderr
        assert machine.ran() == []
