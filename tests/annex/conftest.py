"""A library that tests change through git and git-annex."""

from __future__ import annotations

import pytest

from mcfs.annex.library import Library
from tests.annex.git_annex_oracle import Repository


@pytest.fixture
def repository(library: Library) -> Repository:
    """The library of the test."""
    return Repository(library.top)
