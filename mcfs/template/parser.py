"""Template text → `Template`: Jinja2 parses, and its tree becomes functions of ours, once.

Owns which nodes of the tree a template may have, and the one spelling of each: two texts of one
canonical spelling are one template. All else is refused with its place and with what to write instead.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from mcfs.errors import TemplateError
from mcfs.template.filters import FILTERS, Filter
from mcfs.template.lexer import ANY_NAME, JINJA, META, WORDS, tokens
from mcfs.template.values import (
    Cell,
    Evaluate,
    Kind,
    calculated,
    compared,
    is_true,
    shown,
    written,
)
from mcfs.text.fold import fold
from mcfs.text.similar import similar_words

MAX_BYTES = 1024
MAX_DEPTH = 50

# What only a file has, and no folder of values.
_OF_FILES = frozenset({"ext", "filename"})
# What part of a name can stand without quotes, and what means something else then.
_BARE = re.compile(r"[^\W\d]\w*")
_RESERVED = WORDS | {"false", "in", "is", "none", "true"}
_NO_NUMBER = frozenset({Kind.TEXT, Kind.TRUTH, Kind.NOTHING})


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was understood; equal to each other one of the same canonical text."""

    text: str
    fields: tuple[str, ...] = field(compare=False)
    names_files: bool = field(compare=False)
    # Whether it shows the value of one of its fields unchanged: `{{ genre }}`, `{{ albumartist or artist }}`.
    verbatim: bool = field(compare=False)
    _pieces: tuple[str | Evaluate, ...] = field(compare=False, repr=False)

    @property
    def literals(self) -> tuple[str, ...]:
        """The text between the expressions, in order: part of everything that it shows."""
        return tuple(piece for piece in self._pieces if isinstance(piece, str))

    def render(self, cells: Sequence[Cell]) -> str:
        """What it shows of one track, whose values come in the order of `fields`."""
        return "".join(
            piece if isinstance(piece, str) else shown(piece(cells)) for piece in self._pieces
        )


@functools.lru_cache(maxsize=1024)
def parse_template(text: str) -> Template:
    """The template that `text` writes down."""
    _refuse_long(text, text)
    reader = _Reader(text)
    spelled: list[str] = []
    pieces: list[str | Evaluate] = []
    for node in _outputs(text):
        if isinstance(node, nodes.TemplateData):
            spelled.append(node.data)
            pieces.append(node.data)
        else:
            part = reader.part(node)
            spelled.append(f"{{{{ {part.text} }}}}")
            pieces.append(part.evaluate)
    if not reader.fields:
        raise TemplateError("names no field", text, 0, "write one in braces: {{ genre }}")
    canonical = "".join(spelled)
    _refuse_long(canonical, text)
    fields = tuple(reader.fields)
    return Template(
        text=canonical,
        fields=fields,
        names_files=not _OF_FILES.isdisjoint(fields),
        verbatim=canonical == f"{{{{ {' or '.join(fields)} }}}}",
        _pieces=tuple(pieces),
    )


