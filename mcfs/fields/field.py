"""`Field`: everything that is known about one field, as a row of the table in `table.py`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mcfs.fields.kinds import Kind, Scalar

# Fields that a sync makes of where a track's files are. An annex field of such a name is left out.
LOCATION = "/location"
DIRECTORY = "/directory"
TYPE = "/type"


class Origin(Enum):
    """How the values of a column come into Mixxx, which decides what an import may do with them."""

    # Somebody set it in Mixxx.
    USER = "user"
    # Mixxx read it from the file's tags, and somebody may have edited it since.
    TAGS = "tags"
    # The same, or Mixxx found it in the sound.
    ANALYSIS = "analysis"
    # Mixxx measured it: it only fills an empty field.
    SOUND = "sound"
    # The moment at which Mixxx first saw the file: the earliest moment counts.
    FIRST_SEEN = "first seen"
    # These only grow, unless somebody resets them.
    COUNT = "count"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class MixxxColumn:
    """A column of Mixxx's table `library`."""

    name: str
    origin: Origin
    # Whether tags often have several values, which Mixxx joins to one text.
    joins_values: bool = False
    # Whether an older Mixxx has no such column.
    optional: bool = False


class MixxxLists(Enum):
    """Lists of tracks that a user of Mixxx makes; their names are the values."""

    CRATES = "crates"
    PLAYLISTS = "playlists"


@dataclass(frozen=True, slots=True)
class Tags:
    """Which tags of a sound file hold a field. Of two in one file the first counts."""

    id3: tuple[str, ...] = ()
    # Names in lower case, for FLAC, Ogg Vorbis, Opus and APE.
    vorbis: tuple[str, ...] = ()
    mp4: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableColumn:
    """How `mcfs search` shows a field in its table; the columns stand in the order of the rows."""

    # A narrow terminal drops the columns with the highest numbers.
    rank: int
    # Narrower than this says nothing; None: the column is never cut.
    min_width: int | None = None
    align_right: bool = False
    # If it is not the name of the field.
    heading: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Everything there is to know about a field."""

    name: str
    kind: Kind
    # Other names for it in queries and templates.
    aliases: tuple[str, ...] = ()
    # What it is called in a sentence, if that is not its name.
    label: str | None = None

    # The annex fields that hold its values; None: the one of its name. Programs spell some in two ways.
    stored_as: tuple[str, ...] | None = None
    # Further fields that a query for this one looks into.
    also_searches: tuple[str, ...] = ()
    # The field that a range of this one compares, if that is another.
    compares: str | None = None
    # Whether 0 (or no) means that there is no value.
    zero_is_none: bool = False
    # Whether a track has one value at most, although other fields of this kind have many.
    one_text: bool = False
    # Whether a range of numbers that has 0 in it finds the tracks without a value too.
    zero_finds_none: bool = False

    # Whether the name of the file, without its extension, stands in where there is no value. One field only.
    file_name_stands_in: bool = False

    # Columns of the store's table `track`. A sync makes the value itself …
    derived_column: str | None = None
    # … or repeats the smallest value, for sorting and for display.
    text_column: str | None = None
    number_column: str | None = None

    # Where Mixxx keeps it.
    mixxx: MixxxColumn | MixxxLists | None = None
    tags: Tags = Tags()

    table_column: TableColumn | None = None
    # Whether it stands among the first columns of a CSV file.
    leads_csv: bool = False

    @property
    def stored_names(self) -> tuple[str, ...]:
        """The stored fields that hold its own values."""
        return (self.name,) if self.stored_as is None else self.stored_as

    @property
    def is_of_path(self) -> bool:
        """Whether it is a part of the paths of a track's files."""
        return self.stored_names[:1] in ((LOCATION,), (DIRECTORY,), (TYPE,))

    @property
    def is_derived(self) -> bool:
        """Whether a sync makes it, and no annex field holds it."""
        return self.derived_column is not None or self.is_of_path

    @property
    def single_valued(self) -> bool:
        """Whether a track has one value at most, so that a new one takes the place of the old one."""
        return self.one_text or self.kind.single_valued

    @property
    def can_be_edited(self) -> bool:
        """Whether git-annex has values of it that somebody could change; Mixxx has none of the others."""
        return bool(self.stored_names) and (not self.is_derived or self.mixxx is not None)

    @property
    def column(self) -> str | None:
        """The column of `track` to show or sort by, whichever kind of column it is."""
        return self.derived_column or self.number_column or self.text_column

    @property
    def has_values(self) -> bool:
        """Whether it has values of its own; `any` only looks into other fields."""
        return bool(self.stored_names) or self.derived_column is not None

    def template_value(self, text: str, number: float | None) -> Scalar:
        """A stored value as a template sees it; None is no value."""
        value = self.kind.template_value(text, number)
        return None if value == 0 and self.zero_is_none else value
