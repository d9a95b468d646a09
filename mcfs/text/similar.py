"""Which words are similar to a misspelled one: the one rule for every "did you mean".

Two words are similar when few edits lie between them: a letter more, less, another, or two letters in the
wrong order. How few depends on the length. Counting edits treats `bmp` and `bpm` as people do, where
difflib's ratio rejects short words and accepts rearranged long ones. rapidfuzz would count faster, but
does not pay for a compiled dependency: a library's 100,000 titles take well under a second here, most of
them rejected by their length and letters alone.
"""

from __future__ import annotations

from collections.abc import Iterable


def similar_words(word: str, among: Iterable[str], most: int = 1) -> list[str]:
    """What is most similar to `word` in `among`, the most similar first, but never `word` itself.

    These are texts of `among`, or as many words of one as `word` has: "masive atack" is similar to two
    words of "massive attack & friends". Of equally similar ones the first counts.
    """
    allowed = _allowed_edits(word)
    count = len(word.split())
    found: dict[str, int] = {}
    for text in among:
        for candidate in (text, *_runs_of_words(text, count)) if " " in text else (text,):
            if candidate not in found and candidate != word:
                edits = _count_edits(word, candidate, allowed)
                if edits is not None:
                    found[candidate] = edits
        if len(found) >= most:
            # From now on, only what is more similar than the last of these matters.
            found = dict(sorted(found.items(), key=lambda item: item[1])[:most])
            allowed = max(found.values()) - 1
    return sorted(found, key=found.__getitem__)


def _runs_of_words(text: str, count: int) -> list[str]:
    words = text.split()
    if count == 1:
        return words
    return [" ".join(words[at : at + count]) for at in range(len(words) - count + 1)]


def _allowed_edits(word: str) -> int:
    """None in two letters, where too many words are near; one in four, two in five, more in long texts."""
    length = len(word)
    if length < 5:
        return 0 if length < 3 else 1
    return max(2, length // 5)


def _count_edits(word: str, other: str, allowed: int) -> int | None:
    """How many edits make one of the other; None when more than `allowed`."""
    if abs(len(word) - len(other)) > allowed:
        return None
    # An edit takes away one letter at most.
    letters = set(word)
    if len(letters.difference(other)) > allowed or len(set(other).difference(letters)) > allowed:
        return None
    # Row by row, where each cell is the distance between a beginning of `word` and one of `other`.
    width = len(other) + 1
    two_above: list[int] = []
    above = list(range(width))
    for row, letter in enumerate(word, 1):
        here = [row]
        for place in range(1, width):
            edits = min(
                above[place - 1] + (letter != other[place - 1]), above[place] + 1, here[-1] + 1
            )
            if (
                row > 1
                and place > 1
                and letter == other[place - 2]
                and word[row - 2] == other[place - 1]
            ):
                edits = min(edits, two_above[place - 2] + 1)
            here.append(edits)
        if min(here) > allowed and min(above) > allowed:
            return None
        two_above, above = above, here
    return above[-1] if above[-1] <= allowed else None
