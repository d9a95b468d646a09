"""How a mistake in a configuration file is reported: its file, its line, its key, and what to write instead.

Owns how files and keys are written in messages. Which values are mistakes is decided in `value_parsers.py`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

LIBRARY_FILE = "mcfs.toml"


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in one view. That view is left out; everything else still works."""

    file: Path
    line: int | None
    key: str
    sentence: str

    def __str__(self) -> str:
        place = display_path(self.file)
        if self.line is not None:
            place = f"{place}:{self.line}"
        return f"{place}: {self.key}: {self.sentence}"


def display_path(file: Path) -> str:
    """The library's file by its name alone, the user's with `~` for the home folder."""
    if file.name == LIBRARY_FILE:
        return file.name
    home = home_folder()
    return f"~/{file.relative_to(home)}" if file.is_relative_to(home) else str(file)


def home_folder() -> Path:
    """`~`, also for a user without a home folder."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111  (Path.home fails where there is none)


def dotted_key(*keys: str) -> str:
    """A key as TOML writes it: `view."Peak time".limit`."""
    return ".".join(key if _needs_no_quotes(key) else quoted(key) for key in keys)


def _needs_no_quotes(key: str) -> bool:
    return key.isascii() and key.replace("-", "").replace("_", "").isalnum()


def quoted(text: str) -> str:
    """A text as TOML writes it, on one line; control characters are escaped."""
    return json.dumps(text, ensure_ascii=not text.isprintable())
