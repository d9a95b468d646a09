"""Library → store: what git-annex says, as tracks.

Owns what counts as a track and what is derived from its metadata on the way in. Reads through `annex/`,
writes through `store/`, and changes nothing in the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import PurePosixPath

from mcfs.annex.library import AnnexedKey, Library, annex_commit, read_keys
from mcfs.columns import utc_now
from mcfs.errors import McfsError
from mcfs.names import fold, track_name, unique_names
from mcfs.store import Store, SyncState, TrackRecord

AUDIO = frozenset(
    "aac aif aiff alac ape flac m4a mp3 mpc oga ogg opus wav wma wv".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync found."""

    tracks: int
    present: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync has come; `total` is 0 until it is known."""

    done: int
    total: int


def sync(
    library: Library, store: Store, on_progress: Callable[[Progress], None] = lambda _: None
) -> SyncReport:
    """Read the whole library and replace what the cache holds, in one commit."""
    run = store.user.start_run("sync")
    try:
        report = _replace_all(library, store, on_progress)
    except (McfsError, OSError, KeyboardInterrupt) as error:
        # The failure itself has to be heard, not that it could not be written down.
        with suppress(McfsError):
            store.user.finish_run(run, "failed", {"error": str(error) or "interrupted"})
            store.cache.record_error(str(error) or "interrupted")
        raise
    store.user.finish_run(run, "done", {"tracks": report.tracks, "present": report.present})
    return report


def _replace_all(
    library: Library, store: Store, on_progress: Callable[[Progress], None]
) -> SyncReport:
    on_progress(Progress(0, 0))
    total = 0

    def on_count(count: int) -> None:
        nonlocal total
        total = count

    started_at = utc_now()
    commit = annex_commit(library)
    keys: list[AnnexedKey] = []
    for key in read_keys(library, is_audio, on_count):
        keys.append(key)
        on_progress(Progress(len(keys), total))
    names = unique_names((key.key, _wanted_name(key)) for key in keys)
    records = (_record(key, names[key.key]) for key in sorted(keys, key=lambda key: key.key))
    state = SyncState(
        library_uuid=library.uuid,
        annex_commit=commit,
        started_at=started_at,
        finished_at=utc_now(),
        counts={"tracks": len(keys)},
    )
    store.cache.replace_all(records, state)
    return SyncReport(tracks=len(keys), present=sum(key.present for key in keys))


def is_audio(work_path: str) -> bool:
    """Whether an annexed file is a track, by its extension."""
    return PurePosixPath(work_path).suffix[1:].lower() in AUDIO


def is_live(values: Mapping[str, Sequence[str]]) -> bool:
    """A live recording says so in a phrase; a title that merely has the word ("Live Forever") does not."""
    spoken_of = ("title", "album", "comment", "crate")
    return any(_LIVE.search(value) for name in spoken_of for value in values.get(name, ()))


_LIVE = re.compile(
    r"\blive (?:at|from|in|on|@|set|pa|session|recording|version|mix|edit)\b"
    r"|\brecorded live\b|[(\[]live\b[^)\]]*[)\]]|[-–] live$",
    re.IGNORECASE,
)


def decade(values: Mapping[str, Sequence[str]]) -> str | None:
    """ "1990s" of the earliest year that the track has."""
    years = sorted(found.group() for year in values.get("year", ()) if (found := _YEAR.match(year)))
    return f"{years[0][:3]}0s" if years else None


def added_at(values: Mapping[str, Sequence[str]]) -> datetime | None:
    """When the metadata says that the track was added: the earliest date of the field `added`.

    A day begins where we are; a time without a zone is UTC, as Mixxx writes them.
    """
    moments = [moment for text in values.get("added", ()) if (moment := _moment(text)) is not None]
    return min(moments, default=None)


def _moment(text: str) -> datetime | None:
    try:
        if len(text) <= len("2026-01-01"):
            return datetime.combine(date.fromisoformat(text), time()).astimezone()
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_YEAR = re.compile(r"\d{4}")


def _wanted_name(key: AnnexedKey) -> str:
    file = PurePosixPath(key.work_paths[0])
    return track_name(_folded(key), file.stem, file.suffix[1:])


def _folded(key: AnnexedKey) -> dict[str, tuple[str, ...]]:
    """git-annex compares field names without regard to case."""
    return {fold(name): values for name, values in key.metadata.values.items()}


def _record(key: AnnexedKey, name: str) -> TrackRecord:
    values = _folded(key)
    return TrackRecord(
        annex_key=key.key,
        name=name,
        files=key.work_paths,
        content_path=key.content_path,
        present=key.present,
        size=key.size,
        changed_at=key.metadata.changed_at,
        added_at=added_at(values) or key.added_at,
        is_live=is_live(values),
        decade=decade(values),
        values=key.metadata.values,
    )
