"""The errors of bad templates: the position, the reason, and what to write instead."""

from __future__ import annotations

import pytest

from mcfs.errors import ExitCode, TemplateError
from mcfs.template import MAX_BYTES, parse_template

# (text, position, how the message begins, what the suggestion contains)
Mistakes = list[tuple[str, int, str, str]]

NO_EXPRESSION: Mistakes = [
    (
        "{% for x in range(10) %}{{ x }}{% endfor %}",
        0,
        "only {{ … }} is supported",
        "write a choice as",
    ),
    ("{{ a }}{%- set b = a -%}", 7, "only {{ … }} is supported", "write a choice as"),
    ("{% raw %}{{ a }}{% endraw %}", 0, "only {{ … }} is supported", "leave this out"),
    ("{{ a }} {%", 8, "only {{ … }} is supported", "write a choice as"),
    ("{{ a }}{# b #}", 7, "a template has no comments", "leave"),
    ("{{ a }}{# b", 7, "a template has no comments", "leave"),
    ("{{ a ~ b }}", 5, "there is no operator `~`", "side by side"),
    ("{{ a, b }}", 4, "there are no lists with commas", "side by side"),
    ("{{ a ** b }}", 5, "there is no operator `**`", "bpm * bpm"),
    ("{{ 9**9**9 }}", 4, "there is no operator `**`", "bpm * bpm"),
    ("{{ a[0] }}", 4, "there are no lists and no indexes", "{{ genre }}"),
    ("{{ [a] }}", 3, "there are no lists and no indexes", "{{ genre }}"),
    ("{{ mixxx.color }}", 8, "a field has no parts", 'meta["'),
    ("{{ (meta).x }}", 9, "a field has no parts", 'meta["'),
    ('{{ meta["a"].b }}', 12, "a field has no parts", 'meta["'),
    ("{{ bpm | meta.x }}", 13, "a field has no parts", 'meta["'),
    ('{{ bpm | meta["x"] }}', 13, "there are no lists and no indexes", "{{ genre }}"),
    ('{{ meta.a["b"] }}', 9, "there are no lists and no indexes", "{{ genre }}"),
    ("{{ meta[bpm] }}", 7, "this is not the name of a field", 'meta["'),
    ('{{ meta[""] }}', 7, "this is not the name of a field", 'meta["'),
    ('{{ meta.meta["a"] }}', 12, "this is not the name of a field", 'meta["'),
    ("{{ a.b }}", 4, "a field has no parts", "{{ title }}"),
    ("{{ ''.__class__ }}", 5, "a field has no parts", "{{ title }}"),
    ("{{ a | upper.x }}", 12, "a field has no parts", "{{ title }}"),
    ("{{ {a: b} }}", 3, "more than two braces", "{{ genre }}"),
    ("{{{ a }}}", 2, "more than two braces", "{{ genre }}"),
    ("{{ a = b }}", 5, "a template cannot assign", "=="),
    ("{{ a : b }}", 5, "a colon is not allowed", "=="),
    ("{{ a ; b }}", 5, "a semicolon is not allowed", "side by side"),
    ("{{ a is defined }}", 5, "there is no operator `is`", "compare instead"),
    ("{{ a in b }}", 5, "there is no operator `in`", "compare instead"),
    ("{{ a NOT IN b }}", 9, "there is no operator `in`", "compare instead"),
    ("{{ range(10) }}", 3, "there are no functions", "{{ bpm | round_to(5) }}"),
    ("{{ upper(a) }}", 3, "there are no functions", "{{ bpm | upper }}"),
    ("{{ a | upper()() }}", 7, "there are no functions", "{{ bpm"),
    ("{{ +a }}", 3, "`+` needs two numbers", "without it"),
    ("{{ a if b }}", 3, "`if` without `else`", "write both"),
]

