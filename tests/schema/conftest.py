"""The tables are tested in a cache that the store has made."""

from tests.store.conftest import cache, cache_engine, path

__all__ = ["cache", "cache_engine", "path"]
