"""A hash of everything besides the library that decides what a snapshot shows.

Two takings with the same hash asked for the same, so that only the library can have changed between them.
"""

from __future__ import annotations

import hashlib
import json

from mcfs.config.settings import Names


def input_hash(query_text: str, template: str, source_template: str, names: Names) -> str:
    """Of the query with its order, the template, that of the folder that is taken, and the rule of names."""
    inputs = [query_text, template, source_template, names.value]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
