"""Random rounds of what a DJ, Mixxx and mcfs do with one library, and a model of what must come of it.

A DJ rates, colours, fills crates and edits titles in Mixxx; somebody edits titles and ratings in git-annex;
names change because titles do, and Mixxx scans; `mcfs import mixxx` runs, and is now and then taken back.
After every import git-annex must have each rating, crate, colour and title that the model has: what was made
last, wherever that was.

Mixxx looks at a folder of links that are called as a mount calls the tracks in `all/`.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import mutagen

from mcfs.annex.library import Library, open_library
from mcfs.annex.read_metadata import read_metadata
from mcfs.editing.chosen_edits import choose_edit
from mcfs.editing.editor import editing
from mcfs.editing.undo import undo
from mcfs.imports.import_mixxx import import_mixxx
from mcfs.imports.import_tags import import_tags
from mcfs.query import ALL
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import Store, TrackRecord, open_store
from mcfs.store.clock import today
from mcfs.sync.run import sync
from tests.imports.mixxx_database import annex
from tests.imports.simulated_mixxx import SimulatedMixxx, Tags
from tests.prerequisites import git_annex_environment

_SOUND = Path(__file__).parent / "data" / "sound.flac"
_COLORS = {"#FF8800": 0xFF8800, "#0011AA": 0x0011AA}
_CRATES = ("Festival", "Peak time", "Sunday")
_WORDS = ("Halo", "Rez", "Untitled", "Halcyon", "Fire / Water", "é")
# What the model knows of a track.
FIELDS = ("rating", "color", "crate", "title")

Values = tuple[str, ...]
TrackModel = dict[str, Values]


def make_tagged_library(folder: Path, tracks: int) -> Library:
    """A library of sound files with tags, two artists and two genres each, which git-annex knows too."""
    folder.mkdir(parents=True)
    for words in (
        ["git", "init", "-q", "-b", "main"],
        ["git", "config", "user.name", "test"],
        ["git", "config", "user.email", "test@example.org"],
        ["git", "annex", "init", "-q", "library"],
    ):
        subprocess.run(words, cwd=folder, env=git_annex_environment(folder), check=True)
    for number in range(tracks):
        file = folder / f"{number}.flac"
        shutil.copyfile(_SOUND, file)
        tags = mutagen.File(file)
        tags.delete()
        tags.update(
            {
                "title": f"Track {number}",
                "artist": [f"Artist {number}", "Anon"],
                "genre": ["Deep House", "House"],
            }
        )
        tags.save()
    for words in (["git", "annex", "add", "-q", "."], ["git", "commit", "-qm", "tracks"]):
        subprocess.run(words, cwd=folder, env=git_annex_environment(folder), check=True)
    return open_library(folder)


def tags_as_mixxx_reads_them(file: Path) -> Tags:
    """Title, artist and genre of a file: Mixxx joins several values."""
    tags = mutagen.File(file)
    return {name: " ".join(tags.get(name, [])) for name in ("title", "artist", "genre")}


@dataclass(slots=True)
class Rounds:
    """The library, the DJ's Mixxx, and the model."""

    library: Library
    store: Store
    mixxx: SimulatedMixxx
    links: Path
    draw: random.Random
    # Annex key → what git-annex must have after the next import.
    model: dict[str, TrackModel]
    # What was made in Mixxx since the last import: (annex key, field).
    news: set[tuple[str, str]] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    # Everything that happened, for the message of a failure.
    history: list[str] = field(default_factory=list)

    def round(self) -> None:
        """Do one thing, drawn at random."""
        act = self.draw.choice(
            (
                *("rate", "rate", "color", "crate", "crate", "title", "by_hand", "by_hand"),
                *("scan", "scan", "import", "import", "import", "import_and_undo"),
            )
        )
        self.done[act] += 1
        match act:
            case "scan":
                self.scan()
            case "import":
                self.import_and_check()
            case "import_and_undo":
                self._import_and_undo()
            case "by_hand":
                self._edit_by_hand()
            case _:
                self._edit_in_mixxx(act)

    # --- the DJ

    def _edit_in_mixxx(self, what: str) -> None:
        files = sorted(self._files_in_mixxx())
        if not files:
            self.scan()  # every name has changed
            return
        file = self.draw.choice(files)
        row, key = self.mixxx.row_of(file), self._key(file)
        match what:
            case "rate":
                rating = self.draw.randrange(1, 6)
                self._set(row, key, "rating", rating, str(rating))
            case "color":
                name, number = self.draw.choice(sorted(_COLORS.items()))
                self._set(row, key, "color", number, name)
            case "title":
                title = f"{self.draw.choice(_WORDS)} {self.draw.randrange(100)}"
                self._set(row, key, "title", title, title)
            case "crate":
                crates = self.mixxx.crates_of(row) | {self.draw.choice(_CRATES)}
                self.mixxx.put(row, *crates)
                self._made(key, "crate", tuple(sorted({*self.model[key]["crate"], *crates})))

    def _set(self, row: int, key: str, name: str, value: int | str, text: str) -> None:
        # Setting what is there already changes nothing in Mixxx, whatever git-annex has by now.
        if self.mixxx.value_of(row, name) != value:
            self.mixxx.change(row, **{name: value})
            self._made(key, name, (text,))

    def _made(self, key: str, name: str, values: Values) -> None:
        self.model[key][name] = values
        self.news.add((key, name))
        self.history.append(f"in Mixxx: {name} of {key[-12:]} is {values}")

    def _files_in_mixxx(self) -> Iterator[Path]:
        """The files that Mixxx knows, and finds when it plays them."""
        with self.mixxx.changing() as connection:
            rows = connection.execute("SELECT location FROM track_locations WHERE NOT fs_deleted")
            for (location,) in rows.fetchall():
                if Path(location).is_symlink():
                    yield Path(location)

    # --- Mixxx

    def scan(self) -> None:
        """Let Mixxx look for files."""
        self.history.append("scan")
        self.mixxx.scan(self.links.iterdir(), tags_as_mixxx_reads_them)

    # --- somebody with git-annex

    def _edit_by_hand(self) -> None:
        key = self.draw.choice(sorted(self.model))
        name = self.draw.choice(("title", "rating"))
        if (key, name) in self.news:
            return  # two people at once: either may win
        value = (
            str(self.draw.randrange(1, 6))
            if name == "rating"
            else f"By hand {self.draw.randrange(50)}"
        )
        self.set_by_hand(key, name, value)

    def set_by_hand(self, key: str, name: str, value: str) -> None:
        """Change a field in git-annex; names follow."""
        annex(self.library, "metadata", "-q", f"--key={key}", "-s", f"{name}={value}")
        self.model[key][name] = (value,)
        self.history.append(f"by hand: {name} of {key[-12:]} is {value}")
        sync(self.library, self.store)
        self.link_tracks()

    # --- mcfs

    def import_and_check(self) -> None:
        """Import; then git-annex has what the model has, and names follow."""
        result = import_mixxx(self.library, self.store, self.mixxx.path)
        assert result.success
        self.news.clear()
        self.history.append("import")
        self.check()
        self.link_tracks()

    def _import_and_undo(self) -> None:
        before = read_metadata(self.library, self.model)
        newest = self.store.user.journal.edits()[:1]
        result = import_mixxx(self.library, self.store, self.mixxx.path)
        assert result.success
        if result.imported:
            with editing(self.library, self.store) as editor:
                edit = choose_edit(self.store.user.journal, None)
                assert [edit] != newest
                assert undo(editor, self.store.user, edit).success
            sync(self.library, self.store)
            self.history.append("import and undo")
        assert read_metadata(self.library, self.model) == before
        # It can be imported again, as if it had never been.
        self.import_and_check()

    def check(self) -> None:
        """Whether git-annex has what the model has."""
        found = read_metadata(self.library, self.model)
        shown = {key: {name: found[key].get(name, ()) for name in FIELDS} for key in self.model}
        differ = [
            (key, name, shown[key][name], values)
            for key, fields in self.model.items()
            for name, values in fields.items()
            if shown[key][name] != values
        ]
        assert not differ, f"(key, field, git-annex, model): {differ}; after:\n" + "\n".join(
            self.history[-60:]
        )

    def link_tracks(self) -> None:
        """Call the links as a mount calls the tracks."""
        wanted = {
            self.links / record.name: self.library.top / record.files[0]
            for record in self._records()
        }
        for link in set(self.links.iterdir()) - wanted.keys():
            link.unlink()
        for link in wanted.keys() - set(self.links.iterdir()):
            link.symlink_to(wanted[link])

    def _records(self) -> list[TrackRecord]:
        with self.store.cache.reading() as read:
            return list(read.records_of(select_tracks(bind_without_values(ALL, today()))))

    def _key(self, file: Path) -> str:
        return file.resolve().name


@contextmanager
def rounds_in(folder: Path, tracks: int, seed: int) -> Iterator[Rounds]:
    """A library that Mixxx has scanned, with links and a database beside it."""
    library = make_tagged_library(folder / "library", tracks)
    links = folder / "all"
    links.mkdir()
    with open_store(library.store_dir) as store:
        import_tags(library, store)
        with store.cache.reading() as read:
            keys = {file.annex_key for file in read.work_files()}
        start = read_metadata(library, keys)
        model = {key: {name: start[key].get(name, ()) for name in FIELDS} for key in sorted(keys)}
        mixxx = SimulatedMixxx(folder / "mixxxdb.sqlite")
        rounds = Rounds(library, store, mixxx, links, random.Random(seed), model)
        rounds.link_tracks()
        mixxx.scan(links.iterdir(), tags_as_mixxx_reads_them)
        yield rounds
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
