"""Everything that knows git-annex: where a library is, and what is in its branch, its tree and its objects.

The rest of mcfs runs no git and knows no format of git-annex; only `demo/`, which makes libraries, runs both.
Reading uses plain git and the file system, because `git annex metadata --all` takes minutes in a large
library; the result is always the same as git-annex's own. Three modules change a library, all through
git-annex: `get.py` fetches contents, `metadata_writer.py` writes metadata, and `branch.py` has the branches
of remotes merged when the user asks for it.
"""
