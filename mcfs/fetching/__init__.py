"""Content that is not here: which there is, and how git-annex gets it."""
