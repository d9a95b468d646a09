"""Library → store: full and incremental sync, watching for changes."""
