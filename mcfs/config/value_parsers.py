"""What may be written for each key of the configuration, and what to write instead of anything else.

Owns the keys, of the top level, of a view and of an import, and a parser for each value. Files and lines are
not known here: a parser raises `InvalidValue`, and the caller adds the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mcfs.config.problems import quoted
from mcfs.config.settings import Absent, Entries, Names, Playlists, Prefer
from mcfs.fields import field_table
from mcfs.text.escape import escape
from mcfs.text.fold import fold
from mcfs.text.similar import similar_words

if TYPE_CHECKING:
    from mcfs.fields import ConfiguredKind

_MAX_LIMIT = 10**9  # what `limit:` takes in a query
_RESERVED_VIEW_NAMES = {
    "library": "`library` always shows the work tree; choose another name",
    "all": "`all` always lists every track; choose another name",
    "pins": "`pins` is where queries are kept; choose another name",
    "snapshots": "`snapshots` is where frozen results are kept; choose another name",
}

# What git-annex takes as the name of a field.
_FIELD_NAME = re.compile(r"[\w.-]+")

_Choice = TypeVar("_Choice", bound=Enum)


class InvalidValue(Exception):  # noqa: N818  (becomes a Problem or a ConfigError, which know the place)
    """A key or a value that means nothing; its text says what to write instead."""


def unknown_key(key: str, valid_keys: Iterable[str]) -> InvalidValue:
    """A key that does not exist, with the one that was probably meant."""
    if meant := similar_words(key, valid_keys):
        return InvalidValue(f'there is no such key; did you mean "{meant[0]}"?')
    return InvalidValue(f"there is no such key; there are {_enumerated(valid_keys)}")


def check_view_name(name: str) -> None:
    """Raise `InvalidValue` for a name that no folder in the root can have."""
    if not name.strip():
        raise InvalidValue('a view needs a name: write [view."Peak time"]')
    if name in _RESERVED_VIEW_NAMES:
        raise InvalidValue(_RESERVED_VIEW_NAMES[name])
    if (instead := escape(name)) != name:
        raise InvalidValue(f"no folder can have this name; write {quoted(instead)}")


def check_view_tables(value: Any) -> None:
    """Raise `InvalidValue` where `view` is not a table of views."""
    if not isinstance(value, Mapping):
        raise InvalidValue("write a table for each view: [view.NAME]")


def check_field_tables(value: Any) -> None:
    """Raise `InvalidValue` where `field` is not a table of fields."""
    if not isinstance(value, Mapping):
        raise InvalidValue('write a table for each field: [field.released], and kind = "date"')


def field_table_of(value: Any) -> Mapping[str, Any]:
    """The table of one field."""
    if not isinstance(value, Mapping):
        raise InvalidValue('write a table, and in it kind = "date"')
    return value


def field_name(name: str) -> str:
    """The folded name of a field whose kind can be chosen: one that only the library has."""
    from mcfs.fields import RAW_PREFIX, field_table  # slow to import, and few files name fields

    folded = fold(name)
    if folded.startswith(RAW_PREFIX):
        raise InvalidValue(f"write the field without {RAW_PREFIX}, which always means text")
    if field_table().name_of(folded) is not None:
        raise InvalidValue("this field is built in, and its kind cannot be changed")
    if not folded:
        raise InvalidValue("a field needs a name: write [field.released]")
    return folded


def field_kind(value: Any) -> ConfiguredKind:
    """The kind of the values of a field."""
    from mcfs.fields import ConfiguredKind

    return _one_of(ConfiguredKind)(value)


def _enumerated(words: Iterable[str], conjunction: str = "and") -> str:
    *some, last = words
    return f"{', '.join(some)} {conjunction} {last}"


def _one_of(kind: type[_Choice]) -> Callable[[Any], _Choice]:
    def parse(value: Any) -> _Choice:
        for choice in kind:
            if choice.value == value:
                return choice
        choices = (quoted(choice.value) for choice in kind)
        raise InvalidValue(f"write {_enumerated(choices, 'or')}")

    return parse


def _extensions(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        raise InvalidValue('write a list of them: ["flac", "mp3"]')
    return frozenset(map(_extension, value))


def _extension(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidValue('write each of them in quotes: "mp3"')
    extension = value.removeprefix("*").removeprefix(".").lower()
    if not extension.isalnum():
        raise InvalidValue(f'{quoted(value)} is not an extension; write it without dots: "mp3"')
    return extension


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidValue("write a text in quotes")
    return value


def _folder_templates(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise InvalidValue('write a text, or a list of texts: "{{ artist }}/{{ album }}"')
    from mcfs.template import split_levels  # slow to import, and most files have no templates

    parts = (level.strip() for text in texts for level in split_levels(text))
    return tuple(part for part in parts if part)


def _file_name_template(value: Any) -> str:
    if not isinstance(value, str) or not any(mark in value for mark in ("{{", "{%")):
        raise InvalidValue('write a template: "{{ artist }} - {{ title }}.{{ ext }}"')
    return value


def _view_names(value: Any) -> InvalidValue:
    if isinstance(value, str) and value in {choice.value for choice in Names}:
        return InvalidValue(
            f"a view has no `names` of its own; write names = {quoted(value)} above all views"
        )
    template = value if isinstance(value, str) else "{{ artist }} - {{ title }}.{{ ext }}"
    return InvalidValue(f"this key is now `file_names`; write file_names = {quoted(template)}")


def _sort(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    fields = [text.strip() if isinstance(text, str) else "" for text in texts]
    if not all(name.removeprefix("-") for name in fields):
        raise InvalidValue('write a field, or a list of fields: ["-rating", "title"]')
    for name in fields:
        if "," in name or name.startswith("sort:"):
            raise InvalidValue('write each field by its name, in a list: ["-rating", "title"]')
    return tuple(fields)


def _limit(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MAX_LIMIT:
        raise InvalidValue("write how many tracks, for example 50")
    return value


def _playlists(value: Any, library_top: Path) -> Playlists | str:
    if value == "work tree":
        return str(library_top).rstrip("/")
    if isinstance(value, str) and value.startswith("/"):
        return value.rstrip("/")
    for choice in Playlists:
        if choice.value == value:
            return choice
    raise InvalidValue(
        'write "library", "all" or "work tree", or the path by which players know the library\'s top'
        ' folder: "/srv/music"'
    )


def _true_or_false(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue("write true or false, without quotes")
    return value


def top_level_parsers(library_top: Path) -> Mapping[str, Callable[[Any], Any]]:
    """Key → the parser of its value. The keys are the members of `Settings`."""
    return {
        "extensions": _extensions,
        "entries": _one_of(Entries),
        "absent": _one_of(Absent),
        "names": _one_of(Names),
        "playlists": partial(_playlists, library_top=library_top),
        "edit": _editable_fields,
    }


def check_import_tables(value: Any) -> None:
    """Raise `InvalidValue` where `import` is not a table with the table `mixxx` in it."""
    if not isinstance(value, Mapping) or not isinstance(value.get("mixxx", {}), Mapping):
        raise InvalidValue("write a table: [import.mixxx]")
    for key in value:
        if key != "mixxx":
            raise unknown_key(key, ["mixxx"])


def mixxx_field(written: str) -> str:
    """The name of a field that Mixxx has values for; `InvalidValue` if it is none."""
    table = field_table()
    name = table.name_of(fold(written.strip()))
    if name is not None and table.named(name).mixxx is not None:
        return name
    names = [row.name for row in table.rows if row.mixxx is not None]
    if meant := similar_words(written, names):
        raise InvalidValue(f'Mixxx has no {quoted(written)}; did you mean "{meant[0]}"?')
    raise InvalidValue(f"Mixxx has no {quoted(written)}; it has {_enumerated(names)}")


def editable_field(written: str) -> str:
    """The name of a field whose values can be changed, by its name or an alias."""
    from mcfs.fields import RAW_PREFIX, field_named  # slow to import, and few files name fields

    folded = fold(written)
    if folded.startswith(RAW_PREFIX):
        raise InvalidValue(
            f"write the field without {RAW_PREFIX}: {quoted(folded.removeprefix(RAW_PREFIX))}"
        )
    name = field_table().name_of(folded) or folded
    if not _FIELD_NAME.fullmatch(name):
        raise InvalidValue(
            f"git-annex has no field {quoted(written)}: names are letters, digits, - _ ."
        )
    if not field_named(name).can_be_edited or field_named(name).is_derived:
        raise InvalidValue(f"{name} is not kept in git-annex, and cannot be edited")
    return name


def _editable_fields(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(x, str) for x in value):
        raise InvalidValue('write a list of fields: ["crate", "genre"]')
    return tuple(dict.fromkeys(map(editable_field, value)))


def _mixxx_fields(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(x, str) for x in value):
        raise InvalidValue('write a list of fields: ["rating", "crate"]')
    return tuple(map(mixxx_field, value))


# Key → the parser of its value. The keys are the members of `MixxxSettings`.
MIXXX_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "fields": _mixxx_fields,
    "prefer": _one_of(Prefer),
}
# Key → the member of `ViewSettings`, and the parser of its value.
VIEW_PARSERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "query": ("query", _text),
    "template": ("templates", _folder_templates),
    "file_names": ("file_names", _file_name_template),
    "sort": ("sort", _sort),
    "limit": ("limit", _limit),
    "entries": ("entries", _one_of(Entries)),
    "absent": ("absent", _one_of(Absent)),
    "hidden": ("hidden", _true_or_false),
}
# Keys that a view no longer has → what to write instead.
FORMER_VIEW_KEYS: Mapping[str, Callable[[Any], InvalidValue]] = {"names": _view_names}
