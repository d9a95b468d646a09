"""Snapshots: results that are frozen, and whether they still agree with the library.

    source.py       what a snapshot is taken of: a query or a folder, a pin or a view
    input_hash.py   tells whether that is still the same
    freezing.py     the tracks of a source, as they are now
    taking.py       taking a snapshot, and taking it again
    differences.py  what differs between a frozen result and the present one, in sentences
    staleness.py    finds out after a sync which snapshots no longer agree

Snapshots themselves are in `user.db` (`store/snapshot_repository.py`); a mount shows them (`tree/`).
"""
