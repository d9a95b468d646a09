"""For any text and any cells: no unexpected error, no long text, no slash in a name."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcfs.errors import TemplateError
from mcfs.template import (
    MAX_BYTES,
    Cell,
    Template,
    looks_like_template,
    parse_template,
    split_levels,
)
from mcfs.text.escape import escape
from mcfs.text.fold import fold

ANY_CHARACTER = st.characters() | st.sampled_from("\ud800\udce9\0\n\r\x85\u2028∕٣²\u0301ﬁİŉ")
# Parts of expressions: some of their combinations are valid.
SCRAPS = r"""
    {{ }} {% %} {# #} {{- -}} ( ) [ ] { } | , . : ; = == != < <= > >= + - * / // ∕ % ** ~ ! & ' " \
    a b genre bpm Ext TRUE false none and or not if else is in loop self __class__ raw endraw
    upper round round_to(5) pad(2) default('x') truncate(3) first_letter camelot stars decade int
    title lower openkey center(9) 0 1 2.5 1e9 1e999 0x1F 9_9 'x' "y/\"" \' é й ŉ ﬁ 9**9**9
"""
SCRAP = st.sampled_from(SCRAPS.split())
FILTERS = """
    upper lower title round round(2) int default('?') default(-1) truncate(3) decade first_letter
    camelot openkey stars pad(20) round_to(0.1)
"""
LITERAL = st.text(st.sampled_from("ab/.- {}%#é∕'\""), max_size=6)

CELL: st.SearchStrategy[Cell] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["", " ", "8A", "Am", "1997-05-12", "127,9", "3/14", "7", "..", "a/b", "e\u0301"]
    )
    | st.text(ANY_CHARACTER)
)


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> str:
    """A valid expression, with parentheses wherever they are allowed."""
    inner = expressions(depth - 1)
    name = draw(st.sampled_from(["a", "B", "genre", "été", "ext"]))
    shape = draw(st.integers(0, 9)) if depth else draw(st.integers(0, 2))
    match shape:
        case 0 | 1:
            return name
        case 2:
            return draw(
                st.sampled_from(
                    ["1", "2.50", "-3", "true", "none", "'it''s'", '"x/\\"\\\\}}"', "''"]
                )
            )
        case 3:
            sign = draw(st.sampled_from(["+", "-", "*", "/", "//", "%"]))
            return f"{name}{sign}({draw(inner)}|int)" if draw(st.booleans()) else f"a {sign} b"
        case 4:
            sign = draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
            return f"({draw(inner)}) {sign}({draw(inner)})"
        case 5:
            return f"({draw(inner)}){draw(st.sampled_from([' and ', ' or ']))}({draw(inner)})"
        case 6:
            return f"not ({draw(inner)})"
        case 7:
            return f"({draw(inner)}) if ({draw(inner)})else({draw(inner)})"
        case 8:
            return f"-(-({draw(inner)}|round_to(2.5)))"
        case _:
            return f"({draw(inner)})|{draw(st.sampled_from(FILTERS.split()))}"


@st.composite
def templates(draw: st.DrawFn) -> str:
    pieces = [
        draw(LITERAL) + "{{" + draw(expressions()) + "}}" for _ in range(draw(st.integers(1, 3)))
    ]
    return "".join(pieces) + draw(LITERAL)


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """A valid template with something inserted or left out."""
    text = draw(templates())
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(SCRAP | st.just("")) + text[at + draw(st.integers(0, 2)) :]


ANY_TEXT = (
    st.text(ANY_CHARACTER, max_size=40)
    | st.lists(SCRAP, max_size=25).map(" ".join)
    | st.lists(SCRAP, max_size=25).map("".join)
    | st.lists(SCRAP, max_size=12).map(lambda scraps: f"{{{{ {' '.join(scraps)} }}}}")
    | spoiled()
)


def _parsed(text: str) -> Template | None:
    try:
        return parse_template(text)
    except TemplateError as error:
        assert 0 <= error.position <= len(text)
        assert error.message
        assert error.suggestion
        assert "\n" not in error.message + error.suggestion
        return None


def _check(template: Template, cells: list[Cell]) -> None:
    name = template.render(cells)
    literal = re.sub(r"\{\{(?:\"(?:[^\"\\]|\\.)*\"|[^\"])*?\}\}", "", template.text)
    assert name.count("/") == literal.count("/")
    assert not re.search(r"[\x00-\x1f\x7f]", name)
    assert name.strip() or not literal.strip()
    assert len(name) <= MAX_BYTES + 256 * 2 * template.text.count("{{")


def draw_cells(data: st.DataObject, count: int) -> list[Cell]:
    return data.draw(st.lists(CELL, min_size=count, max_size=count))


@settings(max_examples=400, deadline=None)
@given(ANY_TEXT, st.data())
def test_any_text_is_a_template_or_says_why_not(text: str, data: st.DataObject) -> None:
    template = _parsed(text)
    split_levels(text)
    looks_like_template(text)
    if template is not None:
        again = parse_template(template.text)
        assert again == template
        assert again.text == template.text
        assert again.fields == template.fields
        assert template.fields == tuple(dict.fromkeys(map(fold, template.fields)))
        cells = draw_cells(data, len(template.fields))
        assert again.render(cells) == template.render(cells)
        _check(template, cells)


@settings(max_examples=200, deadline=None)
@given(templates(), st.lists(CELL, min_size=5, max_size=5))
def test_any_values_make_a_name(text: str, cells: list[Cell]) -> None:
    template = _parsed(text)
    if template is not None:
        again = parse_template(template.text)
        assert again.text == template.text
        assert again.render(cells) == template.render(cells)
        _check(template, cells)


@given(expressions(), st.lists(CELL, min_size=5, max_size=5))
def test_parentheses_around_it_change_nothing(expression: str, cells: list[Cell]) -> None:
    one, other = _parsed(f"{{{{{expression}}}}}"), _parsed(f"{{{{({expression})}}}}")
    if one is not None and other is not None:
        assert one == other
        assert one.render(cells) == other.render(cells)


@given(st.binary(max_size=100) | st.text(st.characters(codec="utf-8")).map(str.encode))
def test_a_bare_field_is_its_escaped_value(raw: bytes) -> None:
    value = raw.decode("utf-8", "surrogateescape")
    assert escape(parse_template("{{ genre }}").render([value])) == escape(value)


HOSTILE = [
    "{{ title * 3000000 }}",
    "{{ '%99999999d' % bpm }}",
    "{{ bpm % '%99999999d' }}",
    "{{ title.center(30000000) }}",
    "{{ title | center(30000000) }}",
    "{{ title | pad(99999999) }}",
    "{{ 'x' * 99999999 if bpm else 0 }}",
    "{% for a in range(999999999) %}{{ a }}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include '/etc/passwd' %}",
    "{{ range(999999999) | list }}",
    "{{ lipsum(n=99999) }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ bpm | attr('__class__') }}",
    "{{ bpm | map('upper') | join }}",
    "{{ 9**9**9 * bpm }}",
    "{{ bpm * " + " * ".join(["1e15"] * 40) + " }}",
    "{{ bpm" + " | upper" * 1000 + " }}",
    "{{ bpm" + "|int" * 250 + " }}",
    "{{ " + "(" * 1000 + "bpm" + ")" * 1000 + " }}",
    "{{ " + "(" * 500 + "bpm" + ")" * 500 + " }}",
    "{{ " + "[" * 1000,
    "{{ " + "-" * 1000 + "bpm }}",
    "{{ " + "not " * 250 + "bpm }}",
    "{{ " + "a if a else " * 80 + "a }}",
    "{{ " + "a if " * 200 + "a }}",
    "{{ " + "a and " * 160 + "a }}",
    "{{ a" + " < a" * 120 + " }}",
    "{{ a" + "(" * 1000 + " }}",
    "{{ a" + ".a" * 500 + " }}",
    "{{ a | " + "a" * 1000 + " }}",
    "{{ " + "9" * 1000 + " }}",
    "{{ 0x" + "f" * 1000 + " }}",
    "{{ 1e" + "9" * 1000 + " }}",
    "{{ '" + "\\" * 1000 + "' }}",
    "{{ 'a" + "\\x41" * 200 + "' }}",
    "{" * 1024,
    "{{" * 512,
    "}}" * 512,
    "{{ a }}" * 146,
    "{%" * 512,
    "{#" * 512,
    "\0" * 1024,
    "\ud800",
    "{{ \ud800 }}",
    "x" * 10_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_templates_are_refused_or_harmless(text: str) -> None:
    template = _parsed(text)
    if template is not None:
        for cell in (1e15, "x" * 100_000, None):
            _check(template, [cell] * len(template.fields))


def _effort(text: str) -> tuple[int, int]:
    """How many functions are called until a text is refused or rendered, and how deeply nested."""
    calls = depth = deepest = 0

    def tally(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls, depth, deepest
        calls += event in ("call", "c_call")
        depth += (event == "call") - (event == "return")
        deepest = max(deepest, depth)

    parse_template("{{ a }}")
    parse_template.cache_clear()
    sys.setprofile(tally)
    try:
        template = _parsed(text)
        if template is not None:
            template.render(["1"] * len(template.fields))
    finally:
        sys.setprofile(None)
    return calls, deepest


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_template_takes_much_work_or_stack(text: str) -> None:
    """Limits of ours, not Python's recursion limit: that would depend on how deep the caller is."""
    calls, deepest = _effort(text)
    assert calls < 100_000
    assert deepest < 450


@pytest.mark.parametrize("scrap", ["|int", " + a", " if a else a", " and a", "{{a}}", " == 'x'"])
def test_work_grows_with_the_text_and_no_faster(scrap: str) -> None:
    (once, _), (twice, _) = (_effort("{{ a" + scrap * count + " }}") for count in (20, 40))
    assert twice < 2.5 * once
