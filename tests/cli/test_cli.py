"""The command line: help, exit codes, failures, and no tracebacks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcfs import __version__
from mcfs.annex.library import Library
from mcfs.cli import COMMANDS, run
from mcfs.errors import ExitCode, LibraryError, QueryError, StoreBusyError, TemplateError
from mcfs.store import Store, open_store
from tests.cache_access import generation_of
from tests.mounts import REPOSITORY
from tests.prerequisites import needs_root


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == ExitCode.DONE
    result = capsys.readouterr().out
    assert all(name in result for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == ExitCode.DONE
    assert f"mcfs {name}" in capsys.readouterr().out


# What takes long to import.
_HEAVY = (
    "sqlalchemy", "sqlalchemy.orm", "alembic", "lark", "jinja2", "re2", "rich.console", "trio", "pyfuse3",
    "watchfiles", "mutagen", "multiprocessing", "mcfs.tree.tree", "mcfs.fetching.fetch",
    "mcfs.export.writing",
)  # fmt: skip
# Command → how many processes it starts, and what of the above it needs.
_QUICK = {
    "--help": "0",
    "help query": "0",
    "search title:rez --format paths": "2 sqlalchemy lark",
    "status": "3 sqlalchemy lark",
    "sync": "3 sqlalchemy lark",
    "pins": "2 sqlalchemy lark jinja2 mcfs.tree.tree",
    "ls all": "2 sqlalchemy lark jinja2 mcfs.tree.tree",
}


def test_a_quick_command_imports_and_starts_only_what_it_needs(
    library: Library, synced: Store
) -> None:
    """Starting takes nearly all of its time."""
    assert run(["sync", "--library", str(library.top)]) == 0
    found = {}
    for command in _QUICK:
        script = (
            "import sys; started = [];"
            "sys.addaudithook(lambda event, _: event == 'subprocess.Popen' and started.append(event));"
            # Coverage, which may measure this, imports some of it.
            f"heavy = set({_HEAVY!r}) - set(sys.modules);"
            f"from mcfs.cli import run; assert run({command.split()!r}) == 0;"
            f"print(len(started), *(each for each in {_HEAVY!r} if each in heavy & set(sys.modules)))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=library.top,
            capture_output=True,
            text=True,
            check=True,
        )
        found[command] = done.stdout.splitlines()[-1]
    assert found == _QUICK


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == ExitCode.DONE
    assert __version__ in capsys.readouterr().out


def test_python_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mcfs", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"mcfs, version {__version__}\n"


def test_an_encoding_that_was_asked_for_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-X", "utf8=0", "-m", "mcfs", "--version"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"mcfs, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["mount"], "mcfs mount LIBRARY MOUNTPOINT"),
        (["mount", "a", "b", "c"], "mcfs mount LIBRARY MOUNTPOINT"),
        (["mount", "--library", "x", "a", "b"], "mcfs mount LIBRARY MOUNTPOINT"),
        (["mount", "-o", "x"], "mcfs mount LIBRARY MOUNTPOINT"),
        (["mount", "--nonsense", "x"], "No such option"),
        (["sync", "--fast"], "No such option"),
    ],
)
def test_a_wrong_command_line(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == ExitCode.USAGE
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "result"),
    [
        (LibraryError("the disk is gone"), 69, "mcfs: the disk is gone\n"),
        (StoreBusyError("wait"), 75, "mcfs: wait\n"),
        # Names of others, which a terminal must not obey.
        (LibraryError("\x1b]0;x\x07\u202e is gone\n"), 69, "mcfs: ␛]0;x␇\ufffd is gone \n"),
        (OSError(5, "Input/output error", "a\x1b[2J"), 1, "mcfs: a␛[2J: Input/output error\n"),
        (
            QueryError("no number", "genre:dub bpm:x", 14, "write bpm:120"),
            2,
            "mcfs: no number; write bpm:120\n  genre:dub bpm:x\n                ^\n",
        ),
        (
            TemplateError("two bars", "{{ a || b }}", 6, "write `or`"),
            2,
            "mcfs: two bars; write `or`\n  {{ a || b }}\n        ^\n",
        ),
        (
            OSError(28, "No space left on device", "/mnt/x"),
            1,
            "mcfs: /mnt/x: No space left on device\n",
        ),
        (
            ZeroDivisionError("x"),
            1,
            "mcfs: a bug in mcfs: ZeroDivisionError: x (MCFS_TRACEBACK=1 shows where)\n",
        ),
        (KeyboardInterrupt(), 130, "\nmcfs: interrupted\n"),
    ],
)
def test_every_failure_is_a_sentence_and_a_code(
    error: BaseException,
    code: int,
    result: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("mcfs.cli.umount.unmount", fail)
    assert run(["umount", "x"]) == code
    assert capsys.readouterr().err == result


def test_ctrl_c_while_a_class_is_made_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupting:
        def __set_name__(self, owner: type, name: str) -> None:
            raise KeyboardInterrupt

    def import_something(*_: object) -> None:
        type("Made", (), {"attribute": Interrupting()})

    monkeypatch.setattr("mcfs.cli.umount.unmount", import_something)
    assert run(["umount", "x"]) == 130
    assert capsys.readouterr().err == "\nmcfs: interrupted\n"


def test_a_closed_pipe_is_not_a_failure(library: Library) -> None:
    command = f"'{sys.executable}' -m mcfs --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


class TestSync:
    def test_prints_the_number_of_tracks(
        self, library: Library, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["sync", "--library", str(library.top)]) == ExitCode.DONE
        assert capsys.readouterr().out == "12 tracks, 1 of them not here\n"

    def test_finds_the_library_of_the_current_folder(
        self, library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(library.top / "white")
        assert run(["sync"]) == ExitCode.DONE
        monkeypatch.chdir("/")
        monkeypatch.setenv("MCFS_LIBRARY", str(library.top))
        assert run(["sync"]) == ExitCode.DONE

    def test_no_library(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["sync", "--library", str(tmp_path)]) == ExitCode.UNREACHABLE
        result = capsys.readouterr().err
        assert "is not in a git-annex repository; name one with --library" in result
        assert result.count("\n") == 1

    def test_a_damaged_cache_is_set_aside_and_reported(
        self, library: Library, capsys: pytest.CaptureFixture[str]
    ) -> None:
        library.store_dir.mkdir()
        (library.store_dir / "cache.db").write_bytes(b"this is no database" * 100)
        assert run(["sync", "--library", str(library.top)]) == ExitCode.DONE
        captured = capsys.readouterr()
        assert captured.out == "12 tracks, 1 of them not here\n"
        assert "set aside" in captured.err

    def test_a_file_that_is_no_database_is_never_deleted(
        self, library: Library, capsys: pytest.CaptureFixture[str]
    ) -> None:
        library.store_dir.mkdir()
        file = library.store_dir / "user.db"
        file.write_bytes(b"this is no database" * 100)
        assert run(["sync", "--library", str(library.top)]) == ExitCode.DONE
        assert "the damaged file is kept as user.db.damaged-" in capsys.readouterr().err
        (kept,) = library.store_dir.glob("user.db.damaged-*")
        assert kept.read_bytes() == b"this is no database" * 100


class TestDisks:
    """A full disk: one line, exit code 1, and the store stays as it was and can be read."""

    @pytest.fixture
    def disk(self, library: Library) -> Iterator[Path]:
        needs_root("to mount a tiny disk")
        library.store_dir.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3M", "tmpfs", library.store_dir], check=True
        )
        yield library.store_dir
        subprocess.run(["umount", library.store_dir], check=True)

    def _sync(self, library: Library) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mcfs", "sync", "--library", library.top],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )

    def test_full(self, library: Library, disk: Path) -> None:
        assert self._sync(library).returncode == ExitCode.DONE
        with open_store(disk) as store:
            before = generation_of(store.cache)
        self._fill(disk)
        done = self._sync(library)
        assert done.returncode == ExitCode.FAILED
        assert done.stderr.count("\n") == 1
        assert "no space left on its disk; make some and try again" in done.stderr
        (disk / "filler").unlink()
        with open_store(disk) as store:
            assert generation_of(store.cache) == before
            assert store.cache.count() == 12
        assert self._sync(library).returncode == ExitCode.DONE

    def test_full_before_the_first_sync(self, library: Library, disk: Path) -> None:
        (disk / "filler").write_bytes(b"\1" * 2850 * 1024)
        done = self._sync(library)
        assert done.returncode == ExitCode.FAILED
        assert done.stderr.count("\n") == 1
        assert "no space left on its disk; make some and try again" in done.stderr
        (disk / "filler").unlink()
        assert self._sync(library).returncode == ExitCode.DONE

    def test_a_full_disk_can_be_searched(
        self, library: Library, disk: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def paths() -> tuple[int, list[str]]:
            code = run(["search", "--library", str(library.top), "--format", "paths", "title:Rez"])
            return code, capsys.readouterr().out.splitlines()

        assert run(["sync", "--library", str(library.top)]) == ExitCode.DONE
        capsys.readouterr()
        with open_store(disk):
            self._fill(disk)
            # Another process, such as a mount, has it open: all files that reading needs exist.
            code, found = paths()
            assert (code, len(found)) == (0, 1)
        (disk / "filler").unlink()
        self._fill(disk)
        assert paths() == (0, found)
        assert run(["fields", "--library", str(library.top)]) == ExitCode.DONE

    def _fill(self, disk: Path) -> None:
        free = shutil.disk_usage(disk).free
        (disk / "filler").write_bytes(b"\1" * (free - free % 4096))
