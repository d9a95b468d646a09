"""The failures that mcfs expects, each with one sentence that says what to do instead.

Owns the domain's exceptions and the exit code that each one means on the command line.
Does not print them (`cli/` does) and does not know errno (`fuse/` has that table).
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What `mcfs` returns to the shell. Part of the interface for scripts: do not renumber."""

    DONE = 0
    FAILED = 1
    # The command line, a query or a configuration file is wrong.
    USAGE = 2
    # Some tracks failed, the others are done.
    PARTLY_DONE = 3
    # The library cannot be reached.
    UNREACHABLE = 69
    # Another process holds what is needed: try again later.
    BUSY = 75


class McfsError(Exception):
    """A failure with a sentence for the user; `str(error)` is that sentence."""

    exit_code = ExitCode.FAILED


class InputError(McfsError):
    """The user wrote something that is wrong: trying again does not help."""

    exit_code = ExitCode.USAGE


class BusyError(McfsError):
    """Another process holds a lock: trying again later helps."""

    exit_code = ExitCode.BUSY


def bug_sentence(error: BaseException) -> str:
    """The sentence for a failure that mcfs did not expect."""
    return f"a bug in mcfs: {type(error).__name__}: {error}"


# --- queries, templates and settings


class TextError(InputError):
    """Text that cannot be read: what is wrong, at which character, and what to write instead."""

    def __init__(
        self, message: str, text: str, position: int, suggestion: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = position
        self.suggestion = suggestion

    def __str__(self) -> str:
        return f"{self.message}; {self.suggestion}" if self.suggestion else self.message


class QueryError(TextError):
    """A query, or a path in a mount, that cannot be read."""


class TemplateError(TextError):
    """A template that cannot be read, or that asks for what no template may do."""


class ConfigError(InputError):
    """A configuration file that cannot be read: where, and what to write instead."""


# --- names in a mount


class NotFoundError(McfsError):
    """The folder has no such name."""


class ReadOnlyError(McfsError):
    """Only `pins/` can be changed."""


class EditRefusedError(McfsError):
    """A change in a folder that can be edited, which would not mean what it looks like."""


class EntryExistsError(McfsError):
    """What was to be made in a folder is there already."""


class NotEmptyError(McfsError):
    """A folder that was to be removed or replaced has tracks in it."""


class NameTooLongError(McfsError):
    """A pin cannot have so long a name: programs and disks expect at most 255 bytes."""


class PinExistsError(McfsError):
    """A pin has this name already."""


class PinHasSnapshotsError(McfsError):
    """Snapshots belong to this pin, and would be deleted with it."""


class SnapshotExistsError(McfsError):
    """A snapshot has this name already."""


# --- the library


class LibraryError(McfsError):
    """The library is gone or is no git-annex repository, or git or git-annex failed to read it."""

    exit_code = ExitCode.UNREACHABLE


class NotInLibraryError(InputError):
    """A path on the command line is outside the library."""


class NoRemoteError(InputError):
    """The library has no such remote."""


class ContentMissingError(McfsError):
    """The content of a track is not in this clone of the library."""


class SyncRunningError(BusyError):
    """Another process is syncing this library."""


# --- the store


class StoreError(McfsError):
    """A database of the store cannot be read or written."""


class StoreFullError(StoreError):
    """The disk of the store is full."""


class StoreReadOnlyError(StoreError):
    """A database of the store may be read, but not written."""


class TooManyFilesError(StoreError):
    """This process has as many files open as it may."""


class StoreBusyError(BusyError, StoreError):
    """Another process held the store's write lock for longer than we wait."""


class StoreDamagedError(StoreError):
    """A database of the store is damaged, or is not one of mcfs; `database` is its path."""

    def __init__(self, message: str, database: str) -> None:
        super().__init__(message)
        self.database = database


class CacheDamagedError(StoreDamagedError):
    """It is the cache: the next sync sets it aside and reads the whole library into a new one."""


class StoreRepairedError(BusyError, StoreError):
    """A command met damage in a database; that is repaired now, so trying again helps."""


# --- imports


class MixxxError(McfsError):
    """Mixxx's database is missing or cannot be read."""


class MixxxBusyError(BusyError, MixxxError):
    """Mixxx held the lock of its database for longer than we wait."""


class TagsError(McfsError):
    """The tags of a file cannot be read."""


class ImportRefusedError(McfsError):
    """The user did not want an import to replace values."""


# --- edits


class EditRunningError(BusyError):
    """Another process is changing metadata of this library."""


class EditFailedError(McfsError):
    """git-annex did not make a change."""


class BulkEditError(McfsError):
    """So many tracks would lose values in a few seconds that it looks like an accident."""


class NoSuchEditError(InputError):
    """The journal has no such edit, or none that could be taken back."""


# --- exports


class NotExportableError(InputError):
    """What was named on the command line has no tracks to export, or too many of them."""


class DestinationError(InputError):
    """An export cannot be written to this place: it is in a mount of mcfs, or not there."""


class DestinationLostError(McfsError):
    """The destination of an export is full or gone: nothing more can be written."""


class DestinationDamagedError(McfsError):
    """What mcfs has noted in a destination about earlier exports cannot be read."""


class ExportRunningError(BusyError):
    """Another process exports into the same folder."""


# --- mounts


class MountError(McfsError):
    """The mount point cannot be used, or mounting or unmounting failed."""


class MountBusyError(MountError):
    """Programs use the mount."""


class MountOptionError(InputError, MountError):
    """An option of `-o` that does not exist, or that has a wrong value."""
