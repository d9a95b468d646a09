"""Which name each track has: the one it would like, unless others would like it too.

Owns the keeping apart of names in the cache. All members of a collision are marked, so that no name
depends on who came first; whoever comes or goes can therefore rename others, and only those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, bindparam, select, update

from mcfs.schema.cache import Track
from mcfs.store.batches import chunks
from mcfs.text.fold import fold
from mcfs.text.unique_names import unique_names


def placeholder_name(annex_key: str) -> str:
    """What nobody is called, and nobody else is called either, until names are settled."""
    return f"\1{annex_key}"


class NameClaims:
    """The names of a full load: who wants what, and who must be settled in the end."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._contested: set[str] = set()

    def name_of(self, annex_key: str, wanted: str, folded: str) -> str:
        """The name to insert a track with."""
        if self._first.setdefault(folded, annex_key) == annex_key:
            return wanted
        self._contested.add(folded)
        return placeholder_name(annex_key)

    def settle(self, connection: Connection) -> None:
        """Give the contested names."""
        if self._contested:
            settle(connection, self._contested)


def settle(connection: Connection, touched: Iterable[str]) -> set[str]:
    """Name anew all tracks that would like a name that folds to one of these; the keys of the renamed.

    A marked name may itself be what another track would like: then that one is settled with them.
    """
    asked: set[str] = set()
    open_ = set(touched)
    wanted: dict[str, str] = {}
    current: dict[str, str] = {}
    while open_:
        for annex_key, wish, name in _wishing(connection, open_):
            wanted[annex_key], current[annex_key] = wish, name
        asked |= open_
        given = unique_names(wanted.items())
        open_ = {fold(name) for name in (*given.values(), *current.values())} - asked
        open_ = {folded for folded in open_ if not folded.startswith("\1")}
    renamed = {key: name for key, name in given.items() if current[key] != name} if wanted else {}
    _rename(connection, {key: placeholder_name(key) for key in renamed})
    _rename(connection, renamed)
    return set(renamed)


def _wishing(connection: Connection, folded: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for some in chunks(folded):
        yield from connection.execute(
            select(Track.annex_key, Track.base_name, Track.name).where(
                Track.base_name_folded.in_(some)
            )
        )


def _rename(connection: Connection, names: dict[str, str]) -> None:
    if names:
        connection.execute(
            update(Track)
            .where(Track.annex_key == bindparam("key"))
            .values(name=bindparam("new_name")),
            [{"key": key, "new_name": name} for key, name in names.items()],
        )
