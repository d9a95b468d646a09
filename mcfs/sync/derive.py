"""Makes the store's records of tracks and covers from what git-annex has about them.

Owns what is derived from the metadata: whether a recording is live, its decade, when it was added, its name.
Reads no disk; dates without a time zone are local days.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache

from mcfs.annex.covers import Cover
from mcfs.annex.logs import Metadata
from mcfs.annex.read_library import AnnexedKey
from mcfs.fields.kinds import Year
from mcfs.store import TrackRecord
from mcfs.store.records import CoverRecord
from mcfs.text.fold import fold
from mcfs.text.timestamps import bounded_moment
from mcfs.text.track_names import stem_and_suffix, track_name

log = logging.getLogger(__name__)

# How many fields are named that the store cannot keep.
_MAX_NAMED = 3


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
            moment = datetime.combine(date.fromisoformat(text), time()).astimezone()
        else:
            moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return bounded_moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


# A library has a few dozen field names, each a hundred thousand times.
@lru_cache(maxsize=1024)
def _field_name(name: str) -> str:
    """The folded name of a field; empty for one that cannot be kept."""
    folded = fold(name)
    # git-annex allows any name in a log, also none, and those that mcfs gives to the parts of a path.
    return "" if folded.startswith("/") else folded


def field_values(values: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The values by the folded names of their fields: git-annex compares names without regard to case."""
    return {_field_name(name): texts for name, texts in values.items()}


def track_record(key: AnnexedKey) -> TrackRecord:
    """The record of a key that has files. What cannot be kept of its metadata is left out, and named."""
    try:
        return _track_record(key, key.metadata)
    except Exception:
        # One track must not stop the sync of all others, whatever its metadata is.
        log.exception("the metadata of %s could not be understood", key.key)
        left_out = "its metadata, which could not be understood: a bug in mcfs, see its log"
        return replace(_track_record(key, Metadata()), left_out=left_out)


def _track_record(key: AnnexedKey, metadata: Metadata) -> TrackRecord:
    shown_values, left_out = metadata.values, None
    values = field_values(shown_values)
    if "" in values or len(values) < len(shown_values):
        shown_values, left_out = _storable(shown_values)
        values = field_values(shown_values)
    return TrackRecord(
        annex_key=key.key,
        name=track_name(values, *stem_and_suffix(key.work_paths[0])),
        files=key.work_paths,
        content_path=key.content_path,
        present=key.present,
        size=key.size,
        changed_at=metadata.changed_at,
        added_at=added_at(values) or key.added_at,
        is_live=is_live(values),
        decade=decade(values),
        blobs=key.blobs,
        hidden=key.hidden,
        values=shown_values,
        left_out=left_out,
    )


def _storable(
    shown_values: Mapping[str, tuple[str, ...]],
) -> tuple[dict[str, tuple[str, ...]], str | None]:
    """The fields that the store can keep, those of one folded name as one; and the others, in words."""
    storable: dict[str, tuple[str, ...]] = {}
    spelling: dict[str, str] = {}
    left_out: list[str] = []
    for shown, texts in sorted(shown_values.items()):
        folded = _field_name(shown)
        if not folded:
            left_out.append(f"the field {json.dumps(shown)}")
            continue
        name = spelling.setdefault(folded, shown)
        storable[name] = tuple(sorted({*storable.get(name, ()), *texts}))
    if len(left_out) > _MAX_NAMED:
        more = len(left_out) - _MAX_NAMED
        left_out[_MAX_NAMED:] = ["1 more field" if more == 1 else f"{more} more fields"]
    return storable, " and ".join(left_out) or None


def cover_records(covers: Mapping[str, Cover]) -> list[CoverRecord]:
    """The records of covers, by work path."""
    return [
        CoverRecord(
            *_directory_and_name(work_path),
            cover.blob,
            cover.annex_key,
            cover.size,
            cover.content_path,
            cover.in_work_tree,
        )
        for work_path, cover in covers.items()
    ]


def as_cover(record: CoverRecord) -> Cover:
    """The cover of a record."""
    return Cover(record.work_path, *record[2:])


def _directory_and_name(work_path: str) -> tuple[str, str]:
    directory, _, name = work_path.rpartition("/")
    return directory, name
