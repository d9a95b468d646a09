"""Checks that the kernel's cached names of a mount are right while its library changes.

`KernelNames` remembers every name that the kernel was asked for, in about a thousand folders, and asks again:
first for single names, which the kernel answers from its cache, and only then for listings, because
a listing would correct a wrong name in the cache.
"""

from __future__ import annotations

import os
import random
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mcfs.config.settings import DEFAULTS, Settings
from mcfs.errors import McfsError
from mcfs.sql import EntryRow
from mcfs.store import Store
from mcfs.tree.nodes import ExportNode, InfoFileNode, Node
from mcfs.tree.route import MAX_DEPTH, Route, can_become_valid
from mcfs.tree.tree import Tree
from tests.random_changes import RandomChanges

# Folders of every kind: views, queries, ordered, cut, relative to today.
BASES = (
    "", "all", "new", "genre:techno", "bpm:120-130", "-genre:techno", "rating:>=4", "mood:dark",
    "added:>-1d", "added:<=-1d", "changed:>-2d", "present:no", "any:a", "is:live",
    "sort:-bpm", "genre:techno sort:title", "sort:title limit:7", "limit:5", "sort:-rating limit:30",
    "~artist:surgeon", "year:1990..1999", "genre:=techno",
    "snapshots/Friday", "snapshots/Sorted", "snapshot:friday", "-snapshot:friday",
)  # fmt: skip
# What is opened inside each: values of a template, files named by one, another query.
LEVELS = (
    "{{ genre }}", "{{ genre }}/{{ artist }}", "{{ mood }}", "{{ bpm | round_to(5) }}",
    "{{ title | first_letter }}", "{{ genre }} {{ year }}", "{{ decade }}", "{{ directory }}",
    "{{ type }}", "{{ crate }}", "{{ artist }}/{{ album }}", "{{ genre | upper }}",
    "{{ bpm }} {{ title }}.{{ ext }}", "{{ title }}.{{ ext }}", "{{ filename }}",
    "{{ artist }} - {{ title | upper }}.{{ ext }}", "bpm:>125", "sort:-year", "limit:3",
)  # fmt: skip
# The folders of the work tree that `RandomChanges` puts files into, and the one above one of them.
LIBRARY = tuple(f"library/{folder}" for folder in ("Surgeon", "white label", "loud", "loud/er"))
# Of snapshots that `RandomChanges` takes, drops and takes again, and of queries that name one.
FROZEN = (
    "snapshots", "snapshots/Friday", "snapshots/Late", "snapshots/Sorted", "snapshots/Sorted/techno",
    "snapshots/Friday/genre:techno", "snapshots/Late/{{ genre }}", "snapshot:friday", "snapshot:late",
    "-snapshot:late", "-snapshot:friday/{{ genre }}", "-snapshot:friday/{{ title }}.{{ ext }}",
)  # fmt: skip
VIEWS = ("artist", "genre", "bpm", "key", "year", "rating", "crate")


def check_under_changes(
    store: Store,
    mnt: Path,
    draw: random.Random,
    *,
    rounds: int,
    folders: int,
    some: int,
    settings: Settings = DEFAULTS,
) -> Iterator[str]:
    """Change the store of a mount at random; yield what each round did, and how soon the kernel was right.

    `some` folders, and those of the work tree, are checked after each round, and all at the end: a wrong name
    stays wrong in the cache.
    Raises an AssertionError when a name is wrong for longer than `MAX_SECONDS`.
    """
    changes = RandomChanges(store, draw)
    kernel = KernelNames(mnt, draw)
    kernel.explore(Tree(store, settings), folders)
    for number in range(rounds):
        kernel.ask_for_absent_names(some)
        made = [changes.make() for _ in range(draw.choice((1, 2, 9)))]
        # List some folders while they change: these listings mix old and new names.
        for mount_path in kernel.some_folders(5):
            kernel.list(mount_path)
        what = f"{number}: {', '.join(made)}"
        checked = {*LIBRARY, *FROZEN, *kernel.some_folders(some)}
        seconds = _wait_until_right(kernel, Tree(store, settings), checked, what)
        yield f"{what}; right after {seconds:.1f} s"
    _wait_until_right(kernel, Tree(store, settings), list(kernel.names), "the end")


def _wait_until_right(
    kernel: KernelNames, tree: Tree, folders: Collection[str], what: str
) -> float:
    start = time.monotonic()
    while True:
        begun = time.monotonic()
        wrong = kernel.wrong(tree, folders)
        if not wrong:
            return begun - start
        assert begun < start + MAX_SECONDS, f"after {what}: {_report(wrong)}"
        folders = wrong.keys()
        time.sleep(0.05)


MAX_SECONDS = 5.0


def _report(wrong: Mapping[str, str]) -> str:
    lines = "".join(f"\n  {difference[:600]}" for difference in list(wrong.values())[:10])
    return f"{len(wrong)} folders wrong:{lines}"


# What a name is: a link with its target, a file, a folder; None where it is absent.
Shown = tuple[str, str] | None


