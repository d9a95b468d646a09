"""Makes the store's record of a track from what git-annex has about its key.

Owns what is derived from the metadata: whether a recording is live, its decade, when it was added, its name.
Reads no disk; dates without a time zone are local days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache

from mcfs.annex.read_library import AnnexedKey
from mcfs.fields.kinds import Year
from mcfs.store import TrackRecord
from mcfs.text.fold import fold
from mcfs.text.track_names import stem_and_suffix, track_name


def is_live(values: Mapping[str, Sequence[str]]) -> bool:
    """Whether a text has a phrase of live recordings; the word alone ("Live Forever") is not enough."""
    fields = ("title", "album", "comment", "crate")
    return any(_says_live(value) for name in fields for value in values.get(name, ()))


def _says_live(value: str) -> bool:
    # Searching for the word alone is quicker, and hardly any value has it.
    if value.isascii() and "live" not in value.lower():
        return False
    return _LIVE.search(value) is not None


_LIVE = re.compile(
    r"\blive (?:at|from|in|on|@|set|pa|session|recording|version|mix|edit)\b"
    r"|\brecorded live\b|[(\[]live\b[^)\]]*[)\]]|[-–] live$",
    re.IGNORECASE,
)


_YEAR = Year()


def decade(values: Mapping[str, Sequence[str]]) -> str | None:
    """The decade of the earliest year of the track, such as "1990s"."""
    decades = [_YEAR.decade_of(year) for year in values.get("year", ())]
    return min((found for found in decades if found is not None), default=None)


def added_at(values: Mapping[str, Sequence[str]]) -> datetime | None:
    """When the track was added, by its metadata: the earliest date of the field `added`.

    A date is a local day; a time without a zone is UTC, as Mixxx writes them.
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


# A library has a few dozen field names, each a hundred thousand times.
_field_name = lru_cache(maxsize=1024)(fold)


def track_record(key: AnnexedKey) -> TrackRecord:
    """The record of a key that has files."""
    # git-annex compares field names without regard to case.
    values = {_field_name(name): texts for name, texts in key.metadata.values.items()}
    return TrackRecord(
        annex_key=key.key,
        name=track_name(values, *stem_and_suffix(key.work_paths[0])),
        files=key.work_paths,
        content_path=key.content_path,
        present=key.present,
        size=key.size,
        changed_at=key.metadata.changed_at,
        added_at=added_at(values) or key.added_at,
        is_live=is_live(values),
        decade=decade(values),
        blobs=key.blobs,
        hidden=key.hidden,
        values=key.metadata.values,
    )
