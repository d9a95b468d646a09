"""What a term of text means: contains, is, begins, ends, has words, fits a pattern, is in a folder.

Owns the signs around the text: `=x` whole, `^x` beginning, `x$` end, `^x$` whole too, `+x` whole words,
`=~x` a regular expression. They mean something outside of quotes only: `"^x"` is text. A bare word has
none: "+44" is the name of a band.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mcfs.fields import Field
from mcfs.query.terms import (
    Contains,
    ContainsAt,
    Equals,
    InFolder,
    Missing,
    RegularExpression,
    Term,
)
from mcfs.query.written_term import WrittenTerm
from mcfs.text.fold import fold
from mcfs.text.folders import folded_folder
from mcfs.text.regular_expressions import mistake_in

_UNQUOTED = re.compile(r"(=~?|\^?\+?)(.*?)(\$?)", re.DOTALL)
_BEGINNINGS = ("=", "^", "+")
_QUOTE = re.compile(r'\\.|"', re.DOTALL)


class _Signed(NamedTuple):
    before: str
    text: str
    after: str
    # Where the text begins in the query text.
    position: int


def text_term(field: Field, written: WrittenTerm) -> Term:
    """The term that asks for the text of `field`, or of all text."""
    name = field.name
    signed = _signed(written)
    before, text, after, position = signed
    if before.endswith("~"):
        return _regular_expression(name, written, signed)
    if not text:
        if before.strip("=") or after:
            raise written.error(
                f"text is missing next to {before}{after}",
                f'write {name}:{before}word{after}, or {name}:"{before}{after}" for the sign itself',
            )
        if written.quoted:
            return Missing(name)
        raise written.error(f"{name}: needs a value", f'write {name}:="…", or {name}:"" for none')
    if before.startswith("="):
        if after or len(before) > 1 or (not written.quoted and text.startswith("^")):
            anchors = before.strip("=") + text + after
            raise written.error(
                "`=` means the whole value already", f'write {name}:="{anchors}" for this very text'
            )
        return Equals(name, fold(text))
    if before and text[0] in "=^" and not written.quoted:
        raise written.error(
            f"`{text[0]}` means nothing behind `{before}`",
            f'write {name}:{before}"{text}"{after} for this very text; signs stand as in {name}:^+dub',
            position,
        )
    at_start, at_end, words = before.startswith("^"), after == "$", before.endswith("+")
    if at_start and at_end:
        return Equals(name, fold(text))
    if at_start or at_end or words:
        return ContainsAt(name, fold(text), at_start=at_start, at_end=at_end, words=words)
    return Contains(name, fold(text))


def folder_term(written: WrittenTerm) -> Term:
    """The term that asks for a folder and all below it."""
    has_signs = bool(written.before or written.after) or written.separator == "="
    if has_signs or (written.value.startswith("=") and not written.quoted):
        raise written.error(
            "in: finds a folder and all below it",
            'write in:"…", or dir:="…" for what is in the folder itself',
        )
    folder = folded_folder(written.value)
    if folder is None:
        raise written.error(
            f'"{written.value}" is no folder of the library',
            'write for example in:"Artist/Album", or dir:"" for files that are in no folder',
        )
    return InFolder(folder)


def _signed(written: WrittenTerm) -> _Signed:
    """The signs around the text. Between quotes there are none."""
    value, position = written.value, written.text_position
    equals = written.separator == "="
    if written.quoted:
        before = f"={written.before.removeprefix('=')}" if equals else written.before
        if written.is_open and before == "=":
            before = ""  # somebody is still typing, and more may follow
        return _Signed(before, value, written.after, position)
    if equals:
        if value.startswith("="):
            raise written.error("`=` twice", f"write {written.name}:={value.lstrip('=')}")
        value, position = f"={value}", position - 1
    elif not (value[:1] in _BEGINNINGS or value.endswith("$")):
        return _Signed("", value, "", position)
    found = _UNQUOTED.fullmatch(value)
    assert found is not None, "it matches any text"
    before, text, after = found.groups()
    if before == "=~":
        text, after = text + after, ""
    return _Signed(before, text, after, position + len(before))


def _regular_expression(name: str, written: WrittenTerm, signed: _Signed) -> Term:
    before, text, after, position = signed
    if before != "=~" or after:
        raise written.error(
            "a `~` alone or a `$` outside means nothing here",
            f'write {name}:=~"{text}{after}" for a regular expression',
        )
    # Without quotes in it, so that it can be written between quotes.
    pattern = _QUOTE.sub(lambda found: _escaped(found.group()), text)
    if mistake := mistake_in(text) or mistake_in(pattern):
        end = position + len(text)
        is_cut = not written.quoted and written.text[end : end + 1] not in ("", ")")
        suggestion = (
            f'write {name}:=~"…": outside of quotes, it ends at a space or `|`'
            if is_cut
            else mistake.suggestion
        )
        raise written.error(mistake.message, suggestion, position + mistake.position)
    return RegularExpression(name, pattern)


def _escaped(part: str) -> str:
    return r"\x22" if part in ('"', '\\"') else part
