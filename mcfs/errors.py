"""Every failure that mcfs foresees, as one sentence that says what to write or do instead.

Owns the domain's exceptions and the exit code each one means on the command line.
Knows nothing of errno (`fs.py` has that table) and prints nothing (`cli/` does).
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What `mcfs` returns to the shell (design, section 8)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    IN_PART = 3
    UNREACHABLE = 69
    BUSY = 75


class McfsError(Exception):
    """A failure with a sentence for the user; `str(error)` is that sentence."""

    exit = Exit.FAILED


class TextError(McfsError):
    """Text that means nothing: where it stops making sense, and what to write instead."""

    exit = Exit.USAGE

    def __init__(self, message: str, text: str, position: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = position
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class QueryError(TextError):
    """Query text that means nothing."""

    @property
    def suggestion(self) -> str | None:
        """What to write instead."""
        return self.hint


class TemplateError(TextError):
    """Template text that means nothing, or asks for what no template may do."""


class ConfigError(McfsError):
    """A configuration file that cannot be understood: where in it, and what to write instead."""

    exit = Exit.USAGE


class NotFoundError(McfsError):
    """No such name in this folder."""


class ReadOnlyError(McfsError):
    """A change outside `pins/`, where nothing can be made."""


class PinExistsError(McfsError):
    """A pin of that name exists already."""


class LibraryError(McfsError):
    """The library is not one, is gone, or git or git-annex could not read it."""

    exit = Exit.UNREACHABLE


class NotInLibraryError(McfsError):
    """A path on the command line that is none of the library's."""

    exit = Exit.USAGE


class NoRemoteError(McfsError):
    """A remote that the library does not have."""

    exit = Exit.USAGE


class StoreError(McfsError):
    """A database of the store cannot be read, written, or is not one."""


class StoreFullError(StoreError):
    """No space is left on the disk of the store."""


class StoreBusyError(StoreError):
    """Another process has held the store's write lock for longer than we wait."""

    exit = Exit.BUSY


class SyncRunningError(McfsError):
    """Another process syncs this library just now."""

    exit = Exit.BUSY


class StoreDamagedError(StoreError):
    """A database of the store is damaged, or is no database of ours at all."""


class MixxxError(McfsError):
    """Mixxx's database is not there, is none, or is none that can be read."""


class MixxxBusyError(MixxxError):
    """Mixxx has held the lock of its database for longer than we wait."""

    exit = Exit.BUSY


class TagsError(McfsError):
    """The tags of a file cannot be read."""


class ImportRunningError(McfsError):
    """Another process imports into this library just now."""

    exit = Exit.BUSY


class MountError(McfsError):
    """The mount point cannot be used, or the mount did not come up or go away."""


class MountOptionError(MountError):
    """An option of `-o` that there is not, or that takes something else."""

    exit = Exit.USAGE
