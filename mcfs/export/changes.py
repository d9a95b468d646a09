"""What an export has to write and remove: the plan beside what is on the disk and who made that.

Owns which files may be replaced or removed, which are left as they are, and what is in the way. Pure: the one
table of these decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mcfs.export.manifest import Kind, Made, Manifest
from mcfs.export.plan import PlannedFile, PlannedText


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
    """Who has made what. Paths that the file system takes for one are one."""

    def __init__(
        self, ours: Manifest, others: Iterable[Manifest], same_name: Callable[[str], str]
    ) -> None:
        self._same_name = same_name
        self._made = {same_name(path): made for path, made in ours.made.items()}
        self._begun = {same_name(path): made for path, made in ours.begun.items()}
        self._others: dict[str, tuple[Made, str]] = {}
        for manifest in others:
            for path, made in manifest.all_made.items():
                self._others[same_name(path)] = made, manifest.source

    def is_complete(self, wanted: Wanted, there: Found) -> bool:
        """Whether what is there is known to be what is wanted."""
        if not _fits(there, wanted.made):
            return False
        made, begun = self._of_ours(wanted.path)
        if begun == wanted.made and (made is None or not _fits(there, made)):
            return True  # an export that was killed had put it there
        other = self._others.get(self._same_name(wanted.path))
        return (begun is None and made == wanted.made) or (
            other is not None and other[0] == wanted.made
        )

    def is_ours(self, path: str, there: Found) -> bool:
        """Whether this export has put there what is there, as far as can be told."""
        made, begun = self._of_ours(path)
        if made is not None:
            # A file that was cut short is still ours.
            return there.kind_is_link is (made.kind == Kind.LINK.value)
        return begun is not None and _fits(there, begun)

    def may_remove(self, path: str, there: Found) -> bool:
        """Whether only this export made the file, and nobody has changed it since."""
        return self._same_name(path) not in self._others and any(
            made is not None and _fits(there, made) for made in self._of_ours(path)
        )

    def other(self, path: str) -> str | None:
        """Another export that has made this."""
        other = self._others.get(self._same_name(path))
        return None if other is None else other[1]

    def _of_ours(self, path: str) -> tuple[Made | None, Made | None]:
        same = self._same_name(path)
        return self._made.get(same), self._begun.get(same)


def find_changes(
    wanted: Iterable[Wanted],
    found: Mapping[str, Found],
    ours: Manifest,
    others: Iterable[Manifest],
    *,
    absent: Collection[str],
    same_content: Callable[[Wanted], bool],
    same_name: Callable[[str], str],
) -> Changes:
    """Decide for every path. `found` has all paths of the plan and of our manifest that are there.

    `absent` are the keys of what would be wanted if its content were here: what was made of it before stays.
    `same_content` compares what is there byte by byte. `same_name` gives equal texts for paths that the file
    system takes for one.
    """
    owners = _Owners(ours, others, same_name)
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
    unwanted = [
        path
        for path, made in ours.all_made.items()
        if same_name(path) not in seen and made.annex_key not in absent
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
