"""Everything that knows git-annex: where a library is, and what is in its branch, its tree and its objects.

The rest of mcfs runs no git and knows no format of git-annex. Reading uses plain git and the file system,
because `git annex metadata --all` takes minutes in a large library; the result is always the same as
git-annex's own. Only two modules change a library, both through git-annex: `get.py` fetches contents and
`metadata_writer.py` writes metadata.
"""
