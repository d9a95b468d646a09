"""What a path says, name by name, before anybody looks whether it is there.

Owns the reading of one folder name and the splitting of a mount path. Pure; that a name may also be an
entry its folder lists, and that such an entry comes first, is the tree's to know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcfs.errors import NotFoundError
from mcfs.query import Query, Vocabulary, parse, starts_like_query

MAX_DEPTH = 32

# A name with one of these could become valid by a new field: queries, templates, exports.
_SHAPED = re.compile(r"[:=]|\{\{|\{%|^[-~(\"]|\.(?:m3u8|json|csv)$")


@dataclass(frozen=True, slots=True)
class Route:
    """A mount path as the names it is made of; the root is no name at all."""

    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, mount_path: str) -> Route:
        """Slashes before, after and twice mean nothing, as anywhere in a file system."""
        names = tuple(name for name in mount_path.split("/") if name not in ("", "."))
        if len(names) > MAX_DEPTH:
            raise NotFoundError(f"a path may be {MAX_DEPTH} folders deep")
        return cls(names)

    def __str__(self) -> str:
        return "/" + "/".join(self.names)


def query_of(name: str, vocabulary: Vocabulary) -> Query | None:
    """The query a folder name is; None where it is a plain name; a `QueryError` where it is a bad one."""
    return parse(name, vocabulary) if starts_like_query(name, vocabulary) else None


def is_shaped(name: str) -> bool:
    """Whether the absence of this name may end by itself, when a sync brings a new field."""
    return not name.startswith(".") and bool(_SHAPED.search(name))
