"""Turns every failure of a request handler into an errno: any other exception would end the mount.

Owns the table of which errno stands for which failure.
"""

from __future__ import annotations

import errno
import functools
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from pyfuse3 import FUSEError

from mcfs.errors import (
    EditRefusedError,
    EntryExistsError,
    LibraryError,
    McfsError,
    NameTooLongError,
    NotEmptyError,
    NotFoundError,
    PinExistsError,
    ReadOnlyError,
    SnapshotExistsError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
    TextError,
    TooManyFilesError,
    bug_sentence,
)

log = logging.getLogger(__name__)

_ERRNO: tuple[tuple[type[McfsError], int], ...] = (
    (NotFoundError, errno.ENOENT),
    (ReadOnlyError, errno.EROFS),
    (EditRefusedError, errno.EPERM),
    (EntryExistsError, errno.EEXIST),
    (NotEmptyError, errno.ENOTEMPTY),
    (NameTooLongError, errno.ENAMETOOLONG),
    (PinExistsError, errno.EEXIST),
    (SnapshotExistsError, errno.EEXIST),
    (TextError, errno.EINVAL),
    (StoreFullError, errno.ENOSPC),
    (StoreReadOnlyError, errno.EROFS),
    (TooManyFilesError, errno.EMFILE),
    (StoreError, errno.EIO),
    (LibraryError, errno.EIO),
)


class Reporter(Protocol):
    """A class whose handlers are guarded."""

    # How often each handler was called.
    requests: Counter[str]

    def report_error(self, sentence: str) -> None:
        """Show the user a failure that the caller of the request did not cause."""


_Handler = TypeVar("_Handler", bound=Callable[..., Awaitable[Any]])


def guarded(handler: _Handler) -> _Handler:
    """Count each request, and let only FUSEError through."""

    @functools.wraps(handler)
    async def guard(self: Reporter, *arguments: Any) -> Any:
        self.requests[handler.__name__] += 1
        try:
            return await handler(self, *arguments)
        except FUSEError:
            raise
        except McfsError as error:
            number = errno_of(error)
            if number == errno.EIO or isinstance(error, StoreError):
                self.report_error(str(error))
            raise FUSEError(number) from error
        except OSError as error:
            # The library's disk failed or refused: its own errno is the best answer.
            log.error("%s: %s", handler.__name__, error)
            raise FUSEError(error.errno or errno.EIO) from error
        except Exception as error:
            log.exception("%s failed", handler.__name__)
            self.report_error(bug_sentence(error))
            raise FUSEError(errno.EIO) from error

    return guard  # type: ignore[return-value]  # the same signature


def errno_of(error: McfsError) -> int:
    """The errno that stands for a failure; EIO where the caller did nothing wrong."""
    return next((number for kind, number in _ERRNO if isinstance(error, kind)), errno.EIO)
