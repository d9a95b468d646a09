"""One TOML file: its data, and the line of each key.

Owns the messages for a file that cannot be read. What its keys mean is not known here.
"""

from __future__ import annotations

import functools
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcfs.config.problems import Problem, display_path, dotted_key
from mcfs.config.toml_statements import statements
from mcfs.errors import ConfigError

# The file of a library may come from anybody: it may not take more than a second to read.
_MAX_FILE_BYTES = 256_000
_MAX_KEY_PARTS = 20
# Problems are reported with at most this many keys: view.NAME.key.
_MAX_KEYS = 3
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
# How git-annex's pointer file begins: git has it in place of an unlocked file whose content is not here.
_POINTER = "/annex/objects/"


@dataclass(frozen=True)
class TomlFile:
    """A TOML file that was read."""

    path: Path
    text: str
    data: Mapping[str, Any]

    @functools.cached_property
    def line_numbers(self) -> dict[tuple[str, ...], int]:
        """Found only when there is something to report: it means parsing each statement once more."""
        return line_numbers(self.text)

    def problem(self, keys: tuple[str, ...], sentence: str) -> Problem:
        """A mistake at this key; its line is that of the nearest table if the key itself has none."""
        prefixes = (keys[:end] for end in range(len(keys), 0, -1))
        line = next((line for keys_ in prefixes if (line := self.line_numbers.get(keys_))), None)
        return Problem(self.path, line, dotted_key(*keys), sentence)


def read_toml_file(path: Path) -> TomlFile | None:
    """The file, or None if it does not exist; a `ConfigError` if it cannot be read or is not TOML."""
    try:
        # A device or a pipe of this name could be read without end.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{display_path(path)}: it is not a regular file")
        if status.st_size > _MAX_FILE_BYTES:
            raise ConfigError(f"{display_path(path)}: it is longer than {_MAX_FILE_BYTES} bytes")
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise _content_not_here(path) from None
        return None
    except OSError as error:
        raise ConfigError(f"{display_path(path)}: it cannot be read: {error.strerror}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{display_path(path)}:{line}: this is not UTF-8") from error
    if text.startswith(_POINTER):
        raise _content_not_here(path)
    return TomlFile(path, text, _parse(path, text))


def _content_not_here(path: Path) -> ConfigError:
    # Not the same as no file: a sync without its `extensions` would remove tracks.
    return ConfigError(
        f"{display_path(path)}: its content is not here; to get it: git annex get {path.name}"
    )


def _parse(path: Path, text: str) -> Mapping[str, Any]:
    import tomllib  # most libraries have no such file

    long = next((each for each in statements(text) if each.key_parts > _MAX_KEY_PARTS), None)
    if long is not None:
        raise ConfigError(
            f"{display_path(path)}:{long.first_line}: a key has {long.key_parts} parts; it can have at "
            f"most {_MAX_KEY_PARTS}"
        )
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(f"{display_path(path)}: it is nested too deeply") from error
    except ValueError as error:
        # Not only TOMLDecodeError: a number of five thousand digits is a plain ValueError.
        # Only the end of the message is parsed: it may quote a key, and a key may be any text.
        sentence = str(error).removesuffix(" (at end of document)")
        line = text.rstrip("\n").count("\n") + 1
        if at := _AT_LINE.search(sentence):
            sentence, line = sentence[: at.start()], int(at.group(1))
        raise ConfigError(f"{display_path(path)}:{line}: this is not TOML: {sentence}") from error


def line_numbers(text: str) -> dict[tuple[str, ...], int]:
    """The line where each table and each of its keys first appears."""
    import tomllib

    numbers: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for statement in statements(text):
        key_paths = list(_key_paths(tomllib.loads(statement.text), _MAX_KEYS))
        if statement.text.lstrip().startswith("["):
            table = key_paths[0]
        else:
            key_paths = [table + keys for keys in key_paths]
        for keys in key_paths:
            for end in range(1, len(keys) + 1):
                numbers.setdefault(keys[:end], statement.first_line)
    return numbers


def _key_paths(data: Any, depth: int) -> Iterator[tuple[str, ...]]:
    """The keys that lead to each value, at most `depth` of them."""
    if isinstance(data, list) and data:
        data = data[-1]  # of [[tables]]
    if depth == 0 or not isinstance(data, Mapping) or not data:
        yield ()
        return
    for key, value in data.items():
        yield from ((key, *keys) for keys in _key_paths(value, depth - 1))
