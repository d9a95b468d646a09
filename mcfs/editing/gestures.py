"""A gesture: what somebody did in a mount, as changes of values; and what came of it.

Owns these values only. The mount knows which folder stands for which value; `gesture_editor.py` writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcfs.editing.value_changes import ValueEdit
from mcfs.store.records import Change


@dataclass(frozen=True, slots=True)
class TrackEdit:
    """What a gesture changes of one track."""

    annex_key: str
    edits: tuple[ValueEdit, ...]


@dataclass(frozen=True, slots=True)
class Gesture:
    """One call of a program on the mount, such as a rename."""

    # As the command that does the same: "mv crate/A/x.mp3 crate/B/".
    words: str
    # The path in the mount at which it was made.
    mount_path: str
    # Who made it.
    user: str
    tracks: tuple[TrackEdit, ...]
    # Whether it is the removal of an entry, as `rm` makes it: many of them in a row look like an accident.
    is_unlink: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a gesture has changed."""

    # Annex key → folded name of an annex field → its values before and after. Without the tracks that had
    # these values already.
    changed: Mapping[str, Mapping[str, Change]] = field(default_factory=dict)
    # Annex key → why it could not be changed. If that is all tracks, the editor raises an error instead.
    failed: Mapping[str, str] = field(default_factory=dict)
