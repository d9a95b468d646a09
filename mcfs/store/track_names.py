"""The unique name of every track in the cache: its base name, unless another track has the same one.

Owns how collisions are resolved in the cache. All members of a collision are marked with a hash, so that no
name depends on the order of arrival. A track that is added or removed can therefore rename others, but only
those whose names collide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, bindparam, select, update

from mcfs.schema.cache import Track
from mcfs.store.batches import chunks
from mcfs.text.fold import fold
from mcfs.text.unique_names import unique_names

# No name begins with a control character.
_PLACEHOLDER = "\1"


def placeholder_name(annex_key: str) -> str:
    """A name that no other track can have, until the final names are assigned."""
    return f"{_PLACEHOLDER}{annex_key}"


class NameClaims:
    """The names of a full load, and which of them collide."""

    def __init__(self) -> None:
        # Folded base name → the first annex key that has it.
        self._first: dict[str, str] = {}
        self._collisions: set[str] = set()

    def claim(self, annex_key: str, base_name: str, folded: str) -> str:
        """The name to insert a track with: its base name when it is the first to have it."""
        if self._first.setdefault(folded, annex_key) == annex_key:
            return base_name
        self._collisions.add(folded)
        return placeholder_name(annex_key)

    def resolve(self, connection: Connection) -> None:
        """Assign the names of all tracks whose base names collide."""
        if self._collisions:
            assign_names(connection, self._collisions)


def assign_names(connection: Connection, folded_names: Iterable[str]) -> set[str]:
    """Assign the names of all tracks whose base names fold to one of these; returns the renamed keys.

    A marked name may be the base name of yet another track: then that track is included.
    """
    done: set[str] = set()
    todo = set(folded_names)
    base_names: dict[str, str] = {}
    current: dict[str, str] = {}
    while todo:
        for annex_key, base_name, name in _tracks_with_base_names(connection, todo):
            base_names[annex_key], current[annex_key] = base_name, name
        done |= todo
        given = unique_names(base_names.items())
        todo = {fold(name) for name in (*given.values(), *current.values())} - done
        todo = {folded for folded in todo if not folded.startswith(_PLACEHOLDER)}
    renamed = {}
    if base_names:
        renamed = {key: name for key, name in given.items() if current[key] != name}
    # Through placeholders, because two tracks may swap their names.
    _rename(connection, {key: placeholder_name(key) for key in renamed})
    _rename(connection, renamed)
    return set(renamed)


def _tracks_with_base_names(
    connection: Connection, folded: Iterable[str]
) -> Iterator[tuple[str, str, str]]:
    for some in chunks(folded):
        yield from connection.execute(
            select(Track.c.annex_key, Track.c.base_name, Track.c.name).where(
                Track.c.base_name_folded.in_(some)
            )
        )


def _rename(connection: Connection, names: dict[str, str]) -> None:
    if names:
        connection.execute(
            update(Track)
            .where(Track.c.annex_key == bindparam("key"))
            .values(name=bindparam("new_name")),
            [{"key": key, "new_name": name} for key, name in names.items()],
        )
