#!/usr/bin/env python3
"""Runs every benchmark and prints one table in Markdown: each figure, what it is compared with, their ratio.

    contrib/bench/all [--tracks 100000] [--rounds 5] [--large] [--only SECTION …]

Each script runs in turn what it compares, and prints medians; this one only collects them. "Growth" compares
a library with one of a tenth of its size. `--large` also makes one of a million tracks, which takes most of
an hour and 15 GB. Ratios mean something on any machine; times only beside the others of their run.

The libraries are kept in `--tmp` if it is given, and used again.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).parent


class Figure(NamedTuple):
    """One line of the table; the ratio is ours to theirs."""

    what: str
    ours: float
    unit: str
    beside: str = ""
    theirs: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The libraries that the scripts measure on, and a folder for everything else."""

    folder: Path
    tracks: int
    rounds: int
    large: bool

    def library(self, tracks: int) -> Path:
        """A synced library of so many tracks, which is made when it is first asked for."""
        library = self.folder / f"library-{tracks}"
        if not library.exists():
            run("annex_library.py", [library, "--tracks", str(tracks)])
        # `tree.py` and `mount.py` need a store.
        subprocess.run(
            [sys.executable, "-m", "mcfs", "sync", "--library", library],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return library

    def libraries(self) -> list[Path]:
        """A small one, the usual one, and with `--large` one of a million tracks."""
        sizes = [self.tracks // 10, self.tracks] + [1_000_000] * self.large
        return [self.library(tracks) for tracks in sizes]

    def scratch(self) -> Path:
        """A name that nothing has yet."""
        place = self.folder / "scratch"
        shutil.rmtree(place, ignore_errors=True)
        return place


@dataclass(frozen=True, slots=True)
class Section:
    """A script, its arguments, and how to read what it prints."""

    title: str
    script: str
    arguments: Callable[[Place], Sequence[str | Path]]
    read: Callable[[str], Iterator[Figure]]


def run(script: str, arguments: Sequence[str | Path]) -> str:
    """What a script prints."""
    done = subprocess.run(
        [sys.executable, _HERE / script, *arguments], check=False, stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        print(f"{script} failed", file=sys.stderr)
        return ""
    return done.stdout


# --- how to read what the scripts print


def _matches(pattern: str, output: str) -> Iterator[re.Match[str]]:
    return re.finditer(pattern, output, re.MULTILINE)


def _sync(output: str) -> Iterator[Figure]:
    taken = {m[1]: float(m[2]) for m in _matches(r"^(\S[^:\n]*?) +(\d+\.\d{3})$", output)}
    if "full" not in taken:
        return
    git = "git's own read of the same"
    yield Figure("everything, the first time", taken["full"], "s", git, taken["baseline"])
    if "git-annex" in taken:
        command = "`git annex metadata --json --all`"
        yield Figure("everything, the first time", taken["full"], "s", command, taken["git-annex"])
    if "full, cold" in taken:
        yield Figure("with cold inodes", taken["full, cold"], "s", "warm", taken["full"])
    yield Figure("ten tracks changed", taken["ten changed"], "s")
    yield Figure("nothing changed", taken["nothing"], "s")
    yield Figure("memory of both processes", taken["peak MB"], "MB")


def _growth(output: str) -> Iterator[Figure]:
    figures: dict[str, list[float]] = {}
    for match in _matches(r"^(full|ten changed|peak MB) +(\d+\.\d+)$", output):
        figures.setdefault(match[1], []).append(float(match[2]))
    for name, what, unit in (
        ("full", "first sync", "s"),
        ("ten changed", "ten tracks changed", "s"),
        ("peak MB", "memory", "MB"),
    ):
        for smaller, larger in zip(figures.get(name, []), figures.get(name, [])[1:], strict=False):
            yield Figure(f"{what}, ten times the tracks", larger, unit, "a tenth", smaller)


def _query(output: str) -> Iterator[Figure]:
    for match in _matches(r"^median of \d+ queries +(\d+)$", output):
        yield Figure("parse and compile a query", float(match[1]), "µs")
    for match in _matches(r"^(.{44}) +(\d+) +(\d+\.\d) +(\d+\.\d)$", output):
        yield Figure(f"`{match[1].strip()}`: {match[2]} tracks", float(match[3]), "ms")
    for match in _matches(r"^(mcfs .{39}) +(\d+) +(\d+) +\d+\.\d\d$", output):
        imports = "importing its libraries"
        yield Figure(f"`{match[1].strip()}`", float(match[2]), "ms", imports, float(match[3]))


def _question(output: str) -> Iterator[Figure]:
    taken = {m[1]: float(m[2]) for m in _matches(r"^(\S.*?) +(\d+\.\d{3}) s +\S+ ×", output)}
    peers = [name for name in taken if name.startswith("git ")]
    for name, ours in taken.items():
        for peer in peers if name not in peers else []:
            yield Figure(name, ours, "s", f"`{peer}`", taken[peer])


def _folder(output: str) -> Iterator[Figure]:
    for match in _matches(r"^(.+): (\d+ tracks), (\S+) ms, .* \((\S+) ms\)", output):
        sql = "sqlite3 with the same SQL"
        yield Figure(f"`{match[1]}`: {match[2]}", float(match[3]), "ms", sql, float(match[4]))
    for match in _matches(r"^(.+): (\d+ entries), (\S+) ms, again (\S+) ms", output):
        yield Figure(f"`{match[1]}`: {match[2]}", float(match[3]), "ms")
    for match in _matches(r"^(a lookup in .+): (\S+) µs", output):
        yield Figure(match[1], float(match[2]), "µs")


def _memory(output: str) -> Iterator[Figure]:
    for match in _matches(r"^walk: (\d+ folders), .* peak (\d+) MB", output):
        yield Figure(f"every folder of the built-in views: {match[1]}", float(match[2]), "MB")


def _mount_memory(output: str) -> Iterator[Figure]:
    resident = [
        float(m[1]) for m in _matches(r"^(?:mounted|walk \d+) .* (\d+) MB resident", output)
    ]
    for number, megabytes in enumerate(resident):
        if number == 0:
            yield Figure("a mount, before anything is walked", megabytes, "MB")
        else:
            first = resident[1]
            yield Figure(f"after walk {number} of all its views", megabytes, "MB", "walk 1", first)


def _listing(output: str) -> Iterator[Figure]:
    header = re.search(r"^ms +(.+?)   ratios$", output, re.MULTILINE)
    places = header[1].split() if header else []
    for match in _matches(r"^(.{14})((?: +\d+\.\d)+)   ", output):
        taken = dict(zip(places, map(float, match[2].split()), strict=True))
        for peer, theirs in taken.items():
            if peer != "mcfs":
                yield Figure(f"`{match[1].strip()}`", taken["mcfs"], "ms", peer, theirs)


def _mount(output: str) -> Iterator[Figure]:
    unit = re.search(r"^imports alone +(\S+) s", output, re.MULTILINE)
    for match in _matches(r"^mount, first ls +(\S+) s", output):
        theirs = float(unit[1]) if unit else None
        yield Figure("`mcfs mount`, then `ls`", float(match[1]), "s", "only importing", theirs)


def _startup(output: str) -> Iterator[Figure]:
    taken = {m[1].strip(): float(m[2]) for m in _matches(r"^(\S.+?) +(\d+\.\d) ms$", output)}
    peers = ["python -c 'import sqlalchemy'", "git annex metadata"]
    for name, ours in taken.items():
        for peer in peers if name.startswith("mcfs ") else []:
            yield Figure(f"`{name}`", ours, "ms", f"`{peer}`", taken.get(peer))


def _live(output: str) -> Iterator[Figure]:
    for match in _matches(r"^(.+): invalidated after ((?:-?\d+\.\d+(?:, )?)+) s;", output):
        rounds = sorted(float(seconds) for seconds in match[2].split(", "))
        yield Figure(f"ten tracks get {match[1]}", rounds[len(rounds) // 2], "s")


def _import(output: str) -> Iterator[Figure]:
    taken = {m[1]: float(m[2]) for m in _matches(r"^(\S+) +(\d+\.\d+) s +\S+ ×", output)}
    names = {
        "changed": "changed tracks, found among all",
        "few": "changed tracks alone",
        "unchanged": "nothing changed",
    }
    for name, what in names.items():
        if name in taken:
            git_annex = "`git annex metadata --batch`, changed tracks"
            yield Figure(what, taken[name], "s", git_annex, taken["git-annex"])


def _editing(output: str) -> Iterator[Figure]:
    alone = re.search(r"^git-annex alone: (\S+) a second$", output, re.MULTILINE)
    theirs = 1000 / float(alone[1]) if alone else None
    for match in _matches(r"^\d+ gestures (.+): (\S+) a second", output):
        taken = 1000 / float(match[2])
        yield Figure(f"a gesture, {match[1]}", taken, "ms", "git-annex alone", theirs)


def _snapshots(output: str) -> Iterator[Figure]:
    for what, name in (
        ("a snapshot of 10,000 tracks is taken", "take"),
        ("which of 100 snapshots are stale, after ten changes", "staleness"),
        ("the same, after no change", "nothing to do"),
    ):
        for match in _matches(rf"^{name} +(\d+\.\d+) s$", output):
            yield Figure(what, float(match[1]), "s")


def _export(output: str) -> Iterator[Figure]:
    for match in _matches(r"^(.+): (\S+) s; (.+) (\S+) s; ratio \S+$", output):
        yield Figure(match[1], float(match[2]), "s", match[3], float(match[4]))


SECTIONS = (
    Section(
        "sync",
        "sync.py",
        lambda p: [p.library(p.tracks), "--rounds", str(p.rounds), "--git-annex"],
        _sync,
    ),
    Section("growth", "sync.py", lambda p: [*p.libraries(), "--rounds", "1"], _growth),
    Section(
        "query",
        "search.py",
        lambda p: [p.scratch(), "--tracks", str(p.tracks), "--rounds", str(p.rounds)],
        _query,
    ),
    Section(
        "the same question",
        "questions.py",
        lambda p: [p.library(p.tracks), "--rounds", str(p.rounds), "--view"],
        _question,
    ),
    Section(
        "folder",
        "tree.py",
        lambda p: [p.library(p.tracks), "--rounds", str(p.rounds)],
        _folder,
    ),
    Section("memory", "tree.py", lambda p: [p.library(p.tracks), "--walk"], _memory),
    Section("memory of a mount", "memory.py", lambda p: [p.library(p.tracks)], _mount_memory),
    Section(
        "listing",
        "listing.py",
        lambda p: [p.library(p.tracks), "--rounds", str(p.rounds)],
        _listing,
    ),
    Section(
        "mount", "mount.py", lambda p: [p.library(p.tracks), "--rounds", str(p.rounds)], _mount
    ),
    Section(
        "start-up",
        "startup.py",
        lambda p: [p.library(p.tracks), "--rounds", str(p.rounds)],
        _startup,
    ),
    Section(
        "live change",
        "live.py",
        lambda p: ["--tracks", str(p.tracks), "--rounds", str(p.rounds)],
        _live,
    ),
    Section(
        "snapshots",
        "snapshots.py",
        lambda p: [p.library(p.tracks), "--rounds", str(p.rounds)],
        _snapshots,
    ),
    Section(
        "import",
        "imports.py",
        lambda p: [p.library(p.tracks), "--changed", str(p.tracks // 100)],
        _import,
    ),
    Section(
        "editing",
        "editing.py",
        lambda p: [p.library(p.tracks), "--gestures", "1000", "--rounds", str(p.rounds)],
        _editing,
    ),
    Section(
        "export",
        "export.py",
        lambda p: [p.library(p.tracks), "--disk", p.folder, "--rounds", str(p.rounds)],
        _export,
    ),
)


@contextmanager
def _folder_for(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="mcfs-bench-"))
    try:
        yield folder
    finally:
        # git-annex removes write permission from the contents that it keeps.
        subprocess.run(["chmod", "-R", "u+w", folder], check=False)
        shutil.rmtree(folder)


def _line(title: str, figure: Figure) -> str:
    theirs, ratio = "", ""
    if figure.theirs is not None:
        theirs = f"{_number(figure.theirs)} {figure.unit}"
        ratio = f"{figure.ours / figure.theirs:.2f}" if figure.theirs else ""
    ours = f"{_number(figure.ours)} {figure.unit}"
    what = figure.what.replace("|", "\\|")
    return f"| {title} | {what} | {ours} | {figure.beside} | {theirs} | {ratio} |"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="also a library of a million tracks")
    names = [section.title for section in SECTIONS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SECTION")
    parser.add_argument("--tmp", type=Path, help="a folder to keep the libraries in")
    chosen = parser.parse_args()
    with _folder_for(chosen.tmp) as folder:
        place = Place(folder, chosen.tracks, chosen.rounds, chosen.large)
        print(f"{chosen.tracks} tracks; {_machine()}\n")
        print("| | what | mcfs | compared with | takes | ratio |")
        print("|---|---|---|---|---|---|", flush=True)
        for section in SECTIONS:
            if section.title not in chosen.only:
                continue
            output = run(section.script, section.arguments(place))
            title = section.title
            for figure in section.read(output):
                print(_line(title, figure), flush=True)
                title = ""


if __name__ == "__main__":
    main()
