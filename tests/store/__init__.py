"""The store: what is written and read, and what happens when a file is damaged, locked or missing."""
