"""Which names a snapshot can have: those of a folder in a mount, where it is shown by its name."""

from __future__ import annotations

from mcfs.errors import QueryError
from mcfs.text.escape import MAX_BYTES, cut_to_bytes


def check_name(name: str) -> str:
    """The name itself; a `QueryError` says why it cannot be one."""
    if not name.strip():
        raise QueryError("a snapshot needs a name", name, 0)
    if name.startswith("."):
        raise QueryError("the name of a snapshot cannot begin with a dot", name, 0)
    for character, what in (("/", "a slash"), ("\0", "a NUL"), ("\n", "a line end")):
        if character in name:
            raise QueryError(
                f"the name of a snapshot cannot contain {what}", name, name.index(character)
            )
    fitting = cut_to_bytes(name, MAX_BYTES)
    if fitting != name:
        message = f"the name of a snapshot can have at most {MAX_BYTES} bytes"
        raise QueryError(message, name, len(fitting), "choose a shorter one")
    return name
