"""What a path says, name by name, before anybody looks whether it is there.

Owns the reading of one folder name and the splitting of a mount path. Pure; that a name may also be an
entry its folder lists, and that such an entry comes first, is the tree's to know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcfs.errors import NotFoundError, QueryError, TemplateError
from mcfs.fields import Vocabulary
from mcfs.query import (
    Query,
    begins_with_sign,
    field_prefix,
    parse,
    similar_fields,
    starts_like_query,
)
from mcfs.template import Template, looks_like_template, parse_template

MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Route:
    """A mount path as the names it is made of; the root is no name at all."""

    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, mount_path: str) -> Route:
        """Slashes before, after and twice mean nothing, as anywhere in a file system."""
        names = tuple(name for name in mount_path.split("/") if name not in ("", "."))
        if len(names) > MAX_DEPTH:
            raise NotFoundError(f"a path may be {MAX_DEPTH} folders deep")
        return cls(names)

    def __str__(self) -> str:
        return "/" + "/".join(self.names)


def name_as_query(name: str, vocabulary: Vocabulary) -> Query | None:
    """The query a folder name is; None where it is a plain name; a `QueryError` where it is a bad one."""
    return parse(name, vocabulary) if starts_like_query(name, vocabulary) else None


def name_as_template(name: str, vocabulary: Vocabulary) -> Template | None:
    """The template a folder name is; None where it is none; a `TemplateError` where it is a bad one."""
    if not looks_like_template(name):
        return None
    for found in _WORDS_OUTSIDE.finditer(name):
        word = found.group(1)
        if word and _says_field(word, vocabulary):
            said = name[: found.start(1)].strip(), name[found.end(1) :].strip()
            instead = "/".join(part for part in (said[0], word, said[1]) if part)
            raise TemplateError(
                "a folder name is a query or a template, not both",
                name,
                found.start(1),
                f"write {instead}",
            )
    return parse_template(name)


# Words that stand apart from all braces; the braces are matched too, to be stepped over.
_WORDS_OUTSIDE = re.compile(r"\{\{.*?\}\}\S*|\S*\{\{.*?\}\}\S*|([^\s{]+)(?=\s|$)", re.DOTALL)


def _says_field(word: str, vocabulary: Vocabulary) -> bool:
    """Whether a word is a field's term; signs and quotes may stand in any name."""
    if begins_with_sign(word) or not starts_like_query(word, vocabulary):
        return False
    try:
        parse(word, vocabulary)
    except QueryError:
        return False
    return True


def explain_misspelled_field(name: str, vocabulary: Vocabulary) -> str | None:
    """The parser's error for a name that begins with a term of a misspelled field; None for all others."""
    term = name.removeprefix("-")
    asked = field_prefix(term)
    if asked is None or asked.end == len(term) or vocabulary.canonical(asked.name) is not None:
        return None
    if not similar_fields(asked.name, vocabulary):
        return None
    try:
        parse(name, vocabulary)
    except QueryError as error:
        return str(error)
    return None


def can_become_valid(name: str) -> bool:
    """Whether a sync that brings a new field can make a folder of this name: a query, template or export."""
    return not name.startswith(".") and (
        begins_with_sign(name)
        or field_prefix(name) is not None
        or looks_like_template(name)
        or name.endswith((".m3u8", ".json", ".csv"))
    )
