"""Whether a folder can list a name at all, without listing the folder.

Owns the reasons why a name is certainly none of a folder's entries. They spare the listing of a large
folder when the name is a query, a template or a folder file below it. `entries.py` decides which names
there are; every rule here follows from one there, and a name that no rule excludes has to be looked for in
the listing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import assert_never

from mcfs.config.settings import Names
from mcfs.errors import NotFoundError
from mcfs.fields import Vocabulary
from mcfs.fields.kinds import Text
from mcfs.query import Query, ValueIs
from mcfs.sql.bound_query import NO_MEMBERS
from mcfs.sql.groups import has_nearly_all, may_have_value
from mcfs.store.cache_reader import CacheReader
from mcfs.template import Template
from mcfs.text.escape import UNKNOWN, escape_value
from mcfs.text.fold import fold
from mcfs.text.portable import portable_name
from mcfs.text.raw_text import is_utf8
from mcfs.text.unique_names import has_hash
from mcfs.tree.nodes import QueryFolderNode, TracksNode, ValuesNode
from mcfs.tree.state import TreeState
from mcfs.tree.template_fields import StoredValues, field_source

# A shorter name was not cut, whatever it was made of.
_SURELY_WHOLE = 200  # bytes
# What stands for other characters in a name.
_STAND_IN = re.compile("^\N{ONE DOT LEADER}|[\u2400-\u2421]")
_NUMBERED = re.compile(r"[0-9]{3,} ")


def can_list(node: QueryFolderNode, name: str, read: CacheReader, state: TreeState) -> bool:
    """Whether this may be the name of an entry. If False it certainly is not."""
    style = state.settings.names
    if style is Names.PORTABLE and portable_name(name) != name:
        return False
    match node:
        case ValuesNode(_, templates):
            template = templates[0]
        case TracksNode() if node.presentation.file_names is not None:
            template = node.presentation.file_names
        case TracksNode() if node.query.order:
            return _NUMBERED.match(name) is not None
        case TracksNode():
            return True
        case unreachable:
            assert_never(unreachable)
    if not _is_as_rendered(name, style):
        return True
    if not _holds_literals(name, template):
        return False
    return isinstance(node, TracksNode) or _can_be_value(name, node, read, state)


def _is_as_rendered(name: str, style: Names) -> bool:
    """Whether a template rendered exactly this, if it is an entry: nothing was cut, replaced or added."""
    if style is Names.PORTABLE and not name.isascii():
        return False
    return not (
        len(name.encode("utf-8", "surrogateescape")) > _SURELY_WHOLE
        or _STAND_IN.search(name)
        or has_hash(name)
    )


def _holds_literals(name: str, template: Template) -> bool:
    """Whether the template's own text is in the name, in order. Space at its ends may be missing."""
    at = 0
    for literal in template.literals:
        text = escape_value(literal).strip() if literal.strip() else ""
        at = name.find(text, at)
        if at < 0:
            return False
        at += len(text)
    return True


def _can_be_value(name: str, node: ValuesNode, read: CacheReader, state: TreeState) -> bool:
    """Whether a track of the library has this value of the folder's template."""
    template, folded = node.templates[0], fold(name)
    if template.verbatim and (fields := _text_fields(template, state.vocabulary)):
        # What a mark at the beginning folds to depends on the space before it, which the name has lost.
        if (
            folded == fold(UNKNOWN)
            or unicodedata.category(name[0]).startswith("M")
            or not is_utf8(name)
        ):
            return True
        return bool(read.select(may_have_value(fields, folded))[0][0])
    # Two halves of a character, from two values, are one in the name and two in the value.
    if not name.isascii() or not has_nearly_all(state.shown_query(node)):
        # A folder of fewer tracks is listed in less time than the values of a whole library take.
        return True
    value = ValueIs(template, folded)
    try:
        members = state.group_cache.bind(read, Query(value), state.day).members[value]
    except NotFoundError:
        return True  # the listing fails in the same way, and says why
    return members.ids != NO_MEMBERS.ids or bool(members.without)


def _text_fields(template: Template, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The stored fields of a template, if it shows their values as they are stored; else none."""
    names: list[str] = []
    for field in template.fields:
        source = field_source(field, vocabulary)
        # A number has another spelling, and a track without a title is called by its file.
        if not isinstance(source, StoredValues) or source.field.file_name_stands_in:
            return ()
        if not isinstance(source.field.kind, Text):
            return ()
        names += source.fields
    return tuple(names)
