"""What can be edited in a mount, in sentences: for `mcfs mount`, `mcfs status` and `.mcfs/edit`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

NOTHING = "nothing can be edited"


def edit_sentences(edited: Sequence[str], proposed: Sequence[str]) -> Iterator[str]:
    """What can be edited, and what the library proposes beside that; nothing where there is neither."""
    if edited:
        yield f"folders of {_listed(edited)} can be edited; to take an edit back: mcfs undo"
    if others := [field for field in proposed if field not in edited]:
        together = ",".join((*edited, *others))
        yield f"the library proposes to edit {_listed(others)}; to do so: mcfs mount --edit {together}"


def _listed(fields: Sequence[str]) -> str:
    *some, last = fields
    return f"{', '.join(some)} and {last}" if some else last
