"""Runs commands on the sample library."""

from __future__ import annotations

import pytest

from mcfs.annex.library import Library
from mcfs.store import Store
from tests.cli.running import CommandRunner


@pytest.fixture
def mcfs(
    library: Library,
    synced: Store,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> CommandRunner:
    """Runs commands on the sample library."""
    monkeypatch.delenv("COLUMNS", raising=False)
    return CommandRunner(library, capsysbinary)
