"""Which field a written name means, in one library."""

from __future__ import annotations

from dataclasses import dataclass

from mcfs.fields.table import RAW_PREFIX, field_table
from mcfs.text.fold import fold


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that queries can use: the built-in fields, and those that a library has, folded."""

    discovered: frozenset[str] = frozenset()

    def canonical(self, written: str) -> str | None:
        """The one name of a field, however it is written; None when there is no such field."""
        name = fold(written)
        if (built_in := field_table().name_of(name)) is not None:
            return built_in
        return name if name.removeprefix(RAW_PREFIX) in self.discovered else None

    def names(self) -> list[str]:
        """All names one can write, for suggestions; short aliases resemble too many words."""
        table = field_table()
        aliases = [alias for alias in table.by_alias if len(alias) > 2]
        own = self.discovered.difference(table.by_name, table.by_alias)
        return [*sorted(table.by_name), *sorted(own), *sorted(aliases)]
