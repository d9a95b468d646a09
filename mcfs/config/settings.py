"""`mcfs.toml` and the user's `config.toml` → frozen values.

Owns what can be written in them, and the sentence for what cannot. The library's file says what is so
for everybody, the user's goes over it, key by key. What is wrong with a file as a whole, or with what
counts everywhere, is a `ConfigError`; what is wrong with one view is a `Problem`, and that view alone
is left out. Query and template texts are read by those who have the vocabulary.
"""

from __future__ import annotations

import functools
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from mcfs.errors import ConfigError
from mcfs.text.names import escape
from mcfs.text.similar import nearest

EXTENSIONS = frozenset(
    "aac aif aiff alac ape flac m4a mp3 mpc oga ogg opus wav wma wv".split()  # noqa: SIM905
)
_LIBRARY_FILE = "mcfs.toml"
_LONGEST_FILE = 1_000_000
_MOST_TRACKS = 10**9  # what `limit:` takes
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
# What git has in the place of an annexed file that is unlocked and not here.
_POINTER = "/annex/objects/"
_TAKEN = {
    "all": "`all` is always every track; choose another name",
    "pins": "`pins` is where queries are kept; choose another name",
    "snapshots": "`snapshots` is where frozen results are kept; choose another name",
}
_MARKS = (("{{", "}}"), ("{%", "%}"), ("{#", "#}"))


class Entries(Enum):
    """What a track is in a folder."""

    LINKS = "links"
    FILES = "files"


class Absent(Enum):
    """Whether a folder lists tracks whose content is not here."""

    HIDE = "hide"
    SHOW = "show"


class Names(Enum):
    """For which file systems a name must be fit."""

    PLAIN = "plain"
    PORTABLE = "portable"


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """A view as it is written; None is what the settings say for all of them."""

    name: str
    # Query text.
    query: str = ""
    # Template texts, one per level of folders.
    templates: tuple[str, ...] = ()
    # Template text of the names of files.
    names: str | None = None
    # As `sort:` takes them: "-rating", "title".
    sort: tuple[str, ...] = ()
    limit: int | None = None
    entries: Entries | None = None
    absent: Absent | None = None
    # There, but not listed.
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one view, or one value; the rest works."""

    file: Path
    line: int | None
    key: str
    sentence: str

    def __str__(self) -> str:
        return _said(self.file, self.line, self.key, self.sentence)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be configured."""

    # Of the files that are tracks; lower case, without the dot.
    extensions: frozenset[str] = EXTENSIONS
    entries: Entries = Entries.LINKS
    absent: Absent = Absent.HIDE
    names: Names = Names.PLAIN
    # In the order of the files.
    views: Mapping[str, ViewSettings] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()


DEFAULTS = Settings()


def config_files(library_top: Path) -> tuple[Path, Path]:
    """The library's file and the user's, which goes over it; whether they are there or not."""
    said = os.environ.get("XDG_CONFIG_HOME", "")
    # A relative one is to be ignored, says the specification.
    folder = Path(said) if said.startswith("/") else _home() / ".config"
    return library_top / _LIBRARY_FILE, folder / "mcfs" / "config.toml"


