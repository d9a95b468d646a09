"""A template, and the values that it was rendered to so far.

Owns that a template is rendered once for each combination of what its fields hold, however many tracks
have that combination. Pure: the cells come from `template_cells.py`.
"""

from __future__ import annotations

from sys import getsizeof
from typing import NamedTuple

from mcfs.fields import Vocabulary
from mcfs.template import Cell, Template
from mcfs.text.escape import UNKNOWN
from mcfs.text.fold import fold
from mcfs.tree.template_fields import FieldSource, StoredValues, field_source

# What a dictionary and two tuples take for each value that is cached, beside their texts.
_BYTES_AROUND = 230


class RenderedValue(NamedTuple):
    """What a template makes of some cells, and the folded form by which it is compared."""

    text: str
    folded: str


class RenderedTemplate:
    """A template with the sources of its fields, and a cache of what it renders to."""

    def __init__(self, template: Template, vocabulary: Vocabulary) -> None:
        self.template = template
        of_fields = tuple(field_source(name, vocabulary) for name in template.fields)
        # Each source once: `g` and `genre` are the same value of a track, never a combination of two.
        self.sources: tuple[FieldSource, ...] = tuple(dict.fromkeys(of_fields))
        self._positions = tuple(map(self.sources.index, of_fields))
        self._values: dict[tuple[Cell, ...], RenderedValue] = {}
        # How much memory the cached values take, roughly.
        self.bytes = 0

    def value(self, cells: tuple[Cell, ...]) -> RenderedValue:
        """The value for one cell of each source. To ask for the same cells again costs one lookup."""
        value = self._values.get(cells)
        if value is None:
            value = self._values[cells] = self.rendered(cells)
            texts = {*value, *(cell for cell in cells if isinstance(cell, str))}
            self.bytes += _BYTES_AROUND + sum(map(getsizeof, texts))
        return value

    def rendered(self, cells: tuple[Cell, ...]) -> RenderedValue:
        """The same without caching it. Space around it is cut off, and nothing is `Unknown`."""
        text = self.template.render(self.cells_of_fields(cells)).strip() or UNKNOWN
        folded = fold(text)
        return RenderedValue(text, text if folded == text else folded)

    def cells_of_fields(self, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        """Of one cell of each source, those that the template's fields stand for, in their order."""
        return tuple(cells[position] for position in self._positions)

    @property
    def only_stored_values(self) -> StoredValues | None:
        """The one stored field that it depends on; None where it depends on anything else."""
        match self.sources:
            # A track without a title is named by its file, which no stored value says.
            case (StoredValues() as source,) if not source.field.file_name_stands_in:
                return source
            case _:
                return None
