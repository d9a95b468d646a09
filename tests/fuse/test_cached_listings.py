"""Which listing the kernel may cache: never an old one, and never two of them mixed."""

from __future__ import annotations

from datetime import date

import pytest

from mcfs.config.settings import DEFAULTS
from mcfs.fuse.cached_listings import (
    CachedListings,
    ListingOf,
    Opening,
    fingerprint,
    number_at,
    position,
)
from mcfs.query import ALL
from mcfs.store import Generation
from mcfs.tree.nodes import TrackNode, TracksNode
from mcfs.tree.version import TreeVersion

FOLDER = 10
OLD, NEW = 1, 2


def made_of(generation: int) -> ListingOf:
    return ListingOf(TreeVersion(Generation("store", generation), date(2025, 1, 1)), DEFAULTS)


@pytest.fixture
def listings() -> CachedListings:
    """The old listing was looked at."""
    listings = CachedListings()
    listings.look_at(FOLDER, OLD, made_of(1))
    return listings


def read(listings: CachedListings) -> Opening:
    """Open the folder, read it and close it."""
    opening = listings.open(FOLDER)
    listings.has_arrived(opening)
    listings.close(opening)
    return opening


def changes_to(listings: CachedListings, listing: int) -> None:
    listings.look_at(FOLDER, listing, made_of(listing))


def flags(opening: Opening) -> tuple[bool, bool]:
    return opening.may_cache, opening.still_right


FILL, KEEP, PAST_THE_CACHE = (True, False), (True, True), (False, False)


def test_what_was_read_once_is_kept(listings: CachedListings) -> None:
    assert [flags(read(listings)) for _ in range(3)] == [FILL, KEEP, KEEP]


def test_the_same_listing_of_another_version_is_kept(listings: CachedListings) -> None:
    read(listings)
    assert not listings.is_current(FOLDER, made_of(5))
    assert not listings.look_at(FOLDER, OLD, made_of(5))
    assert listings.is_current(FOLDER, made_of(5))
    assert flags(read(listings)) == KEEP


def test_another_listing_replaces_it(listings: CachedListings) -> None:
    read(listings)
    assert listings.look_at(FOLDER, NEW, made_of(2)), "it has changed"
    assert [flags(read(listings)) for _ in range(2)] == [FILL, KEEP]


def test_the_old_one_is_not_kept_before_the_kernel_has_surely_dropped_it(
    listings: CachedListings,
) -> None:
    read(listings)
    changes_to(listings, NEW)
    first, second = listings.open(FOLDER), listings.open(FOLDER)
    assert (flags(first), flags(second)) == (FILL, FILL)
    listings.has_arrived(second)
    assert flags(listings.open(FOLDER)) == KEEP


def test_while_an_old_listing_is_being_read_the_new_one_is_not_cached(
    listings: CachedListings,
) -> None:
    old = listings.open(FOLDER)
    listings.has_arrived(old)
    changes_to(listings, NEW)
    assert flags(read(listings)) == PAST_THE_CACHE
    # It goes back, and then what is being read is right again.
    changes_to(listings, OLD)
    assert flags(read(listings)) == KEEP
    changes_to(listings, NEW)
    listings.close(old)
    assert [flags(read(listings)) for _ in range(2)] == [FILL, KEEP]


def test_a_listing_newer_than_its_opendir_is_not_taken_for_that_of_the_opendir(
    listings: CachedListings,
) -> None:
    read(listings)
    late = listings.open(FOLDER)
    listings.is_filled_by_another(late)
    assert flags(read(listings)) == PAST_THE_CACHE
    listings.close(late)
    assert [flags(read(listings)) for _ in range(2)] == [FILL, KEEP]


def test_a_distrusted_listing_is_read_again(listings: CachedListings) -> None:
    early = listings.open(FOLDER)
    listings.distrust(FOLDER)
    listings.has_arrived(early)
    assert [flags(read(listings)) for _ in range(2)] == [FILL, KEEP]


def test_doubt_lasts_until_it_is_looked_at(listings: CachedListings) -> None:
    listings.doubt(FOLDER)
    assert listings.is_in_doubt(FOLDER)
    changes_to(listings, OLD)
    assert not listings.is_in_doubt(FOLDER)
    listings.doubt(11)
    assert not listings.is_in_doubt(11), "nobody has listed it"


def test_a_folder_that_the_kernel_has_dropped_begins_anew(listings: CachedListings) -> None:
    read(listings)
    listings.forget(FOLDER)
    assert list(listings) == []
    changes_to(listings, OLD)
    assert flags(read(listings)) == FILL


def test_a_fingerprint_is_of_names_inodes_kinds_and_their_order() -> None:
    one, other = (
        TrackNode(name, inode, "a", "b", 1, None, None) for name, inode in (("a", 1), ("b", 2))
    )
    moved = one._replace(work_path="elsewhere", size=5)
    first = fingerprint({"a": one, "b": other}, 1, are_files=False)
    assert fingerprint({"a": moved, "b": other}, 1, are_files=False) == first
    assert first not in {
        fingerprint({"b": other, "a": one}, 1, are_files=False),
        fingerprint({"a": one, "b": one}, 1, are_files=False),
        fingerprint({"a": one, "c": other}, 1, are_files=False),
        fingerprint({"a": one, "b": TracksNode(ALL)}, 1, are_files=False),
        fingerprint({"a": one, "b": other}, 2, are_files=False),
        fingerprint({"a": one, "b": other}, 1, are_files=True),
    }


def test_positions_of_two_listings_differ() -> None:
    assert position(7, OLD) != position(7, NEW)
    assert number_at(position(7, OLD)) == 7
    assert number_at(0) == 0
    assert 0 < position(2**32 - 1, 2**31 - 1) < 2**63
