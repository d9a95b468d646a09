"""The commands, about the sample library."""

from __future__ import annotations

import pytest

from mcfs.annex.library import Library
from mcfs.store import Store
from tests.cli.running import Mcfs


@pytest.fixture
def mcfs(
    library: Library,
    synced: Store,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Mcfs:
    """The commands, about the sample library."""
    monkeypatch.delenv("COLUMNS", raising=False)
    return Mcfs(library, capsysbinary)
