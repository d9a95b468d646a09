"""`mcfs fields`: which fields and values the library has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.session import open_session
from mcfs.cli.terminal import Output, output_of, print_lines, print_message
from mcfs.cli.text_layout import cell_width, keep_column_order, pad, truncate
from mcfs.fields import field_table
from mcfs.inspect.field_counts import FieldUsage, count_fields, count_values, find_field
from mcfs.text.fold import fold
from mcfs.text.printable import printable

_LONGEST_BAR = 40
_SHORTEST_BAR = 5
_GAP = 2


@click.command("fields")
@click.argument("field", required=False)
@json_option("Print an array of objects.")
@options.library
def command(field: str | None, as_json: bool, library_path: Path | None) -> None:
    """Show all fields and how many tracks have them, or the values of one FIELD.

    All tracks are counted, including those whose content is not here. Values that
    differ only in case and accents are counted as one.
    """
    with open_session(library_path) as session, session.cache.reading() as read:
        vocabulary = session.vocabulary(read)
        if field is None:
            usages = count_fields(read, vocabulary)
            objects = [_object(usage) for usage in usages]
            groups = [
                [(_label(usage), usage.tracks) for usage in usages if usage.derived is derived]
                for derived in (False, True)
            ]
        else:
            name = find_field(field, vocabulary)
            values = count_values(read, vocabulary, name)
            objects = [{"value": usage.value, "tracks": usage.tracks} for usage in values]
            groups = [[(usage.value, usage.tracks) for usage in values]]
            if not values:
                print_message(f"no track has {name}")
    if as_json:
        print_json(objects)
    else:
        print_lines(_bars(groups, output_of()))


def _label(usage: FieldUsage) -> str:
    """The kind of a field stands beside it where it was found from its values, or configured."""
    found = usage.kind.name == "date" and field_table().name_of(fold(usage.field)) is None
    return f"{usage.field} (dates)" if found else usage.field


def _object(usage: FieldUsage) -> dict[str, object]:
    return {
        "field": usage.field,
        "tracks": usage.tracks,
        "kind": usage.kind.name,
        "derived": usage.derived,
    }


def _bars(groups: Sequence[Sequence[tuple[str, int]]], output: Output) -> Iterator[str]:
    """A text, a number and a bar for each row; an empty line between the groups."""
    rows = [row for group in groups for row in group]
    if not rows:
        return
    most = max(1, *(count for _, count in rows))
    digits = len(str(most))
    natural = max(cell_width(printable(text)) for text, _ in rows)
    # The text gets what the bars leave, and at least half of the width.
    width = output.width or natural + digits + 2 * _GAP + _LONGEST_BAR
    room = max(1, width - digits - _GAP)
    label = min(natural, max(room - _GAP - _LONGEST_BAR, room // 2 if room >= 16 else room))
    longest_bar = min(_LONGEST_BAR, room - label - _GAP)
    for index, group in enumerate(groups):
        if index and group:
            yield ""
        for text, count in group:
            shown = pad(truncate(printable(text), label), label)
            if output.is_terminal:
                shown = keep_column_order(shown)
            line = f"{shown}{' ' * _GAP}{count:>{digits}}"
            has_bar = longest_bar >= _SHORTEST_BAR
            bar = _bar(count / most * longest_bar, output) if has_bar else ""
            yield f"{line}{' ' * _GAP}{output.dim(bar)}" if bar else line


def _bar(length: float, output: Output) -> str:
    """Precise to an eighth of a cell; any count above zero is visible."""
    if not output.unicode:
        return "#" * max(round(length), int(length > 0))
    eighths = max(round(length * 8), int(length > 0))
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
