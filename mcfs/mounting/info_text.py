"""What is written in the files of `.mcfs/`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from mcfs.annex.library import Library
from mcfs.errors import McfsError
from mcfs.fuse import kernel_caches
from mcfs.inspect.edit_text import NOTHING, edit_sentences
from mcfs.inspect.status import gather_status
from mcfs.inspect.status_text import status_lines
from mcfs.text.printable import printable
from mcfs.tree.nodes import InfoFile
from mcfs.tree.tree import Tree


def info_text(library: Library, tree: Tree, file: InfoFile) -> str:
    """The text of one file, as of now."""
    match file:
        case InfoFile.STATUS:
            lines = list(_status(library))
            width = max(8, *(len(label) for label, _ in lines))
            return "".join(f"{label:{width}} {printable(sentence)}\n" for label, sentence in lines)
        case InfoFile.ERRORS:
            return tree.error_log.text() or "no errors\n"
        case InfoFile.KERNEL:
            return f"{kernel_caches.sentence()}\n"
        case InfoFile.EDIT:
            settings = tree.settings
            sentences = list(edit_sentences(settings.edit, settings.proposed_edit))
            return "".join(f"{each}\n" for each in sentences) or f"{NOTHING}\n"
        case InfoFile.HELP:
            return resources.files("mcfs").joinpath("help.txt").read_text("utf-8")


def _status(library: Library) -> Iterator[tuple[str, str]]:
    try:
        yield from status_lines(gather_status(library))
    except McfsError as error:
        yield "library", f"{error}; the mount shows what it last read"
