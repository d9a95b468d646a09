"""Template text → `Template`.

Owns what a template is: pieces of text and expressions in turn, and one canonical text. Two texts of the
same canonical text are one template.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from mcfs.errors import TemplateError
from mcfs.template.expressions import ExpressionCompiler
from mcfs.template.lexer import JINJA, tokens
from mcfs.template.values import (
    Cell,
    Evaluate,
    escaped_text,
)

MAX_BYTES = 1024

# Only a file has these, so a template with one of them names files.
_OF_FILES = frozenset({"ext", "filename"})


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; equal to every other one of the same canonical text."""

    # Canonical.
    text: str
    fields: tuple[str, ...] = field(compare=False)
    # Whether it names files, and not folders of values.
    names_files: bool = field(compare=False)
    # Whether it shows the value of one of its fields unchanged: `{{ genre }}`, `{{ albumartist or artist }}`.
    verbatim: bool = field(compare=False)
    _pieces: tuple[str | Evaluate, ...] = field(compare=False, repr=False)

    @property
    def literals(self) -> tuple[str, ...]:
        """The text between the expressions, in order: part of everything that it renders to."""
        return tuple(piece for piece in self._pieces if isinstance(piece, str))

    def render(self, cells: Sequence[Cell]) -> str:
        """The text for one track; its cells come in the order of `fields`."""
        return "".join(
            piece if isinstance(piece, str) else escaped_text(piece(cells))
            for piece in self._pieces
        )


@functools.lru_cache(maxsize=1024)
def parse_template(text: str) -> Template:
    """Parse a template; a `TemplateError` says where it is wrong, and what to write instead."""
    _check_length(text, text)
    compiler = ExpressionCompiler(text)
    spelled: list[str] = []
    pieces: list[str | Evaluate] = []
    for node in _parse_with_jinja(text):
        if isinstance(node, nodes.TemplateData):
            spelled.append(node.data)
            pieces.append(node.data)
        else:
            expression = compiler.compile(node)
            spelled.append(f"{{{{ {expression.text} }}}}")
            pieces.append(expression.evaluate)
    if not compiler.fields:
        raise TemplateError("names no field", text, 0, "write one in braces: {{ genre }}")
    canonical = "".join(spelled)
    _check_length(canonical, text)
    fields = tuple(compiler.fields)
    return Template(
        text=canonical,
        fields=fields,
        names_files=not _OF_FILES.isdisjoint(fields),
        verbatim=canonical == f"{{{{ {' or '.join(fields)} }}}}",
        _pieces=tuple(pieces),
    )


def _check_length(text: str, original: str) -> None:
    """Checked before anything is parsed, and again of the canonical text, which is what gets stored."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise TemplateError(
            f"a template may have {MAX_BYTES} bytes", original, 0, "write a shorter one"
        )


def _parse_with_jinja(text: str) -> list[nodes.Expr]:
    """Pieces of text and expressions in turn, as Jinja2 parses them."""
    try:
        parser = Parser(JINJA, "")
        parser.stream = TokenStream(tokens(text), None, None)
        body = parser.parse().body
    except TemplateSyntaxError as error:
        raise _unexpected_token(text, error.lineno) from error
    return [node for output in body if isinstance(output, nodes.Output) for node in output.nodes]


def _unexpected_token(text: str, at: int) -> TemplateError:
    """The error for a token where Jinja2's parser expected another."""
    before, rest = text[:at].rstrip(), text[at:]
    if before.endswith("|") and rest.startswith("|"):
        return TemplateError("there is no operator `||`", text, at, "write `or`")
    if before.endswith("|"):
        return TemplateError(
            "the name of a filter is missing", text, at, "write for example {{ bpm | round }}"
        )
    if rest.startswith("}}") and before.endswith("{{"):
        return TemplateError("nothing between the braces", text, at, "write {{ genre }}")
    if rest.startswith(("}}", ")")):
        return TemplateError("something is missing here", text, at, "write a field or a value")
    return TemplateError(
        "this cannot stand here", text, at, "write one thing in braces: {{ bpm | round }}"
    )
