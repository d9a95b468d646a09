"""The scripts that set the project up: what setup decides, says and runs, with everything outside faked.

Real package managers, pip and mounts are not for these tests: each runs setup in a little checkout, with
a PATH on which only the plainest tools are real.
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

# Answers setup's questions about a Python; makes a .venv whose python is itself; its pip takes notes.
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
    """A checkout with only setup in it, and the commands that setup finds."""

    checkout: Path
    commands: Path
    log: Path

    def has(self, name: str, script: str = "exit 0") -> None:
        """Another command, which notes that it was run and then does what the script says."""
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

    def setup(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.checkout / "contrib/setup"],
            cwd="/",
            env={"PATH": str(self.commands), "LOG": str(self.log)} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ran(self) -> list[str]:
        """What was run since the last time one asked; looking at a version does not count."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [
            line
            for line in lines
            if not line.startswith(("cc", "pkg-config", "sleep", "git-annex"))
        ]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Nothing is missing on it but a git-annex; nobody may become root."""
    made = Machine(tmp_path / "a checkout", tmp_path / "bin", tmp_path / "log")
    (made.checkout / "contrib").mkdir(parents=True)
    made.commands.mkdir()
    shutil.copy(REPOSITORY / "contrib/setup", made.checkout / "contrib/setup")
    (made.checkout / "pyproject.toml").write_text("[project]\n")
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


@pytest.mark.parametrize(
    "script",
    [
        str(path.relative_to(REPOSITORY))
        for folder in ("bench", "soak")
        for path in sorted((REPOSITORY / "contrib" / folder).glob("*.py"))
    ],
)
def test_what_is_run_by_hand_still_starts(script: str) -> None:
    done = subprocess.run(
        [sys.executable, script, "--help"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


def test_a_venv_is_made_and_the_second_run_does_and_says_nothing(machine: Machine) -> None:
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
def test_the_wheel_comes_only_where_git_annex_is_missing_or_old(
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


def test_an_install_that_failed_shows_why_and_is_begun_anew(machine: Machine) -> None:
    failed = machine.setup(PIP_STATUS="1")
    assert failed.returncode == 1
    assert "pip says this" in failed.stderr
    assert "pip could not install" in failed.stderr
    # Twice: the network has bad moments.
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


def test_what_the_system_lost_is_noticed(machine: Machine) -> None:
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
def test_without_the_right_to_install_it_says_what_root_would_run(
    machine: Machine, manager: str, commands: list[str]
) -> None:
    machine.lacks("cc", "pkg-config", "fusermount3", "git")
    machine.has(manager)
    machine.has("sudo", "exit 1")
    said = machine.setup()
    assert said.returncode == 1
    first, *rest = said.stderr.splitlines()
    assert "lacks compiler pkg-config fuse-headers fuse git, and only root may install it" in first
    if Path("/var/lib/pacman/sync").exists():
        rest = [line.replace("pacman -S ", "pacman -Syu ") for line in rest]
    assert [line.strip() for line in rest] == commands
    assert machine.ran() == ["uname -m", "sudo -n true"]
    assert not (machine.checkout / ".venv").exists()


def test_with_only_nix_it_says_how_to_enter_the_shell(machine: Machine) -> None:
    machine.lacks("fusermount3")
    machine.has("nix")
    said = machine.setup()
    assert said.returncode == 1
    assert "develop" in said.stderr.splitlines()[-1]


def test_without_any_package_manager_it_says_what_is_missing(machine: Machine) -> None:
    machine.lacks("git")
    said = machine.setup()
    assert said.returncode == 1
    assert "this system lacks git," in said.stderr


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


def test_sudo_that_asks_for_nothing_is_used(machine: Machine) -> None:
    machine.lacks("fusermount3")
    machine.has("sudo", 'shift; "$@"')
    machine.has("dnf", f'cp "{machine.commands}/git" "{machine.commands}/fusermount3"')
    assert machine.setup().returncode == 0
    assert "sudo -n dnf install --assumeyes fuse3" in machine.ran()


def test_a_package_manager_that_helps_not_is_not_believed(machine: Machine) -> None:
    machine.is_root(True)
    machine.lacks("fusermount3")
    machine.has("apt-get")
    said = machine.setup()
    assert said.returncode == 1
    assert "still missing after that: fuse" in said.stderr


def test_a_python_without_headers_needs_its_own_package(machine: Machine) -> None:
    machine.has("apt-get")
    said = machine.setup(HAS_HEADERS="False")
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].endswith(" python3.12-dev")


def test_pythons_that_only_complain_or_are_old_are_passed_by(machine: Machine) -> None:
    machine.has("python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    machine.has("python3.11", "exit 1")
    assert "with Python 3.12" in machine.setup().stderr


def test_no_python_at_all_is_a_package_as_well(machine: Machine) -> None:
    machine.lacks("python3.12")
    machine.has("apt-get")
    said = machine.setup()
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].endswith(" python3 python3-venv python3-dev")


def test_a_release_with_no_python_that_fits_is_told_so(machine: Machine) -> None:
    machine.lacks("python3.12")
    for name, script in {
        "apt-get": "exit 0",
        "apt-cache": '[ "$1" = show ] || echo "  Candidate: 3.9.2-3"',
        "dpkg": "exit 1",
    }.items():
        machine.has(name, script)
    said = machine.setup()
    assert said.returncode == 1
    assert "mcfs needs Python 3.11 or later, and apt-get has none here" in said.stderr


def test_a_python_asked_for_must_be_one(machine: Machine) -> None:
    said = machine.setup(PYTHON="/nowhere/python3")
    assert said.returncode == 1
    assert "PYTHON=/nowhere/python3 is not a Python of version 3.11 or later" in said.stderr


def test_real_pythons_answer_the_question_setup_asks(machine: Machine) -> None:
    """The one part of setup that the fake Python hides."""
    script = (machine.checkout / "contrib/setup").read_text()
    question = script.partition("<<'EOP'\n")[2].partition("EOP\n")[0]
    answer = subprocess.run(
        [sys.executable, "-I", "-"], input=question, capture_output=True, text=True, check=True
    ).stdout
    version, has_venv, has_headers, executable = answer.strip().split(" ", 3)
    assert version == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {has_venv, has_headers} <= {"True", "False"}
    assert executable == sys.executable
