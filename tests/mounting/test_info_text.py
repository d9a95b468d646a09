"""The files of `.mcfs/`."""

from __future__ import annotations

from mcfs.annex.library import Library
from mcfs.mounting.info_text import info_text
from mcfs.store import Store
from mcfs.tree.nodes import InfoFile
from mcfs.tree.tree import Tree


def test_a_terminal_that_shows_the_status_has_nothing_to_obey(
    library: Library, synced: Store
) -> None:
    synced.user.add_pin("\x1b]0;x\x07\u202e", "genre:techno")
    lines = info_text(library, Tree(synced), InfoFile.STATUS).splitlines()
    assert "pins     1: ␛]0;x␇\ufffd" in lines
