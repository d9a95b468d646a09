"""`mcfs.toml` of the library and the user's `config.toml` → `Settings`.

Owns where the two files are and how they combine: the user's values replace the library's, key by key. Only
`edit` counts in the user's file alone.
A mistake in a file as a whole, or at its top level, raises a `ConfigError`; a mistake in one view is
a `Problem`, and only that view is left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mcfs.config.problems import LIBRARY_FILE, Problem, dotted_key, home_folder
from mcfs.config.settings import MixxxSettings, Settings, ViewSettings
from mcfs.config.toml_file import TomlFile, read_toml_file
from mcfs.config.value_parsers import (
    FORMER_VIEW_KEYS,
    MIXXX_PARSERS,
    VIEW_PARSERS,
    InvalidValue,
    check_field_tables,
    check_import_tables,
    check_view_name,
    check_view_tables,
    field_kind,
    field_name,
    field_table_of,
    top_level_parsers,
    unknown_key,
)
from mcfs.errors import ConfigError

if TYPE_CHECKING:
    from mcfs.fields import ConfiguredKind


def config_files(library_top: Path) -> tuple[Path, Path]:
    """The library's file and the user's, whether they exist or not."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    # The XDG specification says that a relative path is to be ignored.
    folder = Path(configured) if configured.startswith("/") else home_folder() / ".config"
    return library_top / LIBRARY_FILE, folder / "mcfs" / "config.toml"


def config_stamp(library_top: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """(mtime, size, inode) of each file, None without it. It differs when a file has changed."""
    return tuple(_stamp(file) for file in config_files(library_top))


def configuration_changed_at(library_top: Path) -> datetime | None:
    """When one of the files was last changed; None where there is none."""
    stamps = [stamp for stamp in config_stamp(library_top) if stamp is not None]
    newest = max((modified for modified, _, _ in stamps), default=None)
    return None if newest is None else datetime.fromtimestamp(newest / 1e9, UTC)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def load_settings(library_top: Path) -> Settings:
    """The settings for a library; a `ConfigError` if a file cannot be understood."""
    found = map(read_toml_file, config_files(library_top))
    files = [file for file in found if file is not None]
    top_level: dict[str, Any] = {}
    mixxx: dict[str, Any] = {}
    view_keys: dict[str, dict[str, _KeyValue]] = {}
    problems: list[Problem] = []
    field_kinds: dict[str, ConfiguredKind] = {}
    for file in files:
        values = _parse_top_level(file, library_top)
        if file.path.name == LIBRARY_FILE and "edit" in values:
            values["proposed_edit"] = values.pop("edit")
        top_level |= values
        field_kinds |= _parse_fields(file)
        mixxx |= _parse_import(file)
        for name, table in _view_tables(file).items():
            if isinstance(table, Mapping):
                keys = {key: _KeyValue(value, file) for key, value in table.items()}
                view_keys.setdefault(name, {}).update(keys)
            else:
                instead = f"write a table: [{dotted_key('view', name)}], and its query below that"
                problems.append(file.problem(("view", name), instead))
    views: dict[str, ViewSettings] = {}
    for name, keys in view_keys.items():
        first_file = next(file for file in files if name in _view_tables(file))
        view = _parse_view(name, keys, first_file, problems)
        if view is not None:
            views[name] = view
    return Settings(
        **top_level,
        field_kinds=MappingProxyType(field_kinds),
        mixxx=MixxxSettings(**mixxx),
        views=MappingProxyType(views),
        problems=tuple(problems),
    )


@dataclass(frozen=True, slots=True)
class _KeyValue:
    """The value of a view's key, and the file that it comes from."""

    value: Any
    file: TomlFile


def _view_tables(file: TomlFile) -> Mapping[str, Any]:
    """Name of a view → what should be its table."""
    views: Mapping[str, Any] = file.data.get("view", {})
    return views


def _parse_top_level(file: TomlFile, library_top: Path) -> dict[str, Any]:
    """The values that hold for all views; a `ConfigError` at the first mistake."""
    parsers = top_level_parsers(library_top)
    values: dict[str, Any] = {}
    for key, value in file.data.items():
        try:
            if key == "view":
                check_view_tables(value)
            elif key == "field":
                check_field_tables(value)
            elif key == "import":
                check_import_tables(value)
            elif key in parsers:
                values[key] = parsers[key](value)
            else:
                raise unknown_key(key, (*parsers, "import", "field", "view"))
        except InvalidValue as invalid:
            raise ConfigError(str(file.problem((key,), str(invalid)))) from invalid
    return values


def _parse_fields(file: TomlFile) -> dict[str, ConfiguredKind]:
    """Folded name of a field → its kind, by the tables `[field.NAME]`; a `ConfigError` at a mistake."""
    kinds: dict[str, ConfiguredKind] = {}
    for name, table in file.data.get("field", {}).items():
        keys: tuple[str, ...] = ("field", name)
        try:
            folded = field_name(name)
            for key, value in field_table_of(table).items():
                keys = ("field", name, key)
                if key != "kind":
                    raise unknown_key(key, ("kind",))
                kinds[folded] = field_kind(value)
        except InvalidValue as invalid:
            raise ConfigError(str(file.problem(keys, str(invalid)))) from invalid
    return kinds


def _parse_import(file: TomlFile) -> dict[str, Any]:
    """The values of `[import.mixxx]`; a `ConfigError` at the first mistake."""
    values: dict[str, Any] = {}
    for key, value in file.data.get("import", {}).get("mixxx", {}).items():
        try:
            if key not in MIXXX_PARSERS:
                raise unknown_key(key, MIXXX_PARSERS)
            values[key] = MIXXX_PARSERS[key](value)
        except InvalidValue as invalid:
            place = ("import", "mixxx", key)
            raise ConfigError(str(file.problem(place, str(invalid)))) from invalid
    return values


def _parse_view(
    name: str, keys: Mapping[str, _KeyValue], first_file: TomlFile, problems: list[Problem]
) -> ViewSettings | None:
    """The view, or None if there is a mistake in it; every mistake is added to `problems`."""
    found: list[Problem] = []
    try:
        check_view_name(name)
    except InvalidValue as invalid:
        found.append(first_file.problem(("view", name), str(invalid)))
    values: dict[str, Any] = {}
    for key, given in keys.items():
        try:
            if key in VIEW_PARSERS:
                member, parse = VIEW_PARSERS[key]
                values[member] = parse(given.value)
            elif key in FORMER_VIEW_KEYS:
                raise FORMER_VIEW_KEYS[key](given.value)
            else:
                raise unknown_key(key, VIEW_PARSERS)
        except InvalidValue as invalid:
            found.append(given.file.problem(("view", name, key), str(invalid)))
    problems += found
    return None if found else ViewSettings(name, **values)