@dataclass
class KernelNames:
    """The folders of one mount that the kernel was asked for, and the names in each."""

    mnt: Path
    draw: random.Random
    names: dict[str, set[str]] = field(default_factory=dict)

    def explore(self, tree: Tree, folders: int) -> None:
        """Choose folders to watch, and list each, so that the kernel knows what is in it."""
        seeds = [*VIEWS, *("/".join(filter(None, (b, v))) for b in BASES for v in ("", *LEVELS))]
        seeds = self.draw.sample(seeds, min(len(seeds), folders // 2))
        values = [
            below
            for seed in self.draw.sample(seeds, len(seeds) // 6)
            for below in _folders_below(tree, seed, depth=2)
        ]
        some = min(folders - len(seeds), len(values))
        for mount_path in ["", *LIBRARY, *FROZEN, *seeds, *self.draw.sample(values, some)]:
            self.watch(mount_path)
        for mount_path in tuple(self.names):
            self.list(mount_path)

    def watch(self, mount_path: str) -> None:
        """Add a folder and those above it."""
        if mount_path not in self.names:
            self.names[mount_path] = set()
            above, _, name = mount_path.rpartition("/")
            if not mount_path:
                return
            self.watch(above)
            self.names[above].add(name)

    def ask_for_absent_names(self, count: int) -> None:
        """Look up names from other folders: the kernel caches their absence, and a change may add them."""
        folders = list(self.names)
        for _ in range(count):
            known = self.names[self.draw.choice(folders)]
            if known:
                where = self.draw.choice(folders)
                name = self.draw.choice(sorted(known, key=os.fsencode))
                self.names[where].add(name)
                shown_at(f"{self.mnt}/{where}/{name}")

    def some_folders(self, count: int) -> list[str]:
        """A random choice of folders."""
        every = sorted(self.names, key=os.fsencode)
        return self.draw.sample(every, min(count, len(every)))

    def wrong(self, tree: Tree, folders: Collection[str]) -> dict[str, str]:
        """The folders where the kernel shows something else than the tree, with the first difference."""
        found: dict[str, str] = {}
        expected = {mount_path: _Expected.of(tree, mount_path) for mount_path in folders}
        for mount_path in folders:
            for name in self.names[mount_path]:
                shown = shown_at(f"{self.mnt}/{mount_path}/{name}")
                right = expected[mount_path].shown(name)
                if shown != right:
                    found[mount_path] = f"{mount_path}/{name}: {shown}, expected {right}"
        for mount_path in set(folders) - found.keys():
            listed, expected_list = self.list(mount_path), expected[mount_path].listed()
            if listed != expected_list:
                found[mount_path] = f"{mount_path} lists {listed}, expected {expected_list}"
        return found

    def list(self, mount_path: str) -> dict[str, int] | None:
        """List a folder through the mount: names and inodes; None where it does not exist."""
        try:
            with os.scandir(self.mnt / mount_path) as entries:
                listed = {entry.name: entry.inode() for entry in entries}
        except (FileNotFoundError, NotADirectoryError):
            return None
        if mount_path:
            self.names[mount_path].update(listed)
        return {name: inode & _TRACK for name, inode in listed.items()} if mount_path else listed


_TRACK = (1 << 60) - 1


@dataclass(frozen=True)
class _Expected:
    """What the tree says about one folder."""

    tree: Tree
    node: Node | None
    depth: int

    @classmethod
    def of(cls, tree: Tree, mount_path: str) -> _Expected:
        route = Route.parse(mount_path)
        try:
            return cls(tree, tree.resolve(route), len(route.names))
        except McfsError:
            return cls(tree, None, 0)

    def shown(self, name: str) -> Shown:
        if self.node is None or isinstance(self.node, EntryRow):
            return None
        found = self.tree.children(self.node).entries.get(name)
        if (found is None and can_become_valid(name)) or not self.depth:
            try:
                found = self.tree.child(self.node, name, self.depth)
            except McfsError:
                return None
        match found:
            case None:
                return None
            case EntryRow():
                return "link", found.work_path or found.content_path or ""
            case ExportNode() | InfoFileNode():
                return "file", ""
            case _:
                return "folder", ""

    def listed(self) -> object:
        if self.node is None or isinstance(self.node, EntryRow | ExportNode):
            return None
        return _Listing(self.tree.children(self.node).entries)


class _Listing:
    """Equal to a listing of the kernel with the same names, and the same inodes of tracks and covers."""

    def __init__(self, entries: object) -> None:
        self._entries: dict[str, Node] = dict(entries)  # type: ignore[call-overload]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, dict)
            and other.keys() == self._entries.keys()
            and all(
                other[name] == node.inode
                for name, node in self._entries.items()
                if isinstance(node, EntryRow)
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(sorted(self._entries))


def shown_at(place: str) -> Shown:
    """What the kernel shows at a path."""
    try:
        what = os.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(what.st_mode):
        return "link", _in_library(os.readlink(place))
    return ("folder", "") if stat.S_ISDIR(what.st_mode) else ("file", "")


def _in_library(target: str) -> str:
    """The part of a link's target inside the library or its `.git`."""
    before, _, inside = target.partition("/library/")
    assert before
    return inside.removeprefix(".git/")


def _folders_below(tree: Tree, mount_path: str, depth: int) -> Iterator[str]:
    """The folders that a folder lists, and those that they list."""
    try:
        node = tree.resolve(Route.parse(mount_path))
        entries = tree.children(node).entries
    except McfsError:
        return
    if depth == 0 or mount_path.count("/") > MAX_DEPTH - 2:
        return
    for name, inside in entries.items():
        if not isinstance(inside, EntryRow):
            below = f"{mount_path}/{name}".removeprefix("/")
            yield below
            yield from _folders_below(tree, below, depth - 1)
