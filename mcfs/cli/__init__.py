"""The command line: one module for each command, imported when that command runs.

Owns arguments, messages and exit codes, and no logic. A module `mcfs/cli/NAME.py` offers `command`,
a click command. Results go to stdout. Every failure becomes one sentence on stderr, and the exit code of
its error.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from typing import Any, NoReturn

import click

from mcfs import __version__
from mcfs.errors import ExitCode, McfsError, TextError, bug_sentence
from mcfs.text.printable import printable

# Name → one line of help, so that `mcfs --help` needs to import no command.
COMMANDS = {
    "demo": "Make a small git-annex library with sound in it, to try mcfs on.",
    "edits": "List what mcfs has changed in the library's metadata.",
    "explain": "Explain how a query or a path is read, and what it finds.",
    "export": "Export a query or a folder of the mount to a folder that needs no mount.",
    "fields": "Show all fields, or the values of one.",
    "get": "Fetch the content of a query's tracks with git-annex.",
    "help": "Show what a topic is about, or how a command is used.",
    "import": "Write metadata from Mixxx or from the files' tags into git-annex.",
    "ls": "List what a mount would show at a path, without a mount.",
    "mount": "Mount a library as folders that answer questions.",
    "pin": "Save a query as a folder in pins/.",
    "pins": "List the pins.",
    "search": "Show the tracks of a query.",
    "snapshot": "Freeze the result of a query as a set list.",
    "status": "Show the state of library, store and mounts.",
    "sync": "Bring the store up to date with the library.",
    "tag": "Change the metadata of a query's tracks, in git-annex.",
    "umount": "Unmount, also when the mount is dead.",
    "undo": "Take back what an import, mcfs tag or gestures in a mount have changed.",
    "unpin": "Delete a pin.",
    "which": "Show which track is behind a path, and where its content is.",
}
# `import` is a reserved word of Python.
_MODULES = {"import": "import_"}


class _Commands(click.Group):
    """Imports only the command that runs: importing all of them takes half a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = _MODULES.get(cmd_name, cmd_name)
        command: click.Command = importlib.import_module(f"mcfs.cli.{module}").command
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mcfs")
def cli() -> None:
    """Mount a git-annex music library as folders that answer questions.

    Every command that prints results has --json. With it, a failure prints an
    object, too: {"error": {"message": …, "suggestion": …, "position": …}}.
    """


def main() -> NoReturn:
    """Run one command and exit with its code; users never see a traceback."""
    _open_closed_streams()
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Imported modules are never garbage: collecting during the imports takes a tenth of the start.
    gc.disable()
    code = run(sys.argv[1:])
    # Everything is done: Ctrl-C would only disturb Python while it exits.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of `mcfs ARGUMENTS…`."""
    if "-o" in arguments[2:3] and arguments[0] not in COMMANDS:
        # `mount -t fuse.mcfs LIBRARY MOUNTPOINT` runs `mcfs LIBRARY MOUNTPOINT -o OPTIONS`.
        arguments = ["mount", *arguments]
    context: click.Context | None = None
    try:
        # Not cli.main(), which treats a closed pipe as a failure.
        with cli.make_context("mcfs", arguments) as context:
            result: Any = cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except BrokenPipeError:
        _drop_output()  # the reader has seen enough
        return ExitCode.DONE
    except McfsError as error:
        _print_json_error(error, context)
        _print_error(error)
        _flush_output()
        return error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sentence = f"{where}{error.strerror or error}"
        _print_json_error(sentence, context)
        _print_error(sentence)
        _flush_output()
        return ExitCode.FAILED
    except Exception as error:
        if "MCFS_TRACEBACK" in os.environ:
            raise
        if _comes_from_ctrl_c(error):
            return _interrupted()
        _print_json_error(bug_sentence(error), context)
        _print_error(f"{bug_sentence(error)} (MCFS_TRACEBACK=1 shows where)")
        _flush_output()
        return ExitCode.FAILED
    return result if isinstance(result, int) else ExitCode.DONE


def _interrupted() -> int:
    click.echo("\nmcfs: interrupted", err=True)  # on the line after ^C
    return 130


def _comes_from_ctrl_c(error: BaseException | None) -> bool:
    """Python 3.11 raises a RuntimeError when Ctrl-C comes while an import makes a class."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _open_closed_streams() -> None:
    """A shell may close our streams (`>&-`); Python then has None for them."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115  (it stays open)


def _flush_output() -> None:
    """After a failure: output that cannot be written must not hide it."""
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()


def _drop_output() -> None:
    """Output that cannot be written: Python would try again at exit, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_json_error(error: Exception | str, context: click.Context | None) -> None:
    if context is not None:
        from mcfs.cli.json_output import print_error_as_json

        print_error_as_json(error, context)


def _print_error(error: McfsError | str) -> None:
    """The sentence of a failure, which may hold names."""
    click.echo(f"mcfs: {printable(str(error))}", err=True)
    if not isinstance(error, TextError):
        return
    from mcfs.cli.terminal import output_of
    from mcfs.cli.text_layout import caret_lines

    width = output_of(sys.stderr).width
    text, mark = caret_lines(error.text, error.position, None if width is None else width - 2)
    click.echo(f"  {text}\n  {mark}", err=True)
