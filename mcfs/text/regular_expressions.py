"""Regular expressions for searching metadata.

The engine is RE2: its time grows with the length of the text alone, whatever the pattern says, where others
can take hours for one title. Owns what a pattern may be, the error for a wrong one and its place, and how a
pattern searches folded text. The engine is loaded by the first pattern: most commands have none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mcfs.text.fold import fold
from mcfs.text.raw_text import first_not_utf8

if TYPE_CHECKING:
    import re2

MAX_LENGTH = 500
# Of the engine's program, which decides how long one text can take: a letter is one step of it, and `\pL`,
# any letter of any script, is 1,200.
MAX_SIZE = 2500
_MAX_BYTES = 4 << 20  # of memory, for each pattern
_MAX_COMPILED = 8

# In front of a pattern: case and accents count.
EXACT = "(?-i)"

_CLASS = r"\[\^?\]?(?:\[:\^?\w*:\]|\\.|[^\]\\])*\]"
_ESCAPE = r"\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[^}]*\}|..)|.)"
_GROUP = r"\(\?P?<[^>]*>|\(\?[\w-]*[:)]"
# What is not folded as it stands, because it is no literal.
_TOKEN = re.compile(rf"{_ESCAPE}|{_CLASS}|{_GROUP}", re.DOTALL)
_IN_CLASS = re.compile(rf"{_ESCAPE}|\[:\^?\w*:\]", re.DOTALL)
# What asks for upper or lower case: folded text has none.
_OF_CASE = re.compile(r"\\[pP]\{?\^?L[ult]|\[:\^?(?:upper|lower):\]|\(\?\w*-\w*i")
_SLASHES = ("\\\\", "\\/", "\\\N{DIVISION SLASH}")

# What RE2 finds wrong, and what to write instead.
_SUGGESTIONS = {
    "missing )": r"write `)`, or `\(` for the character",
    "unexpected )": r"write `\)` for the character",
    "missing ]": r"write `]`, or `\[` for the character",
    "trailing \\": r"write `\\` for a slash",
    "no argument for repetition operator": r"write `\` in front of it for the character",
    "bad repetition operator": "write one of `*`, `+`, `?`",
    "invalid escape sequence": r"there is \b \d \w \s \pL; what a group has found cannot be repeated",
    "invalid perl operator": "there is `(?i)` and `(?:`, but no looking ahead or behind",
    "invalid repetition size": "write at most {1000}",
    "invalid character class range": "write for example [a-z] or [[:digit:]]",
}


class Mistake(NamedTuple):
    """What is wrong with a pattern, at which character, and what to write instead."""

    message: str
    position: int
    suggestion: str


def mistake_in(pattern: str) -> Mistake | None:
    """What is wrong with a pattern; None where it can be searched for."""
    import re2

    if not pattern:
        return Mistake("a regular expression is missing", 0, r'write for example =~"\bdub\b"')
    if (place := first_not_utf8(pattern)) is not None:
        return Mistake("a regular expression is UTF-8", place, "write `.` for any character")
    if len(pattern) > MAX_LENGTH:
        return Mistake(
            f"a regular expression may have {MAX_LENGTH} characters",
            MAX_LENGTH,
            "write a shorter one",
        )
    for found in _TOKEN.finditer(pattern):
        if found.group() == "\\Q":
            return Mistake(
                r"`\Q` is not supported", found.start(), r"write `\` in front of each character"
            )
        if not is_exact(pattern) and _OF_CASE.search(found.group()):
            return Mistake(
                "case makes no difference here",
                found.start(),
                f"write {EXACT} at the beginning, so that it does in all of the expression",
            )
    searched = searched_pattern(pattern)
    try:
        re2.compile(pattern, _options())
        size = re2.compile(searched, _options()).programsize
    except re2.error as error:
        return _mistake(pattern, _reason_of(error))
    return _too_large() if size > MAX_SIZE else None


def is_exact(pattern: str) -> bool:
    """Whether case and accents count."""
    return pattern.startswith(EXACT)


def searched_pattern(pattern: str) -> str:
    r"""The pattern that finds in folded text what this one would: its letters fold, `\W` stays as it is."""
    if is_exact(pattern):
        return pattern
    return _fold_between(_TOKEN, unicodedata.normalize("NFC", pattern), "(?:{})")


def _fold_between(tokens: re.Pattern[str], pattern: str, several: str) -> str:
    """The pattern with all letters folded that are in no token; `several` holds the letters of one, "æ"."""

    def folded(literal: str) -> str:
        letters = map(fold, literal)
        return "".join(one if len(one) < 2 else several.format(one) for one in letters)

    parts: list[str] = []
    at = 0
    for found in tokens.finditer(pattern):
        token = found.group()
        if token in _SLASHES:
            token = "/"
        elif token.startswith("[") and not token.startswith("[:"):
            token = _fold_between(_IN_CLASS, token, "{}")
        parts += folded(pattern[at : found.start()]), token
        at = found.end()
    return "".join([*parts, folded(pattern[at:])])


def has_match(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text; it has no mistake."""
    return bool(_compiled(pattern).Match(text))


@lru_cache(_MAX_COMPILED)
def _compiled(pattern: str) -> re2.Set:
    import re2

    # A set of one: it only says whether there is a match, which takes a fifth of the time that finding the
    # place of the match does.
    compiled = re2.Set.SearchSet(_options())
    compiled.Add(pattern)
    compiled.Compile()
    return compiled


def _options() -> re2.Options:
    import re2

    options = re2.Options()
    options.max_mem = _MAX_BYTES
    options.never_capture = True
    options.log_errors = False
    return options


# --- what is wrong, and where


def _too_large() -> Mistake:
    return Mistake(
        "this regular expression is too large", 0, "write a shorter one, or smaller numbers in {}"
    )


def _reason_of(error: Exception) -> tuple[str, str]:
    """What the engine says is wrong, and the part of the pattern that it says it about."""
    message: bytes = error.args[0]
    reason, _, part = message.decode("utf-8", "replace").partition(": ")
    return reason, part


def _mistake(pattern: str, reason_and_part: tuple[str, str]) -> Mistake:
    reason, part = reason_and_part
    if reason.startswith("pattern too large"):
        return _too_large()
    return Mistake(
        f"this is wrong in a regular expression: {reason}",
        _place(pattern, reason, part),
        _SUGGESTIONS.get(reason, "write a simpler one"),
    )


def _place(pattern: str, reason: str, part: str) -> int:
    match reason:
        case "missing )" | "unexpected )":
            return _lone_parenthesis(pattern)
        case "missing ]":
            return len(pattern) - len(part)
        case "trailing \\":
            return len(pattern) - 1
        case _:
            return _first_mistake(pattern, reason, part)


def _lone_parenthesis(pattern: str) -> int:
    """The last parenthesis that is not closed, or the first that closes nothing."""
    opened: list[int] = []
    for found in re.finditer(rf"{_ESCAPE}|{_CLASS}|([()])", pattern, re.DOTALL):
        match found.group(1):
            case "(":
                opened.append(found.start())
            case ")" if not opened:
                return found.start()
            case ")":
                opened.pop()
    return opened[-1] if opened else 0


def _first_mistake(pattern: str, reason: str, part: str) -> int:
    """Where the part stands that is wrong: the same characters may stand elsewhere and be right."""
    import re2

    place = pattern.find(part)
    while place >= 0:
        try:
            re2.compile(pattern[: place + len(part)], _options())
        except re2.error as error:
            if _reason_of(error) == (reason, part):
                return place
        place = pattern.find(part, place + 1)
    return 0
