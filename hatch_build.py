"""Compiles `mcfs/fuse/kernel_caches.c` while the package is built, where there is a C compiler.

hatchling calls it for wheels and for editable installs. Without the compiled library mcfs works as well, with
fewer of the kernel's caches, so no failure here ends the build. It needs no header of libfuse or of Python.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "mcfs/fuse/kernel_caches.c"
LIBRARY = "mcfs/fuse/libkernel_caches.so"


class CompileKernelCaches(BuildHookInterface[Any]):
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
        command = [*compiler, *options, "-o", LIBRARY, SOURCE, "-ldl"]
        try:
            done = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
        except OSError as error:
            self.app.display_warning(f"kernel caches are not built: {error}")
            return False
        if done.returncode != 0:
            self.app.display_warning(f"kernel caches are not built:\n{done.stderr}")
            return False
        return True
