"""Which of many words somebody may have meant.

Owns the bound: a library has a hundred thousand titles, and nobody waits for a suggestion. Pure.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from difflib import SequenceMatcher

_CLOSE = 0.7
_PATIENCE = 0.2
_EDITS = 2


def are_close(word: str, other: str) -> bool:
    """Whether two edits at most lie between them: a letter more, less, or another; all but the length."""
    if abs(len(word) - len(other)) > _EDITS or min(len(word), len(other)) <= _EDITS:
        return False
    above = list(range(len(other) + 1))
    for row, letter in enumerate(word, 1):
        here = [row]
        for place, other_letter in enumerate(other, 1):
            same = above[place - 1] + (letter != other_letter)
            here.append(min(same, above[place] + 1, here[-1] + 1))
        above = here
    return above[-1] <= _EDITS


def nearest(word: str, among: Iterable[str], patience: float = _PATIENCE) -> str | None:
    """The one of `among`, or of their words, that is most like `word`; None where none is close.

    Looks no longer than `patience` seconds, and at the whole of a text before the words in it.
    """
    until = time.monotonic() + patience
    best, closeness = None, _CLOSE
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(word)
    for count, text in enumerate(among):
        if count % 64 == 0 and time.monotonic() > until:
            break
        for candidate in (text, *text.split()):
            if abs(len(candidate) - len(word)) > len(word) or candidate == word:
                continue
            matcher.set_seq1(candidate)
            # Each is an upper bound of the next and quicker.
            if (
                matcher.real_quick_ratio() > closeness
                and matcher.quick_ratio() > closeness
                and (ratio := matcher.ratio()) > closeness
            ):
                best, closeness = candidate, ratio
    return best
