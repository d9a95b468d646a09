#!/usr/bin/env python3
"""Runs every benchmark of two checkouts in turn and prints each figure before, after, and their ratio.

    python contrib/bench/compare.py BASE_CHECKOUT [THIS_CHECKOUT] [--tracks 20000] [--repeat 3] [--only NAME]

Each checkout runs its own scripts with its own `.venv/bin/python`, and only the lines that they print are
read, so BASE_CHECKOUT may be of any age: a figure that only one of them has shows `-`. Each checkout has its
own copy of the same generated library, because their stores may differ. Of several repeats the lowest figure
counts: other processes can only make a figure worse.

The exit code is 1 if a figure became worse by more than `--tolerance` percent, or is missing now. Figures of
less than a millisecond (or 0.05 s, where that is the unit) are shown, and are too unsteady to count.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TIMEOUT = 1800.0
# Figure → value. The name ends with its unit.
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Workspace:
    """Folders that belong to one checkout: its library, and an empty one for everything else."""

    library: Path
    scratch: Path
    tracks: int


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A script, its arguments, and how to read what it prints."""

    name: str
    script: str
    arguments: Callable[[Workspace], Sequence[str | Path]]
    read: Callable[[str], Iterator[tuple[str, float]]]
    needs_library: bool = True
    # Run it once however many repeats there are: it takes long, and reports the median of its own rounds.
    once: bool = False


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of the project with its own virtual environment."""

    top: Path
    workspace: Workspace
    figures: Figures = field(default_factory=dict)

    def python(self) -> Path:
        """Its own interpreter, which has this copy of mcfs installed."""
        return self.top / ".venv" / "bin" / "python"

    def run(self, script: str, arguments: Sequence[str | Path]) -> str | None:
        """What a script prints; None where the checkout has no such script or it fails."""
        path = self.top / "contrib" / "bench" / script
        if not path.is_file():
            return None
        done = subprocess.run(
            [self.python(), path, *arguments],
            cwd=self.top,
            env=_environment(self.top),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if done.returncode != 0:
            print(f"{path} failed:\n{done.stderr[-2000:]}", file=sys.stderr, flush=True)
            return None
        return done.stdout

    def measure(self, benchmark: Benchmark) -> None:
        """Run a benchmark, and keep the lowest value of each of its figures."""
        shutil.rmtree(self.workspace.scratch, ignore_errors=True)
        self.workspace.scratch.mkdir()
        output = self.run(benchmark.script, benchmark.arguments(self.workspace))
        for name, value in benchmark.read(output or ""):
            key = f"{benchmark.name}: {name}"
            self.figures[key] = min(value, self.figures.get(key, value))


def _environment(top: Path) -> dict[str, str]:
    """git-annex of the checkout's wheel, and nothing of another activated environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PYTHON"))}
    environment.pop("VIRTUAL_ENV", None)
    return environment | {"PATH": f"{top}/.venv/bin{os.pathsep}{environment.get('PATH', '')}"}


# --- how to read what the scripts print


def _matches(pattern: str, output: str) -> Iterator[re.Match[str]]:
    return re.finditer(pattern, output, re.MULTILINE)


def _insert(output: str) -> Iterator[tuple[str, float]]:
    for match in _matches(r"^repository +(\S+) +\S+ +(\S+) +\S+ +(\S+) +\S+ +(\S+)$", output):
        for name, value in zip(
            ("s", "CPU s", "lowest CPU s", "growth MB"), match.groups(), strict=True
        ):
            yield f"fill the cache, {name}", float(value)


def _search(output: str) -> Iterator[tuple[str, float]]:
    for match in _matches(r"^median of \d+ queries +(\S+)$", output):
        yield "parse and compile, µs", float(match[1])
    for match in _matches(r"^(.{44}) +\d+ +(\d+\.\d) +(\d+\.\d)$", output):
        yield f"{match[1].strip()}, first row ms", float(match[2])
        yield f"{match[1].strip()}, count ms", float(match[3])
    for match in _matches(r"^(mcfs .{39}) +(\d+) +\d+ +\d+\.\d\d$", output):
        yield f"{match[1].strip()}, ms", float(match[2])


def _sync(output: str) -> Iterator[tuple[str, float]]:
    for match in _matches(r"^(full|full, cold|ten changed|nothing) +(\d+\.\d+)$", output):
        yield f"{match[1]}, s", float(match[2])
    for match in _matches(r"^peak MB +(\d+\.\d+)$", output):
        yield "full, peak MB", float(match[1])


def _tree(output: str) -> Iterator[tuple[str, float]]:
    for match in _matches(r"^(.+): \d+ (?:tracks|folders|entries), (\d+\.\d) ms", output):
        yield f"list {match[1]}, ms", float(match[2])
    for match in _matches(r"^(.+): \d+ (?:folders|entries), .* again (\d+\.\d+) ms", output):
        yield f"list {match[1]} again, ms", float(match[2])
    for match in _matches(r"^(a lookup in .+): (\d+\.\d+) µs", output):
        yield f"{match[1]}, µs", float(match[2])


def _walk(output: str) -> Iterator[tuple[str, float]]:
    for match in _matches(r"^walk: .* (\d+\.\d) s, peak (\d+) MB", output):
        yield "all built-in views, s", float(match[1])
        yield "all built-in views, peak MB", float(match[2])


def _mount(output: str) -> Iterator[tuple[str, float]]:
    for match in _matches(r"^mount, first ls +(\d+\.\d+) s", output):
        yield "mount and first ls, s", float(match[1])


