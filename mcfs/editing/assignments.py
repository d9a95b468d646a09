"""`crate+=Peak`, `genre-=Techno`, `rating=5`, `crate=`: what somebody writes who changes metadata by hand.

Pure. Owns how that is read, and the errors: a field has to exist, and its values to be what it promises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcfs.editing.value_changes import ValueEdit
from mcfs.errors import TextError
from mcfs.fields import Field, Vocabulary
from mcfs.fields.table import RAW_PREFIX
from mcfs.query.unknown_fields import unknown_field

_ASSIGNMENT = re.compile(r"([^\W\d][\w.-]*?)(\+=|-=|=)(.*)", re.DOTALL)
# What git-annex takes as the name of a field.
_NEW_NAME = re.compile(r"\w[\w.-]*", re.ASCII)
_HOW = "write rating=5, crate+=Peak, genre-=Techno, or crate= for none"


def is_assignment(word: str) -> bool:
    """Whether a word has the form of an assignment; some terms of queries have it, too."""
    return _ASSIGNMENT.fullmatch(word) is not None


def read_assignments(words: Sequence[str], vocabulary: Vocabulary) -> tuple[ValueEdit, ...]:
    """What these words change, one edit for each field; a `TextError` about the first that is wrong."""
    edits: dict[str, ValueEdit] = {}
    signs: dict[str, str] = {}
    for word in words:
        found = _ASSIGNMENT.fullmatch(word)
        if found is None:
            raise TextError(f'"{word}" changes nothing', word, 0, _HOW)
        written, sign, value = found.groups()
        field = _field(written, word, vocabulary)
        before = edits.get(field.name, ValueEdit(field.name))
        if "=" in {sign, signs.setdefault(field.name, sign)} and sign != signs[field.name]:
            reason = f"{field.name} cannot have new values and keep some of the old ones"
            raise TextError(
                reason, word, found.start(2), f"write {field.name}= for all that it is to have"
            )
        edits[field.name] = _with(before, field, sign, value, word, found.start(3))
    return tuple(edits.values())


def _field(written: str, word: str, vocabulary: Vocabulary) -> Field:
    name = vocabulary.canonical(written)
    if name is None and written.startswith(RAW_PREFIX):
        # A field that no track has yet.
        new = written.removeprefix(RAW_PREFIX)
        if _NEW_NAME.fullmatch(new):
            return vocabulary.field(written.lower())
        raise TextError(
            f'git-annex has no field "{new}"', word, 0, "a name has letters, digits, _ - and ."
        )
    if name is None:
        message, suggestion = unknown_field(written, vocabulary, directives=False)
        raise TextError(
            message, word, 0, f"{suggestion} For a new field write {RAW_PREFIX}{written}="
        )
    field = vocabulary.field(name)
    if not field.can_be_edited:
        raise TextError(f"{name} is not metadata, so it cannot be changed", word, 0, _HOW)
    return field


def _with(
    edit: ValueEdit, field: Field, sign: str, written: str, word: str, place: int
) -> ValueEdit:
    """The edit with one more assignment to its field."""
    match sign:
        case "-=":
            if not written:
                raise TextError("there is no value to take away", word, place, _HOW)
            return ValueEdit(field.name, (*edit.removed, written), edit.added)
        case "+=":
            value = _value(field, written, word, place)
            if field.single_valued:
                return ValueEdit(field.name, added=(value,), replaces=True)
            return ValueEdit(field.name, edit.removed, (*edit.added, value))
        case _:
            if not written or (field.zero_is_none and written.strip() == "0"):
                return ValueEdit(field.name, added=edit.added, replaces=True)
            value = _value(field, written, word, place)
            if field.single_valued and edit.added not in ((), (value,)):
                raise TextError(
                    f"a track has one {field.name}", word, place, f"write {field.name}= once"
                )
            return ValueEdit(
                field.name, added=tuple(dict.fromkeys((*edit.added, value))), replaces=True
            )


def _value(field: Field, written: str, word: str, place: int) -> str:
    value = field.kind.edited_text(written)
    if value is None:
        what = (
            f'"{written}" is no {field.label or field.name}'
            if written.strip()
            else "there is no value"
        )
        raise TextError(what, word, place, f"write {field.kind.edit_example(field.name)}")
    return value
