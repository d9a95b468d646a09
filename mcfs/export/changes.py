"""What an export has to write and remove: the plan beside what is on the disk and who made that.

Owns which files may be replaced or removed, which are left as they are, and what is in the way. Pure: the one
table of these decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mcfs.export.manifest import Kind, Made, Manifest
from mcfs.export.plan import PlannedFile, PlannedFolder, PlannedText


class Wanted(NamedTuple):
    """A file as it is to be in the destination."""

    path: str
    made: Made
    origin: PlannedFile | PlannedText


class Found(NamedTuple):
    """What is at a path of the destination now."""

    # For messages: "a file", "a link", "a folder".
    what: str
    # None for what no export makes.
    kind_is_link: bool | None
    # Of a link.
    target: str = ""
    # Of a file.
    size: int = 0


@dataclass(frozen=True, slots=True)
class Blocked:
    """A file that cannot be written, and why."""

    wanted: Wanted
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What there is to do, in the order of the plan."""

    write: tuple[Wanted, ...]
    # Those of `write` in whose place is something else that this export has made before.
    replaced: frozenset[str]
    # Complete, and made by an export.
    kept: tuple[Wanted, ...]
    # Complete, but made by somebody else.
    foreign_kept: tuple[Wanted, ...]
    blocked: tuple[Blocked, ...]
    # Paths that this export has made and that are no longer wanted, with the bytes that they take.
    left: Mapping[str, int]
    # All paths in our manifest that are no longer wanted, also those that others have made, changed or
    # removed.
    unwanted: frozenset[str]


class _Owners:
    """Who has made what."""

    def __init__(self, ours: Manifest, others: Iterable[Manifest]) -> None:
        self._ours = ours
        self._others: dict[str, tuple[Made, str]] = {}
        for manifest in others:
            for path, made in manifest.all_made.items():
                self._others[path] = made, manifest.source

    def is_complete(self, wanted: Wanted, there: Found) -> bool:
        """Whether what is there is known to be what is wanted."""
        if not _fits(there, wanted.made):
            return False
        made, begun = self._ours.made.get(wanted.path), self._ours.begun.get(wanted.path)
        if begun == wanted.made and (made is None or not _fits(there, made)):
            return True  # an export that was killed had put it there
        other = self._others.get(wanted.path)
        return (begun is None and made == wanted.made) or (
            other is not None and other[0] == wanted.made
        )

    def is_ours(self, path: str, there: Found) -> bool:
        """Whether this export has put there what is there, as far as can be told."""
        made, begun = self._ours.made.get(path), self._ours.begun.get(path)
        if made is not None:
            # A file that was cut short is still ours.
            return there.kind_is_link is (made.kind == Kind.LINK.value)
        return begun is not None and _fits(there, begun)

    def may_remove(self, path: str, there: Found) -> bool:
        """Whether what is there is exactly what this export has made, and nobody else's."""
        mine = self._ours.made.get(path), self._ours.begun.get(path)
        return path not in self._others and any(made and _fits(there, made) for made in mine)

    def other(self, path: str) -> str | None:
        """Another export that has made this."""
        other = self._others.get(path)
        return None if other is None else other[1]


def find_changes(
    wanted: Iterable[Wanted],
    found: Mapping[str, Found],
    ours: Manifest,
    others: Iterable[Manifest],
    *,
    absent: PlannedFolder,
    same_content: Callable[[Wanted], bool],
    same_name: Callable[[str], str],
) -> Changes:
    """Decide for every path. `found` has all paths of the plan and of our manifest that are there.

    `absent` is what would be wanted if its content were here: what was made of it before stays.
    `same_content` compares what is there byte by byte. `same_name` gives equal texts for paths that the file
    system takes for one.
    """
    owners = _Owners(ours, others)
    write: list[Wanted] = []
    replaced: set[str] = set()
    kept: list[Wanted] = []
    foreign_kept: list[Wanted] = []
    blocked: list[Blocked] = []
    for each in wanted:
        there = found.get(each.path)
        if there is None:
            write.append(each)
        elif owners.is_complete(each, there):
            kept.append(each)
        elif (other := owners.other(each.path)) is not None:
            reason = f"the export of {other} has made another file of this name"
            blocked.append(Blocked(each, reason))
        elif owners.is_ours(each.path, there):
            write.append(each)
            replaced.add(each.path)
        elif _fits(there, each.made) and same_content(each):
            foreign_kept.append(each)
        else:
            reason = f"{there.what} of this name is there, which mcfs has not made; move it away"
            blocked.append(Blocked(each, reason))
    seen = {same_name(each.path) for each in (*write, *kept, *foreign_kept)}
    seen |= {same_name(each.wanted.path) for each in blocked}
    seen |= {same_name(path) for path, _ in absent.files()}
    absent_keys = {file.annex_key for _, file in absent.files()}
    unwanted = [
        path
        for path, made in ours.all_made.items()
        if same_name(path) not in seen and made.content not in absent_keys
    ]
    left = {
        path: found[path].size
        for path in unwanted
        if path in found and owners.may_remove(path, found[path])
    }
    return Changes(
        tuple(write),
        frozenset(replaced),
        tuple(kept),
        tuple(foreign_kept),
        tuple(blocked),
        left,
        frozenset(unwanted),
    )


def _fits(there: Found, made: Made) -> bool:
    """Whether what is there can be this: a link to the same place, a file of the same size."""
    if made.kind == Kind.LINK.value:
        return there.kind_is_link is True and there.target == made.content
    return there.kind_is_link is False and there.size == made.size
