"""A library that never rests, and the comparison of all that a kernel believes with what is so.

`Changes` writes into the cache as a sync does. `Believed` remembers every name that the kernel was ever
asked for, in about a thousand folders, and asks again: first for the names alone, which a kernel answers
from memory, and only then for the listings, which would put right what it remembers wrongly.
"""

from __future__ import annotations

import os
import random
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mcfs.config.settings import DEFAULTS, Settings
from mcfs.errors import McfsError
from mcfs.store import Store, TrackRecord
from mcfs.sync.derive import decade, is_live
from mcfs.text.track_names import stem_and_suffix, track_name
from mcfs.tree.nodes import ExportNode, InfoFileNode, Node, TrackNode
from mcfs.tree.route import MAX_DEPTH, Route, can_become_valid
from mcfs.tree.tree import Tree
from tests.cache_access import insert_tracks, remove_tracks, update_tracks

# Where folders begin: by nothing, by a query, in an order, cut, by the day.
BASES = (
    "", "all", "new", "genre:techno", "bpm:120-130", "-genre:techno", "rating:>=4", "mood:dark",
    "added:>-1d", "added:<=-1d", "changed:>-2d", "present:no", "any:a", "is:live",
    "sort:-bpm", "genre:techno sort:title", "sort:title limit:7", "limit:5", "sort:-rating limit:30",
    "~artist:surgeon", "year:1990..1999", "genre:=techno",
)  # fmt: skip
# What they are opened by, or how their files are called.
LEVELS = (
    "{{ genre }}", "{{ genre }}/{{ artist }}", "{{ mood }}", "{{ bpm | round_to(5) }}",
    "{{ title | first_letter }}", "{{ genre }} {{ year }}", "{{ decade }}", "{{ directory }}",
    "{{ type }}", "{{ crate }}", "{{ artist }}/{{ album }}", "{{ genre | upper }}",
    "{{ bpm }} {{ title }}.{{ ext }}", "{{ title }}.{{ ext }}", "{{ filename }}",
    "{{ artist }} - {{ title | upper }}.{{ ext }}", "bpm:>125", "sort:-year", "limit:3",
)  # fmt: skip
VIEWS = ("artist", "genre", "bpm", "key", "year", "rating", "crate")

# Few words for many tracks, so that they meet: in a group, in a spelling, in a name.
_LONG = "The Very Long Name Of " + "A Track That Goes On And " * 8 + "On"
WORDS: dict[str, tuple[str, ...]] = {
    "genre": (
        "techno", "Techno", "TECHNO", " Techno", "Ambient", "ambient", "Dub Techno", "AC/DC", "AC∕DC",
        ".hidden", "Unknown", "рок", "Рок", "Tech\x01no", "house [abcdef]", "House", "a" * 300,
    ),
    "artist": (
        "Surgeon", "surgeon", "Orbital", "Beyoncé", "Beyonce", "Кино", "AC/DC", "Anon", _LONG,
        "caf\udce9",
    ),
    "title": (
        "Untitled", "untitled", "Rez", "Halo", "Fire / Water", "Halo [1a2b3c]", "4′33″", "…", _LONG,
        "CON", "What?", "ends.",
    ),
    "album": ("Force + Form", "force + form", "Untrue", "Orbital 2"),
    "bpm": ("120", "126", "126.5", "130", "134.5", "fast", "0"),
    "rating": ("0", "1", "3", "4", "5"),
    "year": ("1992", "1998", "1998-04-20", "2007", "long ago"),
    "key": ("8A", "Am", "C", "1m"),
    "crate": ("Festival", "festival", "Peak time", "Sunday (late)"),
    "tracknumber": ("1", "2", "2/9", "11"),
}  # fmt: skip
RARE: dict[str, tuple[str, ...]] = {"mood": ("dark", "Dark", "warm"), "energy": ("7", "9")}
_FOLDERS = ("Surgeon", "white label", "unsorted", "loud/er")


def _finished(record: TrackRecord) -> TrackRecord:
    """With what a sync derives of it."""
    values = record.values
    return replace(
        record,
        name=track_name(values, *stem_and_suffix(record.files[0])),
        decade=decade(values),
        is_live=is_live(values),
    )


