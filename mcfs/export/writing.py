"""Writes an export into its destination.

Owns the order of the steps. Whatever ends it (Ctrl-C, a full or a pulled stick, a crash), every file that is
there is complete, the manifest tells whose it is, and another run goes on:

1. the manifest notes what is going to be written, before anything is;
2. with `sync`, what left the plan is removed, which also makes room, or gets its new name;
3. folders are made, links are made or files copied;
4. the manifest notes what is there now.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum

from mcfs.errors import DestinationLostError
from mcfs.export.changes import Wanted
from mcfs.export.copying import Copied, copy_all, ends_all, flush_each, flush_file_system, lost
from mcfs.export.manifest import PART_ENDING, Kind, Made, ManifestFolder
from mcfs.export.plan import PlannedFile
from mcfs.export.prepared import PreparedExport, find_moves, look_again, open_destination, same_name
from mcfs.export.target_folders import TargetFolders, by_folder, refuse_existing
from mcfs.export.wanted import CopySources, linked_file

# How many bytes and how many files are done, and the name of the current one.
OnProgress = Callable[[int, int, str], None]


class Action(Enum):
    """What became of a file."""

    LINKED = "linked"
    COPIED = "copied"
    WRITTEN = "written"
    RENAMED = "renamed"
    KEPT = "kept"
    REMOVED = "removed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file, and why if it failed."""

    path: str
    annex_key: str
    action: Action
    size: int | None = None
    reason: str | None = None


@dataclass
class ExportResult:
    """What was done, in the order in which it was."""

    outcomes: list[Outcome] = field(default_factory=list)
    # Why it ended before all was done.
    ended: str | None = None
    # What was then still to be written.
    not_reached: list[Wanted] = field(default_factory=list)


def foreseen(prepared: PreparedExport) -> ExportResult:
    """What will be done, as far as can be told before."""
    result = ExportResult(list(_left_alone(prepared)))
    moves = find_moves(prepared)
    renamed = set(moves.values())
    result.outcomes += [_removed(path) for path in prepared.removes if path not in moves]
    result.outcomes += [
        _done(each, Action.RENAMED if each.path in renamed else None)
        for each in prepared.changes.write
    ]
    return result


def write_export(
    prepared: PreparedExport, on_progress: OnProgress = lambda _size, _count, _name: None
) -> ExportResult:
    """Do it. Ctrl-C ends it as well as anything else."""
    if prepared.has_nothing_to_do:
        return ExportResult(list(_left_alone(prepared)))
    with suppress(FileExistsError):
        prepared.destination.path.mkdir()
    with open_destination(prepared.destination) as descriptor:
        manifests = ManifestFolder(descriptor)
        parts = manifests.make()
        try:
            with manifests.lock():
                manifests.remove_parts()
                prepared = look_again(prepared, descriptor)
                return _Writer(prepared, descriptor, parts, manifests, on_progress).run()
        finally:
            os.close(parts)


