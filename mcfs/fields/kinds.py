"""The kinds of fields. One class says everything that depends on what the values of a field are.

That is: how a stored value becomes a number, how an amount in a query is read and written, which example
an error message gives, what a template sees, what a table shows, how an import spells a value, and how
`mcfs fields` counts.

A new kind is a new class here, derived from the one that its queries look like: `Text` (contains, is),
`Number` (ranges), `Date` (days), `Flag` (yes or no) or `MusicalKey`. Kinds know no syntax tree: they
return plain values, from which the parser makes terms.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from mcfs.fields import amounts
from mcfs.fields.amounts import Interval
from mcfs.fields.date_values import shown_date
from mcfs.text.musical_keys import key_number
from mcfs.text.numbers import BEGINNINGS, as_float, number_text, read_number
from mcfs.text.timestamps import from_microseconds

# What a template can see: None stands for no value.
Scalar = str | float | int | bool | None


class Bucket(NamedTuple):
    """What `mcfs fields` counts together: its place in the list, and its name."""

    place: Any
    label: str


class BaseKind:
    """What all kinds can say; a class overrides what is different for its values.

    Not an ABC: checking the class of one takes several times as long, and the parser does it for every term.
    """

    # In the output of `mcfs fields --json`.
    name: ClassVar[str]
    # Whether the values promise to be numbers: a template gets them as such, and a sync counts the others.
    is_number: ClassVar[bool] = False
    # Whether a list of the values follows their order; other lists begin with the most frequent value.
    has_order: ClassVar[bool] = False
    # Whether `sort:` compares the numbers of the values before their text.
    sorts_by_number: ClassVar[bool] = True
    # Whether a track has one value at most, so that a new one takes the place of the old one.
    single_valued: ClassVar[bool] = True

    def example(self, field: str) -> str:
        """What an error message suggests to write instead. Every family of kinds has its own."""
        raise NotImplementedError

    def number_of(self, text: str) -> float | None:
        """The number of a stored value, for ranges and sorting; None where it is none."""
        # A million titles and names pass here.
        return read_number(text) if text[:1] in BEGINNINGS else None

    def template_value(self, text: str, number: float | None) -> Scalar:  # noqa: ARG002  (for numbers)
        """A stored value as a template sees it."""
        return text if text.strip() else None

    def template_value_of_column(self, stored: Any) -> Scalar:
        """The same for a field that is a column of `track`, from what the column holds."""
        value: Scalar = stored
        return value

    def bucket(self, stored: Any) -> Bucket | None:
        """Where `mcfs fields` counts what a column of `track` holds; None where it is no value."""
        return None if stored is None else Bucket(stored, str(stored))

    def table_cell(self, values: Sequence[str], *, unicode: bool) -> str:  # noqa: ARG002  (for ratings)
        """The values of one track in a table."""
        return ", ".join(values)

    def import_text(self, value: object) -> str:
        """A value of Mixxx or of a tag as git-annex metadata, spelled alike for both; "" for none.

        If two sources spelled one value in two ways, each import would undo the other.
        """
        text = str(value)
        return "" if not text or text.isspace() else text

    def tag_text(self, text: str) -> str:
        """The same for the text of a tag, which may say more than the field keeps."""
        return self.import_text(text)

    def edit_example(self, field: str) -> str:
        """What an error message about `edited_text` suggests to write instead."""
        return f"{field}=word"

    def edited_text(self, text: str) -> str | None:
        """What somebody writes as the new value of a field, spelled as an import would; None for no value."""
        return self.import_text(text) or None

    def same(self, text: str, other: str) -> bool:
        """Whether two values say the same, so that an import has no reason to replace one by the other."""
        return text == other or text.split() == other.split()


# --- text


class Text(BaseKind):
    """Any text; a query asks what a value contains or is."""

    name = "text"
    sorts_by_number = False
    single_valued = False

    def example(self, field: str) -> str:
        return f'{field}:word, or {field}:"" for none'


class Folder(Text):
    """The folder that a file is in, or any folder above that one."""

    def example(self, field: str) -> str:
        return f'{field}:"Artist/Album"'


class SnapshotName(Text):
    """The whole name of a snapshot, whose tracks are meant. No track has it as a value."""

    def example(self, field: str) -> str:
        return f"{field}:Friday"


class RawText(Text):
    """An annex field that is written `meta.NAME`: text as it is stored."""

    sorts_by_number = True


class Discovered(Text):
    """A field that only this library has: text, but a query may ask for ranges of numbers."""

    sorts_by_number = True


class Color(Text):
    """#RRGGBB. Mixxx has it as a number."""

    single_valued = True

    def edit_example(self, field: str) -> str:
        return f"{field}=#FF8000"

    _COLOR = re.compile("#?([0-9A-Fa-f]{6})")

    def edited_text(self, text: str) -> str | None:
        found = self._COLOR.fullmatch(text.strip())
        return f"#{found.group(1).upper()}" if found else None

    def same(self, text: str, other: str) -> bool:
        return text.lower() == other.lower()

    def import_text(self, value: object) -> str:
        # Some versions of Mixxx put an alpha channel above the 24 bits.
        return f"#{value & 0xFFFFFF:06X}" if isinstance(value, int) else ""


