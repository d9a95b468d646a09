"""How different programs write a musical key, for the demo's metadata.

Owns the key names. `mcfs.text.musical_keys` owns Lancelot and Open Key notation, and parsing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from mcfs.text.musical_keys import lancelot, open_key

_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_MINOR = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
_SIGNS = str.maketrans({"#": "♯", "b": "♭"})


class Notation(Enum):
    """The ways to write a key: each of the programs that analyse keys has its own."""

    NAME = auto()  # Am
    SIGNS = auto()  # F♯m
    LANCELOT = auto()  # 8A
    OPEN = auto()  # 1m


@dataclass(frozen=True, slots=True)
class MusicKey:
    """One of the 24 keys, by its number on the circle of fifths: 8 is C major or A minor."""

    number: int  # 1-12
    minor: bool

    @property
    def root(self) -> int:
        """Semitones above C."""
        return (7 * (self.number - 8) + (9 if self.minor else 0)) % 12

    def text_in(self, notation: Notation) -> str:
        """The key in a notation."""
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
