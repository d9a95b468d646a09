"""The template language: `{{ bpm | round_to(5) }}`, and what it shows of one track.

    lexer.py     text → tokens that know where they stand; what no template may hold is refused here
    parser.py    tokens → `Template`: Jinja2 parses, and its tree becomes functions of ours
    values.py    what a value is as a number, as a text, beside another one
    filters.py   the table of filters
    split.py     telling templates from other text, and one level of folders from the next

Nothing of Jinja2 runs when a template is rendered, so nothing can spin, grow, or reach anything but the
cells it is given. Pure; which fields there are, and what they hold, is for others to know.
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
