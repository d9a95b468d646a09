"""The values that folders list although no track has them: folders that somebody made, or emptied.

Owns which folder lists which of them. A value that is begun is in `user.db`, so that all mounts list it,
wherever its field can be edited. A folder that lost its last track is kept by this mount until it is removed,
as on a disk: `rm -r` removes what is in a folder, and then the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mcfs.text.escape import escape
from mcfs.text.fold import fold
from mcfs.text.unique_names import collision_key
from mcfs.tree.editable import edited_field
from mcfs.tree.nodes import QueryFolderNode, ValuesNode

# The begun values of a field.
BegunValues = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class EmptyValues:
    """All values that are listed even if no track has them."""

    # By field.
    begun: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Field, key of the folder, and value, in the order in which they came.
    kept: tuple[tuple[str, str, str], ...] = ()

    def listed_in(self, node: QueryFolderNode, editable: Container[str]) -> tuple[str, ...]:
        """Those that a folder lists."""
        name = edited_field(node, editable)
        if name is None:
            return ()
        return (*self.begun.get(name, ()), *(v for _, key, v in self.kept if key == node.key))

    def keeping(self, name: str, node: ValuesNode, value: str) -> EmptyValues:
        """The same, and a value of a field in this folder."""
        return replace(self, kept=tuple(dict.fromkeys((*self.kept, (name, node.key, value)))))

    def dropping(self, name: str, value: str) -> EmptyValues:
        """The same without a value of a field, whichever folders keep it."""
        gone = (name, fold(value.strip()))
        return replace(
            self, kept=tuple(each for each in self.kept if (each[0], fold(each[2].strip())) != gone)
        )

    def collision_keys_unlike(self, other: EmptyValues) -> frozenset[str]:
        """Of the names of all values that only one of the two has somewhere."""
        return frozenset(
            collision_key(escape(value.strip())) for *_, value in {*self._all()} ^ {*other._all()}
        )

    def _all(self) -> Iterator[tuple[str, str, str]]:
        yield from self.kept
        for name, values in self.begun.items():
            yield from ((name, "", value) for value in values)
