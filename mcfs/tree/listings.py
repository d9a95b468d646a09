"""What a folder lists, and how many listings are kept.

Owns the listing as a value and its weight. Listings are made in `folders.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcfs.tree.bounded_cache import BoundedCache
from mcfs.tree.nodes import Node, SnapshotNode, WorkFolderNode
from mcfs.tree.version import TreeVersion


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of one folder at one version. It never changes; a newer one replaces it."""

    version: TreeVersion
    # Name → node, in the folder's order.
    entries: Mapping[str, Node] = field(repr=False)


# By the folder's `key`, so that two spellings of one query share one listing.
ListingKey = str | WorkFolderNode | SnapshotNode
ListingCache = BoundedCache[ListingKey, Listing]


def listing_cache(limit: int) -> ListingCache:
    """An empty cache for listings that together hold about `limit` entries."""
    return BoundedCache(limit, _weight)


def _weight(listing: Listing) -> int:
    """In entries. A listing that holds none takes memory too."""
    return 4 + len(listing.entries)
