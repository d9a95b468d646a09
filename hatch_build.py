"""Compiles the C sources in `mcfs/fuse` while the package is built, where there is a C compiler.

hatchling calls it for wheels and for editable installs. Without the compiled library mcfs works as well, with
fewer of the kernel's caches and slower listings, so no failure here ends the build. They need no header of
libfuse or of Python.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("mcfs/fuse/kernel_caches.c", "mcfs/fuse/packed_entries.c", "mcfs/fuse/link_targets.c")
LIBRARY = "mcfs/fuse/libmcfs_fuse.so"


class CompileLibrary(BuildHookInterface[Any]):
    """Adds the library to the wheel, which then fits only machines like this one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (hatchling's interface)
        """Called before the files of the wheel are collected."""
        top = Path(self.root)
        # One of another machine, or of an older source, must not get into this wheel.
        (top / LIBRARY).unlink(missing_ok=True)
        if not self._compile(top):
            return
        build_data["artifacts"].append(LIBRARY)  # git ignores it, and so would hatchling
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"

    def _compile(self, top: Path) -> bool:
        compiler = shlex.split(os.environ.get("CC", "cc"))
        options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden", "-shared", "-fPIC"]
        # -ldl: before glibc 2.34, dlsym() is in a library of its own.
        command = [*compiler, *options, "-o", LIBRARY, *SOURCES, "-ldl"]
        try:
            done = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
        except OSError as error:
            self.app.display_warning(f"the C library is not built: {error}")
            return False
        if done.returncode != 0:
            self.app.display_warning(f"the C library is not built:\n{done.stderr}")
            return False
        return True
