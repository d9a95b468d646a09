"""Metadata from elsewhere into git-annex: Mixxx's database, or the tags inside the files.

    mixxx.py        what Mixxx's database says, as values of fields
    matching.py     a path that Mixxx knows → the track behind it
    tags.py         what the tags inside a file say
    spelling.py     how both of them spell numbers
    selection.py    which tracks somebody means by files and folders
    difference.py   what is to be changed: pure, and the only place that decides it
    run.py          the flow of both: read, compare, write, record, report
    result.py       what came of it

Nothing here knows git-annex beyond `annex/`, or SQLite's store beyond its repositories.
"""
