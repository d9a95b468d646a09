"""What a term means that asks for a field: `genre:techno`, `bpm:120-130`, `key:8A`, `present:yes`.

Owns the forms that a term can have, by the kind of its field. Ranges of numbers and of days are in
`ranges.py`, text is in `text_terms.py`, snapshots are in `snapshot_terms.py`; the kind of the field knows
how a number or a day is written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from mcfs.fields import Field, Vocabulary, amounts, field_named
from mcfs.fields.kinds import (
    Bpm,
    Date,
    Discovered,
    Flag,
    Folder,
    MusicalKey,
    Number,
    SnapshotName,
    Text,
)
from mcfs.query import ranges
from mcfs.query.lexer import QUOTES
from mcfs.query.snapshot_terms import snapshot_term
from mcfs.query.terms import Contains, InKey, Missing, Tempo, Term
from mcfs.query.terms import Flag as FlagTerm
from mcfs.query.text_terms import folder_term, text_term
from mcfs.query.written_term import NO_FUZZ, WrittenTerm
from mcfs.text.fold import fold
from mcfs.text.musical_keys import key_number

_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def field_term(
    field: Field, written: WrittenTerm, vocabulary: Vocabulary, *, negated: bool
) -> Term:
    """The term that asks for `field`; a `QueryError` where it makes no sense."""
    kind = field.kind
    if written.fuzzy and not isinstance(kind, (Bpm, MusicalKey)):
        raise written.error(*NO_FUZZ, written.position)
    if isinstance(kind, (Bpm, MusicalKey)) and written.value[:1] == "~" and not written.quoted:
        raise written.error(
            "`~` stands in front of the field", f"write ~{field.name}:{written.value[1:]}"
        )
    match kind:
        case Discovered():
            return _discovered_term(field, written)
        case Folder():
            return folder_term(written)
        case SnapshotName():
            return snapshot_term(written, vocabulary)
        case Text():
            return text_term(field, written)
        case MusicalKey():
            return _key_term(field, written)
        case Bpm():
            return _tempo_term(field, kind, _with_signs(written), negated=negated)
        case Number():
            return ranges.number_term(field, kind, _with_signs(written))
        case Date():
            return ranges.date_term(field, _with_signs(written))
        case Flag():
            return _flag_term(field, _with_signs(written))
        case unreachable:
            assert_never(unreachable)


def _with_signs(written: WrittenTerm) -> WrittenTerm:
    """The term with the signs around its quotes in its value: `^"12"` is no number, and `="12"` is one."""
    if not (written.before or written.after):
        return written
    return replace(written, value=f"{written.before}{written.value}{written.after}")


def bare_term(written: WrittenTerm) -> Term:
    """A word or a phrase without a field: it is searched in all text."""
    if written.fuzzy:
        message, suggestion = NO_FUZZ
        if len(written.value) > 1 and not {*QUOTES} & {*written.value}:
            suggestion += f', or "{written.value}" in quotes for the word'
        raise written.error(message, suggestion)
    if written.value == "-" and not written.quoted:
        raise written.error("a lone `-`", 'write -genre:techno, or "-" in quotes')
    if not written.value:
        raise written.error("nothing to search for", "write a word between the quotes")
    if written.quoted:
        return text_term(field_named("any"), written)
    return Contains("any", fold(written.value))


def _discovered_term(field: Field, written: WrittenTerm) -> Term:
    """Text, unless it is written as only ranges of numbers are."""
    if not written.quoted:
        folded = fold(written.value)
        if ranges.is_number_range(folded):
            return ranges.number_term(field, Number(), replace(written, value=folded))
    return text_term(field, written)


def _key_term(field: Field, written: WrittenTerm) -> Term:
    bare = written.value.removeprefix("=")
    signs = f"{written.before.removeprefix('=')}{written.after}"
    number = None if signs else key_number(bare) or key_number(fold(bare))
    if number is not None:
        return InKey(number, mixes=written.fuzzy)
    if written.fuzzy:
        raise written.error(f'"{written.value}" is no key', "write for example ~key:8A or ~key:Am")
    return text_term(field, written)


def _tempo_term(field: Field, kind: Bpm, written: WrittenTerm, *, negated: bool) -> Term:
    value = written.value.replace(",", ".")
    number = value.removeprefix("=")
    is_number = amounts.plain(number) is not None
    is_zero = is_number and float(number) == 0
    if not value or is_zero or (value == "-" and not written.quoted):
        if written.fuzzy:
            raise written.error("`~` of no tempo", "write for example ~bpm:120")
        return Missing(field.name)
    is_exact = value.startswith("=") or written.separator == "="
    if written.fuzzy:
        if not is_number:
            raise written.error(f'"{written.value}" is no tempo', "write for example ~bpm:120")
        if is_exact:
            raise written.error(
                "`~` means near this tempo, and `=` exactly this one",
                f"write ~bpm:{number} or bpm:={number}",
            )
        return Tempo(_tempo(number), near=True)
    if value.lower() == "locked":
        raise written.error(
            "git-annex does not know which tempos are locked in Mixxx",
            f"write for example {kind.example(field.name)}",
        )
    if is_number:
        # `-bpm:120` excludes the tempo itself, and keeps its half and its double, as in Mixxx.
        return Tempo(_tempo(number), exact=is_exact or negated)
    return ranges.number_term(field, kind, written)


def _tempo(number: str) -> str:
    """The digits that say how precise a tempo is: a first decimal does, zeros at the end do not."""
    whole, _, decimals = number.partition(".")
    bare = str(int(whole or 0))
    return f"{bare}.{decimals.rstrip('0') or '0'}" if decimals else bare


def _flag_term(field: Field, written: WrittenTerm) -> Term:
    yes = _YES.get(written.value.removeprefix("=").lower())
    if yes is None:
        raise written.error(
            f'"{written.value}" is neither yes nor no',
            f"write {field.name}:yes or {field.name}:no",
        )
    return FlagTerm(field.name, yes)
