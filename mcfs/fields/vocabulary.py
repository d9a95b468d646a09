"""The names that a query can use in one library: which field each means, and of which kind that is, and the
snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from mcfs.fields.field import Field
from mcfs.fields.table import RAW_PREFIX, date_field, field_named, field_table
from mcfs.text.fold import fold


class ConfiguredKind(Enum):
    """What the values of a field of the library can be said to be."""

    DATE = "date"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The built-in fields, those that a library has, folded, and its snapshots."""

    discovered: frozenset[str] = frozenset()
    # Those whose values are dates.
    dates: frozenset[str] = frozenset()
    # As they are written.
    snapshots: frozenset[str] = frozenset()

    def canonical(self, written: str) -> str | None:
        """The one name of a field, however it is written; None when there is no such field."""
        name = fold(written)
        if (built_in := field_table().name_of(name)) is not None:
            return built_in
        return name if name.removeprefix(RAW_PREFIX) in self.discovered else None

    def field(self, name: str) -> Field:
        """The field of a canonical name, which is of another kind where its values are dates."""
        if name in self.dates and name not in field_table().by_name:
            return date_field(name)
        return field_named(name)

    def snapshot(self, written: str) -> str | None:
        """The snapshot of this name, which may be written in another case; None when there is none."""
        if written in self.snapshots:
            return written
        folded = fold(written)
        return next((name for name in self.snapshots if fold(name) == folded), None)

    def configured(self, kinds: Mapping[str, ConfiguredKind]) -> Vocabulary:
        """The same, where fields of these folded names are of the kinds that somebody said they are."""
        if not kinds:
            return self
        dates = {name for name, kind in kinds.items() if kind is ConfiguredKind.DATE}
        return replace(self, dates=self.dates.difference(kinds) | (dates & self.discovered))

    def names(self) -> list[str]:
        """All names one can write, for suggestions; short aliases resemble too many words."""
        table = field_table()
        aliases = [alias for alias in table.by_alias if len(alias) > 2]
        own = self.discovered.difference(table.by_name, table.by_alias)
        return [*sorted(table.by_name), *sorted(own), *sorted(aliases)]