NUMBERS: Mistakes = [
    ('{{ title * "3" }}', 11, "this is text, not a number", "without quotes"),
    ('{{ "%99999999d" % bpm }}', 3, "this is text, not a number", "outside of the braces"),
    ('{{ -"3" + a }}', 4, "this is text, not a number", "without quotes"),
    ('{{ a + ("x" if b else "y") }}', 8, "this is text, not a number", "write a number"),
    ('{{ ("x" or "y") + a }}', 4, "this is text, not a number", "write a number"),
    ("{{ a | upper * 2 }}", 7, "this is text, not a number", "write a number"),
    ("{{ a + b | stars }}", 11, "this is text, not a number", "write a number"),
    ("{{ (a == b) + 1 }}", 10, "this is yes or no, not a number", "write a number"),
    ("{{ a + true }}", 7, "this is yes or no, not a number", "write a number"),
    ("{{ a + none }}", 7, "this is nothing, not a number", "write a number"),
    ("{{ a + 1e400 }}", 7, "a number may have 15 digits", "smaller"),
    ("{{ a + 1000000000000001 }}", 7, "a number may have 15 digits", "smaller"),
    (f"{{{{ a + {'9' * 900} }}}}", 7, "a number may have 15 digits", "smaller"),
    ("{{ a + 1.٥ }}", 7, "this is not a number", "0 to 9"),
]

FILTERS: Mistakes = [
    ("{{ a | uper }}", 7, 'unknown filter "uper"', 'did you mean "upper"?'),
    ("{{ a | wholly }}", 7, 'unknown filter "wholly"', "write one of camelot, decade, "),
    ("{{ title | center(30000000) }}", 11, 'unknown filter "center"', "write one of "),
    ("{{ a | round_to }}", 7, "round_to takes a number above 0", "round_to(5)"),
    ("{{ a | round_to(0) }}", 7, "round_to takes a number above 0", "round_to(5)"),
    ("{{ a | round_to(1e-12) }}", 7, "round_to takes a number above 0", "round_to(5)"),
    ("{{ a | round_to(-5) }}", 7, "round_to takes a number above 0", "round_to(5)"),
    ("{{ a | round_to('5') }}", 7, "round_to takes a number above 0", "round_to(5)"),
    ("{{ a | round_to(true) }}", 7, "round_to takes a number above 0", "round_to(5)"),
    ("{{ a | round_to(b) }}", 7, "round_to takes a number above 0", "round_to(5)"),
    ("{{ a | round_to(2 + 3) }}", 7, "round_to takes a number above 0", "round_to(5)"),
    ("{{ a | round_to(*b) }}", 7, "round_to takes a number above 0", "round_to(5)"),
    ("{{ a | round_to(n=5) }}", 17, "a template cannot assign", "round_to(5)"),
    ("{{ a | round(10) }}", 7, "round takes a whole number from 0 to 9", "round(1)"),
    ("{{ a | round(1.5) }}", 7, "round takes a whole number from 0 to 9", "round(1)"),
    ("{{ a | pad }}", 7, "pad takes a whole number from 1 to 20", "pad(2)"),
    ("{{ a | pad(21) }}", 7, "pad takes a whole number from 1 to 20", "pad(2)"),
    ("{{ a | pad(2, 3) }}", 12, "a filter takes one value", "pad(2)"),
    ("{{ a | truncate(0) }}", 7, "truncate takes a whole number from 1 to 255", "truncate(20)"),
    ("{{ a | default }}", 7, "default takes a text with something in it", 'default("none")'),
    ('{{ a | default("") }}', 7, "default takes a text with something in it", 'default("none")'),
    ("{{ a | default(none) }}", 7, "default takes a text with something in it", 'default("none")'),
    ("{{ a | upper(1) }}", 7, "upper takes nothing in parentheses", "write upper"),
    ("{{ a | upper(*b) }}", 7, "upper takes nothing in parentheses", "write upper"),
]