# --- numbers


class Number(BaseKind):
    """A plain number, and the base of every kind that a query can ask for a range of."""

    name = "number"
    is_number = True
    has_order = True
    # "… is no number", in error messages.
    noun: ClassVar[str] = "number"

    def edit_example(self, field: str) -> str:
        return f"{field}=3"

    def example(self, field: str) -> str:
        return f"{field}:3 or {field}:1-9"

    def read(self, written: str) -> Interval | None:
        """The numbers that an amount in a query stands for; None where it is none."""
        return amounts.plain(written)

    def read_bound(self, written: str) -> Interval | None:
        """The same for the end of a range, which may stand for less than the amount alone."""
        return self.read(written)

    def write(self, number: float) -> str:
        """A number in canonical query text, which `read_bound` reads again."""
        return str(int(number)) if number.is_integer() else number_text(number, 9)

    def describe(self, number: float) -> str:
        """A number in a sentence."""
        return number_text(number, 4)

    def template_value(self, text: str, number: float | None) -> Scalar:
        return super().template_value(text, number) if number is None else number

    def table_cell(self, values: Sequence[str], *, unicode: bool) -> str:
        return ", ".join(self.display(text, unicode=unicode) for text in values)

    def display(self, text: str, *, unicode: bool) -> str:  # noqa: ARG002  (for ratings)
        """One value in a table: two decimals, where analysers write twelve."""
        number = self.number_of(text)
        return text if number is None else number_text(number, 2)

    def same(self, text: str, other: str) -> bool:
        return super().same(text, other) or _equal(self.number_of(text), self.number_of(other))

    def import_text(self, value: object) -> str:
        if isinstance(value, int):
            return str(value) if value > 0 else ""
        number = self._imported(value)
        return number_text(number, 9) if number is not None and number > 0 else ""

    def _imported(self, value: object) -> float | None:
        """The number of an imported value: Mixxx has numbers, and tags have text."""
        if isinstance(value, (int, float)):
            return value if math.isfinite(value) else None
        return self.number_of(str(value))


def _equal(number: float | None, other: float | None) -> bool:
    return number is not None and number == other


class TrackNumber(Number):
    """The place on an album, which tags often write with the total: "3/12"."""

    _WITH_TOTAL = re.compile(r"\s*([0-9]+)\s*(?:/.*)?", re.DOTALL)

    def edited_text(self, text: str) -> str | None:
        return None if self.number_of(text) is None else text.strip()

    def number_of(self, text: str) -> float | None:
        found = self._WITH_TOTAL.fullmatch(text)
        return as_float(found.group(1)) if found else None

    def tag_text(self, text: str) -> str:
        found = self._WITH_TOTAL.fullmatch(text)
        number = found.group(1) if found else text
        return "" if number.strip("0 ") == "" else number

    # Mixxx has the total too, and it is kept.
    import_text = BaseKind.import_text


