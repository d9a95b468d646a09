"""The tables are tested in a cache that the store has made."""

from tests.store.conftest import cache, path

__all__ = ["cache", "path"]