SPELLING: Mistakes = [
    ("", 0, "names no field", "{{ genre }}"),
    ("plain", 0, "names no field", "{{ genre }}"),
    ("{ genre }", 0, "names no field", "{{ genre }}"),
    ('{{ "x" }}{{ 1 }}', 0, "names no field", "{{ genre }}"),
    ("a {{ b", 2, "the braces are not closed", "}}"),
    ("{{ a }} {{", 8, "the braces are not closed", "}}"),
    ("{{ a }", 5, "a single brace", "write }}"),
    ("{{ a }}}", 7, "one brace too many", "}}"),
    ("a }} {{ b }}", 2, "nothing to close here", "{{"),
    ("{{ a) }}", 4, "nothing to close here", "parenthesis"),
    ("{{ ((a) }}", 3, "a parenthesis is not closed", "write `)`"),
    ("{{ a == 'x }}", 8, "a quote is not closed", "write ' at its end"),
    ("{{ a == 'x\\y' }}", 10, "a lone backslash", "\\\\"),
    ("{{ }}", 3, "nothing between the braces", "{{ genre }}"),
    ("{{ () }}", 4, "nothing between the parentheses", "write a field"),
    ("{{ a | }}", 7, "the name of a filter is missing", "{{ bpm | round }}"),
    ("{{ a || b }}", 6, "there is no operator `||`", "write `or`"),
    ("{{ a && b }}", 5, "`&` cannot stand here", "write `and`"),
    ("{{ !a }}", 3, "`!` cannot stand here", "write `not`"),
    ("{{ a == “b” }}", 8, "`“` cannot stand here", '"quotes"'),
    ("{{ a ? b }}", 5, "`?` cannot stand here", "write a field"),
    ("{{ a b }}", 5, "this cannot stand here", "one thing in braces"),
    ("{{ 5min }}", 4, "this cannot stand here", "one thing in braces"),
    ("{{ a + }}", 7, "something is missing here", "write a field"),
    ("{{ a if }}", 8, "something is missing here", "write a field"),
    ("{{ (a + ) }}", 8, "something is missing here", "write a field"),
    ("{{ else }}", 3, "`else` needs something before it", "write a field"),
    ("{{ ² }}", 3, 'no field is called "²"', "letters, digits and _"),
    ("{{- a }}", 0, "`{{-` does not strip space", "with a space"),
    ("ab  {{- c }}", 4, "`{{-` does not strip space", "with a space"),
    ("{{ a -}}  b", 5, "`-}}` does not strip space", "with a space"),
    ("{{+a }}", 0, "`{{+` does not strip space", "with a space"),
    ("{{ a }}\n", 7, "a template has no control characters", "write a space"),
    ("{{\ta }}", 2, "a template has no control characters", "write a space"),
    ("caf\udce9 {{ a }}", 3, "this is not UTF-8", "UTF-8"),
    ("{{ a == '\ud800' }}", 9, "this is not UTF-8", "UTF-8"),
]

BOUNDS: Mistakes = [
    ("{{ a }}" + "x" * MAX_BYTES, 0, "a template may have 1024 bytes", "shorter"),
    ("é" * 600 + "{{ a }}", 0, "a template may have 1024 bytes", "shorter"),
    ("{{a|int}}" * 40 + "x" * 600, 0, "a template may have 1024 bytes", "shorter"),
    ("{{ " + "(" * 11 + "a" + ")" * 11 + " }}", 13, "parentheses may be 10 deep", "fewer"),
    ("{{ " + "(" * 1000, 13, "parentheses may be 10 deep", "fewer"),
    ("{{a}}" * 200, 427, "a template may have 256 words and symbols", "fewer"),
    ("{{ a " + "|int" * 51 + " }}", 3, "50 levels of nesting", "simpler"),
    ("{{ " + "not " * 51 + "a }}", 207, "50 levels of nesting", "simpler"),
    ("{{ " + "-" * 51 + "a }}", 54, "50 levels of nesting", "simpler"),
    ("{{ " + "a if a else " * 51 + "a }}", 603, "50 levels of nesting", "simpler"),
    ("{{ a " + "|int" * 200 + " }}", 513, "a template may have 256 words and symbols", "fewer"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "position", "message", "suggestion"),
    [*NO_EXPRESSION, *NUMBERS, *FILTERS, *SPELLING, *BOUNDS],
)
def test_says_where_and_what_to_write(
    text: str, position: int, message: str, suggestion: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    error = caught.value
    assert error.message.startswith(message)
    assert suggestion in (error.suggestion or "")
    assert error.position == position
    assert error.text == text
    assert str(error) == f"{error.message}; {error.suggestion}"
    assert error.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    "text",
    [
        "{{ a }}" + "x" * (MAX_BYTES - 7),
        "{{ " + "(" * 10 + "a" + ")" * 10 + " }}",
        "{{ a " + "|int" * 49 + " }}",
        "{{ " + "a if a else " * 40 + "a }}",
        "{{a}}" * 85,
        "{{ a + 1000000000000000 }}",
    ],
)
def test_within_the_bounds(text: str) -> None:
    parse_template(text)