class Rating(Number):
    """Zero to five stars; no rating and zero are the same."""

    name = "rating"
    _STARS: ClassVar[dict[float, str]] = {float(n): "★" * n for n in range(1, 6)}

    def edit_example(self, field: str) -> str:
        return f"{field}=4, a number from 1 to 5"

    def example(self, field: str) -> str:
        return f"{field}:4 or {field}:>=4"

    def table_cell(self, values: Sequence[str], *, unicode: bool) -> str:
        return super().table_cell([text for text in values if text != "0"], unicode=unicode)

    def display(self, text: str, *, unicode: bool) -> str:
        number = self.number_of(text)
        return self._STARS.get(number, text) if unicode and number is not None else text

    def import_text(self, value: object) -> str:
        text = str(value)
        return text if text in ("1", "2", "3", "4", "5") else ""


class Bpm(Number):
    """A tempo: a query for one tempo finds its half and its double too (tempo.py)."""

    name = "bpm"

    def edit_example(self, field: str) -> str:
        return f"{field}=126 or {field}=126.5"

    def example(self, field: str) -> str:
        return f"{field}:120, {field}:120-130 or {field}:>=120"

    def same(self, text: str, other: str) -> bool:
        # An import has two decimals, other programs write twelve.
        return super().same(text, other) or (
            self.import_text(text) == self.import_text(other) != ""
        )

    def import_text(self, value: object) -> str:
        number = self._imported(value)
        return f"{number:.2f}" if number is not None and number > 0 else ""


class Year(Number):
    """A year, or a date that begins with one; a query may also ask for a decade."""

    name = "year"
    noun = "year"
    _YEAR = re.compile(r"\s*([0-9]{4})")

    def edit_example(self, field: str) -> str:
        return f"{field}=1998 or {field}=1998-06-30"

    def example(self, field: str) -> str:
        return f"{field}:1998, {field}:1990-1999 or {field}:1990s"

    def number_of(self, text: str) -> float | None:
        found = self._YEAR.match(text)
        return float(found.group(1)) if found else None

    def edited_text(self, text: str) -> str | None:
        is_year = text.strip().isdecimal() and len(text.strip()) == 4
        return text.strip() if is_year or shown_date(text.strip()) else None

    def decade_of(self, text: str) -> str | None:
        """ "1990s", of a stored value."""
        year = self.number_of(text)
        return None if year is None else f"{int(year) // 10:03}0s"

    def read(self, written: str) -> Interval | None:
        return amounts.decade(written) or amounts.year(written)

    def read_bound(self, written: str) -> Interval | None:
        return amounts.year(written)

    def write(self, number: float) -> str:
        return f"{int(number):04}" if number.is_integer() else super().write(number)

    def same(self, text: str, other: str) -> bool:
        # One of them may have no month and day.
        return text.startswith(other) or other.startswith(text)

    # With month and day, where the source has them.
    import_text = BaseKind.import_text


class Decade(Number):
    """ "1990s", made of a year."""

    name = "decade"
    noun = "decade"
    is_number = False

    def example(self, field: str) -> str:
        return f"{field}:1990s"

    def read(self, written: str) -> Interval | None:
        return amounts.decade(written)

    def read_bound(self, written: str) -> Interval | None:  # noqa: ARG002  (no range of decades)
        return None


class Duration(Number):
    """Seconds, or a clock: "254.43", "4:14"."""

    name = "duration"
    noun = "duration"
    _CLOCK = re.compile(r"\s*(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)\s*", re.ASCII)

    def edit_example(self, field: str) -> str:
        return f"{field}=3:30 or {field}=210"

    def example(self, field: str) -> str:
        return f"{field}:3:30 or {field}:>6m"

    def number_of(self, text: str) -> float | None:
        if found := self._CLOCK.fullmatch(text):
            # Floats: they become infinite where hundreds of digits would be too much for an int.
            hours, minutes, seconds = (float(part or 0) for part in found.groups())
            total = hours * 3600 + minutes * 60 + seconds
            return total if math.isfinite(total) else None
        return read_number(text)

    def read(self, written: str) -> Interval | None:
        return amounts.duration(written)

    def describe(self, number: float) -> str:
        return _clock(int(number)) if number.is_integer() else super().describe(number)

    def table_cell(self, values: Sequence[str], *, unicode: bool) -> str:  # noqa: ARG002  (for ratings)
        seconds = self.shortest(values)
        return "" if seconds is None else _clock(round(seconds))

    def shortest(self, values: Sequence[str]) -> float | None:
        """The length of a track in seconds; of several values the smallest that is above zero."""
        lengths = [number for text in values if (number := self.number_of(text)) is not None]
        return min((length for length in lengths if length > 0), default=None)

    def import_text(self, value: object) -> str:
        seconds = self._imported(value)
        return number_text(seconds, 2) if seconds is not None and seconds > 0 else ""


