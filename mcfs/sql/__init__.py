"""What a query means: one SQLAlchemy `select()` over the schema, executed elsewhere.

    lowering.py   Query → its shape, and the words in it
    expressions.py a shape → which tracks, and in what order
    compiled.py   a statement that many queries share, with the words of one of them
    tracks.py     the statements about the tracks of a query
    groups.py     the statements from which templates get their values, and groups their tracks

Owns the only meaning a query has; there is no second matcher in Python. Every leaf asks whether the
track is among those that have such a value, which is true or false and never unknown, so that NOT
keeps what has no value and several values of a field are no trouble.

Building and compiling a statement costs ten times what parsing does, and folders differ in their
words, not in their shape: "genre:A bpm:>N" is one statement, built once, whatever A and N are. So a
query is first *lowered* to its shape (a tuple that names parameters) and the parameters' values, and
only the shape becomes SQL.
"""

from mcfs.sql.compiled import Compiled
from mcfs.sql.tracks import count_tracks, select_entries, select_entry, select_tracks

__all__ = ["Compiled", "count_tracks", "select_entries", "select_entry", "select_tracks"]
