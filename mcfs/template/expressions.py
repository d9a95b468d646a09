"""Jinja2's expressions → functions of ours, and the one spelling of each.

Owns which nodes of Jinja2's tree an expression may have. All others are refused, with their position and
with what to write instead.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from jinja2 import nodes

from mcfs.errors import TemplateError
from mcfs.template.filters import FILTERS, Filter
from mcfs.template.lexer import KEYWORDS, META, META_EXAMPLE
from mcfs.template.values import (
    Cell,
    Evaluate,
    Kind,
    calculate,
    compare,
    is_true,
    spell_number,
)
from mcfs.text.fold import fold
from mcfs.text.similar import similar_words

MAX_DEPTH = 50

# A part of a name that needs no quotes, unless it is reserved.
_BARE = re.compile(r"[^\W\d]\w*")
_RESERVED = KEYWORDS | {"false", "in", "is", "none", "true"}
_NO_NUMBER = frozenset({Kind.TEXT, Kind.TRUTH, Kind.NOTHING})


class Precedence(IntEnum):
    """Of each kind of expression; as an operand of one that binds tighter, it needs parentheses."""

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
class Expression:
    """An expression in its one spelling, and the function that evaluates it."""

    text: str
    precedence: Precedence
    kind: Kind
    evaluate: Evaluate

    def as_operand(self, precedence: Precedence) -> str:
        """The text, in parentheses where an operator of this precedence would tear it apart."""
        return self.text if self.precedence >= precedence else f"({self.text})"


_ARITHMETIC: dict[type[nodes.BinExpr], tuple[str, Precedence, Precedence]] = {
    nodes.Add: ("+", Precedence.ADD, Precedence.MULTIPLY),
    nodes.Sub: ("-", Precedence.ADD, Precedence.MULTIPLY),
    nodes.Mul: ("*", Precedence.MULTIPLY, Precedence.FILTER),
    nodes.Div: ("/", Precedence.MULTIPLY, Precedence.FILTER),
    nodes.FloorDiv: ("//", Precedence.MULTIPLY, Precedence.FILTER),
    nodes.Mod: ("%", Precedence.MULTIPLY, Precedence.FILTER),
}
_COMPARISON = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}


@dataclass(slots=True)
class ExpressionCompiler:
    """Compiles the expressions of one template, and numbers the fields in them: `fields` by position."""

    text: str
    fields: dict[str, int] = field(default_factory=dict)

    def compile(self, node: nodes.Expr, depth: int = 0) -> Expression:
        """One expression, with all that it is made of."""
        if depth > MAX_DEPTH:
            raise self._error(
                f"{MAX_DEPTH} levels of nesting are the most", node, "write a simpler template"
            )
        match node:
            case nodes.Name(name=name):
                return self._field(node, name)
            case nodes.Getattr() | nodes.Getitem():
                return self._field(node, self._meta_name(node))
            case nodes.Const(value=value):
                return _literal(value)
            case nodes.Neg(node=nodes.Const(value=float(value))):
                return Expression(
                    f"-{spell_number(value)}", Precedence.MINUS, Kind.NUMBER, _constant(-value)
                )
            case nodes.Neg(node=inner):
                return self._negative(inner, depth + 1)
            case nodes.Filter():
                return self._filter(node, depth + 1)
            case nodes.BinExpr() if type(node) in _ARITHMETIC:
                return self._arithmetic(node, depth + 1)
            case nodes.Compare():
                return self._comparison(node, depth + 1)
            case nodes.And(left=left, right=right):
                return self._and(left, right, depth + 1)
            case nodes.Or(left=left, right=right):
                return self._or(left, right, depth + 1)
            case nodes.Not(node=inner):
                part = self.compile(inner, depth + 1)
                text = f"not {part.as_operand(Precedence.NOT)}"
                return Expression(text, Precedence.NOT, Kind.TRUTH, _negation(part.evaluate))
            case nodes.CondExpr():
                return self._conditional(node, depth + 1)
            case nodes.Call(node=called):
                raise self._call_error(called)
            case nodes.Pos():
                raise self._error("`+` needs two numbers", node, "write a number without it")
            case nodes.Tuple():
                raise self._error("nothing between the parentheses", node, "write a field in them")
            case _:  # pragma: no cover  (the lexer lets nothing else through)
                raise self._error("this cannot stand here", node, "write a field: {{ genre }}")

    def _error(self, message: str, node: nodes.Node, hint: str) -> TemplateError:
        return TemplateError(message, self.text, node.lineno, hint)

    def _field(self, node: nodes.Node, name: str) -> Expression:
        if name in KEYWORDS:
            raise self._error(f"`{name}` needs something before it", node, "write a field or value")
        place = self.fields.setdefault(name, len(self.fields))
        return Expression(_field_text(name), Precedence.ATOM, Kind.ANY, operator.itemgetter(place))

    def _meta_name(self, node: nodes.Expr) -> str:
        """The field that is written as meta.genre, meta.mixxx.color or meta["replaygain-track"]."""
        match node:
            case nodes.Name():
                return META
            case nodes.Getattr(node=inner, attr=name):
                return f"{self._meta_name(inner)}.{name}"
            case nodes.Getitem(node=nodes.Name(), arg=nodes.Const(value=str(text))) if text.strip():
                return f"{META}.{fold(text)}"
            case _:
                raise self._error("this is not the name of a field", node, f"write {META_EXAMPLE}")

    def _negative(self, inner: nodes.Expr, depth: int) -> Expression:
        part = self._number(inner, depth)
        evaluate = part.evaluate
        text = f"-{part.as_operand(Precedence.MINUS)}"
        return Expression(
            text, Precedence.MINUS, Kind.NUMBER, lambda cells: calculate("-", 0.0, evaluate(cells))
        )

    def _arithmetic(self, node: nodes.BinExpr, depth: int) -> Expression:
        sign, binds, binds_right = _ARITHMETIC[type(node)]
        left, right = self._number(node.left, depth), self._number(node.right, depth)
        first, second = left.evaluate, right.evaluate
        return Expression(
            f"{left.as_operand(binds)} {sign} {right.as_operand(binds_right)}",
            binds,
            Kind.NUMBER,
            lambda cells: calculate(sign, first(cells), second(cells)),
        )

    def _number(self, node: nodes.Expr, depth: int) -> Expression:
        """An operand of arithmetic: anything that may turn out to be a number."""
        part = self.compile(node, depth)
        if part.kind not in _NO_NUMBER:
            return part
        hint = "write a number, or a field that holds one"
        if isinstance(node, nodes.Const) and part.kind is Kind.TEXT:
            hint = "write a number without quotes, and text outside of the braces"
        raise self._error(f"this is {part.kind.value}, not a number", node, hint)

    def _comparison(self, node: nodes.Compare, depth: int) -> Expression:
        first = self.compile(node.expr, depth)
        steps: list[tuple[str, Evaluate]] = []
        text = first.as_operand(Precedence.ADD)
        for operand in node.ops:
            sign = _COMPARISON[operand.op]
            part = self.compile(operand.expr, depth)
            text = f"{text} {sign} {part.as_operand(Precedence.ADD)}"
            steps.append((sign, part.evaluate))
        return Expression(
            text, Precedence.COMPARE, Kind.TRUTH, _compare_chain(first.evaluate, steps)
        )

    def _and(self, left: nodes.Expr, right: nodes.Expr, depth: int) -> Expression:
        a, b = self.compile(left, depth), self.compile(right, depth)
        first, second = a.evaluate, b.evaluate

        def evaluate(cells: Sequence[Cell]) -> Cell:
            cell = first(cells)
            return second(cells) if is_true(cell) else cell

        text = f"{a.as_operand(Precedence.AND)} and {b.as_operand(Precedence.NOT)}"
        return Expression(text, Precedence.AND, _common_kind(a, b), evaluate)

    def _or(self, left: nodes.Expr, right: nodes.Expr, depth: int) -> Expression:
        a, b = self.compile(left, depth), self.compile(right, depth)
        first, second = a.evaluate, b.evaluate

        def evaluate(cells: Sequence[Cell]) -> Cell:
            cell = first(cells)
            return cell if is_true(cell) else second(cells)

        text = f"{a.as_operand(Precedence.OR)} or {b.as_operand(Precedence.AND)}"
        return Expression(text, Precedence.OR, _common_kind(a, b), evaluate)

    def _conditional(self, node: nodes.CondExpr, depth: int) -> Expression:
        yes, test = self.compile(node.expr1, depth), self.compile(node.test, depth)
        if node.expr2 is None:
            raise self._error(
                "`if` without `else`", node, 'write both: {{ "fast" if bpm > 140 else "slow" }}'
            )
        no = self.compile(node.expr2, depth)
        first, condition, second = yes.evaluate, test.evaluate, no.evaluate
        return Expression(
            f"{yes.as_operand(Precedence.OR)} if {test.as_operand(Precedence.OR)} else {no.text}",
            Precedence.IF,
            _common_kind(yes, no),
            lambda cells: (first if is_true(condition(cells)) else second)(cells),
        )

    def _filter(self, node: nodes.Filter, depth: int) -> Expression:
        found = FILTERS.get(node.name)
        if found is None:
            raise self._unknown_filter(node)
        assert node.node is not None, "only {% filter %} has no value"
        inner = self.compile(node.node, depth)
        argument = self._argument(node, found)
        apply, evaluate = found.apply, inner.evaluate
        text = f"{inner.as_operand(Precedence.FILTER)} | {node.name}"
        if found.argument is None:
            return Expression(
                text, Precedence.FILTER, found.result, lambda cells: apply(evaluate(cells))
            )
        assert argument is not None
        value = argument.evaluate(())
        if value != found.argument.default:
            text += f"({argument.text})"
        return Expression(
            text, Precedence.FILTER, found.result, lambda cells: apply(evaluate(cells), value)
        )

    def _argument(self, node: nodes.Filter, filter_: Filter) -> Expression | None:
        """The argument in a filter's parentheses, or its default; None for a filter that takes none."""
        takes = filter_.argument
        if not node.args and not node.dyn_args:
            if takes is None:
                return None
            if takes.default is not None:
                return _literal(takes.default)
        elif takes is None:
            raise self._error(
                f"{node.name} takes nothing in parentheses", node, f"write {filter_.example}"
            )
        match node.args:
            case [nodes.Const() | nodes.Neg(node=nodes.Const()) as given] if not node.dyn_args:
                part = self.compile(given)
                if takes.accepts(part.evaluate(())):
                    return part
        raise self._error(
            f"{node.name} takes {takes.description}", node, f"write {filter_.example}"
        )

    def _unknown_filter(self, node: nodes.Filter) -> TemplateError:
        close = similar_words(node.name, FILTERS)
        hint = f'did you mean "{close[0]}"?' if close else f"write one of {', '.join(FILTERS)}"
        return self._error(f'unknown filter "{node.name}"', node, hint)

    def _call_error(self, called: nodes.Expr) -> TemplateError:
        hint = "write a field and a filter: {{ bpm | round_to(5) }}"
        if isinstance(called, nodes.Name) and called.name in FILTERS:
            hint = f"write the field first: {{{{ bpm | {FILTERS[called.name].example} }}}}"
        return self._error("there are no functions", called, hint)