def _clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}:{rest:02}"


class Size(Number):
    """Bytes; people write them in powers of 1024."""

    name = "size"
    noun = "size"
    _MEGABYTE = 1024 * 1024
    _STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

    def example(self, field: str) -> str:
        return f"{field}:>10M or {field}:5M-20M"

    def read(self, written: str) -> Interval | None:
        return amounts.size(written)

    def read_bound(self, written: str) -> Interval | None:
        return amounts.size_bound(written)

    def describe(self, number: float) -> str:
        for unit, power in (("G", 3), ("M", 2), ("k", 1)):
            if number >= 1024**power:
                return f"{int(number)} bytes ({number_text(number / 1024**power, 2)}{unit})"
        return f"{int(number)} bytes"

    def bucket(self, stored: int | None) -> Bucket | None:
        """Steps of megabytes: hardly two tracks have one size. The end of a step belongs to the next."""
        if stored is None:
            return None
        place = bisect_right(self._STEPS, stored / self._MEGABYTE)
        if place == 0:
            return Bucket(place, f"<{self._STEPS[0]}M")
        if place == len(self._STEPS):
            return Bucket(place, f">={self._STEPS[-1]}M")
        return Bucket(place, f"{self._STEPS[place - 1]}M-{self._STEPS[place]}M")


# --- and others


class MusicalKey(BaseKind):
    """A key in any notation. Its number is its place on the wheel, and a template sees its text."""

    name = "key"
    has_order = True

    def edit_example(self, field: str) -> str:
        return f"{field}=8A or {field}=Am"

    def example(self, field: str) -> str:
        return f"{field}:8A or {field}:Am"

    def number_of(self, text: str) -> float | None:
        return key_number(text)

    def edited_text(self, text: str) -> str | None:
        return None if self.number_of(text) is None else text.strip()

    def same(self, text: str, other: str) -> bool:
        return super().same(text, other) or _equal(self.number_of(text), self.number_of(other))


class Date(BaseKind):
    """Days or moments. The store has them in a column of the track, or beside the text of each value."""

    name = "date"
    has_order = True
    _DAY = re.compile(r"\d{4}-\d\d-\d\d(?!\d)", re.ASCII)

    def edit_example(self, field: str) -> str:
        return f"{field}=2026-11-28"

    def example(self, field: str) -> str:
        return f"{field}:2025-06, {field}:>-7d or {field}:2024..2025"

    def template_value(self, text: str, number: float | None) -> Scalar:
        """The days that a value says, or the local day of its moment; text that is no date as it is."""
        return shown_date(text) or super().template_value(text, number)

    def template_value_of_column(self, stored: int | None) -> Scalar:
        """The local day."""
        return None if stored is None else from_microseconds(stored).astimezone().date().isoformat()

    def bucket(self, stored: datetime | None) -> Bucket | None:
        """The local month."""
        if stored is None:
            return None
        month = stored.astimezone().date().isoformat()[: len("2025-06")]
        return Bucket(month, month)

    def bucket_of_text(self, text: str) -> Bucket:
        """The month of a stored value, or its year; text that is no date comes last."""
        shown = shown_date(text)
        month = shown and shown[: len("2025-06")]
        return Bucket((month is None, month or text), month or text)

    def edited_text(self, text: str) -> str | None:
        return text.strip() if shown_date(text.strip()) else None

    def import_text(self, value: object) -> str:
        found = self._DAY.match(str(value))
        return found.group() if found else ""


class Flag(BaseKind):
    """Yes or no."""

    name = "flag"
    has_order = True

    def example(self, field: str) -> str:
        return f"{field}:yes"

    def template_value_of_column(self, stored: Any) -> Scalar:
        return bool(stored)

    def bucket(self, stored: Any) -> Bucket:
        return Bucket(0, "yes") if stored else Bucket(1, "no")


# Every kind is one of these or derived from one, so that a `match` over them is exhaustive.
Kind = Text | Number | MusicalKey | Date | Flag