def config_stamp(library_top: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """What is another one when one of the files is: (mtime, size, inode) of each, None without it."""
    return tuple(_stamp(file) for file in config_files(library_top))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def load_settings(library_top: Path) -> Settings:
    """What the two files say; a `ConfigError` where one of them cannot be understood."""
    files = [read for file in config_files(library_top) if (read := _read(file)) is not None]
    said: dict[str, Any] = {}
    views: dict[str, dict[str, _Said]] = {}
    problems: list[Problem] = []
    for file in files:
        said |= _everywhere(file)
        for name, table in file.views().items():
            if isinstance(table, Mapping):
                keys = {key: _Said(value, file) for key, value in table.items()}
                views.setdefault(name, {}).update(keys)
            else:
                instead = f"write a table: [{_path('view', name)}], and its query below that"
                problems.append(file.problem(("view", name), instead))
    understood: dict[str, ViewSettings] = {}
    for name, keys in views.items():
        owner = next(file for file in files if name in file.views())
        view = _view(name, keys, owner, problems)
        if view is not None:
            understood[name] = view
    return Settings(
        **said,
        views=MappingProxyType(understood),
        problems=tuple(problems),
    )


# --- a file, and where in it something is said


@dataclass(frozen=True)
class _File:
    """A file that is TOML."""

    path: Path
    text: str
    data: Mapping[str, Any]

    def views(self) -> Mapping[str, Any]:
        """Name → what should be a table."""
        views: Mapping[str, Any] = self.data.get("view", {})
        return views

    @functools.cached_property
    def lines(self) -> dict[tuple[str, ...], int]:
        """Only looked for where something is wrong."""
        return lines_of(self.text)

    def problem(self, keys: tuple[str, ...], sentence: str) -> Problem:
        """What is wrong with the value at this place."""
        places = (keys[:end] for end in range(len(keys), 0, -1))
        line = next((line for place in places if (line := self.lines.get(place))), None)
        return Problem(self.path, line, _path(*keys), sentence)


@dataclass(frozen=True, slots=True)
class _Said:
    """A value, and who says it."""

    value: Any
    file: _File


def _read(path: Path) -> _File | None:
    """None where there is no file."""
    try:
        # Whatever else lies under that name could be read without an end.
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"{_shown(path)}: it is no file")
        if found.st_size > _LONGEST_FILE:
            raise ConfigError(f"{_shown(path)}: it is longer than {_LONGEST_FILE} bytes")
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise _absent(path) from None
        return None
    except OSError as error:
        raise ConfigError(f"{_shown(path)}: it cannot be read: {error.strerror}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{_shown(path)}:{line}: this is not UTF-8") from error
    if text.startswith(_POINTER):
        raise _absent(path)
    import tomllib  # most libraries have no such file

    try:
        data = tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(f"{_shown(path)}: it is nested too deeply") from error
    except ValueError as error:
        # Not TOMLDecodeError alone: a number of five thousand digits is another one.
        # What it says may repeat a key, and a key may be any text.
        sentence = str(error).removesuffix(" (at end of document)")
        line = text.rstrip("\n").count("\n") + 1
        if at := _AT_LINE.search(sentence):
            sentence, line = sentence[: at.start()], int(at.group(1))
        raise ConfigError(f"{_shown(path)}:{line}: this is not TOML: {sentence}") from error
    return _File(path, text, data)


def _absent(path: Path) -> ConfigError:
    # Read as if there were none, a sync would take away the tracks it speaks of.
    return ConfigError(
        f"{_shown(path)}: its content is not here; to have it: git annex get {path.name}"
    )


def lines_of(text: str) -> dict[tuple[str, ...], int]:
    """The line on which TOML first says something of each table and each key of it.

    tomllib knows no lines, so each statement is given to it alone: a line, and as many more as make
    it whole.
    """
    import tomllib

    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    statement = ""
    begun = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not statement:
            begun = number
        statement += f"{line}\n"
        try:
            said = tomllib.loads(statement)
        except ValueError:
            if number - begun < _LONGEST_STATEMENT:
                continue
            break  # where it ends would take too long to find out
        paths = list(_paths(said, _DEEPEST))
        if statement.lstrip().startswith("["):
            table = paths[0]
        else:
            paths = [table + path for path in paths]
        for path in paths:
            for end in range(1, len(path) + 1):
                lines.setdefault(path[:end], begun)
        statement = ""
    return lines


_LONGEST_STATEMENT = 200  # lines
_DEEPEST = len(("view", "NAME", "key"))


def _paths(said: Any, depth: int) -> Iterator[tuple[str, ...]]:
    """The places of all values, as far down as anybody is told of one."""
    if isinstance(said, list) and said:
        said = said[-1]  # of [[these]] tables
    if depth == 0 or not isinstance(said, Mapping) or not said:
        yield ()
        return
    for key, value in said.items():
        yield from ((key, *path) for path in _paths(value, depth - 1))


def _shown(path: Path) -> str:
    """The library's by its name, of which there is one; another as people write it."""
    if path.name == _LIBRARY_FILE:
        return path.name
    home = _home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _home() -> Path:
    return Path(os.path.expanduser("~"))  # noqa: PTH111  (Path.home fails where there is none)


def _said(file: Path, line: int | None, key: str, sentence: str) -> str:
    where = _shown(file) if line is None else f"{_shown(file)}:{line}"
    return f"{where}: {key}: {sentence}"


def _path(*keys: str) -> str:
    """As TOML writes it."""
    return ".".join(key if _is_bare(key) else _quoted(key) for key in keys)


def _is_bare(key: str) -> bool:
    return key.isascii() and key.replace("-", "").replace("_", "").isalnum()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


# --- what values mean


class _Wrong(Exception):  # noqa: N818  (becomes a Problem or a ConfigError, which know the place)
    """A value that means nothing: what to write instead."""


_Choice = TypeVar("_Choice", bound=Enum)


