"""What differs between a frozen result and the present one, and the sentences that say it.

Pure: what the library has now comes from outside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mcfs.store.snapshot_records import FrozenTrack

# So many tracks are named in a sentence.
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class NamedTrack:
    """A track, and the name by which it is spoken of."""

    annex_key: str
    name: str


Tracks = tuple[NamedTrack, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """How a frozen result and the present one differ. Empty: they agree."""

    # Tracks that the query finds now, and did not then.
    joined: Tracks = ()
    # Frozen ones that it does not find any more, although they are here.
    left: Tracks = ()
    # Frozen ones whose content was here and is not any more.
    absent: Tracks = ()
    # Frozen ones that the library does not have any more.
    gone: Tracks = ()
    # Whether the tracks that are in both come in another order now.
    reordered: bool = False
    # What else has changed, in sentences: another query, another template.
    inputs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.joined or self.left or self.absent or self.gone or self.reordered or self.inputs
        )


@dataclass(frozen=True, slots=True)
class PresentResult:
    """What a query finds now, and what has become of the frozen tracks."""

    # In the order of the query, by their names.
    found: Mapping[str, str]
    # Of the frozen tracks: those that the library still has, and whether their content is here.
    presence: Mapping[str, bool]
    is_ordered: bool


def compare(
    frozen: Sequence[FrozenTrack], present: PresentResult, inputs: Iterable[str] = ()
) -> Differences:
    """The differences; frozen tracks are spoken of by their frozen names."""
    keys = {track.annex_key for track in frozen}
    still = [track for track in frozen if track.annex_key in present.presence]
    absent = {
        track.annex_key
        for track in still
        if track.present and not present.presence[track.annex_key]
    }
    left = [t for t in still if t.annex_key not in present.found and t.annex_key not in absent]
    return Differences(
        joined=tuple(NamedTrack(k, name) for k, name in present.found.items() if k not in keys),
        left=_named(left),
        absent=_named(track for track in still if track.annex_key in absent),
        gone=_named(track for track in frozen if track.annex_key not in present.presence),
        reordered=present.is_ordered and _is_reordered(frozen, present.found, keys),
        inputs=tuple(inputs),
    )


def _named(tracks: Iterable[FrozenTrack]) -> Tracks:
    return tuple(NamedTrack(track.annex_key, track.name) for track in tracks)


def _is_reordered(
    frozen: Sequence[FrozenTrack], found: Collection[str], keys: Collection[str]
) -> bool:
    then = [track.annex_key for track in frozen if track.annex_key in found]
    return then != [key for key in found if key in keys]


def sentences(differences: Differences, since: date, today: date) -> Iterator[str]:
    """What differs, the worst first. `since` is when the snapshot was taken."""
    yield from differences.inputs
    gone, absent = differences.gone, differences.absent
    if gone:
        yield f"{_count(gone)} gone from the library: {_names(gone)}"
    if absent:
        yield f"{_count(absent)} no longer here: {_names(absent)}"
    if differences.joined or differences.left:
        yield _joined_and_left(differences, _shown_day(since, today))
    if differences.reordered:
        yield f"the order has changed since {_shown_day(since, today)}"


def changes(differences: Differences) -> Iterator[str]:
    """One line for each difference: what `mcfs snapshot show` and `refresh` list."""
    yield from differences.inputs
    for sign, tracks, why in (
        ("+", differences.joined, ""),
        ("-", differences.left, ""),
        ("-", differences.absent, " (not here)"),
        ("-", differences.gone, " (gone from the library)"),
    ):
        for track in tracks:
            yield f"{sign} {track.name}{why}"
    if differences.reordered:
        yield "the order has changed"


def _joined_and_left(differences: Differences, since: str) -> str:
    joined, left = differences.joined, differences.left
    counts = []
    if joined:
        counts.append(f"{len(joined)} {'track' if len(joined) == 1 else 'tracks'} joined")
    if left:
        tracks = "" if joined else " track" if len(left) == 1 else " tracks"
        counts.append(f"{len(left)}{tracks} left")
    named = [f"+ {track.name}" for track in joined] + [f"- {track.name}" for track in left]
    return f"{', '.join(counts)} since {since}: {_some(named)}"


def _count(tracks: Tracks) -> str:
    return "1 track is" if len(tracks) == 1 else f"{len(tracks)} tracks are"


def _names(tracks: Tracks) -> str:
    return _some([track.name for track in tracks])


def _some(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def _shown_day(day: date, today: date) -> str:
    # Not by strftime: its names of months are those of the locale.
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day.day} {_MONTHS[day.month - 1]}{year}"
