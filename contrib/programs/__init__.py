"""Trials of a mount with real programs: players, file managers, Samba, autofs, mount(8).

`contrib/test --programs` runs them, and `contrib/setup --programs` installs the programs on Debian. They are
no part of the suite, because they take minutes and need programs that mcfs does not need.
"""
