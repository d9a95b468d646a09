"""Everything that knows git-annex: where a library is, what its branch, tree and objects say.

The rest of mcfs never runs git and never sees the format of a git-annex file. Reading uses plain git
and the file system, for `git annex metadata --all` takes minutes where a library is large; what is
read here always agrees with what git-annex itself would say. Nothing in this room
writes to a library but `getting.py`, which has git-annex fetch what it lacks.
"""
