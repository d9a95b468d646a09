"""Metadata from other programs into git-annex: from Mixxx's database, or from the tags inside the files.

    import_mixxx.py      the steps of `mcfs import mixxx`
    import_tags.py       the steps of `mcfs import tags`
    import_run.py        an import is one edit, synced before and after, logged in user.db
    mixxx_database.py    what Mixxx's database has, as values of fields
    file_tags.py         what the tags inside a file have, as values of fields
    track_matching.py    a path that Mixxx knows → the track
    track_selection.py   the files and folders that the user named → which tracks are meant
    missing_mounts.py    why a file is not there: a mount that is down
    follow_mixxx.py      what is news in Mixxx, so what to change of one track: pure, and the only module
                         that decides it
    joined_values.py     several values that a program shows as one text
    changes.py           what an import from tags changes of one track: pure, too
    track_writer.py      changes → the editor of the library, and what happened to each
    result.py            what happened, counted and listed

Only `annex/` runs git-annex, and only `store/` writes the databases of mcfs: nothing here does either itself.
"""
