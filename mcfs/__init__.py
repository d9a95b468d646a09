"""mcfs mounts a git-annex music library as folders that answer questions."""

__version__ = "0.1.0"
