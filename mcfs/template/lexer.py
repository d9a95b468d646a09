"""Template text → tokens that know where they stand.

Owns what a template may hold at all: Jinja2 finds the tokens, and whatever has no place in a small
expression is refused here, where its position is known. The parser is given an offset where it expects
the number of a line, so that its tree and its errors speak of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, TemplateSyntaxError
from jinja2.lexer import Token, operators

from mcfs.errors import TemplateError
from mcfs.template.values import MAX_NUMBER, settled
from mcfs.text.fold import fold
from mcfs.text.raw_text import first_not_utf8

JINJA = Environment()

MAX_NESTED = 10
MAX_TOKENS = 256

# Words of the language, which no field can have for a name.
WORDS = frozenset({"and", "else", "if", "not", "or"})
# What a field of any name is written in: meta["replaygain-track"].
META = "meta"
ANY_NAME = 'meta["replaygain-track"]'

# In a path, nothing else can stand for a slash.
_DIVISION_SLASH = "\N{DIVISION SLASH}"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"[^\W\d]\w*")
_BACKSLASH = re.compile(r"\\(.?)", re.DOTALL)

_SIDE_BY_SIDE = "write the fields side by side: {{ artist }} - {{ title }}"
_COMPARE = 'compare instead: genre == "Dub" or genre == "Techno"'
_REFUSED = {
    "block_begin": (
        "nothing but {{ … }} is worked out",
        'write a choice as {{ "fast" if bpm > 140 else "slow" }}',
    ),
    "raw_begin": ("nothing but {{ … }} is worked out", "leave this out"),
    "comment_begin": ("a template has no comments", "leave this out"),
    "~": ("`~` joins nothing here", _SIDE_BY_SIDE),
    ",": ("a comma joins nothing here", _SIDE_BY_SIDE),
    "**": ("there are no powers here", "write bpm * bpm"),
    "[": ("there are no lists here, and no parts of a value", "write a field alone: {{ genre }}"),
    ".": ("a field has no parts", f"write its name alone: {{{{ title }}}}, or {ANY_NAME}"),
    "{": ("there is nothing in more than two braces", "write {{ genre }}"),
    ":": ("a colon means nothing here", _COMPARE),
    ";": ("a semicolon means nothing here", _SIDE_BY_SIDE),
    "=": (
        "nothing is set here",
        "write == to compare, and what a filter takes without a name: round_to(5)",
    ),
    "is": ("`is` tests nothing here", 'compare instead: genre == "Dub", or write default("none")'),
    "in": ("`in` looks into nothing here", _COMPARE),
}
_MEANT = {
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
    """What the parser is to read; its `lineno` is the offset of each token."""
    _refuse_odd_characters(text)
    count = 0
    opened: int | None = None  # where the braces began that are open
    nested: list[int] = []
    for at, kind, piece in _pieces(text, nested):
        if kind in _REFUSED:
            raise TemplateError(_REFUSED[kind][0], text, at, _REFUSED[kind][1])
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
                f"a template may have {MAX_TOKENS} words and signs", text, at, "write fewer"
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


def _pieces(text: str, nested: list[int]) -> Iterator[tuple[int, str, str]]:
    """(offset, kind, what is written there), without the space between; `nested` are open parentheses."""
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
            raise _misplaced(text, at, nested) from error
        # Space before such braces is gone already, and the offset with it.
        if kind in ("variable_begin", "variable_end") and piece.strip() not in ("{{", "}}"):
            at = plain.find(piece, at)
            raise TemplateError(
                f"`{piece.strip()}` cuts no space here", text, at, "write {{ and }} with a space"
            )
        if piece == "," and nested:
            raise TemplateError("a filter takes one value", text, at, "write for example pad(2)")
        if kind == "operator":
            parts = of_meta and (piece == "." or (piece == "[" and before == META))
            kind = piece if piece in _REFUSED and not parts else kind
            _nest(text, at, piece, nested)
        elif kind == "name" and fold(piece) in _REFUSED:
            kind = fold(piece)
        if kind != "whitespace":
            # Outside of expressions, and in quotes, ∕ is itself.
            original = text[at : at + len(piece)] if kind in ("data", "string") else piece
            of_meta = _is_of_meta(kind, fold(piece), before, of_meta=of_meta)
            before = fold(piece)
            yield at, kind, original
        at += len(piece)


def _is_of_meta(kind: str, piece: str, before: str, *, of_meta: bool) -> bool:
    """Whether this is `meta`, or goes on from there."""
    if kind == "name":
        return before == "." if of_meta else piece == META and before != "|"
    return of_meta and piece == "." and before != "."


def _nest(text: str, at: int, piece: str, nested: list[int]) -> None:
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


def _misplaced(text: str, at: int, nested: list[int]) -> TemplateError:
    """What Jinja2's lexer stumbled over."""
    char = text[at]
    if char in "\"'":
        return TemplateError("a quote is not closed", text, at, f"write {char} at its end")
    if char == "}" and nested:
        return TemplateError("a parenthesis is not closed", text, nested[-1], "write `)`")
    if char == "}":
        return TemplateError("one brace closes nothing", text, at, "write }}")
    if char == ")":
        return TemplateError("nothing to close here", text, at, "leave this parenthesis out")
    meant = _MEANT.get(char, 'write a field, a number or "text"')
    return TemplateError(f"`{char}` cannot stand here", text, at, meant)


def _name(text: str, at: int, piece: str) -> str:
    """A field, a filter or a word, in whatever case."""
    name = fold(piece)
    if not _NAME.fullmatch(name) or not name.isidentifier():
        raise TemplateError(
            f'no field is called "{piece}"', text, at, "names have letters, digits and _"
        )
    return name


def _unquoted(text: str, at: int, piece: str) -> str:
    """Only a quote and a backslash need a backslash in front."""
    for found in _BACKSLASH.finditer(piece[1:-1]):
        if found.group(1) not in ("\\", '"', "'"):
            raise TemplateError(
                "a lone backslash in quotes", text, at + 1 + found.start(), "write \\\\"
            )
    return _BACKSLASH.sub(r"\1", piece[1:-1])


def _number(text: str, at: int, piece: str, *, whole: bool) -> float:
    bare = piece.replace("_", "")
    if not bare.isascii():
        raise TemplateError("this is no number here", text, at, "write it in digits from 0 to 9")
    number = int(bare, 0) if whole else float(bare)
    if number > MAX_NUMBER:
        raise TemplateError("a number may have 15 digits", text, at, "write a smaller one")
    return settled(float(number))
