"""What fields there are, and everything that is known about each of them.

    table.py       the table: one row for each built-in field
    field.py       what a row says
    kinds.py       one class for each kind of field: how its values are read, compared and shown
    vocabulary.py  which field a written name means, in one library, and of which kind it is
    amounts.py     how numbers, years, durations and sizes are written in a query
    dates.py       how days are written in a query, and which moments they mean
    date_values.py how metadata writes dates
    tempo.py       which tempos a search for one tempo finds

Pure. All other rooms use the table, so that a new field is one row and a new kind one class.
"""

from mcfs.fields.field import DIRECTORY, LOCATION, TYPE, Field
from mcfs.fields.table import RAW_PREFIX, FieldTable, field_named, field_table, use_table
from mcfs.fields.vocabulary import ConfiguredKind, Vocabulary

__all__ = [
    "DIRECTORY",
    "LOCATION",
    "RAW_PREFIX",
    "TYPE",
    "ConfiguredKind",
    "Field",
    "FieldTable",
    "Vocabulary",
    "field_named",
    "field_table",
    "use_table",
]
