"""Changes of metadata in git-annex: one writer for each library, a journal of what it changed, and undo.

    editor.py          edits that are planned as a whole, such as an import: journal → git-annex
    gesture_editor.py  gestures in a mount, one by one: journal → git-annex → store
    gestures.py        what a gesture is
    value_changes.py   what happens to the values of a track when some are added and others taken away
    unlink_guard.py    whether many removals look like an accident
    assignments.py     reads "crate+=Peak"
    tag.py             the same changes of many tracks
    killed_edits.py    what became of the changes of an mcfs that was killed
    chosen_edits.py    which edits are meant that are to be taken back
    undo.py            takes back what an edit changed, where nobody has changed it since

What to change is decided by the caller, such as an import or a mount. The journal and the lock are in
`store/`.
"""