def _everywhere(file: _File) -> dict[str, Any]:
    """What counts for all views; a `ConfigError` at the first that cannot."""
    said: dict[str, Any] = {}
    for key, value in file.data.items():
        try:
            if key == "view":
                _tables(value)
            elif key in _EVERYWHERE:
                said[key] = _EVERYWHERE[key](value)
            else:
                raise _Wrong(_unknown(key, (*_EVERYWHERE, "view")))  # noqa: TRY301
        except _Wrong as wrong:
            raise ConfigError(str(file.problem((key,), str(wrong)))) from wrong
    return said


def _view(
    name: str, keys: Mapping[str, _Said], owner: _File, problems: list[Problem]
) -> ViewSettings | None:
    """A view as its keys say; None, and why, when one of them cannot be understood."""
    found: list[Problem] = []
    if wrong_name := _wrong_name(name):
        found.append(owner.problem(("view", name), wrong_name))
    values: dict[str, Any] = {}
    for key, said in keys.items():
        try:
            if key not in _OF_A_VIEW:
                raise _Wrong(_unknown(key, _OF_A_VIEW))  # noqa: TRY301
            of_view, read = _OF_A_VIEW[key]
            values[of_view] = read(said.value)
        except _Wrong as wrong:
            found.append(said.file.problem(("view", name, key), str(wrong)))
    problems += found
    return None if found else ViewSettings(name, **values)


def _wrong_name(name: str) -> str | None:
    """Why a folder cannot have this name."""
    if not name.strip():
        return 'a view needs a name: write [view."Peak time"]'
    if name in _TAKEN:
        return _TAKEN[name]
    if (instead := escape(name)) != name:
        return f"no folder can have this name; write {_quoted(instead)}"
    return None


def _unknown(key: str, known: Iterable[str]) -> str:
    meant = nearest(key, known)
    if meant is not None:
        return f'there is no such key; did you mean "{meant}"?'
    return f"there is no such key; there are {_listed(known)}"


def _listed(words: Iterable[str], between: str = "and") -> str:
    *some, last = words
    return f"{', '.join(some)} {between} {last}"


def _tables(value: Any) -> None:
    if not isinstance(value, Mapping):
        raise _Wrong("write a table for each view: [view.NAME]")


def _choice(kind: type[_Choice]) -> Callable[[Any], _Choice]:
    def read(value: Any) -> _Choice:
        for choice in kind:
            if choice.value == value:
                return choice
        raise _Wrong(f"write {_listed((_quoted(choice.value) for choice in kind), 'or')}")

    return read


def _extensions(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        raise _Wrong('write a list of them: ["flac", "mp3"]')
    return frozenset(map(_extension, value))


def _extension(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong('write each of them in quotes: "mp3"')
    extension = value.removeprefix("*").removeprefix(".").lower()
    if not extension.isalnum():
        raise _Wrong(f'{_quoted(value)} is no extension; write it without dots: "mp3"')
    return extension


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("write a text in quotes")
    return value


def _templates(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise _Wrong('write a text, or a list of texts: "{{ artist }}/{{ album }}"')
    from mcfs.template import split_levels  # slow to load, and most have no templates

    parts = (level.strip() for text in texts for level in split_levels(text))
    return tuple(part for part in parts if part)


def _file_names(value: Any) -> str:
    if not isinstance(value, str) or not any(mark in value for mark in ("{{", "{%")):
        raise _Wrong('write a template: "{{ artist }} - {{ title }}.{{ ext }}"')
    return value


def _sort(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    fields = [text.strip() if isinstance(text, str) else "" for text in texts]
    if not all(name.removeprefix("-") for name in fields):
        raise _Wrong('write a field, or a list of fields: ["-rating", "title"]')
    for name in fields:
        if "," in name or name.startswith("sort:"):
            raise _Wrong('write each field by its name, in a list: ["-rating", "title"]')
    return tuple(fields)


def _limit(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_TRACKS:
        raise _Wrong("write how many tracks, for example 50")
    return value


def _hidden(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("write true or false, without quotes")
    return value


_EVERYWHERE: Mapping[str, Callable[[Any], Any]] = {
    "extensions": _extensions,
    "entries": _choice(Entries),
    "absent": _choice(Absent),
    "names": _choice(Names),
}
# Key → the member of ViewSettings, and how it is read.
_OF_A_VIEW: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "query": ("query", _text),
    "template": ("templates", _templates),
    "names": ("names", _file_names),
    "sort": ("sort", _sort),
    "limit": ("limit", _limit),
    "entries": ("entries", _choice(Entries)),
    "absent": ("absent", _choice(Absent)),
    "hidden": ("hidden", _hidden),
}
