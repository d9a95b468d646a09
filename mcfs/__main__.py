"""`python -m mcfs` is `mcfs`."""

import signal

# Most of a start is spent on imports, where there is nobody yet to say in one line that it was ended.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from mcfs.cli import main

if __name__ == "__main__":
    main()
