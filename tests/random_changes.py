"""A library that changes at random: tracks with few words, so that names collide, and syncs that change them.

Owns the words and the kinds of change. Each is written into the cache as a sync writes it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mcfs.store import Store, TrackRecord
from mcfs.store.records import CoverRecord
from mcfs.store.snapshot_records import FrozenTrack
from mcfs.sync.derive import decade, is_live
from mcfs.text.escape import escape
from mcfs.text.track_names import stem_and_suffix, track_name
from tests.cache_access import change_covers, insert_tracks, remove_tracks, update_tracks
from tests.taken_snapshots import frozen, take, taken

# Few words for many tracks, so that tracks share groups, spellings and names.
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
# The first is always there; the last has folders of genres.
SORTED = "Sorted"
SNAPSHOTS = ("Friday", "Late", SORTED)
_FOLDERS = ("Surgeon", "white label", "unsorted", "loud/er")
_COVERS = ("cover.jpg", "Folder.PNG", "front.jpeg")


def _derived(record: TrackRecord) -> TrackRecord:
    """The record with what a sync derives from its values."""
    values = record.values
    return replace(
        record,
        name=track_name(values, *stem_and_suffix(record.files[0])),
        decade=decade(values),
        is_live=is_live(values),
    )


class RandomChanges:
    """The tracks of a store, and random changes of them."""

    def __init__(self, store: Store, draw: random.Random, tracks: int = 40) -> None:
        self._store = store
        self._draw = draw
        self._made = 0
        self.records: dict[str, TrackRecord] = {}
        covers = [self._cover(folder, name) for folder in _FOLDERS for name in _COVERS]
        self.covers = {cover.work_path: cover for cover in covers}
        for _ in range(tracks):
            record = self._new()
            self.records[record.annex_key] = record
        store.cache.replace_all(self.records.values(), covers=self.covers.values())
        for name in store.user.snapshots.names():
            store.user.snapshots.drop(name)
        for name in SNAPSHOTS:
            take(store, name, self._frozen(name), template=_template(name))

    def make(self) -> str:
        """Make one change, and return its name."""
        change = self._draw.choices([c for c, _ in _CHANGES], [w for _, w in _CHANGES])[0]
        change(self)
        return change.__name__.strip("_")

    def _frozen(self, snapshot: str) -> list[FrozenTrack]:
        """Some tracks as they are now, in any order; in folders, where that is how a snapshot is taken."""
        in_folders = snapshot == SORTED
        return [
            frozen(record, *{(escape(genre),) for genre in record.values.get("genre", ())})
            if in_folders
            else frozen(record)
            for record in self._some(12)
        ]

    def _some(self, most: int = 4) -> list[TrackRecord]:
        count = min(len(self.records), self._draw.randint(1, most))
        return self._draw.sample(list(self.records.values()), count)

    def _write(self, *records: TrackRecord) -> None:
        derived = [_derived(record) for record in records]
        self.records |= {record.annex_key: record for record in derived}
        update_tracks(self._store.cache, derived)

    def _new(self) -> TrackRecord:
        self._made += 1
        key = f"SHA256E-s{self._made}000--{self._draw.getrandbits(128):032x}.mp3"
        values = {
            name: tuple(self._draw.sample(words, self._draw.choice((1, 1, 1, 2))))
            for name, words in WORDS.items()
            if self._draw.random() < 0.7
        }
        ago = timedelta(hours=self._draw.choice((1, 5, 30, 60, 90, 1000)))
        return _derived(
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

    def _cover(self, folder: str, name: str) -> CoverRecord:
        self._made += 1
        annex_key, content_path = self._draw.choice(
            ((None, None), ("SHA256E-s9--c", None), ("SHA256E-s9--c", "annex/objects/c"))
        )
        return CoverRecord(
            folder, name, str(self._made), annex_key, 9, content_path, in_work_tree=True
        )

    def _file(self) -> str:
        self._made += 1
        ending = self._draw.choice(("mp3", "mp3", "flac", "MP3"))
        return f"{self._draw.choice(_FOLDERS)}/{self._made}.{ending}"

    # --- the changes

    def set(self) -> None:
        """git annex metadata -s"""
        name = self._draw.choice(list(WORDS))
        value = (self._draw.choice(WORDS[name]),)
        self._write(*(replace(r, values={**r.values, name: value}) for r in self._some()))

    def unset(self) -> None:
        some = self._some()
        name = self._draw.choice(list(WORDS))
        self._write(
            *(replace(r, values={n: v for n, v in r.values.items() if n != name}) for r in some)
        )

    def add_a_value(self) -> None:
        name = self._draw.choice(("genre", "artist", "crate"))
        word = self._draw.choice(WORDS[name])
        self._write(
            *(
                replace(r, values={**r.values, name: (*r.values.get(name, ()), word)})
                for r in self._some()
                if word not in r.values.get(name, ())
            )
        )

    def spell_otherwise(self) -> None:
        """Change many tracks at once, so that another spelling becomes the commonest."""
        word = self._draw.choice(("techno", "Techno", "TECHNO"))
        alike = [r for r in self.records.values() if _is_techno(r)]
        some = self._draw.sample(alike, len(alike) * 2 // 3)
        self._write(*(replace(r, values={**r.values, "genre": (word,)}) for r in some))

    def trade_names(self) -> None:
        if len(self.records) < 2:
            return
        one, other = self._draw.sample(list(self.records.values()), 2)
        self._write(replace(one, values=other.values), replace(other, values=one.values))

    def become_namesakes(self) -> None:
        some = self._some()
        like = some[0].values
        named = {name: like[name] for name in ("artist", "title") if name in like}
        self._write(*(replace(r, values={**r.values, **named}) for r in some))

    def gain_a_field(self) -> None:
        name = self._draw.choice(list(RARE))
        word = self._draw.choice(RARE[name])
        self._write(*(replace(r, values={**r.values, name: (word,)}) for r in self._some()))

    def lose_a_field(self) -> None:
        name = self._draw.choice(list(RARE))
        self._write(
            *(
                replace(r, values={n: v for n, v in r.values.items() if n != name})
                for r in self.records.values()
                if name in r.values
            )
        )

    def move(self) -> None:
        """git mv"""
        self._write(*(replace(r, files=(self._file(),)) for r in self._some()))

    def drop(self) -> None:
        """git annex drop"""
        self._write(*(replace(r, present=False) for r in self._some()))

    def get(self) -> None:
        """git annex get"""
        absent = [r for r in self.records.values() if not r.present]
        self._write(*(replace(r, present=True) for r in absent[:5]))

    def remove(self) -> None:
        """git rm"""
        keys = [record.annex_key for record in self._some()]
        for key in keys:
            del self.records[key]
        remove_tracks(self._store.cache, keys)

    def add(self) -> None:
        """git annex add"""
        some = [self._new() for _ in range(self._draw.randint(1, 4))]
        self.records |= {record.annex_key: record for record in some}
        insert_tracks(self._store.cache, some)

    def replace(self) -> None:
        """Remove tracks and add others of the same names, in one sync."""
        gone = self._some()
        come = [replace(self._new(), values=record.values) for record in gone]
        for record in gone:
            del self.records[record.annex_key]
        come = [_derived(record) for record in come]
        self.records |= {record.annex_key: record for record in come}
        with self._store.cache.writing() as write:
            write.remove(record.annex_key for record in gone)
            write.insert(come)

    def change_a_cover(self) -> None:
        """Add, change, drop, get or remove one, in git-annex or in git itself."""
        new = self._cover(self._draw.choice(_FOLDERS), self._draw.choice(_COVERS))
        old = self.covers.pop(new.work_path, None)
        if old is None or self._draw.random() < 0.6:
            self.covers[new.work_path] = new
        come = [new] if new.work_path in self.covers else []
        change_covers(self._store.cache, [old] if old else [], come)

    def several_syncs(self) -> None:
        """Several in a row, faster than a mount looks for changes."""
        for _ in range(3):
            self._draw.choice(
                (
                    RandomChanges.set,
                    RandomChanges.trade_names,
                    RandomChanges.remove,
                    RandomChanges.add,
                )
            )(self)

    def refresh_a_snapshot(self) -> None:
        name = self._draw.choice(self._store.user.snapshots.names())
        self._store.user.snapshots.refresh(
            name, taken(self._frozen(name), template=_template(name))
        )

    def drop_or_take_a_snapshot(self) -> None:
        name = self._draw.choice(SNAPSHOTS[1:])
        if name in self._store.user.snapshots.names():
            self._store.user.snapshots.drop(name)
        else:
            take(self._store, name, self._frozen(name), template=_template(name))

    def sync_in_full(self) -> None:
        self._store.cache.replace_all(self.records.values(), covers=self.covers.values())


def _is_techno(record: TrackRecord) -> bool:
    return any(value.strip().lower() == "techno" for value in record.values.get("genre", ()))


def _template(snapshot: str) -> str:
    return "{{ genre }}" if snapshot == SORTED else ""


_CHANGES: tuple[tuple[Callable[[RandomChanges], None], int], ...] = (
    (RandomChanges.set, 6),
    (RandomChanges.unset, 3),
    (RandomChanges.add_a_value, 4),
    (RandomChanges.spell_otherwise, 2),
    (RandomChanges.trade_names, 4),
    (RandomChanges.become_namesakes, 5),
    (RandomChanges.gain_a_field, 2),
    (RandomChanges.lose_a_field, 2),
    (RandomChanges.move, 3),
    (RandomChanges.drop, 4),
    (RandomChanges.get, 3),
    (RandomChanges.remove, 3),
    (RandomChanges.add, 4),
    (RandomChanges.replace, 3),
    (RandomChanges.change_a_cover, 6),
    (RandomChanges.several_syncs, 3),
    (RandomChanges.sync_in_full, 1),
    (RandomChanges.refresh_a_snapshot, 5),
    (RandomChanges.drop_or_take_a_snapshot, 2),
)
