"""The command line: one module per command, loaded when that command is asked for.

Owns arguments, messages and exit codes, and no logic. A module `mcfs/cli/NAME.py` offers `command`,
a click command. Whatever goes wrong leaves as one sentence on stderr and the exit code of its error;
results go to stdout and everything else to stderr.
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

# Name → one line of help, so that `mcfs --help` imports none of them.
COMMANDS = {
    "demo": "Make a small git-annex library with sound in it, to try things on.",
    "explain": "Explain how a query or a path was read, and what it finds.",
    "fields": "Show the fields there are, or the values of one.",
    "get": "Have git-annex fetch what a query names.",
    "import": "Write metadata from Mixxx, or from the files' tags, into git-annex.",
    "ls": "List what the mount would show at a path, without a mount.",
    "mount": "Mount a library as folders that answer questions.",
    "pin": "Keep a query as a folder in pins/.",
    "pins": "Show the pins there are.",
    "search": "Show the tracks that a query names.",
    "status": "Show library, store and mounts on one screen.",
    "sync": "Bring the store up to date with the library.",
    "umount": "Unmount, a dead mount too.",
    "unpin": "Forget a pin.",
    "which": "Say which track is behind a path, and where its content is.",
}
# Those that no module can be called.
_MODULES = {"import": "import_"}


class _Commands(click.Group):
    """Commands by name, imported only when run: the whole program costs half a second to import."""

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
    """Mount a git-annex music library as folders that answer questions."""


def main() -> NoReturn:
    """Run one command and leave with its exit code; no traceback ever reaches a user."""
    _open_what_is_closed()
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # What a command imports stays: to look for garbage in it is a tenth of its start, and in vain.
    gc.disable()
    code = run(sys.argv[1:])
    # All is done and said: Ctrl-C would only be heard in the middle of Python's own end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of `mcfs ARGUMENTS…`."""
    if "-o" in arguments[2:3] and arguments[0] not in COMMANDS:
        # `mount -t fuse.mcfs LIBRARY MOUNTPOINT` runs `mcfs LIBRARY MOUNTPOINT -o OPTIONS`.
        arguments = ["mount", *arguments]
    try:
        # Not cli.main(): it calls a closed pipe a failure.
        with cli.make_context("mcfs", arguments) as context:
            result: Any = cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nmcfs: interrupted", err=True)  # below the terminal's ^C
        return 130
    except BrokenPipeError:
        _drop_output()  # whoever read us has seen enough
        return ExitCode.DONE
    except McfsError as error:
        _explain(error)
        return error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"mcfs: {where}{error.strerror or error}", err=True)
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        return ExitCode.FAILED
    except Exception as error:
        if "MCFS_TRACEBACK" in os.environ:
            raise
        click.echo(f"mcfs: {bug_sentence(error)} (MCFS_TRACEBACK=1 shows where)", err=True)
        return ExitCode.FAILED
    return result if isinstance(result, int) else ExitCode.DONE


def _open_what_is_closed() -> None:
    """A shell may close our ends (`>&-`); what Python then has for them is None."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115  (it stays open)


def _drop_output() -> None:
    """What could not be written: Python would try and complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: McfsError) -> None:
    if not isinstance(error, TextError):
        click.echo(f"mcfs: {error}", err=True)
        return
    from mcfs.cli.terminal import caret, fit, screen

    click.echo(f"mcfs: {fit(str(error))}", err=True)
    width = screen(sys.stderr).width
    text, mark = caret(error.text, error.position, None if width is None else width - 2)
    click.echo(f"  {text}\n  {mark}", err=True)
