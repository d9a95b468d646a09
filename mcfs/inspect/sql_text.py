"""A compiled query as SQL that people can read: laid out in lines, with its parameters filled in."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import sqlite

from mcfs.sql import AnyCompiled
from mcfs.text.raw_text import stored_text
from mcfs.text.timestamps import to_microseconds

_DIALECT = sqlite.dialect(paramstyle="named")
_PARAMETER = re.compile(r":([A-Za-z_]\w*)")
# Longer than any query text: only mcfs itself makes such a value.
_LONGEST_LITERAL = 4096
_SHOWN_BEGINNING = 60
_LINE_BREAK = re.compile(r" (?=ORDER BY )|(?<= )(?=AND (?:\(|track\.id|NOT|track\.present))")


def sql_text(compiled: AnyCompiled) -> str:
    """For reading only: the database gets the statement and its parameters separately."""
    statement = compiled.statement.compile(dialect=_DIALECT)
    values = statement.construct_params(compiled.parameters)
    return _PARAMETER.sub(
        lambda found: _literal(values[found.group(1)]), _break_into_lines(str(statement))
    )


def _break_into_lines(sql: str) -> str:
    lines: list[str] = []
    depth = 0
    for line in _LINE_BREAK.sub("\n", sql).splitlines():
        text = line.strip()
        lines.append("  " * depth + text)
        depth += text.count("(") - text.count(")")
    return "\n".join(lines)


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(int(value))
        case datetime():
            return f"{to_microseconds(value)} /* {value:%Y-%m-%d %H:%M} */"
        case int() | float():
            return repr(value)
        case bytes():
            return f"X'{value.hex()}'"
        case str() if len(value) > _LONGEST_LITERAL:
            # The keys of thousands of tracks, say.
            return f"{_literal(value[:_SHOWN_BEGINNING])} /* … {len(value)} characters */"
        case str():
            kept = stored_text(value)
            return (
                _literal(kept) if isinstance(kept, bytes) else "'" + value.replace("'", "''") + "'"
            )
        case _:
            return str(value)
