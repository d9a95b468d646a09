"""Stores and trees: one of the sample library, and new ones of a few tracks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from mcfs.config.settings import DEFAULTS, Settings
from mcfs.store import Store, TrackRecord, open_store
from mcfs.tree.tree import Tree
from tests.tree.folder_access import Make, MakeStore


@pytest.fixture(scope="module")
def store(pristine_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that is only read here."""
    folder = tmp_path_factory.mktemp("folders") / "mcfs"
    shutil.copytree(pristine_store, folder)
    with open_store(folder) as opened:
        opened.cache.count()
        opened.user.pins()
        yield opened


@pytest.fixture
def tree(store: Store) -> Tree:
    return Tree(store)


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[MakeStore]:
    """A store of some tracks."""
    with ExitStack() as stores:
        numbers = count()

        def made(*records: TrackRecord) -> Store:
            store = stores.enter_context(open_store(tmp_path / f"store{next(numbers)}"))
            store.cache.replace_all(records)
            return store

        yield made


@pytest.fixture
def make(make_store: MakeStore) -> Make:
    """A tree of some tracks, in a store of their own."""

    def made(*records: TrackRecord, settings: Settings = DEFAULTS) -> Tree:
        return Tree(make_store(*records), settings)

    return made
