"""`python -m mcfs` is `mcfs`.

Owns what must happen before anything else: which signal ends the process, and that text is UTF-8.
"""

import os
import signal
import sys

# Starting is mostly importing. Until that is done, Ctrl-C should end the process without a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Run the command line."""
    asked_for_another = "utf8" in sys._xoptions  # noqa: SLF001  (the documented name of the -X options)
    if sys.getfilesystemencoding() != "utf-8" and not asked_for_another:
        # git-annex's names and metadata are UTF-8, whatever the locale. Another encoding could not write most
        # of them, and would read those of the work tree as other names. Only a new start can change it.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    from mcfs.cli import main as run_command

    run_command()


if __name__ == "__main__":
    main()
