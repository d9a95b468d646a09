"""Logs that git-annex has written but not yet committed to its branch.

Owns the names of the files in the journal, and their reading. A log in the journal replaces the one on the
branch; a private one (`journal-private`) is added to the public one. Any git-annex command may commit the
journal while we read, so it is read before the branch: what vanishes meanwhile is on the branch then.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass

from mcfs.annex.fingerprint import JOURNALS, NO_LOG, Stamp, stamp_of
from mcfs.annex.keys import key_file_name, key_of_file_name, lower_folders
from mcfs.annex.library import Library, explain_disk_errors

METADATA_LOG = ".log.met"
LOCATION_LOG = ".log"
_PUBLIC, _ = JOURNALS


@dataclass(frozen=True, slots=True)
class Journal:
    """What is not committed: (key, kind of log) → text."""

    public: dict[tuple[str, str], bytes]
    private: dict[tuple[str, str], bytes]
    # Of every file that was there, as it was when it was read.
    stamps: dict[str, Stamp]
    # Public log → the object that git will have once the log is committed.
    blobs: dict[str, str]

    def over(self, key: str, kind: str, committed: bytes) -> bytes:
        """The text of a log that counts, given what the branch has."""
        text = self.public.get((key, kind), committed)
        private = self.private.get((key, kind))
        return text if private is None else text + b"\n" + private

    def keys(self) -> set[str]:
        """The keys that have a log in the journal."""
        return {key for key, _ in (*self.public, *self.private)}


def read_journal(library: Library) -> Journal:
    """All logs that are not committed."""
    journal = Journal({}, {}, {}, {})
    for folder, texts in zip(JOURNALS, (journal.public, journal.private), strict=True):
        place = library.common_dir / "annex" / folder
        with explain_disk_errors(library), contextlib.suppress(FileNotFoundError):
            for name in os.listdir(place):  # noqa: PTH208  (only names are needed)
                # A log that is committed meanwhile is in the commit that the caller looks up next.
                with contextlib.suppress(*NO_LOG), (place / name).open("rb") as file:
                    journal.stamps[f"{folder}/{name}"] = stamp_of(os.fstat(file.fileno()))
                    if log := log_of_path(_branch_path(name)):
                        texts[log] = text = file.read()
                        if folder == _PUBLIC:
                            journal.blobs[f"{folder}/{name}"] = _blob(text)
    return journal


def metadata_log_in_journal(library: Library, key: str) -> bytes | None:
    """The metadata log of one key as `Journal.over` has it, where the journal has a public one."""
    private = b""
    for folder in reversed(JOURNALS):
        for levels in (2, 1):
            path = f"{lower_folders(key, levels)}/{key_file_name(key)}{METADATA_LOG}"
            place = library.common_dir / "annex" / folder / _journal_name(path)
            with explain_disk_errors(library), contextlib.suppress(*NO_LOG):
                text = place.read_bytes()
                if folder == _PUBLIC:
                    return text + private
                private = b"\n" + text
    return None


def journal_key(name: str) -> str | None:
    """The key whose log a file of the journal is; None for a file that is no log of a key."""
    log = log_of_path(_branch_path(name))
    return log and log[0]


def public_log_path(name: str) -> str:
    """Where the branch will have a public log: "journal/a_b__c.log" → "a/b_c.log"."""
    return _branch_path(name.removeprefix(f"{_PUBLIC}/"))


def log_of_path(path: str) -> tuple[str, str] | None:
    """The key and the kind of a log on the branch; None for a file that is no log of a key."""
    name = path.rpartition("/")[2]
    for kind in (METADATA_LOG, LOCATION_LOG):
        if name.endswith(kind) and "--" in name:
            return key_of_file_name(name[: -len(kind)]), kind
    return None


def _branch_path(name: str) -> str:
    return name.replace("__", "\0").replace("_", "/").replace("\0", "_")


def _journal_name(path: str) -> str:
    return path.replace("_", "__").replace("/", "_")


def _blob(text: bytes) -> str:
    """The name that git gives to a text, in a repository of SHA-1; in others no object has this name."""
    return hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()
