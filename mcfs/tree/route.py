"""What the names in a path mean, without looking at any library.

Owns how a mount path is split, and how one folder name is read as a query or a template. Pure. An entry
that the folder lists comes before what its name means; `resolve.py` sees to that.
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
from mcfs.text.fold import fold
from mcfs.text.similar import similar_words
from mcfs.tree.nodes import LIBRARY, Format
from mcfs.tree.template_fields import FILENAME

MAX_DEPTH = 32
_FOLDER_FILE_ENDINGS = tuple(format_.value for format_ in Format)


@dataclass(frozen=True, slots=True)
class Route:
    """A mount path, split into names. The root has none."""

    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, mount_path: str) -> Route:
        """Split a path. Repeated slashes, and slashes at its ends, make no difference."""
        names = tuple(name for name in mount_path.split("/") if name not in ("", "."))
        # Folders of the work tree are as deep as they are.
        if len(names) > MAX_DEPTH and names[0] != LIBRARY:
            raise NotFoundError(f"a path may be {MAX_DEPTH} folders deep")
        return cls(names)

    def __str__(self) -> str:
        return "/" + "/".join(self.names)


def name_as_query(name: str, vocabulary: Vocabulary) -> Query | None:
    """Read a folder name as a query: None for a plain name, a `QueryError` for a broken query."""
    return parse(name, vocabulary) if starts_like_query(name, vocabulary) else None


def name_as_pinned_query(name: str, vocabulary: Vocabulary) -> Query | None:
    """Read the name of a new pin: None for an ordinary name, a `QueryError` for a broken query.

    A name that begins like a term of any field is meant as a query, so an unknown field is an error here.
    A path that is only looked up is no such intention: programs try all kinds of names.
    """
    if field_prefix(name) is None:
        return name_as_query(name, vocabulary)
    return parse(name, vocabulary)


def name_as_template(name: str, vocabulary: Vocabulary) -> Template | None:
    """Read a folder name as a template: None without braces, a `TemplateError` for a broken template.

    So is one with a field that no track has, and whose name is similar to that of a field.
    """
    if not looks_like_template(name):
        return None
    for found in _WORDS_OUTSIDE.finditer(name):
        word = found.group(1)
        if word and _is_term(word, vocabulary):
            before, after = name[: found.start(1)].strip(), name[found.end(1) :].strip()
            instead = "/".join(part for part in (before, word, after) if part)
            raise TemplateError(
                "a folder name is a query or a template, not both",
                name,
                found.start(1),
                f"write {instead}",
            )
    template = parse_template(name)
    for field in template.fields:
        _refuse_misspelled(field, name, vocabulary)
    return template


def _refuse_misspelled(field: str, name: str, vocabulary: Vocabulary) -> None:
    """A field that nobody has is always missing, but one that is nearly another is a slip of the hand."""
    if field == FILENAME or vocabulary.canonical(field) is not None:
        return
    if near := similar_words(fold(field), [*vocabulary.names(), FILENAME]):
        raise TemplateError(
            f'unknown field "{field}"',
            name,
            max(name.lower().find(field), 0),
            f'did you mean "{near[0]}"?',
        )


# Words outside of braces, in the group. Words with braces match too, so that the search goes on behind them.
_WORDS_OUTSIDE = re.compile(r"\{\{.*?\}\}\S*|\S*\{\{.*?\}\}\S*|([^\s{]+)(?=\s|$)", re.DOTALL)


def _is_term(word: str, vocabulary: Vocabulary) -> bool:
    """Whether a word is a term of a known field. Signs and quotes alone do not make it one."""
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
    prefix = field_prefix(term)
    if prefix is None or prefix.end == len(term):
        return None
    if vocabulary.canonical(prefix.name) is not None:
        return None
    if not similar_fields(prefix.name, vocabulary):
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
        or name.endswith(_FOLDER_FILE_ENDINGS)
    )
