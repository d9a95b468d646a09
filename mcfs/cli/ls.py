"""`mcfs ls`: what a mount would show, without a mount."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from mcfs.annex.library import Library
from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json_pieces
from mcfs.cli.session import locate_path, open_session
from mcfs.cli.terminal import output_of, print_exactly, print_lines, print_message
from mcfs.cli.text_layout import truncate
from mcfs.export.json_objects import json_array, track_object
from mcfs.inspect.walk import entries_at, is_folder
from mcfs.sql import EntryRow
from mcfs.store import Store
from mcfs.text.printable import printable
from mcfs.text.timestamps import from_microseconds
from mcfs.tree.frozen_folders import gone_record
from mcfs.tree.nodes import Node, TrackNode

_MEGABYTE = 1024 * 1024

_Entries = list[tuple[str, Node]]


@click.command("ls", cls=options.QueryCommand)
@click.argument("mount_path", metavar="[PATH]", default="/")
@click.option("-l", "long", is_flag=True, help="Show sizes, dates, and where each track is.")
@json_option("Print an array of objects.")
@options.absent
@options.library
def command(
    mount_path: str, long: bool, as_json: bool, absent: str | None, library_path: Path | None
) -> None:
    """List what a mount would show at a path, without a mount.

    \b
      mcfs ls
      mcfs ls -l genre/Techno
      mcfs ls 'bpm:120-130/{{ artist }}'
      mcfs ls snapshots/Friday

    A path starts at the root of the mount. A path in a real mount works too, and is
    about the library of that mount. Folders end in a slash.
    """
    place, inside = locate_path(mount_path, library_path)
    with open_session(place, absent=absent) as session:
        entries = list(entries_at(inside, session.tree))
        if as_json:
            print_json_pieces(json_array(_objects(entries, session.store)))
        elif long:
            _print(_long_lines(entries, session.library))
        else:
            _print(f"{name}{_mark(node)}" for name, node in entries)
        for sentence in session.tree.broken_views:
            print_message(sentence)
        # A pin whose query cannot be read is an empty folder.
        for error in session.tree.error_log.entries():
            print_message(error.sentence)


def _print(lines: Iterable[str]) -> None:
    """A terminal gets one line for each entry, cut to its width; programs get every byte."""
    output = output_of()
    if not output.is_terminal:
        print_exactly((f"{line}\n" for line in lines), output)
        return
    shown = map(printable, lines)
    width = output.width
    print_lines(shown if width is None else (truncate(line, width) for line in shown))


def _mark(node: Node) -> str:
    return "/" if is_folder(node) else ""


def _long_lines(entries: _Entries, library: Library) -> Iterator[str]:
    for name, node in entries:
        if not isinstance(node, EntryRow):
            yield f"{'':18}{name}{_mark(node)}"
            continue
        size = "?" if node.size is None else f"{node.size / _MEGABYTE:.1f}M"
        changed = "" if node.changed is None else _local_day(node.changed)
        yield f"{size:>7}{changed:>11}{'':2}{name} → {_location(node, library)}"


def _local_day(microseconds: int) -> str:
    return from_microseconds(microseconds).astimezone().date().isoformat()


def _location(node: EntryRow, library: Library) -> str:
    if node.work_path is not None:
        return str(library.top / node.work_path)
    return str(library.common_dir / (node.content_path or ""))


def _objects(entries: _Entries, store: Store) -> Iterator[dict[str, Any]]:
    """A track as in every command, but with the name it has in this folder."""
    with store.cache.reading() as read:
        keys = read.annex_keys(node.inode for _, node in entries if isinstance(node, TrackNode))
        records = read.records(keys.values())
    for name, node in entries:
        if isinstance(node, TrackNode):
            record = records.get(keys.get(node.inode, "")) or gone_record(node)
            yield {**track_object(record), "name": name, "type": "track"}
        else:
            yield {"name": name, "type": "folder" if is_folder(node) else "file"}