class Changes:
    """Records as a library would give them, and one way after the other to change them."""

    def __init__(self, store: Store, draw: random.Random, tracks: int = 40) -> None:
        self._store = store
        self._draw = draw
        self._made = 0
        self.records: dict[str, TrackRecord] = {}
        for _ in range(tracks):
            record = self._new()
            self.records[record.annex_key] = record
        store.cache.replace_all(self.records.values())

    def make(self) -> str:
        """One of them, written as one sync; what it was."""
        change = self._draw.choices([c for c, _ in _CHANGES], [w for _, w in _CHANGES])[0]
        change(self)
        return change.__name__.strip("_")

    def _some(self, most: int = 4) -> list[TrackRecord]:
        count = min(len(self.records), self._draw.randint(1, most))
        return self._draw.sample(list(self.records.values()), count)

    def _write(self, *records: TrackRecord) -> None:
        finished = [_finished(record) for record in records]
        self.records |= {record.annex_key: record for record in finished}
        update_tracks(self._store.cache, finished)

    def _new(self) -> TrackRecord:
        self._made += 1
        key = f"SHA256E-s{self._made}000--{self._draw.getrandbits(128):032x}.mp3"
        values = {
            name: tuple(self._draw.sample(words, self._draw.choice((1, 1, 1, 2))))
            for name, words in WORDS.items()
            if self._draw.random() < 0.7
        }
        ago = timedelta(hours=self._draw.choice((1, 5, 30, 60, 90, 1000)))
        return _finished(
            TrackRecord(
                annex_key=key,
                name="?",
                files=(self._file(),),
                content_path=f"annex/objects/{key}/{key}",
                present=self._draw.random() < 0.85,
                size=self._made * 1000,
                added_at=datetime.now(UTC) - ago,
                changed_at=datetime.now(UTC) - ago,
                values=values,
            )
        )

    def _file(self) -> str:
        self._made += 1
        ending = self._draw.choice(("mp3", "mp3", "flac", "MP3"))
        return f"{self._draw.choice(_FOLDERS)}/{self._made}.{ending}"

    # --- the changes

    def _set(self) -> None:
        """git annex metadata -s"""
        name = self._draw.choice(list(WORDS))
        value = (self._draw.choice(WORDS[name]),)
        self._write(*(replace(r, values={**r.values, name: value}) for r in self._some()))

    def _unset(self) -> None:
        some = self._some()
        name = self._draw.choice(list(WORDS))
        self._write(
            *(replace(r, values={n: v for n, v in r.values.items() if n != name}) for r in some)
        )

    def _add_a_value(self) -> None:
        name = self._draw.choice(("genre", "artist", "crate"))
        word = self._draw.choice(WORDS[name])
        self._write(
            *(
                replace(r, values={**r.values, name: (*r.values.get(name, ()), word)})
                for r in self._some()
                if word not in r.values.get(name, ())
            )
        )

    def _spell_otherwise(self) -> None:
        """Many at once, so that another spelling is the commonest."""
        word = self._draw.choice(("techno", "Techno", "TECHNO"))
        alike = [r for r in self.records.values() if _is_techno(r)]
        some = self._draw.sample(alike, len(alike) * 2 // 3)
        self._write(*(replace(r, values={**r.values, "genre": (word,)}) for r in some))

    def _trade_names(self) -> None:
        if len(self.records) < 2:
            return
        one, other = self._draw.sample(list(self.records.values()), 2)
        self._write(replace(one, values=other.values), replace(other, values=one.values))

    def _become_namesakes(self) -> None:
        some = self._some()
        like = some[0].values
        named = {name: like[name] for name in ("artist", "title") if name in like}
        self._write(*(replace(r, values={**r.values, **named}) for r in some))

    def _gain_a_field(self) -> None:
        name = self._draw.choice(list(RARE))
        word = self._draw.choice(RARE[name])
        self._write(*(replace(r, values={**r.values, name: (word,)}) for r in self._some()))

    def _lose_a_field(self) -> None:
        name = self._draw.choice(list(RARE))
        self._write(
            *(
                replace(r, values={n: v for n, v in r.values.items() if n != name})
                for r in self.records.values()
                if name in r.values
            )
        )

    def _move(self) -> None:
        """git mv"""
        self._write(*(replace(r, files=(self._file(),)) for r in self._some()))

    def _drop(self) -> None:
        """git annex drop"""
        self._write(*(replace(r, present=False) for r in self._some()))

    def _get(self) -> None:
        """git annex get"""
        absent = [r for r in self.records.values() if not r.present]
        self._write(*(replace(r, present=True) for r in absent[:5]))

    def _remove(self) -> None:
        """git rm"""
        keys = [record.annex_key for record in self._some()]
        for key in keys:
            del self.records[key]
        remove_tracks(self._store.cache, keys)

    def _add(self) -> None:
        """git annex add"""
        some = [self._new() for _ in range(self._draw.randint(1, 4))]
        self.records |= {record.annex_key: record for record in some}
        insert_tracks(self._store.cache, some)

    def _replace(self) -> None:
        """Some go while others come, in one sync; what comes may be called as what goes."""
        gone = self._some()
        come = [replace(self._new(), values=record.values) for record in gone]
        for record in gone:
            del self.records[record.annex_key]
        come = [_finished(record) for record in come]
        self.records |= {record.annex_key: record for record in come}
        with self._store.cache.writing() as write:
            write.remove(record.annex_key for record in gone)
            write.insert(come)

    def _several_syncs(self) -> None:
        """One after the other, with no time between to be told of each."""
        for _ in range(3):
            self._draw.choice((Changes._set, Changes._trade_names, Changes._remove, Changes._add))(
                self
            )

    def _sync_in_full(self) -> None:
        self._store.cache.replace_all(self.records.values())


def _is_techno(record: TrackRecord) -> bool:
    return any(value.strip().lower() == "techno" for value in record.values.get("genre", ()))


_CHANGES: tuple[tuple[Callable[[Changes], None], int], ...] = (
    (Changes._set, 6),
    (Changes._unset, 3),
    (Changes._add_a_value, 4),
    (Changes._spell_otherwise, 2),
    (Changes._trade_names, 4),
    (Changes._become_namesakes, 5),
    (Changes._gain_a_field, 2),
    (Changes._lose_a_field, 2),
    (Changes._move, 3),
    (Changes._drop, 4),
    (Changes._get, 3),
    (Changes._remove, 3),
    (Changes._add, 4),
    (Changes._replace, 3),
    (Changes._several_syncs, 3),
    (Changes._sync_in_full, 1),
)


def drive(
    store: Store,
    mnt: Path,
    draw: random.Random,
    *,
    rounds: int,
    folders: int,
    some: int,
    settings: Settings = DEFAULTS,
) -> Iterator[str]:
    """Random changes of the store of a mount, and what each was; the kernel must be right in time.

    After each of the rounds `some` of the folders are looked at, and in the end all. Wrong names stay wrong.
    """
    changes = Changes(store, draw)
    believed = Believed(mnt, draw)
    believed.explore(Tree(store, settings), folders)
    for number in range(rounds):
        believed.ask_for_what_is_not_there(some)
        made = [changes.make() for _ in range(draw.choice((1, 2, 9)))]
        # Who lists a folder at the moment that it changes learns of both.
        for mount_path in believed.some(5):
            believed.list(mount_path)
        said = f"{number}: {', '.join(made)}"
        seconds = _settle(believed, Tree(store, settings), believed.some(some), said)
        yield f"{said}; right after {seconds:.1f} s"
    _settle(believed, Tree(store, settings), list(believed.names), "the end")


def _settle(believed: Believed, tree: Tree, folders: Collection[str], said: str) -> float:
    start = time.monotonic()
    while True:
        begun = time.monotonic()
        wrong = believed.wrong(tree, folders)
        if not wrong:
            return begun - start
        assert begun < start + LATEST, f"after {said}: {_report(wrong)}"
        folders = wrong.keys()
        time.sleep(0.05)


LATEST = 5.0


def _report(wrong: Mapping[str, str]) -> str:
    lines = "".join(f"\n  {said[:600]}" for said in list(wrong.values())[:10])
    return f"{len(wrong)} folders wrong:{lines}"


# What a name leads to: a link and its target, a file, a folder; nothing.
Seen = tuple[str, str] | None


@dataclass
class Believed:
    """What a mounted kernel was asked for so far: folders, and the names in each of them."""

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
        for mount_path in ["", *seeds, *self.draw.sample(values, some)]:
            self.watch(mount_path)
        for mount_path in tuple(self.names):
            self.list(mount_path)

    def watch(self, mount_path: str) -> None:
        """From now on this folder, and each of those above it, is one of them."""
        if mount_path not in self.names:
            self.names[mount_path] = set()
            above, _, name = mount_path.rpartition("/")
            if not mount_path:
                return
            self.watch(above)
            self.names[above].add(name)

    def ask_for_what_is_not_there(self, count: int) -> None:
        """Names of other folders: what is not there may come."""
        folders = list(self.names)
        for _ in range(count):
            known = self.names[self.draw.choice(folders)]
            if known:
                where = self.draw.choice(folders)
                name = self.draw.choice(sorted(known, key=os.fsencode))
                self.names[where].add(name)
                seen_at(f"{self.mnt}/{where}/{name}")

    def some(self, count: int) -> list[str]:
        """Any of the folders."""
        every = sorted(self.names, key=os.fsencode)
        return self.draw.sample(every, min(count, len(every)))

    def wrong(self, tree: Tree, folders: Collection[str]) -> dict[str, str]:
        """In which folders the kernel says otherwise than the tree: by their names, then by listing them."""
        found: dict[str, str] = {}
        expected = {mount_path: _Expected.of(tree, mount_path) for mount_path in folders}
        for mount_path in folders:
            for name in self.names[mount_path]:
                # Reading a link is never answered from the kernel's memory: of some is enough.
                follow = self.draw.random() < 0.1
                told = seen_at(f"{self.mnt}/{mount_path}/{name}", follow=follow)
                true = expected[mount_path].says(name)
                if told != true and (follow or not told or not true or told[0] != true[0]):
                    found[mount_path] = f"{mount_path}/{name}: {told} and not {true}"
        for mount_path in set(folders) - found.keys():
            listed, there = self.list(mount_path), expected[mount_path].listed()
            if listed != there:
                found[mount_path] = f"{mount_path} lists {listed} and not {there}"
        return found

    def list(self, mount_path: str) -> dict[str, int] | None:
        """The names, and the inode of each."""
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
    """What is so of one folder."""

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

    def says(self, name: str) -> Seen:
        if self.node is None or isinstance(self.node, TrackNode):
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
            case TrackNode():
                return "link", found.work_path or found.content_path
            case ExportNode() | InfoFileNode():
                return "file", ""
            case _:
                return "folder", ""

    def listed(self) -> object:
        if self.node is None or isinstance(self.node, TrackNode | ExportNode):
            return None
        return _Listing(self.tree.children(self.node).entries)


class _Listing:
    """Compares with what a kernel lists: names, and inodes where they are tracks'."""

    def __init__(self, entries: object) -> None:
        self._entries: dict[str, Node] = dict(entries)  # type: ignore[call-overload]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, dict)
            and other.keys() == self._entries.keys()
            and all(
                other[name] == node.inode
                for name, node in self._entries.items()
                if isinstance(node, TrackNode)
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(sorted(self._entries))


def seen_at(place: str, *, follow: bool = True) -> Seen:
    """What the kernel says of a name."""
    try:
        what = os.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(what.st_mode):
        return "link", _in_library(os.readlink(place)) if follow else ""
    return ("folder", "") if stat.S_ISDIR(what.st_mode) else ("file", "")


def _in_library(target: str) -> str:
    """Without where the library is."""
    before, _, inside = target.partition("/library/")
    assert before
    return inside.removeprefix(".git/")


def _folders_below(tree: Tree, mount_path: str, depth: int) -> Iterator[str]:
    """The folders that are listed in one, and in these."""
    try:
        node = tree.resolve(Route.parse(mount_path))
        entries = tree.children(node).entries
    except McfsError:
        return
    if depth == 0 or mount_path.count("/") > MAX_DEPTH - 2:
        return
    for name, inside in entries.items():
        if not isinstance(inside, TrackNode):
            below = f"{mount_path}/{name}".removeprefix("/")
            yield below
            yield from _folders_below(tree, below, depth - 1)
