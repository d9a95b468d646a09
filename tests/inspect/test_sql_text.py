"""A compiled query as SQL for people."""

from __future__ import annotations

import re
from datetime import date

from mcfs.inspect.sql_text import sql_text
from mcfs.query import hiding_absent, parse
from mcfs.sql import bind_without_values, select_tracks

TODAY = date(2025, 6, 15)


def test_sql_contains_its_parameters() -> None:
    query = hiding_absent(parse('title:"o\'b (x" added:>=2025 artist:\udcff sort:-bpm limit:3'))
    sql = sql_text(select_tracks(bind_without_values(query, TODAY)))
    assert not re.search(r":[a-z]\w*", sql.replace("00:00", ""))
    assert "'\"o''b (x\"'" in sql
    assert "/* 2025-01-01 00:00 */" in sql
    assert "X'ff'" in sql
    assert "LIMIT 3" in sql
