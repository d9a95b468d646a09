"""A musical key, and the ways that programs write it.

Owns the names alone, for the demo's metadata; the wheel's notations, and reading them, are the core's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from mcfs.text.musical_keys import lancelot, open_key

_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_MINOR = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
_SIGNS = str.maketrans({"#": "♯", "b": "♭"})


class Notation(Enum):
    """Which program analysed the track."""

    NAME = auto()  # Am
    SIGNS = auto()  # F♯m
    LANCELOT = auto()  # 8A
    OPEN = auto()  # 1m


@dataclass(frozen=True, slots=True)
class MusicKey:
    """One of the 24, by its place on the circle of fifths: 8 is C major, and A minor."""

    number: int  # 1-12
    minor: bool

    @property
    def root(self) -> int:
        """Semitones above C."""
        return (7 * (self.number - 8) + (9 if self.minor else 0)) % 12

    def spelled(self, notation: Notation) -> str:
        """As that program writes it."""
        name = (_MINOR if self.minor else _MAJOR)[self.root]
        match notation:
            case Notation.NAME:
                return name
            case Notation.SIGNS:
                return name.translate(_SIGNS)
            case Notation.LANCELOT:
                return lancelot(2 * self.number - self.minor)
            case Notation.OPEN:
                return open_key(2 * self.number - self.minor)
