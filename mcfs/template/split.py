"""Where a template begins and ends inside of other text, without reading it.

Owns telling a template from a plain name, and a slash that makes a folder from one that divides.
"""

from __future__ import annotations

import re

_MARKS = re.compile(r"\{[{%#]")
# A pair of braces with all in it, be it closed or not: `}}` in quotes closes nothing.
_BRACES = r"\{\{(?:\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.)*+'?|\}(?!\})|[^\"'}])*+"
_BRACES_OR_SLASH = re.compile(rf"{_BRACES}|/", re.DOTALL)


def looks_like_template(text: str) -> bool:
    """Whether a name is meant as a template, a bad one too."""
    return _MARKS.search(text) is not None


def split_levels(text: str) -> tuple[str, ...]:
    """The levels of folders that a path of templates makes; empty ones are none, as in any path.

    >>> split_levels("{{ genre }}/{{ bpm / 2 }}")
    ('{{ genre }}', '{{ bpm / 2 }}')
    """
    slashes = [found.start() for found in _BRACES_OR_SLASH.finditer(text) if found.group() == "/"]
    begins = [0, *(at + 1 for at in slashes)]
    ends = [*slashes, len(text)]
    found = (text[begin:end] for begin, end in zip(begins, ends, strict=True))
    return tuple(level for level in found if level)
