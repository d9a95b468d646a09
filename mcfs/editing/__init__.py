"""Changes of metadata in git-annex: one writer for each library, a journal of what it changed, and undo.

    editor.py       the lock, the journal, and the git-annex process of one edit
    killed_edits.py what became of the changes of an mcfs that was killed
    undo.py         takes back what an edit changed, where nobody has changed it since

What to change is decided by the caller, such as an import. The journal itself is in `store/`.
"""
