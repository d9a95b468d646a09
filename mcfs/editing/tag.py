"""Changes the metadata of many tracks alike, as `mcfs tag` does.

Owns that what is shown before and what is written are worked out in the same way, from what git-annex has at
that moment: somebody else may edit while the user reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mcfs.annex.library import Library
from mcfs.annex.read_metadata import read_metadata
from mcfs.editing.editor import Editor
from mcfs.editing.value_changes import ValueEdit, value_changes
from mcfs.store.batches import chunks
from mcfs.store.records import TrackChange


@dataclass(slots=True)
class TagResult:
    """What became of the tracks."""

    changed: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)


def planned_tags(
    library: Library, annex_keys: Sequence[str], edits: Sequence[ValueEdit]
) -> Iterator[TrackChange]:
    """What the edits change of these tracks; those that need no change are left out."""
    for some in chunks(annex_keys):
        current = read_metadata(library, some)
        for key in some:
            if changes := value_changes(edits, current[key]):
                yield TrackChange(key, changes)


def tag(
    editor: Editor,
    annex_keys: Sequence[str],
    edits: Sequence[ValueEdit],
    words: Sequence[str],
    query_text: str,
    *,
    on_progress: Callable[[int], None],
    while_committing: Callable[[], None],
) -> TagResult:
    """Make the edits on these tracks, as one edit of the journal and one commit."""
    result = TagResult()
    failed: dict[str, str] = {}

    def report(tracks: Sequence[TrackChange], failures: Sequence[str | None]) -> None:
        for track, failure in zip(tracks, failures, strict=True):
            if failure is None:
                result.changed += 1
            else:
                failed[track.annex_key] = failure
        on_progress(result.changed + len(failed))

    editor.write(
        f"tag {' '.join(words)}",
        planned_tags(editor.library, annex_keys, edits),
        on_answers=report,
        while_committing=while_committing,
        detail={"query": query_text},
    )
    result.failed = failed
    return result
