"""Musical keys: the notations that programs use for the 24 keys, and which keys mix.

A key is a number from 1 to 24 in the order of the Lancelot (Camelot) wheel, minor before major: 1A, 1B, 2A ….
DJs sort by this order. Keys of git-annex are something else, and always called annex keys.
"""

from __future__ import annotations

import re

_WHEEL = 12
_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_OF_C = 8  # C major is 8B

_OPEN = re.compile(r"0*(1[0-2]|[1-9])([dm])")
# Mixxx also accepts the letters of modes, in upper case only: d and m are OpenKey's.
_LANCELOT = re.compile(r"0*(1[0-2]|[1-9])([ABab]|[ILDPCM])")
_MAJOR_LETTERS = "BbILM"
_NAME = re.compile(r"([A-Ga-g])([#♯b♭]*)\s*([a-z]+)?", re.ASCII | re.IGNORECASE)
# What follows the letter: how many semitones the major scale of the same notes begins above it, and
# whether the key counts as major. "D dorian" has the notes of C major, and counts as minor.
_MODES = {
    **dict.fromkeys(("maj", "major", "ionian"), (0, True)),
    "lydian": (7, True),
    "mixolydian": (5, True),
    **dict.fromkeys(("m", "min", "minor", "aeolian"), (3, False)),
    "dorian": (10, False),
    "phrygian": (8, False),
    "locrian": (1, False),
}
_CENTS = re.compile(r"\s*[+\-−].*\Z", re.DOTALL)


def key_number(text: str) -> int | None:
    """The number of a key in any notation; None where the text is no key.

    >>> key_number("8A") == key_number("Am") == key_number("1m") == key_number("a") == 15
    True
    """
    # Tags may have the tuning in cents ("8A +12"), and both names of a black key ("F♯/G♭").
    bare = _CENTS.sub("", text).strip()
    if "/" in bare:
        both = {key_number(part) for part in bare.split("/")}
        return both.pop() if len(both) == 1 else None
    if found := _OPEN.fullmatch(bare):
        place = (int(found.group(1)) + 6) % _WHEEL + 1
        return _number(place, major=found.group(2) == "d")
    if found := _LANCELOT.fullmatch(bare):
        return _number(int(found.group(1)), major=found.group(2) in _MAJOR_LETTERS)
    if found := _NAME.fullmatch(bare):
        letter, signs, written_mode = found.groups()
        # Without a word for the mode, the case of the letter says it: "a" is A minor.
        mode = _MODES.get((written_mode or ("maj" if letter.isupper() else "m")).lower())
        if mode is None:
            return None
        above, major = mode
        semitone = _SEMITONES[letter.lower()] + sum(1 if s in "#♯" else -1 for s in signs)
        place = (_OF_C - 1 + 7 * (semitone + above)) % _WHEEL + 1
        return _number(place, major=major)
    return None


def lancelot(number: int) -> str:
    """ "8A": the notation of the Lancelot wheel."""
    return f"{_place(number)}{'B' if _is_major(number) else 'A'}"


def open_key(number: int) -> str:
    """ "1m": the same wheel turned by five steps: C major is 1d."""
    return f"{(_place(number) - _OF_C) % _WHEEL + 1}{'d' if _is_major(number) else 'm'}"


def mixes_with(number: int) -> tuple[int, ...]:
    """The keys that a key mixes with, in order: itself, its relative key, and both a fifth up and down."""
    place = _place(number)
    places = (place, place % _WHEEL + 1, (place - 2) % _WHEEL + 1)
    return tuple(sorted(_number(p, major=major) for p in places for major in (False, True)))


def _number(place: int, *, major: bool) -> int:
    return 2 * (place - 1) + (2 if major else 1)


def _place(number: int) -> int:
    return (number + 1) // 2


def _is_major(number: int) -> bool:
    return number % 2 == 0
