"""Writes the XML file that `mcfs export --rekordbox` names.

Owns which files it may replace, how a folder of another machine is written, and which tracks Rekordbox leaves
out.
"""

from __future__ import annotations

import os
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcfs.errors import DestinationError
from mcfs.export.plan import PlannedFolder
from mcfs.export.rekordbox import MADE_BY_MCFS, as_rekordbox_xml, why_not_imported

if TYPE_CHECKING:
    from mcfs.store.records import TrackRecord

# `/Volumes/STICK`, `E:/Music`, `E:`
_ROOT = re.compile(r"/.*|[A-Za-z]:(/.*)?", re.DOTALL)
# The line that says who made a file is among the first.
_HEAD_BYTES = 500


@dataclass(frozen=True, slots=True)
class RekordboxSummary:
    """What is in a file that was written."""

    tracks: int
    # Why Rekordbox does not import some of them, and how many.
    left_out: Mapping[str, int]


def check_rekordbox_file(file: Path, destination: Path | None) -> None:
    """A `DestinationError` where no such file may be written: only one that mcfs made is replaced.

    The destination of the export may be missing: it is made before the file.
    """
    if not file.parent.is_dir() and file.parent != destination:
        raise DestinationError(f"{file} cannot be made, because {file.parent} is not a folder")
    if file.is_dir():
        raise DestinationError(f"{file} is a folder; name a file, such as {file / 'rekordbox.xml'}")
    if file.exists():
        with file.open("rb") as found:
            head = found.read(_HEAD_BYTES)
        if MADE_BY_MCFS.encode() not in head:
            raise DestinationError(f"{file} was not made by mcfs; name another file, or remove it")


def folder_for_rekordbox(written: str) -> str:
    """A folder as another machine names it: "E:\\Music\\" → "E:/Music"."""
    path = written.replace("\\", "/") if re.match("[A-Za-z]:", written) else written
    if not _ROOT.fullmatch(path):
        raise DestinationError(
            f"{written} does not begin at the top of a disk; write E:/Music or /Volumes/STICK/Music"
        )
    return path.rstrip("/")


def write_rekordbox_file(
    file: Path | None,
    plan: PlannedFolder,
    name: str,
    paths: Mapping[str, str],
    tracks_of: Callable[[Iterable[str]], Iterator[TrackRecord]],
) -> RekordboxSummary:
    """Write the tracks of these paths (annex key → absolute path), and the folders of a plan as playlists.

    Without a file, only find out what would be in it.
    """
    left_out = Counter[str]()
    count = 0

    def path_of(track: TrackRecord) -> str:
        nonlocal count
        count += 1
        path = paths[track.annex_key]
        if why := why_not_imported(path):
            left_out[why] += 1
        return path

    pieces = as_rekordbox_xml(tracks_of(paths), plan, name, path_of)
    if file is None:
        deque(pieces, maxlen=0)
    else:
        _write(file, pieces)
    return RekordboxSummary(count, left_out)


def _write(file: Path, pieces: Iterable[str]) -> None:
    # Beside it, so that whoever reads the file finds the old one or the new one.
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as text:
            text.writelines(pieces)
            text.flush()
            os.fsync(text.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
