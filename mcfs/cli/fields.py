"""`mcfs fields`: which fields the library has, and which values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.session import opened_cache
from mcfs.cli.terminal import Screen, cut, draw, emit, fit, in_order, padded, say, screen, width_of
from mcfs.export.json_objects import json_text
from mcfs.inspect.field_counts import FieldUsage, count_fields, count_values, find_field

_LONGEST_BAR = 40
_SHORTEST_BAR = 5
_GAP = 2


@click.command("fields")
@click.argument("field", required=False)
@click.option("--json", "as_json", is_flag=True, help="An array of objects.")
@options.library
def command(field: str | None, as_json: bool, asked_for: Path | None) -> None:
    """Show the fields there are and how many tracks have them, or the values of one FIELD.

    Counts are of all tracks, those whose content is not here too. Values that
    differ in case and accents alone are one.
    """
    with opened_cache(options.library_place(asked_for)) as (_, cache), cache.reading() as read:
        if field is None:
            tallies = count_fields(read)
            objects = [_object(tally) for tally in tallies]
            made = next((n for n, tally in enumerate(tallies) if tally.derived), len(tallies))
            rows = [(tally.field, tally.tracks) for tally in tallies]
            groups = [rows[:made], rows[made:]]
        else:
            name = find_field(field, read.vocabulary())
            values = count_values(read, name)
            objects = [{"value": tally.value, "tracks": tally.tracks} for tally in values]
            groups = [[(tally.value, tally.tracks) for tally in values]]
            if not values:
                say(f"no track has {name}")
    to = screen()
    if as_json:
        emit([json_text(objects, indent=2), "\n"], to)
    else:
        draw(_bars(groups, to))


def _object(tally: FieldUsage) -> dict[str, object]:
    return {
        "field": tally.field,
        "tracks": tally.tracks,
        "kind": tally.kind.value if tally.kind else "text",
        "derived": tally.derived,
    }


def _bars(groups: Sequence[Sequence[tuple[str, int]]], to: Screen) -> Iterator[str]:
    """A line for each: what it is, how many, and a bar as long as that; the groups apart."""
    rows = [row for group in groups for row in group]
    if not rows:
        return
    most = max(1, *(count for _, count in rows))
    digits = len(str(most))
    natural = max(width_of(fit(text)) for text, _ in rows)
    # What bars leave is for the text, of which they leave half at least.
    width = to.width or natural + digits + 2 * _GAP + _LONGEST_BAR
    room = max(1, width - digits - _GAP)
    label = min(natural, max(room - _GAP - _LONGEST_BAR, room // 2 if room >= 16 else room))
    bar = min(_LONGEST_BAR, room - label - _GAP)
    for place, group in enumerate(groups):
        if place and group:
            yield ""
        for text, count in group:
            shown = padded(cut(fit(text), label), label)
            line = f"{in_order(shown) if to.terminal else shown}{' ' * _GAP}{count:>{digits}}"
            drawn = _bar(count / most * bar, to) if bar >= _SHORTEST_BAR else ""
            yield f"{line}{' ' * _GAP}{to.dim(drawn)}" if drawn else line


def _bar(length: float, to: Screen) -> str:
    """To an eighth of a cell; what there is at all has at least one of these."""
    if not to.unicode:
        return "#" * max(round(length), int(length > 0))
    eighths = max(round(length * 8), int(length > 0))
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
