"""How an `ImportedRow` is kept as JSON: in a row of the table `imported_row`, and in the journal of edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcfs.store.records import ImportedRow

# Field → its values, as JSON has it.
StoredFields = Mapping[str, Sequence[str] | None]


def imported_row(
    annex_key: str, source_id: int, row_id: int, seen: StoredFields, supplied: StoredFields
) -> ImportedRow:
    """The row, from what JSON has of it."""
    return ImportedRow(
        annex_key,
        source_id,
        row_id,
        {name: None if values is None else tuple(values) for name, values in seen.items()},
        {name: tuple(values or ()) for name, values in supplied.items()},
    )


def journalled(rows: Iterable[ImportedRow]) -> list[Any] | None:
    """The rows of one track in the journal; None for none."""
    return [list(row[1:]) for row in rows] or None


def from_journal(annex_key: str, stored: Iterable[Sequence[Any]] | None) -> tuple[ImportedRow, ...]:
    """The rows of one track, from the journal."""
    return tuple(imported_row(annex_key, *row) for row in stored or ())