class _Writer:
    def __init__(
        self,
        prepared: PreparedExport,
        descriptor: int,
        parts: int,
        manifests: ManifestFolder,
        on_progress: OnProgress,
    ) -> None:
        self._prepared = prepared
        self._folders = TargetFolders(descriptor, same_name(prepared.destination))
        self._parts = parts
        self._manifests = manifests
        self._on_progress = on_progress
        self._result = ExportResult(list(_left_alone(prepared)))
        changes = prepared.changes
        begun = prepared.ours.begun
        fold = same_name(prepared.destination)
        # What is the same file by another spelling is noted by the new one.
        respelled = {fold(each.path): each.path for each in prepared.wanted}
        self._made = {
            path: made
            for path, made in prepared.ours.made.items()
            if respelled.get(fold(path), path) == path
        }
        self._made |= {each.path: each.made for each in changes.kept}
        # An export that was killed had put it there, before it left the plan.
        self._made |= {path: begun[path] for path in changes.left if path not in self._made}
        self._own_folders = dict.fromkeys(prepared.ours.folders)
        self._size = self._written = 0

    def run(self) -> ExportResult:
        changes = self._prepared.changes
        try:
            self._note(begun=self._to_come())
            moves = find_moves(self._prepared)
            self._remove(moves)
            done = self._make_folders()
            done |= self._move({old: new for old, new in moves.items() if new not in done})
            writable = [each for each in changes.write if each.path not in done]
            link = Kind.LINK.value
            self._link(each for each in writable if each.made.kind == link)
            self._copy([each for each in writable if each.made.kind != link])
            self._remove_empty_folders()
            self._finish()
        except DestinationLostError as error:
            self._result.ended = str(error)
        except OSError as error:
            if not ends_all(error):
                raise
            self._result.ended = str(lost(error))
        except BaseException:
            self._finish_if_possible()
            raise
        if self._result.ended is not None:
            self._finish_if_possible()
            reached = {outcome.path for outcome in self._result.outcomes}
            self._result.not_reached = [each for each in changes.write if each.path not in reached]
        return self._result

    # --- the manifest

    def _note(self, begun: dict[str, Made]) -> None:
        manifest = replace(
            self._prepared.ours, made=self._made, begun=begun, folders=tuple(self._own_folders)
        )
        if manifest != self._prepared.ours:
            self._manifests.write(manifest)

    def _to_come(self) -> dict[str, Made]:
        """What is still to be written. Some of it may be there already, if a thread has just put it there."""
        return {
            each.path: each.made
            for each in self._prepared.changes.write
            if self._made.get(each.path) != each.made
        }

    def _finish(self) -> None:
        self._note(begun={})
        if not self._prepared.options.links:
            # The names, after what they name.
            flush_file_system(self._parts)
            os.fsync(self._folders.descriptor)

    def _finish_if_possible(self) -> None:
        """After an interruption. Where the destination is gone, the manifest from before is still true."""
        with suppress(OSError):
            self._manifests.remove_parts()
            self._note(begun=self._to_come())

    # --- the steps

    def _remove(self, moved: Collection[str]) -> None:
        for path in self._prepared.removes:
            if path not in moved:
                self._folders.remove(path)
                self._result.outcomes.append(_removed(path))
        if self._prepared.options.sync:
            for path in self._prepared.changes.unwanted:
                self._made.pop(path, None)

    def _move(self, moves: Mapping[str, str]) -> set[str]:
        """Rename them; returns the new paths of those that could be."""
        wanted = {each.path: each for each in self._prepared.changes.write}
        done: set[str] = set()
        for old, new in moves.items():
            try:
                self._folders.move(old, new)
            except OSError as error:
                if ends_all(error):
                    raise
                self._folders.remove(old)  # and it is copied
                continue
            self._complete(wanted[new], Action.RENAMED)
            done.add(new)
        return done

    def _make_folders(self) -> set[str]:
        """Make the folders of what is to be written; returns the paths for which that failed."""
        unmade: set[str] = set()
        made: set[str] = {""}
        for folder, names in by_folder(each.path for each in self._prepared.changes.write).items():
            try:
                for above in _and_above(folder):
                    if above not in made:
                        if self._folders.make(above):
                            self._own_folders[above] = None
                        made.add(above)
            except OSError as error:
                if ends_all(error):
                    raise
                paths = {f"{folder}/{name}" for name in names}
                self._fail(
                    (each for each in self._prepared.changes.write if each.path in paths), error
                )
                unmade |= paths
        return unmade

    def _remove_empty_folders(self) -> None:
        """Those that we made and that removals have left empty, the innermost first."""
        if not self._prepared.removes:
            return
        for folder in sorted(self._own_folders, key=lambda path: -path.count("/")):
            if self._folders.remove_if_empty(folder):
                del self._own_folders[folder]

    def _link(self, links: Iterable[Wanted]) -> None:
        wanted = {each.path: each for each in links}
        replaced = self._prepared.changes.replaced
        for folder, names in by_folder(wanted).items():
            inside = f"{folder}/" if folder else ""
            with self._folders.open(folder) as descriptor:
                for name in names:
                    each = wanted[inside + name]
                    if (reason := self._why_no_content(each)) is not None:
                        self._result.outcomes.append(_failed(each, reason))
                        continue
                    try:
                        if each.path in replaced:
                            self._replace_link(each, name, descriptor)
                        else:
                            os.symlink(each.made.content, name, dir_fd=descriptor)
                    except OSError as error:
                        if ends_all(error):
                            raise
                        self._fail([each], error)
                    else:
                        self._complete(each)

    def _why_no_content(self, each: Wanted) -> str | None:
        """Why a link would lead nowhere: the library may have changed since the last sync."""
        assert isinstance(each.origin, PlannedFile)
        file = linked_file(each.origin, self._prepared.library)
        if os.path.exists(file):  # noqa: PTH110  (text)
            return None
        moved = "its file is no longer where it was; run mcfs sync"
        return "its content is no longer here" if os.path.lexists(file) else moved

    def _replace_link(self, each: Wanted, name: str, descriptor: int) -> None:
        part = f"link{PART_ENDING}"
        os.symlink(each.made.content, part, dir_fd=self._parts)
        os.rename(part, name, src_dir_fd=self._parts, dst_dir_fd=descriptor)

    def _copy(self, files: list[Wanted]) -> None:
        if not files:
            return

        def on_bytes(count: int, wanted: Wanted) -> None:
            self._size += count
            self._on_progress(self._size, self._written, wanted.origin.name)

        has_syncfs = self._prepared.destination.file_system.has_syncfs
        flush = flush_file_system if has_syncfs else flush_each
        sources = CopySources(self._prepared.library)

        def source_of(wanted: Wanted) -> str:
            assert isinstance(wanted.origin, PlannedFile)
            return sources.of_file(wanted.origin)

        for copied in copy_all(files, self._parts, source_of, self._place, on_bytes, flush):
            self._add(copied)

    def _place(self, parts: int, part: str, wanted: Wanted) -> None:
        """Give a part its name. In the thread that forces it to the disk."""
        folder, _, name = wanted.path.rpartition("/")
        with self._folders.open(folder) as descriptor:
            if wanted.path not in self._prepared.changes.replaced:
                refuse_existing(name, descriptor)
            os.rename(part, name, src_dir_fd=parts, dst_dir_fd=descriptor)

    # --- results

    def _add(self, copied: Copied) -> None:
        if copied.reason is None:
            self._complete(copied.wanted)
        else:
            self._result.outcomes.append(_failed(copied.wanted, copied.reason))

    def _complete(self, wanted: Wanted, action: Action | None = None) -> None:
        self._made[wanted.path] = wanted.made
        self._written += 1
        self._result.outcomes.append(_done(wanted, action))

    def _fail(self, all_wanted: Iterable[Wanted], error: OSError) -> None:
        reason = error.strerror or str(error)
        self._result.outcomes += [_failed(each, reason) for each in all_wanted]


def _and_above(folder: str) -> list[str]:
    """A folder and those that it is in, the outermost first."""
    names = folder.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names) + 1)] if folder else []


def _left_alone(prepared: PreparedExport) -> Iterable[Outcome]:
    for blocked in (*prepared.too_large, *prepared.changes.blocked):
        yield _failed(blocked.wanted, blocked.reason)
    for each in (*prepared.changes.kept, *prepared.changes.foreign_kept):
        yield _done(each, Action.KEPT)


_ACTIONS = {
    Kind.LINK.value: Action.LINKED,
    Kind.COPY.value: Action.COPIED,
    Kind.TEXT.value: Action.WRITTEN,
}


def _done(wanted: Wanted, action: Action | None = None) -> Outcome:
    action = action or _ACTIONS[wanted.made.kind]
    return Outcome(wanted.path, _key(wanted), action, wanted.made.size)


def _removed(path: str) -> Outcome:
    return Outcome(path, "", Action.REMOVED)


def _failed(wanted: Wanted, reason: str) -> Outcome:
    return Outcome(wanted.path, _key(wanted), Action.FAILED, wanted.made.size, reason)


def _key(wanted: Wanted) -> str:
    return wanted.origin.annex_key if isinstance(wanted.origin, PlannedFile) else ""
