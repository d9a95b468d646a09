#!/usr/bin/env python3
"""Makes a large git-annex library in little time, for the other benchmarks.

    python contrib/bench/annex_library.py FOLDER [--tracks 100000]

git-annex initialises the repository. Then one `git fast-import` writes all logs, links and pointers, and
system calls write the work tree and the contents. git-annex accepts it as its own: keys are the hashes of
their contents, which are a few bytes each.

A track has 11 metadata values on average, and a seventh of all values are distinct. One metadata log in ten
has a second line. The content of 80 % of the tracks is here; the branch says that another repository has the
rest. 3 % of the files are unlocked, 2 % of the keys have a second file.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mcfs.annex.keys import content_path, key_file_name

PRESENT, UNLOCKED, SECOND_FILE, CHANGED = 0.8, 0.03, 0.02, 0.1
ELSEWHERE = "e15e3a4e-0000-4000-8000-000000000000"
START = 1_230_000_000  # in 2008
SYLLABLES = "ka ro mi ten su bel dar vo lin exa nor phi tau zen".split()  # noqa: SIM905  (easier to read than lists)
FOREIGN = "mør éla ño шум ночь 音 楽 ß ğ".split()  # noqa: SIM905
STYLES = "Techno House Electro Ambient Jungle Garage Trance Disco Dub Funk Soul Rock Jazz".split()  # noqa: SIM905
GENRES = [f"{kind}{style}" for kind in ("", "Deep ", "Hard ", "Dub ", "Acid ") for style in STYLES]
CRATES = [f"Crate {number}" for number in range(120)]
COLORS = ("#C50A01", "#F2C000", "#F8D200", "#32BE44", "#0044FF", "#AF00CC")


@dataclass(frozen=True, slots=True)
class Track:
    """One key, its files, and its metadata."""

    content: bytes
    key: str
    files: tuple[str, ...]
    present: bool
    unlocked: bool
    added_at: int
    # With decimals, so that no two are the same.
    described_at: float
    changed_at: float | None
    values: dict[str, list[str]]

    @property
    def metadata_log(self) -> bytes:
        """As git-annex writes it: fields and values sorted, and one line for each time it was changed."""
        values = self.values
        if self.changed_at is None:
            return _line(
                self.described_at, {name: _signed("+", held) for name, held in values.items()}
            )
        before = values | {"rating": ["0"]}
        now = {"rating": [*_signed("+", values["rating"]), *_signed("-", ["0"])]}
        return _line(
            self.described_at,
            {name: _signed("+", held) for name, held in before.items() if name != "rating"},
        ) + _line(self.changed_at, now)

    def location_log(self, here: str) -> bytes:
        """The other repository has everything; this one has what is present, and once had some more."""
        lines = [f"{self.added_at + 1000}s 1 {ELSEWHERE}\n"]
        if self.present:
            lines.append(f"{self.added_at}s 1 {here}\n")
        elif self.changed_at:
            lines.append(f"{self.added_at}s 0 {here}\n")
        return "".join(lines).encode()


def _line(moment: float, words: dict[str, list[str]]) -> bytes:
    fields = " ".join(f"{name} {' '.join(words[name])}" for name in sorted(words) if words[name])
    return f"{moment:.9f}s {fields}\n".encode()


def _signed(sign: str, values: list[str]) -> list[str]:
    """git-annex encodes values with spaces, or a leading `!`, as `!` and base64."""
    return [
        f"{sign}!{base64.b64encode(value.encode()).decode()}"
        if " " in value or value.startswith("!")
        else f"{sign}{value}"
        for value in sorted(values)
    ]


def random_words(draw: random.Random, least: int, most: int) -> str:
    """A made-up name; one in fifteen has letters that are not ASCII."""
    syllables = SYLLABLES + FOREIGN if draw.random() < 0.07 else SYLLABLES
    return " ".join(
        "".join(draw.choices(syllables, k=draw.randint(1, 3))).capitalize()
        for _ in range(draw.randint(least, most))
    )


def tracks(count: int, seed: int) -> Iterator[Track]:
    """The tracks of a library; the same for the same seed."""
    draw = random.Random(seed)
    words = partial(random_words, draw)
    artists = [words(1, 2) for _ in range(count // 8 + 1)]
    albums = [(draw.choice(artists), words(1, 4)) for _ in range(count // 9 + 1)]
    for number in range(count):
        artist, album = draw.choice(albums)
        title = words(1, 4)
        position = draw.randint(1, 14)
        values = {
            "artist": [artist],
            "title": [title],
            "album": [album],
            "genre": draw.sample(GENRES, draw.choice((1, 1, 2, 3))),
            "bpm": [f"{draw.gauss(125, 12):.1f}0"],
            "key": [f"{draw.randint(1, 12)}{draw.choice('AB')}"],
            "rating": [str(draw.randint(1, 5))],
            "year": [str(draw.randint(1975, 2025))],
            "tracknumber": [f"{position}/14"],
            "crate": draw.sample(CRATES, draw.choice((0, 0, 1, 2))),
            "color": [draw.choice(COLORS)],
        }
        if draw.random() < 0.25:
            values["comment"] = [words(3, 9)]
        content = b"sound %d of %d\n" % (number, seed)
        extension = draw.choice(("flac", "flac", "mp3", "mp3", "wav", "aiff"))
        name = f"{position:02} {title} {number}.{extension}"
        files = [f"{artist}/{album}/{name}"]
        if draw.random() < SECOND_FILE:
            files.append(f"best of/{draw.randint(2000, 2025)}/{name}")
        added_at = START + draw.randrange(500_000_000)
        described_at = added_at + draw.random()
        yield Track(
            content=content,
            key=f"SHA256E-s{len(content)}--{hashlib.sha256(content).hexdigest()}.{extension}",
            files=tuple(files),
            present=draw.random() < PRESENT,
            unlocked=draw.random() < UNLOCKED,
            added_at=added_at,
            described_at=described_at,
            changed_at=described_at + 5_000_000 if draw.random() < CHANGED else None,
            values=values,
        )


def make_library(folder: Path, count: int, seed: int = 7) -> None:
    """Make the repository."""
    folder.mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "config", "user.name", "bench")
    _git(folder, "config", "user.email", "bench@example.org")
    _git(folder, "annex", "init", "-q", "bench")
    here = _git(folder, "config", "annex.uuid").strip()
    known = _git(folder, "cat-file", "blob", "git-annex:uuid.log")
    elsewhere = f"{known}{ELSEWHERE} elsewhere timestamp=1s\n"
    importing = subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=folder, env=_environment(), stdin=subprocess.PIPE
    )
    assert importing.stdin is not None
    put = importing.stdin.write

    disk = _Disk()
    put(_commit("git-annex", "update") + b"from refs/heads/git-annex^0\n")
    put(_file(b"100644", "uuid.log", elsewhere.encode()))
    # fast-import takes one commit after the other, but each track belongs to two.
    with tempfile.TemporaryFile() as work_tree:
        for track in tracks(count, seed):
            digest = hashlib.md5(track.key.encode(), usedforsecurity=False).hexdigest()
            log = f"{digest[:3]}/{digest[3:6]}/{key_file_name(track.key)}.log"
            put(_file(b"100644", log, track.location_log(here)))
            put(_file(b"100644", f"{log}.met", track.metadata_log))
            work_tree.writelines(_check_out(track, folder, disk))
        work_tree.seek(0)
        put(_commit("main", "the library"))
        shutil.copyfileobj(work_tree, importing.stdin)
    importing.stdin.close()
    if importing.wait() != 0:
        sys.exit("git fast-import failed")
    _git(folder, "read-tree", "main")
    # Refresh the index, so that git does not read every file again (except unlocked ones).
    unfiltered = [f"-cfilter.annex.{name}=" for name in ("process", "clean", "smudge")]
    _git(folder, *unfiltered, "update-index", "-q", "--refresh", fails=True)


def _check_out(track: Track, folder: Path, disk: _Disk) -> Iterator[bytes]:
    """Write the content and the files of a track; yields their fast-import commands."""
    content = content_path(track.key)
    if track.present:
        disk.write(f"{folder}/.git/{content}", track.content, 0o444)
    pointer = f"/annex/objects/{key_file_name(track.key)}\n".encode()
    for file in track.files:
        if track.unlocked:
            disk.write(f"{folder}/{file}", track.content if track.present else pointer, 0o644)
            yield _file(b"100644", file, pointer)
        else:
            link = f"{'../' * file.count('/')}.git/{content}"
            disk.link(f"{folder}/{file}", link)
            yield _file(b"120000", file, link.encode())


class _Disk:
    """Writes files and links, and makes each folder above them only once."""

    def __init__(self) -> None:
        self._folders: set[str] = set()

    def write(self, file: str, text: bytes, mode: int) -> None:
        self._make(file.rpartition("/")[0])
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        os.write(descriptor, text)
        os.close(descriptor)

    def link(self, file: str, target: str) -> None:
        self._make(file.rpartition("/")[0])
        os.symlink(target, file)  # noqa: PTH211  (as below)

    def _make(self, folder: str) -> None:
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103  (a Path each costs more than the folder)
            self._folders.add(folder)


def _commit(branch: str, message: str) -> bytes:
    return (
        f"commit refs/heads/{branch}\ncommitter bench <bench@example.org> {START} +0000\n"
        f"data {len(message)}\n{message}\n"
    ).encode()


def _file(mode: bytes, path: str, text: bytes) -> bytes:
    return b"M %s inline %s\ndata %d\n%s\n" % (mode, path.encode(), len(text), text)


def _git(folder: Path, *words: str, fails: bool = False) -> str:
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env=_environment(),
        check=not fails,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if fails else None,
    )
    return done.stdout.decode()


def _environment() -> dict[str, str]:
    """Environment with the wheel's git-annex, and without variables that name another repository."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    others = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return others | {"PATH": path, "LC_ALL": "C.UTF-8"}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    if chosen.folder.exists():
        sys.exit(f"{chosen.folder} exists already")
    if shutil.which("git") is None:
        sys.exit("git is not installed")
    start = time.monotonic()
    make_library(chosen.folder, chosen.tracks, chosen.seed)
    print(f"{chosen.tracks} tracks in {chosen.folder} after {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