def _field_text(name: str) -> str:
    """The one spelling of a field: a name that is no identifier is in quotes."""
    _, of_meta, raw = name.partition(f"{META}.")
    if not of_meta or all(
        _BARE.fullmatch(part) and part not in _RESERVED for part in raw.split(".")
    ):
        return name
    return f"{META}[{_quoted(raw)}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _literal(value: Cell) -> Expression:
    if isinstance(value, str):
        text, kind = _quoted(value), Kind.TEXT
    elif value is None:
        text, kind = "none", Kind.NOTHING
    elif isinstance(value, bool):
        text, kind = ("true" if value else "false"), Kind.TRUTH
    else:
        text, kind = spell_number(value), Kind.NUMBER
    return Expression(text, Precedence.ATOM, kind, _constant(value))


def _common_kind(one: Expression, other: Expression) -> Kind:
    return one.kind if one.kind is other.kind else Kind.ANY


def _constant(value: Cell) -> Evaluate:
    return lambda _: value


def _negation(evaluate: Evaluate) -> Evaluate:
    return lambda cells: not is_true(evaluate(cells))


def _compare_chain(first: Evaluate, steps: list[tuple[str, Evaluate]]) -> Evaluate:
    """`a < b < c`, as in Python: it stops at the first comparison that does not hold."""
    if len(steps) == 1:
        ((sign, second),) = steps
        return lambda cells: compare(sign, first(cells), second(cells))

    def evaluate(cells: Sequence[Cell]) -> Cell:
        left = first(cells)
        for sign, following in steps:
            right = following(cells)
            holds = compare(sign, left, right)
            if not holds:
                return holds
            left = right
        return True

    return evaluate
