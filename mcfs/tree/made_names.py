"""Which names pins and snapshots can have: those that a folder in a mount can have.

Owns these rules for the command line and for the mount, so that neither makes what the other refuses.
"""

from __future__ import annotations

from mcfs.error_log import ErrorLog
from mcfs.errors import NameTooLongError, QueryError, ReadOnlyError
from mcfs.text.escape import MAX_BYTES, cut_to_bytes

# What a name cannot contain: how it is called, and what to do instead.
_IMPOSSIBLE = {
    "/": ("a slash", r"write ∕ or \ instead"),
    "\0": ("a NUL", ""),
    # Nobody could type such a name, and programs that read names line by line would find two.
    "\n": ("a line end", ""),
}


def check_name(name: str, what: str, shorter: str = "choose a shorter one") -> str:
    """The name itself; a `QueryError` says why no pin, or no snapshot, can have it."""
    if not name.strip():
        raise QueryError(f"a {what} needs a name", name, 0)
    if name.startswith("."):
        raise QueryError(f"the name of a {what} cannot begin with a dot", name, 0)
    for character, (called, instead) in _IMPOSSIBLE.items():
        if character in name:
            message = f"the name of a {what} cannot contain {called}"
            raise QueryError(message, name, name.index(character), instead)
    fitting = cut_to_bytes(name, MAX_BYTES)
    if fitting != name:
        message = f"the name of a {what} can have at most {MAX_BYTES} bytes"
        raise QueryError(message, name, len(fitting), shorter)
    return name


def check_made_name(name: str, what: str, folder: str, error_log: ErrorLog) -> None:
    """The same in a mount, with the errors that programs expect there."""
    try:
        check_name(name, what)
    except QueryError as error:
        if name.startswith("."):
            # What file managers make in every folder, such as `.Trash-1000`: not worth a message.
            raise ReadOnlyError(str(error)) from error
        # The program that asked shows no more than "invalid argument".
        error_log.add(f"{folder}/{name}: {error}")
        if cut_to_bytes(name, MAX_BYTES) != name:
            # The kernel lets longer names through, because queries may be longer.
            raise NameTooLongError(str(error)) from error
        raise
