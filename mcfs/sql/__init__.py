"""What a query means: one SQLAlchemy `select()` over the schema, executed elsewhere.

    bound_query.py  a query with the day and the members of its values: what can be compiled
    shape.py        the structure of a query, without its words and numbers: closed unions
    lowering.py     bound query → its shape, and the words as parameters
    expressions.py  shape → which tracks, and in what order, in SQL
    compiled.py     a statement that many queries share, with the parameters of one of them
    tracks.py       the statements about the tracks of a query
    groups.py       the statements that give templates their values, and groups their tracks
    work_folders.py the statements about the folders of the work tree, which have nothing to do with queries

Owns the only meaning a query has; there is no second matcher in Python. Every condition asks whether the
track is among those that have such a value, which is true or false and never NULL, so that NOT keeps
tracks without a value, and a field may have several values.

Building and compiling a statement costs ten times what parsing does, and folders differ in their
words, not in their shape: "genre:A bpm:>N" is one statement for all A and N, and is built once. So a
query is first *lowered* to its shape, which names parameters, and the parameters' values, and only the
shape becomes SQL.
"""

from mcfs.sql.bound_query import BoundQuery, LookedUp, Members, bind, bind_without_values
from mcfs.sql.compiled import AnyCompiled, Compiled
from mcfs.sql.tracks import (
    EntryRow,
    FoundTrack,
    count_tracks,
    select_entries,
    select_entry,
    select_found,
    select_tracks,
)

__all__ = [
    "AnyCompiled",
    "BoundQuery",
    "Compiled",
    "EntryRow",
    "FoundTrack",
    "LookedUp",
    "Members",
    "bind",
    "bind_without_values",
    "count_tracks",
    "select_entries",
    "select_entry",
    "select_found",
    "select_tracks",
]