def _live(output: str) -> Iterator[tuple[str, float]]:
    for match in _matches(r"^\d+ folders listed in (\d+\.\d+) s", output):
        yield "list the folders, s", float(match[1])
    # The versions before 0.1.0 printed `told`, and another name for the last change.
    for match in _matches(r"^(.+): (?:told|invalidated) after ((?:-?\d+\.\d+(?:, )?)+) s;", output):
        rounds = sorted(float(seconds) for seconds in match[2].split(", "))
        what = match[1].replace("a field that nobody had", "a new field")
        yield f"{what}, median s", rounds[len(rounds) // 2]
    for match in _matches(r"in (\d+\.\d) s: (?:told|invalidated) after (-?\d+\.\d+) s", output):
        yield "replace all tracks, s", float(match[1])
        yield "invalidate all, s", float(match[2])


def _imports(output: str) -> Iterator[tuple[str, float]]:
    for match in _matches(r"^(changed|unchanged|few) +(\d+\.\d+) s", output):
        yield f"{match[1]}, s", float(match[2])


def _size(workspace: Workspace) -> list[str]:
    return ["--tracks", str(workspace.tracks)]


BENCHMARKS = (
    Benchmark(
        "insert",
        "insert.py",
        lambda w: [w.scratch, *_size(w), "--rounds", "1"],
        _insert,
        needs_library=False,
    ),
    Benchmark(
        "search",
        "search.py",
        lambda w: [w.scratch / "library", *_size(w), "--rounds", "7"],
        _search,
        needs_library=False,
    ),
    Benchmark("sync", "sync.py", lambda w: [w.library, "--rounds", "1"], _sync),
    Benchmark("tree", "tree.py", lambda w: [w.library, "--rounds", "5"], _tree),
    Benchmark("walk", "tree.py", lambda w: [w.library, "--walk"], _walk),
    Benchmark("mount", "mount.py", lambda w: [w.library, "--rounds", "3"], _mount),
    Benchmark(
        "live",
        "live.py",
        lambda w: [*_size(w), "--folders", str(w.tracks // 20), "--rounds", "5"],
        _live,
        needs_library=False,
        once=True,
    ),
    Benchmark(
        "imports",
        "imports.py",
        lambda w: [w.library, "--changed", str(w.tracks // 50), "--rounds", "1"],
        _imports,
    ),
)


@contextmanager
def _temporary_folder(parent: Path | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mcfs-compare-", dir=parent))
    try:
        yield folder
    finally:
        # git-annex removes write permission from the contents that it keeps.
        subprocess.run(["chmod", "-R", "u+w", folder], check=False)
        shutil.rmtree(folder)


def _make_library(checkout: Checkout, count: int) -> None:
    if (
        checkout.run("annex_library.py", [checkout.workspace.library, "--tracks", str(count)])
        is None
    ):
        sys.exit("the library could not be made")
    # `tree` and `mount` need a store.
    subprocess.run(
        [checkout.python(), "-m", "mcfs", "sync", "--library", checkout.workspace.library],
        cwd=checkout.top,
        env=_environment(checkout.top),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _report(base: Figures, this: Figures, tolerance: float) -> bool:
    """Print the table; False if a figure is missing or became worse than the tolerance allows."""
    good = True
    print(f"{'figure':60} {'before':>10} {'after':>10} {'ratio':>7}")
    for name in dict.fromkeys((*base, *this)):
        before, after = base.get(name), this.get(name)
        if before is None or after is None:
            good = good and after is not None
            texts = [
                f"{value:10.3f}" if value is not None else f"{'-':>10}" for value in (before, after)
            ]
            print(f"{name:60} {texts[0]} {texts[1]}")
            continue
        ratio = after / before if before else (1.0 if not after else float("inf"))
        worse = ratio > 1 + tolerance / 100 and not _is_unsteady(name, after)
        good = good and not worse
        print(f"{name:60} {before:10.3f} {after:10.3f} {ratio:7.2f}{'  worse' if worse else ''}")
    return good


def _is_unsteady(name: str, value: float) -> bool:
    """Whether a figure is so low that noise and rounding decide its ratio."""
    unit = name.rpartition(" ")[2]
    return value < {"ms": 1, "s": 0.05, "MB": 10}.get(unit, 0)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("base", type=Path, metavar="BASE_CHECKOUT")
    parser.add_argument("this", type=Path, nargs="?", default=Path(__file__).parents[2])
    parser.add_argument("--tracks", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--tolerance", type=float, default=15.0, metavar="PERCENT")
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--tmp", type=Path, help="a folder on the disk to measure on")
    chosen = parser.parse_args()
    with _temporary_folder(chosen.tmp) as folder:
        checkouts = []
        for name, top in (("base", chosen.base), ("this", chosen.this)):
            library, scratch = folder / f"{name}-library", folder / f"{name}-scratch"
            workspace = Workspace(library, scratch, chosen.tracks)
            checkouts.append(Checkout(top.resolve(), workspace))
        some = [benchmark for benchmark in BENCHMARKS if benchmark.name in chosen.only]
        if any(benchmark.needs_library for benchmark in some):
            for checkout in checkouts:
                _make_library(checkout, chosen.tracks)
        for benchmark in some:
            start = time.monotonic()
            for number in range(1 if benchmark.once else chosen.repeat):
                # Each goes first in turn, as the first may find colder caches.
                for checkout in checkouts if number % 2 == 0 else reversed(checkouts):
                    checkout.measure(benchmark)
            print(
                f"{benchmark.name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True
            )
        base, this = (checkout.figures for checkout in checkouts)
        sys.exit(0 if _report(base, this, chosen.tolerance) else 1)


if __name__ == "__main__":
    main()
