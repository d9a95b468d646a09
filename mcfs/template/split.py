"""Finding templates in text, without parsing them.

Owns how a template is recognized, and how a path of templates is split: a slash within braces divides
numbers, all others separate folders.
"""

from __future__ import annotations

import re

_MARKS = re.compile(r"\{[{%#]")
# A pair of braces and its content, closed or not: `}}` in quotes does not close it.
_BRACES = r"\{\{(?:\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.)*+'?|\}(?!\})|[^\"'}])*+"
_BRACES_OR_SLASH = re.compile(rf"{_BRACES}|/", re.DOTALL)


def looks_like_template(text: str) -> bool:
    """Whether a name is meant as a template, even if it is not valid."""
    return _MARKS.search(text) is not None


def split_levels(text: str) -> tuple[str, ...]:
    """The levels of folders in a path of templates. As in any path, empty ones do not count.

    >>> split_levels("{{ genre }}/{{ bpm / 2 }}")
    ('{{ genre }}', '{{ bpm / 2 }}')
    """
    slashes = [found.start() for found in _BRACES_OR_SLASH.finditer(text) if found.group() == "/"]
    begins = [0, *(at + 1 for at in slashes)]
    ends = [*slashes, len(text)]
    found = (text[begin:end] for begin, end in zip(begins, ends, strict=True))
    return tuple(level for level in found if level)
