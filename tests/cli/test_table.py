"""The table of tracks: columns, widths, cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcfs.cli.table import absent_mark, print_table
from mcfs.cli.terminal import Output
from mcfs.cli.text_layout import cell_width
from mcfs.store import TrackRecord
from tests.simple_track import simple_track

FULL = simple_track(
    "full",
    title="Remnants of a longer title",
    artist="Surgeon and friends",
    album="Force + Form",
    genre="Techno",
    bpm="134.5",
    key="8A",
    rating="5",
    year="1998",
    duration="415.4",
    crate="Peak time",
    comment="a long remark about the track",
)


def drawn(
    captured: pytest.CaptureFixture[bytes], screen: Output, *tracks: TrackRecord
) -> list[str]:
    """The lines of the table."""
    print_table(tracks, screen)
    return captured.readouterr().out.decode().splitlines()


@pytest.mark.parametrize(
    ("field", "values", "cell"),
    [
        ("bpm", ("126.000000000001",), "126"),
        ("bpm", ("127.125",), "127.12"),
        ("bpm", ("126,50", "63"), "126.5, 63"),
        ("bpm", ("fast",), "fast"),
        ("bpm", ("100",), "100"),
        ("rating", ("5",), "★★★★★"),
        ("rating", ("1",), "★"),
        ("rating", ("6",), "6"),
        ("rating", ("2.5",), "2.5"),
        ("rating", ("loved",), "loved"),
        ("year", ("1998-05-12",), "1998"),
        ("year", ("long ago",), "long ago"),
        ("duration", ("415.4",), "6:55"),
        ("duration", ("59.6",), "1:00"),
        ("duration", ("3725",), "62:05"),
        ("genre", ("Techno", "Ambient"), "Techno, Ambient"),
        ("key", ("F♯m",), "F♯m"),
        ("comment", ("\x1b[31mred\n",), "␛[31mred"),
    ],
)
def test_cells(
    capsysbinary: pytest.CaptureFixture[bytes], field: str, values: tuple[str, ...], cell: str
) -> None:
    head, line = drawn(capsysbinary, Output(), simple_track("a", title="T", **{field: values}))
    assert head.split() == ["title", "length" if field == "duration" else field]
    assert line.removeprefix("T").strip() == cell


@pytest.mark.parametrize(
    ("field", "value"),
    [("rating", "0"), ("duration", "0"), ("duration", "long"), ("bpm", ""), ("mood", "dark")],
)
def test_an_empty_column_is_not_shown(
    capsysbinary: pytest.CaptureFixture[bytes], field: str, value: str
) -> None:
    lines = drawn(capsysbinary, Output(), simple_track("a", title="T", **{field: value}))
    assert lines == ["title", "T"]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (1, "t…"),
        (16, "title"),
        (30, "artist title"),
        (38, "artist title bpm"),
        (42, "artist title bpm key"),
        (50, "artist title genre bpm key"),
        (58, "artist title genre bpm key rating"),
        (64, "artist title genre bpm key rating year"),
        (200, "artist title album genre bpm key rating year length crate comment"),
        (None, "artist title album genre bpm key rating year length crate comment"),
    ],
)
def test_as_many_columns_as_fit(
    capsysbinary: pytest.CaptureFixture[bytes], width: int | None, columns: str
) -> None:
    lines = drawn(capsysbinary, Output(width=width), FULL)
    if width == 1:
        assert lines == ["…", "…"]
        return
    assert lines[0].split() == columns.split()
    assert all(width is None or cell_width(line) <= width for line in lines)


@pytest.mark.parametrize("width", range(1, 160))
def test_no_line_is_too_long(capsysbinary: pytest.CaptureFixture[bytes], width: int) -> None:
    wide = replace(
        FULL, values={**FULL.values, "title": ("戦場のメリークリスマス",), "artist": ("坂本龍一",)}
    )
    lines = drawn(capsysbinary, Output(width=width), FULL, replace(wide, present=False))
    assert max(map(cell_width, lines)) <= width


def test_columns_are_aligned(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    tracks = [
        simple_track("a", title="戦場", artist="坂本龍一", bpm="80"),
        simple_track("b", title="Remnants", artist="Surgeon", bpm="134.5"),
        simple_track("nothing known"),
    ]
    assert drawn(capsysbinary, Output(), *tracks) == [
        "artist    title            bpm",
        "坂本龍一  戦場              80",
        "Surgeon   Remnants       134.5",
        "          nothing known",
    ]


def test_nothing_is_cut_without_a_width(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    lines = drawn(
        capsysbinary,
        Output(),
        simple_track("a", title="x" * 100, bpm="1"),
        simple_track("b", bpm="2"),
    )
    assert lines == ["title" + " " * 37 + "bpm", "x" * 100 + "    1", "b" + " " * 43 + "2"]


@pytest.mark.parametrize(
    ("screen", "line"),
    [
        (Output(), "✗  a"),
        (Output(unicode=False), "x  a"),
        (Output(styled=True), "\x1b[2m✗  a\x1b[0m"),
    ],
)
def test_absent(capsysbinary: pytest.CaptureFixture[bytes], screen: Output, line: str) -> None:
    assert drawn(capsysbinary, screen, replace(simple_track("a"), present=False))[1:] == [line]
    assert absent_mark(screen) in line


@pytest.mark.parametrize(("here", "absent"), [(0, 0), (2, 0), (0, 2), (1500, 3)])
def test_counts(capsysbinary: pytest.CaptureFixture[bytes], here: int, absent: int) -> None:
    track = simple_track("a")
    tracks = [track] * here + [replace(track, present=False)] * absent
    assert print_table(iter(tracks), Output()) == (here + absent, absent)
    lines = capsysbinary.readouterr().out.splitlines()
    assert len(lines) == (here + absent + 1 if tracks else 0)