def _refuse_long(text: str, original: str) -> None:
    """Counted before anything is read, and again in the spelling that others keep."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise TemplateError(
            f"a template may have {MAX_BYTES} bytes", original, 0, "write a shorter one"
        )


def _outputs(text: str) -> list[nodes.Expr]:
    """What Jinja2 makes of the text: literal pieces and expressions, in turn."""
    try:
        parser = Parser(JINJA, "")
        parser.stream = TokenStream(tokens(text), None, None)
        body = parser.parse().body
    except TemplateSyntaxError as error:
        raise _misplaced(text, error.lineno) from error
    return [node for output in body if isinstance(output, nodes.Output) for node in output.nodes]


def _misplaced(text: str, at: int) -> TemplateError:
    """A token that the parser had no use for."""
    before, rest = text[:at].rstrip(), text[at:]
    if before.endswith("|") and rest.startswith("|"):
        return TemplateError("two bars mean nothing here", text, at, "write `or`")
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


class _Binds(IntEnum):
    """How tightly each operation holds what it is made of; a looser one within needs parentheses."""

    IF = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARE = 4
    ADD = 5
    MULTIPLY = 6
    FILTER = 7
    MINUS = 8
    ATOM = 9


@dataclass(frozen=True, slots=True)
class _Part:
    """An expression as it is written, and as it is worked out."""

    text: str
    binds: _Binds
    kind: Kind
    evaluate: Evaluate

    def within(self, binds: _Binds) -> str:
        return self.text if self.binds >= binds else f"({self.text})"


_ARITHMETIC: dict[type[nodes.BinExpr], tuple[str, _Binds, _Binds]] = {
    nodes.Add: ("+", _Binds.ADD, _Binds.MULTIPLY),
    nodes.Sub: ("-", _Binds.ADD, _Binds.MULTIPLY),
    nodes.Mul: ("*", _Binds.MULTIPLY, _Binds.FILTER),
    nodes.Div: ("/", _Binds.MULTIPLY, _Binds.FILTER),
    nodes.FloorDiv: ("//", _Binds.MULTIPLY, _Binds.FILTER),
    nodes.Mod: ("%", _Binds.MULTIPLY, _Binds.FILTER),
}
_COMPARISON = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}


@dataclass(slots=True)
class _Reader:
    """Goes over one tree, and gives each field its place among the cells on the way."""

    text: str
    fields: dict[str, int] = field(default_factory=dict)

    def part(self, node: nodes.Expr, depth: int = 0) -> _Part:
        """One expression and all in it."""
        if depth > MAX_DEPTH:
            raise self._wrong(
                f"{MAX_DEPTH} things in each other are the most", node, "write a simpler template"
            )
        match node:
            case nodes.Name(name=name):
                return self._field(node, name)
            case nodes.Getattr() | nodes.Getitem():
                return self._field(node, self._raw(node))
            case nodes.Const(value=value):
                return _literal(value)
            case nodes.Neg(node=nodes.Const(value=float(value))):
                return _Part(f"-{written(value)}", _Binds.MINUS, Kind.NUMBER, _always(-value))
            case nodes.Neg(node=inner):
                return self._negative(inner, depth + 1)
            case nodes.Filter():
                return self._filtered(node, depth + 1)
            case nodes.BinExpr() if type(node) in _ARITHMETIC:
                return self._arithmetic(node, depth + 1)
            case nodes.Compare():
                return self._comparison(node, depth + 1)
            case nodes.And(left=left, right=right):
                return self._both(left, right, depth + 1)
            case nodes.Or(left=left, right=right):
                return self._either(left, right, depth + 1)
            case nodes.Not(node=inner):
                part = self.part(inner, depth + 1)
                text = f"not {part.within(_Binds.NOT)}"
                return _Part(text, _Binds.NOT, Kind.TRUTH, _not(part.evaluate))
            case nodes.CondExpr():
                return self._choice(node, depth + 1)
            case nodes.Call(node=called):
                raise self._no_call(called)
            case nodes.Pos():
                raise self._wrong("a plus needs two numbers", node, "write a number without it")
            case nodes.Tuple():
                raise self._wrong("nothing between the parentheses", node, "write a field in them")
            case _:  # pragma: no cover  (the lexer lets nothing else through)
                raise self._wrong("this cannot stand here", node, "write a field: {{ genre }}")

    def _wrong(self, message: str, node: nodes.Node, hint: str) -> TemplateError:
        return TemplateError(message, self.text, node.lineno, hint)

    def _field(self, node: nodes.Node, name: str) -> _Part:
        if name in WORDS:
            raise self._wrong(f"`{name}` needs something before it", node, "write a field or value")
        place = self.fields.setdefault(name, len(self.fields))
        return _Part(_spelled(name), _Binds.ATOM, Kind.ANY, operator.itemgetter(place))

    def _raw(self, node: nodes.Expr) -> str:
        """What `meta` makes of any name: meta.genre, meta.mixxx.color, meta["replaygain-track"]."""
        match node:
            case nodes.Name():
                return META
            case nodes.Getattr(node=inner, attr=name):
                return f"{self._raw(inner)}.{name}"
            case nodes.Getitem(node=nodes.Name(), arg=nodes.Const(value=str(text))) if text.strip():
                return f"{META}.{fold(text)}"
            case _:
                raise self._wrong("this is no name of a field", node, f"write {ANY_NAME}")

    def _negative(self, inner: nodes.Expr, depth: int) -> _Part:
        part = self._number(inner, depth)
        evaluate = part.evaluate
        text = f"-{part.within(_Binds.MINUS)}"
        return _Part(
            text, _Binds.MINUS, Kind.NUMBER, lambda cells: calculated("-", 0.0, evaluate(cells))
        )

    def _arithmetic(self, node: nodes.BinExpr, depth: int) -> _Part:
        sign, binds, binds_right = _ARITHMETIC[type(node)]
        left, right = self._number(node.left, depth), self._number(node.right, depth)
        first, second = left.evaluate, right.evaluate
        return _Part(
            f"{left.within(binds)} {sign} {right.within(binds_right)}",
            binds,
            Kind.NUMBER,
            lambda cells: calculated(sign, first(cells), second(cells)),
        )

    def _number(self, node: nodes.Expr, depth: int) -> _Part:
        """What arithmetic is done on: whatever may turn out to be a number."""
        part = self.part(node, depth)
        if part.kind not in _NO_NUMBER:
            return part
        hint = "write a number, or a field that holds one"
        if isinstance(node, nodes.Const) and part.kind is Kind.TEXT:
            hint = "write a number without quotes, and text outside of the braces"
        raise self._wrong(f"this is {part.kind.value}, and no number", node, hint)

    def _comparison(self, node: nodes.Compare, depth: int) -> _Part:
        first = self.part(node.expr, depth)
        steps: list[tuple[str, Evaluate]] = []
        text = first.within(_Binds.ADD)
        for operand in node.ops:
            sign = _COMPARISON[operand.op]
            part = self.part(operand.expr, depth)
            text = f"{text} {sign} {part.within(_Binds.ADD)}"
            steps.append((sign, part.evaluate))
        return _Part(text, _Binds.COMPARE, Kind.TRUTH, _chain(first.evaluate, steps))

    def _both(self, left: nodes.Expr, right: nodes.Expr, depth: int) -> _Part:
        a, b = self.part(left, depth), self.part(right, depth)
        first, second = a.evaluate, b.evaluate

        def evaluate(cells: Sequence[Cell]) -> Cell:
            cell = first(cells)
            return second(cells) if is_true(cell) else cell

        text = f"{a.within(_Binds.AND)} and {b.within(_Binds.NOT)}"
        return _Part(text, _Binds.AND, _common(a, b), evaluate)

    def _either(self, left: nodes.Expr, right: nodes.Expr, depth: int) -> _Part:
        a, b = self.part(left, depth), self.part(right, depth)
        first, second = a.evaluate, b.evaluate

        def evaluate(cells: Sequence[Cell]) -> Cell:
            cell = first(cells)
            return cell if is_true(cell) else second(cells)

        text = f"{a.within(_Binds.OR)} or {b.within(_Binds.AND)}"
        return _Part(text, _Binds.OR, _common(a, b), evaluate)

    def _choice(self, node: nodes.CondExpr, depth: int) -> _Part:
        yes, test = self.part(node.expr1, depth), self.part(node.test, depth)
        if node.expr2 is None:
            raise self._wrong(
                "`if` without `else`", node, 'write both: {{ "fast" if bpm > 140 else "slow" }}'
            )
        no = self.part(node.expr2, depth)
        first, asked, second = yes.evaluate, test.evaluate, no.evaluate
        return _Part(
            f"{yes.within(_Binds.OR)} if {test.within(_Binds.OR)} else {no.text}",
            _Binds.IF,
            _common(yes, no),
            lambda cells: (first if is_true(asked(cells)) else second)(cells),
        )

    def _filtered(self, node: nodes.Filter, depth: int) -> _Part:
        found = FILTERS.get(node.name)
        if found is None:
            raise self._no_filter(node)
        assert node.node is not None, "only {% filter %} has no value"
        inner = self.part(node.node, depth)
        taken = self._taken(node, found)
        apply, evaluate = found.apply, inner.evaluate
        text = f"{inner.within(_Binds.FILTER)} | {node.name}"
        if found.takes is None:
            return _Part(text, _Binds.FILTER, found.gives, lambda cells: apply(evaluate(cells)))
        assert taken is not None
        value = taken.evaluate(())
        if value != found.takes.unless:
            text += f"({taken.text})"
        return _Part(text, _Binds.FILTER, found.gives, lambda cells: apply(evaluate(cells), value))

    def _taken(self, node: nodes.Filter, filter_: Filter) -> _Part | None:
        """What stands in a filter's parentheses, if that is what it takes."""
        takes = filter_.takes
        if not node.args and not node.dyn_args:
            if takes is None:
                return None
            if takes.unless is not None:
                return _literal(takes.unless)
        elif takes is None:
            raise self._wrong(
                f"{node.name} takes nothing in parentheses", node, f"write {filter_.example}"
            )
        match node.args:
            case [nodes.Const() | nodes.Neg(node=nodes.Const()) as given] if not node.dyn_args:
                part = self.part(given)
                if takes.accepts(part.evaluate(())):
                    return part
        raise self._wrong(f"{node.name} takes {takes.what}", node, f"write {filter_.example}")

    def _no_filter(self, node: nodes.Filter) -> TemplateError:
        close = similar_words(node.name, FILTERS)
        hint = f'did you mean "{close[0]}"?' if close else f"write one of {', '.join(FILTERS)}"
        return self._wrong(f'unknown filter "{node.name}"', node, hint)

    def _no_call(self, called: nodes.Expr) -> TemplateError:
        hint = "write a field and a filter: {{ bpm | round_to(5) }}"
        if isinstance(called, nodes.Name) and called.name in FILTERS:
            hint = f"write the field first: {{{{ bpm | {FILTERS[called.name].example} }}}}"
        return self._wrong("nothing is called here", called, hint)


