"""Template text → tokens with their positions.

Owns which tokens a template may have: Jinja2 finds them, and those that have no place in our expressions
are refused here, where their position is known. Jinja2's parser gets the offset of each token in place of
a line number, so that the positions in its tree and its errors are offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, TemplateSyntaxError
from jinja2.lexer import Token, operators

from mcfs.errors import TemplateError
from mcfs.template.values import MAX_NUMBER, without_noise
from mcfs.text.fold import fold
from mcfs.text.raw_text import first_not_utf8

JINJA = Environment()

MAX_NESTED = 10
MAX_TOKENS = 256

# No field can have these names.
KEYWORDS = frozenset({"and", "else", "if", "not", "or"})
# Gives access to fields of any name: meta["replaygain-track"].
META = "meta"
META_EXAMPLE = 'meta["replaygain-track"]'

# A name in a path cannot contain a slash, so this means division too.
_DIVISION_SLASH = "\N{DIVISION SLASH}"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"[^\W\d]\w*")
_BACKSLASH = re.compile(r"\\(.?)", re.DOTALL)

_SIDE_BY_SIDE = "write the fields side by side: {{ artist }} - {{ title }}"
_COMPARE = 'compare instead: genre == "Dub" or genre == "Techno"'
_REFUSED_TOKENS = {
    "block_begin": (
        "only {{ … }} is supported",
        'write a choice as {{ "fast" if bpm > 140 else "slow" }}',
    ),
    "raw_begin": ("only {{ … }} is supported", "leave this out"),
    "comment_begin": ("a template has no comments", "leave this out"),
    "~": ("there is no operator `~`", _SIDE_BY_SIDE),
    ",": ("there are no lists with commas", _SIDE_BY_SIDE),
    "**": ("there is no operator `**`", "write bpm * bpm"),
    "[": ("there are no lists and no indexes", "write a field alone: {{ genre }}"),
    ".": ("a field has no parts", f"write its name alone: {{{{ title }}}}, or {META_EXAMPLE}"),
    "{": ("more than two braces", "write {{ genre }}"),
    ":": ("a colon is not allowed here", _COMPARE),
    ";": ("a semicolon is not allowed here", _SIDE_BY_SIDE),
    "=": (
        "a template cannot assign",
        "write == to compare, and what a filter takes without a name: round_to(5)",
    ),
    "is": (
        "there is no operator `is`",
        'compare instead: genre == "Dub", or write default("none")',
    ),
    "in": ("there is no operator `in`", _COMPARE),
}
_REPLACEMENTS = {
    "&": "write `and`",
    "!": "write `not`, or `!=`",
    "“": 'write text in "quotes"',
    "”": 'write text in "quotes"',
    "„": 'write text in "quotes"',
    "‘": 'write text in "quotes"',
    "’": 'write text in "quotes"',
    "×": "write `*`",
    "÷": "write `/`, or `∕` in a path",
    "−": "write `-`",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
}


def tokens(text: str) -> Iterator[Token]:
    """The tokens for Jinja2's parser; `lineno` is the offset of each."""
    _refuse_odd_characters(text)
    count = 0
    opened: int | None = None  # the offset of braces that are not closed yet
    nested: list[int] = []
    for at, kind, piece in _raw_tokens(text, nested):
        if kind in _REFUSED_TOKENS:
            raise TemplateError(_REFUSED_TOKENS[kind][0], text, at, _REFUSED_TOKENS[kind][1])
        if kind == "data":
            if count and piece.startswith("}"):
                raise TemplateError("one brace too many", text, at, "write }} alone")
            if (braces := piece.find("}}")) >= 0:
                raise TemplateError(
                    "nothing to close here", text, at + braces, "write {{ in front of the field"
                )
            yield Token(at, "data", piece)
            continue
        count += 1
        if count > MAX_TOKENS:
            raise TemplateError(
                f"a template may have {MAX_TOKENS} words and symbols", text, at, "write fewer"
            )
        match kind:
            case "variable_begin":
                opened = at
                yield Token(at, kind, piece)
            case "variable_end":
                opened = None
                yield Token(at, kind, piece)
            case "name":
                yield Token(at, kind, _name(text, at, piece))
            case "string":
                yield Token(at, kind, _unquoted(text, at, piece))
            case "integer" | "float":
                number: Any = _number(text, at, piece, whole=kind == "integer")
                yield Token(at, "float", number)
            case _:
                yield Token(at, operators[piece], piece)
    if opened is not None:
        raise TemplateError("the braces are not closed", text, opened, "write }} at their end")


