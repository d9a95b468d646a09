"""The names that the kernel has cached: which of them a change makes stale."""

from __future__ import annotations

from datetime import date

import pytest

from mcfs.fuse.cached_names import CachedName, CachedNames, NameKind
from mcfs.store import Generation
from mcfs.text.unique_names import collision_key
from mcfs.tree.changed_names import NameChanges
from mcfs.tree.name_dependency import NameDependency
from mcfs.tree.version import TreeVersion

# Inodes of folders that the kernel holds, and of a track in the store.
ALL, TECHNO, NUMBERED = 10, 11, 12
TRACK = 77


@pytest.fixture
def names() -> CachedNames:
    """One name of each kind, and one folder where any change moves every name."""
    names = CachedNames()
    names.add_track(ALL, "Rez.mp3", TRACK, NameDependency.TRACK)
    names.add_track(TECHNO, "Rez.mp3", TRACK, NameDependency.TRACK)
    names.add_track(TECHNO, "126 Rez.mp3", TRACK, NameDependency.TEMPLATE)
    names.add_track(NUMBERED, "001 Rez.mp3", TRACK, NameDependency.ALL)
    names.add_folder(ALL, b"House", NameDependency.TEMPLATE)
    names.add_absent(ALL, b"Halo.mp3", NameDependency.TRACK)
    return names


def changes(*names: str, inodes: tuple[int, ...] = (), everything: bool = False) -> NameChanges:
    """A change of the store that touched these names and tracks."""
    return NameChanges(
        TreeVersion(Generation("store", 2), date(2025, 1, 1)),
        inodes=frozenset(inodes),
        collision_keys=frozenset(map(collision_key, names)),
        everything=everything,
    )


def stale(names: CachedNames, what: NameChanges) -> set[tuple[int, bytes]]:
    """Where, and which, names a change makes stale; they are no longer cached then."""
    return {(name.parent, name.name) for name in names.take_stale(what)}


def test_a_changed_track_is_stale_in_every_folder(names: CachedNames) -> None:
    found = stale(names, changes(inodes=(TRACK,)))
    assert found == {(ALL, b"Rez.mp3"), (TECHNO, b"Rez.mp3"), (NUMBERED, b"001 Rez.mp3")}
    assert stale(names, changes(inodes=(TRACK,))) == set(), "they are stale only once"


@pytest.mark.parametrize("count", [1, 2, 16, 17, 40])
def test_a_track_is_stale_in_however_many_folders_it_is(count: int) -> None:
    names = CachedNames(prune_after=0)
    for _ in range(2):
        for folder in range(count):
            names.add_track(folder, "Rez.mp3", TRACK, NameDependency.TRACK)
    assert len(names) == count
    kept = range(1 + count // 2)
    names.prune(kept)
    assert len(names) == len(kept)
    found = stale(names, changes(inodes=(TRACK,)))
    assert found == {(folder, b"Rez.mp3") for folder in kept}
    assert len(names) == 0


def test_a_changed_name_is_stale_wherever_a_template_made_it(names: CachedNames) -> None:
    assert (TECHNO, b"126 Rez.mp3") in stale(names, changes("126 Rez.mp3"))


def test_an_absent_name_is_stale_when_a_track_gets_it(names: CachedNames) -> None:
    assert names.absent_count == 1
    assert (ALL, b"Halo.mp3") in stale(names, changes("Halo.mp3"))
    assert names.absent_count == 0


def test_names_that_depend_on_all_tracks_are_stale_after_any_change(names: CachedNames) -> None:
    assert stale(names, changes("something else")) == {(NUMBERED, b"001 Rez.mp3")}


def test_a_stale_folder_stays_cached(names: CachedNames) -> None:
    """Most folders are unchanged, and the kernel is then right to go on caching them."""
    for _ in range(2):
        assert (ALL, b"House") in stale(names, changes("House"))
    names.forget_folder(13, ALL, b"House")
    assert stale(names, changes("House")) == set()


def test_everything_is_stale_when_it_is_unknown_what_changed(names: CachedNames) -> None:
    assert len(stale(names, changes(everything=True))) == 6
    assert len(names) == 1, "the folder stays"


def test_a_name_counts_once(names: CachedNames) -> None:
    count = len(names)
    names.add_track(ALL, "Rez.mp3", TRACK, NameDependency.TRACK)
    names.add_folder(ALL, b"House", NameDependency.TEMPLATE)
    names.add_absent(ALL, b"Halo.mp3", NameDependency.TRACK)
    assert len(names) == count == 6
    assert names.absent_count == 1


def test_absent_names_are_bounded() -> None:
    names = CachedNames(max_absent=2)
    added = [names.add_absent(ALL, b"%d" % n, NameDependency.TRACK) for n in range(3)]
    assert added == [True, True, False]


def test_pruning_removes_the_names_in_folders_that_the_kernel_dropped(names: CachedNames) -> None:
    small = CachedNames(prune_after=3)
    for folder in (ALL, TECHNO):
        small.add_track(folder, "Rez.mp3", TRACK, NameDependency.TRACK)
        small.add_absent(folder, b"Halo.mp3", NameDependency.TRACK)
    small.prune({ALL})
    assert set(small.take_stale(changes(everything=True))) == {
        CachedName(ALL, b"Rez.mp3", NameKind.FILE),
        CachedName(ALL, b"Halo.mp3", NameKind.ABSENT),
    }
    names.prune({ALL})
    assert len(names) == 6, "few names are not worth going through"
