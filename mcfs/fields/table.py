"""The table of fields: a new field is one row here, and nothing else.

Owns the rows, their lookup by name, alias and stored name, and which table is in use. Every field that a
library has is a field too, under its own name; `field_named` makes up its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache

from mcfs.fields.field import (
    DIRECTORY,
    LOCATION,
    TYPE,
    Field,
    MixxxColumn,
    MixxxLists,
    Origin,
    TableColumn,
    Tags,
)
from mcfs.fields.kinds import (
    Bpm,
    Color,
    Date,
    Decade,
    Discovered,
    Duration,
    Flag,
    Folder,
    MusicalKey,
    Number,
    Rating,
    RawText,
    Size,
    SnapshotName,
    Text,
    TrackNumber,
    Year,
)

# In front of a name, it means the annex field of that name, which a built-in field may hide.
RAW_PREFIX = "meta."

ROWS = (
    Field(
        name="artist",
        kind=Text(),
        aliases=("a",),
        also_searches=("albumartist",),
        text_column="artist",
        mixxx=MixxxColumn("artist", Origin.TAGS, joins_values=True),
        tags=Tags(id3=("TPE1",), vorbis=("artist",), mp4=("\xa9ART",)),
        table_column=TableColumn(rank=2, min_width=12),
        leads_csv=True,
    ),
    Field(
        name="title",
        kind=Text(),
        aliases=("t",),
        one_text=True,
        file_name_stands_in=True,
        text_column="title",
        mixxx=MixxxColumn("title", Origin.TAGS),
        tags=Tags(id3=("TIT2",), vorbis=("title",), mp4=("\xa9nam",)),
        table_column=TableColumn(rank=1, min_width=16),
        leads_csv=True,
    ),
    Field(
        name="album",
        kind=Text(),
        aliases=("al",),
        one_text=True,
        text_column="album",
        mixxx=MixxxColumn("album", Origin.TAGS),
        tags=Tags(id3=("TALB",), vorbis=("album",), mp4=("\xa9alb",)),
        table_column=TableColumn(rank=8, min_width=14),
        leads_csv=True,
    ),
    Field(
        name="genre",
        kind=Text(),
        aliases=("g",),
        text_column="genre",
        mixxx=MixxxColumn("genre", Origin.TAGS, joins_values=True),
        tags=Tags(id3=("TCON",), vorbis=("genre",), mp4=("\xa9gen",)),
        table_column=TableColumn(rank=5, min_width=12),
        leads_csv=True,
    ),
    Field(
        name="bpm",
        kind=Bpm(),
        aliases=("b",),
        zero_is_none=True,
        number_column="bpm",
        mixxx=MixxxColumn("bpm", Origin.ANALYSIS),
        tags=Tags(
            id3=("TBPM",), vorbis=("bpm", "tempo"), mp4=("----:com.apple.iTunes:BPM", "tmpo")
        ),
        table_column=TableColumn(rank=3, min_width=6, align_right=True),
        leads_csv=True,
    ),
    Field(
        name="key",
        kind=MusicalKey(),
        aliases=("k",),
        text_column="key_text",
        number_column="key_number",
        mixxx=MixxxColumn("key", Origin.ANALYSIS),
        tags=Tags(
            id3=("TKEY",),
            vorbis=("initialkey", "key"),
            mp4=("----:com.apple.iTunes:initialkey", "----:com.apple.iTunes:KEY"),
        ),
        table_column=TableColumn(rank=4, min_width=4),
        leads_csv=True,
    ),
    Field(
        name="rating",
        kind=Rating(),
        aliases=("r",),
        zero_is_none=True,
        zero_finds_none=True,
        number_column="rating",
        mixxx=MixxxColumn("rating", Origin.USER),
        tags=Tags(id3=("POPM",), vorbis=("rating",)),
        table_column=TableColumn(rank=6, min_width=6),
        leads_csv=True,
    ),
    Field(
        name="year",
        kind=Year(),
        aliases=("y",),
        number_column="year",
        mixxx=MixxxColumn("year", Origin.TAGS),
        tags=Tags(id3=("TDRC",), vorbis=("date", "year"), mp4=("\xa9day",)),
        table_column=TableColumn(rank=7, align_right=True),
        leads_csv=True,
    ),
    Field(
        name="duration",
        kind=Duration(),
        aliases=("du",),
        mixxx=MixxxColumn("duration", Origin.SOUND),
        table_column=TableColumn(rank=10, align_right=True, heading="length"),
    ),
    Field(
        name="crate",
        kind=Text(),
        mixxx=MixxxLists.CRATES,
        table_column=TableColumn(rank=9, min_width=14),
        leads_csv=True,
    ),
    Field(
        name="comment",
        kind=Text(),
        aliases=("cm",),
        one_text=True,
        mixxx=MixxxColumn("comment", Origin.TAGS),
        tags=Tags(id3=("COMM",), vorbis=("comment", "description"), mp4=("\xa9cmt",)),
        table_column=TableColumn(rank=11, min_width=20),
    ),
    Field(
        name="albumartist",
        kind=Text(),
        aliases=("aa", "album_artist"),
        label="album artist",
        stored_as=("albumartist", "album_artist"),
        mixxx=MixxxColumn("album_artist", Origin.TAGS, joins_values=True),
        tags=Tags(id3=("TPE2",), vorbis=("albumartist", "album artist"), mp4=("aART",)),
    ),
    Field(
        name="bitrate",
        kind=Number(),
    ),
    Field(
        name="color",
        kind=Color(),
        mixxx=MixxxColumn("color", Origin.USER),
    ),
    Field(
        name="composer",
        kind=Text(),
        aliases=("cp",),
        mixxx=MixxxColumn("composer", Origin.TAGS, joins_values=True),
        tags=Tags(id3=("TCOM",), vorbis=("composer",), mp4=("\xa9wrt",)),
    ),
    Field(
        name="grouping",
        kind=Text(),
        aliases=("gr",),
        mixxx=MixxxColumn("grouping", Origin.TAGS),
        tags=Tags(id3=("TIT1", "GRP1"), vorbis=("grouping",), mp4=("\xa9grp",)),
    ),
    Field(
        name="played",
        kind=Number(),
        aliases=("timesplayed",),
        zero_is_none=True,
        zero_finds_none=True,
        stored_as=("played", "timesplayed"),
        mixxx=MixxxColumn("timesplayed", Origin.COUNT),
    ),
    Field(
        name="lastplayed",
        kind=Date(),
        mixxx=MixxxColumn("last_played_at", Origin.LATEST, optional=True),
    ),
    Field(
        name="playlist",
        kind=Text(),
        mixxx=MixxxLists.PLAYLISTS,
    ),
    Field(
        name="tracknumber",
        kind=TrackNumber(),
        aliases=("tr", "track"),
        stored_as=("tracknumber", "track"),
        number_column="tracknumber",
        mixxx=MixxxColumn("tracknumber", Origin.TAGS),
        tags=Tags(id3=("TRCK",), vorbis=("tracknumber",), mp4=("trkn",)),
    ),
    # --- made by a sync
    Field(
        name="added",
        kind=Date(),
        aliases=("ad", "date_added", "dateadded", "datetime_added"),
        derived_column="added_at",
        mixxx=MixxxColumn("datetime_added", Origin.FIRST_SEEN),
    ),
    Field(
        name="changed",
        kind=Date(),
        aliases=("lastchanged",),
        derived_column="changed_at",
    ),
    Field(
        name="decade",
        kind=Decade(),
        compares="year",
        derived_column="decade",
    ),
    Field(
        name="directory",
        kind=Text(),
        aliases=("dir",),
        label="folder",
        stored_as=(DIRECTORY,),
    ),
    Field(
        name="live",
        kind=Flag(),
        zero_is_none=True,
        derived_column="is_live",
    ),
    Field(
        name="location",
        kind=Text(),
        aliases=("file", "lo"),
        label="work path",
        stored_as=(LOCATION,),
    ),
    Field(
        name="present",
        kind=Flag(),
        derived_column="present",
    ),
    Field(
        name="size",
        kind=Size(),
        derived_column="size",
    ),
    Field(
        name="type",
        kind=Text(),
        aliases=("ext",),
        label="file type",
        stored_as=(TYPE,),
    ),
    # --- and what has no values of its own
    Field(
        name="in",
        kind=Folder(),
        stored_as=(),
        also_searches=("directory",),
    ),
    Field(
        name="snapshot",
        kind=SnapshotName(),
        stored_as=(),
    ),
    Field(
        name="any",
        kind=Text(),
        stored_as=(),
        also_searches=(
            "artist",
            "albumartist",
            "title",
            "album",
            "genre",
            "composer",
            "comment",
            "grouping",
            "crate",
            "location",
        ),
    ),
)


class FieldTable:
    """Rows, and the ways to find one."""

    def __init__(self, rows: Iterable[Field]) -> None:
        self.rows = tuple(rows)
        names = [name for row in self.rows for name in (row.name, *row.aliases)]
        if len(names) != len(set(names)):
            raise ValueError("two fields have the same name or alias")
        if sum(row.file_name_stands_in for row in self.rows) > 1:
            raise ValueError("the name of the file can stand in for one field only")
        self.by_name = {row.name: row for row in self.rows}
        self.by_alias = {alias: row.name for row in self.rows for alias in row.aliases}
        self._by_stored_name = {name: row for row in self.rows for name in row.stored_names}
        self._searched = {row.name: self._search(row) for row in self.rows}
        # The stored fields whose values promise to be numbers.
        self.numeric_names = tuple(
            name
            for row in self.rows
            if row.kind.is_number and row.derived_column is None
            for name in row.stored_names
        )

    def _search(self, row: Field) -> tuple[str, ...]:
        others = (self.by_name[name] for name in row.also_searches)
        return (*row.stored_names, *(name for other in others for name in other.stored_names))

    def name_of(self, written: str) -> str | None:
        """The name of a built-in field, by its name or an alias, folded; None where there is none."""
        return written if written in self.by_name else self.by_alias.get(written)

    def named(self, name: str) -> Field:
        """The field of a name: its row, or one for a field that only the library knows."""
        return self.by_name.get(name) or _library_field(name)

    def of_stored(self, name: str) -> Field:
        """The field whose values a stored field holds, by its folded name."""
        return self._by_stored_name.get(name) or _library_field(name)

    def searched(self, name: str) -> tuple[str, ...]:
        """The stored fields that a query for a field looks into."""
        found = self._searched.get(name)
        return _library_field(name).stored_names if found is None else found


@lru_cache(maxsize=1024)
def _library_field(name: str) -> Field:
    if name.startswith(RAW_PREFIX):
        return Field(name=name, kind=RawText(), stored_as=(name.removeprefix(RAW_PREFIX),))
    return Field(name=name, kind=Discovered())


@lru_cache(maxsize=1024)
def date_field(name: str) -> Field:
    """A field that only the library knows, and whose values are dates."""
    return Field(name=name, kind=Date())


class _InUse:
    """Holds the one table that all modules use."""

    table = FieldTable(ROWS)


def field_table() -> FieldTable:
    """The table in use."""
    return _InUse.table


def field_named(name: str) -> Field:
    """The field of a canonical name."""
    return _InUse.table.named(name)


@contextmanager
def use_table(table: FieldTable) -> Iterator[None]:
    """Use another table, in all threads, for as long as the block runs. For tests."""
    before = _InUse.table
    _InUse.table = table
    try:
        yield
    finally:
        _InUse.table = before
