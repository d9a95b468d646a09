"""The formats can be used without a database."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["csv_table", "json_objects", "playlist", "rekordbox"])
def test_a_format_loads_no_database_engine(module: str) -> None:
    script = f"import sys, mcfs.export.{module}; print('sqlalchemy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
