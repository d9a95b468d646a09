"""Which names a folder may have that somebody makes or renames in the mount: a pin, a snapshot."""

from __future__ import annotations

import os

from mcfs.errors import NameTooLongError, ReadOnlyError
from mcfs.text.escape import MAX_BYTES


def check_made_name(name: str, what: str) -> None:
    """Refuse what no folder on a disk is called, and what file managers make: `.Trash-1000`."""
    if len(os.fsencode(name)) > MAX_BYTES:
        # The kernel lets longer names through, because queries may be longer.
        raise NameTooLongError(f"the name of a {what} can have at most {MAX_BYTES} bytes")
    if name.startswith("."):
        raise ReadOnlyError(f"{name}: a {what} may not begin with a dot")