def _raw_tokens(text: str, nested: list[int]) -> Iterator[tuple[int, str, str]]:
    """(offset, kind, text) of each token but space; `nested` are the offsets of open parentheses."""
    plain = text.replace(_DIVISION_SLASH, "/")
    found = JINJA.lexer.tokeniter(plain, None)
    at = 0
    before = ""
    of_meta = False  # meta, meta.a, meta.a.b: what a dot may follow
    while True:
        try:
            _, kind, piece = next(found)
        except StopIteration:
            return
        except TemplateSyntaxError as error:
            raise _lexer_error(text, at, nested) from error
        # Space before such braces is gone already, and the offset with it.
        if kind in ("variable_begin", "variable_end") and piece.strip() not in ("{{", "}}"):
            at = plain.find(piece, at)
            raise TemplateError(
                f"`{piece.strip()}` does not strip space here",
                text,
                at,
                "write {{ and }} with a space",
            )
        if piece == "," and nested:
            raise TemplateError("a filter takes one value", text, at, "write for example pad(2)")
        if kind == "operator":
            parts = of_meta and (piece == "." or (piece == "[" and before == META))
            kind = piece if piece in _REFUSED_TOKENS and not parts else kind
            _track_parenthesis(text, at, piece, nested)
        elif kind == "name" and fold(piece) in _REFUSED_TOKENS:
            kind = fold(piece)
        if kind != "whitespace":
            # Outside of expressions, and in quotes, ∕ is itself.
            original = text[at : at + len(piece)] if kind in ("data", "string") else piece
            of_meta = _is_of_meta(kind, fold(piece), before, of_meta=of_meta)
            before = fold(piece)
            yield at, kind, original
        at += len(piece)


def _is_of_meta(kind: str, piece: str, before: str, *, of_meta: bool) -> bool:
    """Whether this token is `meta`, or continues `meta.a`."""
    if kind == "name":
        return before == "." if of_meta else piece == META and before != "|"
    return of_meta and piece == "." and before != "."


def _track_parenthesis(text: str, at: int, piece: str, nested: list[int]) -> None:
    if piece == "(":
        nested.append(at)
        if len(nested) > MAX_NESTED:
            raise TemplateError(
                f"parentheses may be {MAX_NESTED} deep", text, at, "write fewer of them"
            )
    elif piece == ")":
        nested.pop()


def _refuse_odd_characters(text: str) -> None:
    if (position := first_not_utf8(text)) is not None:
        raise TemplateError("this is not UTF-8", text, position, "write it as UTF-8")
    if found := _CONTROL.search(text):
        raise TemplateError(
            "a template has no control characters", text, found.start(), "write a space, or nothing"
        )


def _lexer_error(text: str, at: int, nested: list[int]) -> TemplateError:
    """The error for text that Jinja2's lexer cannot read."""
    char = text[at]
    if char in "\"'":
        return TemplateError("a quote is not closed", text, at, f"write {char} at its end")
    if char == "}" and nested:
        return TemplateError("a parenthesis is not closed", text, nested[-1], "write `)`")
    if char == "}":
        return TemplateError("a single brace", text, at, "write }}")
    if char == ")":
        return TemplateError("nothing to close here", text, at, "leave this parenthesis out")
    meant = _REPLACEMENTS.get(char, 'write a field, a number or "text"')
    return TemplateError(f"`{char}` cannot stand here", text, at, meant)


def _name(text: str, at: int, piece: str) -> str:
    """A field, a filter or a keyword, in any case."""
    name = fold(piece)
    if not _NAME.fullmatch(name) or not name.isidentifier():
        raise TemplateError(
            f'no field is called "{piece}"', text, at, "names have letters, digits and _"
        )
    return name


def _unquoted(text: str, at: int, piece: str) -> str:
    """The text within quotes; a backslash escapes quotes and backslashes only."""
    for found in _BACKSLASH.finditer(piece[1:-1]):
        if found.group(1) not in ("\\", '"', "'"):
            raise TemplateError(
                "a lone backslash in quotes", text, at + 1 + found.start(), "write \\\\"
            )
    return _BACKSLASH.sub(r"\1", piece[1:-1])


def _number(text: str, at: int, piece: str, *, whole: bool) -> float:
    bare = piece.replace("_", "")
    if not bare.isascii():
        raise TemplateError("this is not a number", text, at, "write it in digits from 0 to 9")
    number = int(bare, 0) if whole else float(bare)
    if number > MAX_NUMBER:
        raise TemplateError("a number may have 15 digits", text, at, "write a smaller one")
    return without_noise(float(number))
