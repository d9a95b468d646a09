"""`python -m mcfs` is `mcfs`."""

import signal

# Starting is mostly importing. Until that is done, Ctrl-C should end the process without a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from mcfs.cli import main

if __name__ == "__main__":
    main()
