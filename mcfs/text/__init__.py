"""Pure functions on text: folding, escaping, unique names, musical keys, numbers, similar words."""
