"""One git-annex library: where it is, and a full reading of what it holds.

Owns the reading of the git-annex branch, the index and the object folders. What a track is, and what
it is called, is decided above.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from mcfs.annex.keys import content_path, key_of_file_name, key_of_link, key_size
from mcfs.annex.logs import Metadata, first_added, is_dead, parse_metadata
from mcfs.annex.process import piped, run
from mcfs.errors import LibraryError

# git-annex itself takes nothing longer for a pointer.
_LONGEST_POINTER = 32 * 1024
_METADATA = ".log.met"
_LOCATION = ".log"


@dataclass(frozen=True, slots=True)
class Library:
    """A git-annex repository with a work tree."""

    top: Path
    git_dir: Path
    common_dir: Path
    uuid: str

    @property
    def store_dir(self) -> Path:
        """Where our databases live: in the library, out of sight of git and git-annex."""
        return self.git_dir / "mcfs"


@dataclass(frozen=True, slots=True)
class AnnexedKey:
    """All that the library says about one key that has files."""

    key: str
    work_paths: tuple[str, ...]
    content_path: str
    present: bool
    size: int | None
    metadata: Metadata
    added_at: datetime | None


def open_library(place: Path) -> Library:
    """The library around `place`; a `LibraryError` that says what `place` is instead."""
    if not place.is_dir():
        raise LibraryError(
            f"{place} is not there" if not place.exists() else f"{place} is not a folder"
        )
    try:
        top = _rev_parse(place, "--show-toplevel")
        git_dir = _rev_parse(place, "--absolute-git-dir")
        common_dir = _rev_parse(place, "--path-format=absolute", "--git-common-dir")
    except LibraryError as error:
        if "not a git repository" not in str(error) and "must be run in a work tree" not in str(
            error
        ):
            raise
        raise LibraryError(
            f"{place} is not in a git-annex repository; name one with --library, "
            "or make one to try: mcfs demo DIR"
        ) from error
    try:
        uuid = run(["git", "config", "annex.uuid"], folder=top).decode().strip()
    except LibraryError as error:
        raise LibraryError(
            f"{top} is a git repository without git-annex; run: git annex init"
        ) from error
    return Library(top, git_dir, common_dir, uuid)


def _rev_parse(place: Path, *asked: str) -> Path:
    said = run(["git", "rev-parse", *asked], folder=place)
    return Path(os.fsdecode(said.removesuffix(b"\n")))


def annex_commit(library: Library) -> str | None:
    """The commit of the git-annex branch, or None before there is one."""
    said = run(
        ["git", "for-each-ref", "--format=%(objectname)", "refs/heads/git-annex"],
        folder=library.top,
    )
    return said.decode().strip() or None


def read_keys(
    library: Library, wanted: Callable[[str], bool], on_count: Callable[[int], None]
) -> Iterator[AnnexedKey]:
    """Every key with at least one file whose work path is `wanted`; dead keys are left out.

    Streams the logs; only the lists of paths are held. `on_count` hears how many keys there will be.
    """
    files = _files_by_key(library, wanted)
    on_count(len(files))
    here = _present_keys(library)
    logs: dict[str, dict[str, bytes]] = {}
    done: set[str] = set()
    for key, kind, text in _logs(library, files):
        held = logs.setdefault(key, {})
        held[kind] = text
        if len(held) == 2:
            done.add(key)
            yield from _annexed(library, key, files[key], here, logs.pop(key))
    for key, paths in files.items():
        if key not in done:
            yield from _annexed(library, key, paths, here, logs.get(key, {}))


def _annexed(
    library: Library, key: str, paths: list[str], here: dict[str, str], logs: dict[str, bytes]
) -> Iterator[AnnexedKey]:
    location = logs.get(_LOCATION, b"")
    if is_dead(location):
        return
    where = here.get(key)
    size = key_size(key)
    if size is None and where is not None:
        try:
            size = (library.common_dir / where).stat().st_size
        except FileNotFoundError:
            where = None  # dropped since we looked
    yield AnnexedKey(
        key=key,
        work_paths=tuple(sorted(paths)),
        content_path=where or content_path(key),
        present=where is not None,
        size=size,
        metadata=parse_metadata(logs.get(_METADATA, b"")),
        added_at=first_added(location),
    )


def _files_by_key(library: Library, wanted: Callable[[str], bool]) -> dict[str, list[str]]:
    """From the index: its links and pointers, read out of git, not off the disk."""
    listed = run(["git", "ls-files", "--stage", "-z"], folder=library.top, seconds=600)
    links: list[tuple[str, bytes]] = []
    regular: list[tuple[str, bytes]] = []
    for entry in listed.split(b"\0"):
        head, tab, raw_path = entry.partition(b"\t")
        if not tab:
            continue
        mode, blob, stage = head.split(b" ")
        path = os.fsdecode(raw_path)
        if stage != b"0" or not wanted(path):
            continue
        if mode == b"120000":
            links.append((path, blob))
        elif mode in (b"100644", b"100755"):
            regular.append((path, blob))
    small = set(_blobs_up_to(library, {blob for _, blob in regular}, _LONGEST_POINTER))
    chosen = links + [(path, blob) for path, blob in regular if blob in small]
    key_of_blob: dict[bytes, str] = {}
    for blob, text in _contents(library, dict.fromkeys(blob for _, blob in chosen)):
        target = os.fsdecode(text.partition(b"\n")[0])
        key = key_of_link(target)
        if key is not None:
            key_of_blob[blob] = key
    files: defaultdict[str, list[str]] = defaultdict(list)
    for path, blob in chosen:
        if blob in key_of_blob:
            files[key_of_blob[blob]].append(path)
    return dict(files)


def _logs(library: Library, keys: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
    """(key, kind of log, its text) of the keys: the branch, overlaid by what is not committed yet."""
    asked = set(keys)
    journal = _journal(library)
    blobs: dict[bytes, list[tuple[str, str]]] = defaultdict(list)
    commit = annex_commit(library)
    if commit is not None:
        listed = run(["git", "ls-tree", "-r", "-z", commit], folder=library.top, seconds=600)
        for entry in listed.split(b"\0"):
            head, _, path = entry.partition(b"\t")
            named = _log_name(os.fsdecode(path.rpartition(b"/")[2]))
            if named is not None and named[0] in asked and named not in journal:
                blobs[head.split(b" ")[2]].append(named)
    for blob, text in _contents(library, blobs):
        for key, kind in blobs[blob]:
            yield key, kind, text
    for (key, kind), text in journal.items():
        if key in asked:
            yield key, kind, text


def _journal(library: Library) -> dict[tuple[str, str], bytes]:
    """Logs written but not committed: with annex.alwayscommit=false they are nowhere else.

    A journal file replaces the branch's, and any git-annex command may flush it while we read; what it
    flushed is then in the branch, which is read later.
    """
    found: dict[tuple[str, str], bytes] = {}
    folder = library.git_dir / "annex" / "journal"
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return found
    for entry in entries:
        path = entry.name.replace("__", "\0").replace("_", "/").replace("\0", "_")
        named = _log_name(path.rpartition("/")[2])
        if named is None:
            continue
        try:
            found[named] = Path(entry.path).read_bytes()
        except FileNotFoundError:
            continue
    return found


def _log_name(name: str) -> tuple[str, str] | None:
    for kind in (_METADATA, _LOCATION):
        if name.endswith(kind):
            return key_of_file_name(name.removesuffix(kind)), kind
    return None


def _present_keys(library: Library) -> dict[str, str]:
    """Key → content path of all that is here, by walking the object folders once."""
    here: dict[str, str] = {}
    objects = os.fspath(library.common_dir / "annex" / "objects")
    above = len(os.fspath(library.common_dir)) + 1
    for outer in _folders(objects):
        for inner in _folders(outer.path):
            for holder in _folders(inner.path):
                content = f"{holder.path}/{holder.name}"
                if os.path.exists(content):  # noqa: PTH110  (a Path each costs more than the look)
                    here[key_of_file_name(holder.name)] = content[above:]
    return here


def _folders(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _blobs_up_to(library: Library, blobs: Iterable[bytes], size: int) -> Iterator[bytes]:
    lines = [blob + b"\n" for blob in blobs]
    command = ["git", "cat-file", "--batch-check=%(objectname) %(objectsize)", "--buffer"]
    with piped(command, folder=library.top, lines=lines) as out:
        for line in out:
            blob, _, said = line.rstrip(b"\n").partition(b" ")
            if said.isdigit() and int(said) <= size:
                yield blob


def _contents(library: Library, blobs: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(blob, its bytes), all through one pipe."""
    lines = [blob + b"\n" for blob in blobs]
    with piped(["git", "cat-file", "--batch", "--buffer"], folder=library.top, lines=lines) as out:
        for _ in lines:
            yield _read_blob(out)


def _read_blob(out: IO[bytes]) -> tuple[bytes, bytes]:
    blob, _, said = out.readline().rstrip(b"\n").partition(b" ")
    size = said.rpartition(b" ")[2]
    if not size.isdigit():
        raise LibraryError(
            f"git could not read object {blob.decode()}: {said.decode() or 'no answer'}"
        )
    text = out.read(int(size))
    out.read(1)
    return blob, text