def _spelled(name: str) -> str:
    """A field as every template has it: what cannot stand bare is in quotes."""
    _, of_meta, raw = name.partition(f"{META}.")
    if not of_meta or all(
        _BARE.fullmatch(part) and part not in _RESERVED for part in raw.split(".")
    ):
        return name
    return f"{META}[{_quoted(raw)}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _literal(value: Cell) -> _Part:
    if isinstance(value, str):
        text, kind = _quoted(value), Kind.TEXT
    elif value is None:
        text, kind = "none", Kind.NOTHING
    elif isinstance(value, bool):
        text, kind = ("true" if value else "false"), Kind.TRUTH
    else:
        text, kind = written(value), Kind.NUMBER
    return _Part(text, _Binds.ATOM, kind, _always(value))


def _common(one: _Part, other: _Part) -> Kind:
    return one.kind if one.kind is other.kind else Kind.ANY


def _always(value: Cell) -> Evaluate:
    return lambda _: value


def _not(evaluate: Evaluate) -> Evaluate:
    return lambda cells: not is_true(evaluate(cells))


def _chain(first: Evaluate, steps: list[tuple[str, Evaluate]]) -> Evaluate:
    """`a < b < c`, as in Python: each beside the next, and no further than what does not hold."""
    if len(steps) == 1:
        ((sign, second),) = steps
        return lambda cells: compared(sign, first(cells), second(cells))

    def evaluate(cells: Sequence[Cell]) -> Cell:
        left = first(cells)
        for sign, following in steps:
            right = following(cells)
            held = compared(sign, left, right)
            if not held:
                return held
            left = right
        return True

    return evaluate
