"""`mcfs ls`: what the mount would show, without a mount."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mcfs.annex.library import Library
from mcfs.cli import options
from mcfs.cli.session import opened
from mcfs.cli.terminal import Screen, cut, draw, emit, fit, say, screen
from mcfs.config.load import load_settings
from mcfs.config.settings import Absent
from mcfs.export.json_objects import json_text, track_object
from mcfs.inspect.walk import last_step
from mcfs.store import Store
from mcfs.tree.nodes import ExportNode, InfoFileNode, Node, TrackNode
from mcfs.tree.tree import Tree

_MEGABYTE = 1024 * 1024


@click.command("ls", cls=options.QueryCommand)
@click.argument("mount_path", metavar="[PATH]", default="/")
@click.option("-l", "long", is_flag=True, help="Sizes, dates, and where each track lies.")
@click.option("--json", "as_json", is_flag=True, help="An array of objects.")
@click.option(
    "--absent",
    type=click.Choice(["hide", "show"]),
    help="What to do with tracks whose content is not here; as configured unless said.",
)
@options.library
def command(
    mount_path: str, long: bool, as_json: bool, absent: str | None, asked_for: Path | None
) -> None:
    """List what the mount would show at a path, without a mount.

    \b
      mcfs ls
      mcfs ls -l genre/Techno
      mcfs ls 'bpm:120-130/{{ artist }}'

    A path begins at the root of the mount; one inside of a mount will do as well,
    and is about the library of that mount. Folders are shown with a slash.
    """
    place, inside = options.placed(mount_path, asked_for)
    with opened(place) as (library, store):
        settings = load_settings(library.top)
        if absent is not None:
            settings = replace(settings, absent=Absent(absent))
        tree = Tree(store, settings)
        listed = list(_listed(inside, tree))
        to = screen()
        if as_json:
            emit(_objects(listed, store), to)
        elif long:
            _show(_long(listed, library), to)
        else:
            _show((f"{name}{_mark(node)}" for name, node in listed), to)
        for sentence in tree.broken_views:
            say(sentence)


def _show(lines: Iterator[str], to: Screen) -> None:
    """One line each, also on a terminal that is too narrow for it; programs get all of it, byte for byte."""
    if to.terminal:
        draw(cut(fit(line), to.width) if to.width else fit(line) for line in lines)
    else:
        emit((f"{line}\n" for line in lines), to)


def _listed(mount_path: str, tree: Tree) -> Iterator[tuple[str, Node]]:
    """What a folder holds; a file or a track is listed as itself."""
    step = last_step(mount_path, tree)
    if _is_file(step.node):
        yield step.name, step.node
    else:
        yield from tree.children(step.node).entries.items()


def _mark(node: Node) -> str:
    return "" if _is_file(node) else "/"


def _is_file(node: Node) -> bool:
    return isinstance(node, TrackNode | ExportNode | InfoFileNode)


def _long(listed: list[tuple[str, Node]], library: Library) -> Iterator[str]:
    for name, node in listed:
        if not isinstance(node, TrackNode):
            yield f"{'':18}{name}{_mark(node)}"
            continue
        size = "?" if node.size is None else f"{node.size / _MEGABYTE:.1f}M"
        changed = "" if node.changed is None else f"{_moment(node.changed):%Y-%m-%d}"
        yield f"{size:>7}{changed:>11}{'':2}{name} → {_place(node, library)}"


def _moment(stored: int) -> datetime:
    return datetime.fromtimestamp(stored / 1_000_000, UTC).astimezone()


def _place(node: TrackNode, library: Library) -> str:
    if node.work_path is not None:
        return str(library.top / node.work_path)
    return str(library.common_dir / node.content_path)


def _objects(listed: list[tuple[str, Node]], store: Store) -> Iterator[str]:
    """A track has what every command says of a track, by the name it has in this folder."""
    keys = [node.annex_key for _, node in listed if isinstance(node, TrackNode)]
    with store.cache.reading() as read:
        records = read.records(keys)
    before = "[\n"
    for name, node in listed:
        said: dict[str, Any] = {"name": name, "type": "folder"}
        if isinstance(node, TrackNode) and node.annex_key in records:
            said = {**track_object(records[node.annex_key]), "name": name, "type": "track"}
        elif _is_file(node):
            said["type"] = "file"
        yield before + json_text(said)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"
