"""The template language: `{{ bpm | round_to(5) }}`, and its text for one track.

    lexer.py        text → tokens with their positions; refuses those that no template may have
    parser.py       tokens → `Template`
    expressions.py  Jinja2's expressions → functions of ours
    values.py       the values in templates: numbers, texts, comparing, calculating
    filters.py      the table of filters
    split.py        finding templates in other text, and splitting a path of them

Jinja2 only parses. Rendering runs our functions, which cannot loop, allocate without bound, or access
anything but the cells they are given. Pure: the fields that exist and their values come from outside.
"""

from mcfs.template.parser import MAX_BYTES, Template, parse_template
from mcfs.template.split import looks_like_template, split_levels
from mcfs.template.values import Cell

__all__ = [
    "MAX_BYTES",
    "Cell",
    "Template",
    "looks_like_template",
    "parse_template",
    "split_levels",
]
