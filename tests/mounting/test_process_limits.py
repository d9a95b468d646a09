"""The process that serves a mount: open files, and heaps."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

_OPEN_FILES = """
import resource
from mcfs.mounting.process_limits import set_process_limits
_, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard_limit))
set_process_limits()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard_limit, hard_limit)
"""

# Twenty threads that hold memory at the same time, and the heaps that glibc made for them.
_HEAPS = """
import ctypes, sys, threading
from mcfs.mounting.process_limits import set_process_limits
set_process_limits()
together = threading.Barrier(21)
def take():
    taken = bytearray(3000)
    together.wait()
    together.wait()
threads = [threading.Thread(target=take) for _ in range(20)]
for thread in threads:
    thread.start()
together.wait()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.fclose.argtypes = [ctypes.c_void_p]
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
file = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
together.wait()
"""


def test_as_many_files_may_be_open_as_the_system_allows() -> None:
    subprocess.run([sys.executable, "-c", _OPEN_FILES], check=True)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's heaps")
def test_threads_share_two_heaps(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _HEAPS, tmp_path / "heaps"], check=True)
    assert (tmp_path / "heaps").read_text().count("<heap nr=") == 2
