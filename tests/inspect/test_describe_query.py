"""A query in words, and remarks about a query that may mean something else."""

from __future__ import annotations

from datetime import date

import pytest

from mcfs.fields import Vocabulary
from mcfs.inspect.describe_query import describe_query, query_remarks
from mcfs.query import AnnexKeys, Query, ValueIs, parse
from mcfs.template import parse_template

TODAY = date(2025, 6, 15)
VOCABULARY = Vocabulary(frozenset({"mood"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["every track"]),
        ("genre:techno", ['genre contains "techno"']),
        ("genre:=techno", ['genre is "techno", the whole value']),
        ('genre:""', ["has no genre"]),
        ('-genre:""', ["has genre"]),
        ("-genre:techno", ['not: genre contains "techno" (keeps tracks without genre)']),
        ("artist:x", ['artist or album artist contains "x"']),
        (
            "dark",
            [
                "artist, album artist, title, album, genre, composer, comment, grouping, crate or "
                'work path contains "dark"'
            ],
        ),
        ("location:x", ['work path contains "x"']),
        ("mood:dark", ['mood contains "dark"']),
        ("meta.mood:dark", ['the annex field "mood" contains "dark"']),
        (
            "bpm:126",
            ["tempo 126: 125.95 up to 127, its half 62.95 up to 64, its double 251.95 up to 254"],
        ),
        ("bpm:=126", ["tempo 126: 125.95 up to 127, without half and double"]),
        (
            "~bpm:100",
            ["tempo near 100: 94 to 106, without half and double"],
        ),
        ("genre:^tech", ['genre begins with "tech"']),
        ("genre:no$", ['genre ends with "no"']),
        ("genre:^techno$", ['genre is "techno", the whole value']),
        ("title:+danger", ['title contains the word "danger"']),
        ('title:+"dub techno"', ['title contains the words "dub techno"']),
        ("title:^+dub", ['title begins with the word "dub"']),
        ("artist:+dub$", ['artist or album artist ends with the word "dub"']),
        ("-genre:^dub", ['not: genre begins with "dub" (keeps tracks without genre)']),
        (
            'title:=~"\\bdanger"',
            ["title fits the regular expression \\bdanger (whatever its case and accents)"],
        ),
        (
            'title:=~"(?-i)É"',
            ["title fits the regular expression (?-i)É (with its case and accents)"],
        ),
        (
            'in:"Surgeon/Force + Form"',
            ['a file is in the folder "surgeon/force + form" or below it'],
        ),
        ("bpm:120-130", ["bpm 120 to 130"]),
        ("bpm:<=120.5", ["bpm at most 120.5"]),
        ("rating:>3", ["rating above 3"]),
        ("rating:>=4", ["rating at least 4"]),
        ("rating:<3", ["rating below 3, or none"]),
        ("-rating:<3", ["not: rating below 3, or none (removes tracks without rating too)"]),
        ("-rating:>=3", ["not: rating at least 3 (keeps tracks without rating)"]),
        ("year:<1990", ["year below 1990"]),
        ("year:1990s", ["year 1990 to 1999"]),
        ("played:3", ["played 3"]),
        ("played:3-", ["played at most 3, or none"]),
        ("duration:3:30", ["duration 3:30 up to 3:31"]),
        ("size:>10M", ["size above 10485760 bytes (10M)"]),
        ("size:<500", ["size below 500 bytes"]),
        ("key:Am", ["key 8A, in any notation"]),
        ("~key:8A", ["key mixes with 8A: 7A 7B 8A 8B 9A 9B, in any notation"]),
        ("added:2025", ["added 2025-01-01 to 2025-12-31"]),
        ("added:2025-06-01", ["added on 2025-06-01"]),
        ("added:>=-7d", ["added on 2025-06-08 or after"]),
        ("added:<2025", ["added on 2024-12-31 or before"]),
        ("changed:2024..2025-03", ["changed 2024-01-01 to 2025-03-31"]),
        ("present:no", ["content is not here"]),
        ("live:yes", ["a live recording"]),
        ("-live:yes", ["not: a live recording"]),
        (
            "genre:a | genre:b bpm:100-110",
            [
                "at least one of these:",
                "  all of these:",
                "    bpm 100 to 110",
                '    genre contains "b"',
                '  genre contains "a"',
            ],
        ),
        (
            "-(genre:a | genre:b)",
            ["not: at least one of these:", '  genre contains "a"', '  genre contains "b"'],
        ),
        (
            "genre:a sort:-rating sort:bpm limit:5",
            [
                'genre contains "a"',
                "ordered by rating, highest first; tracks without it last",
                "then by bpm; tracks without it last",
                "only the first 5",
            ],
        ),
        ("limit:5", ["every track", "only the first 5 by name"]),
        ("shuffle:friday", ["every track", 'ordered at random, always the same for "friday"']),
    ],
)
def test_describe_query(text: str, words: list[str]) -> None:
    assert list(describe_query(parse(text, VOCABULARY), TODAY)) == words


def test_describe_terms_without_a_query_text() -> None:
    cut = parse("genre:a limit:5").refined(parse("bpm:100-110"))
    assert list(describe_query(cut, TODAY)) == [
        "among these:",
        '  genre contains "a"',
        "  only the first 5 by name",
        "bpm 100 to 110",
    ]
    assert list(describe_query(Query(AnnexKeys(("a", "b"))), TODAY)) == ["one of 2 tracks"]
    assert list(describe_query(Query(ValueIs(parse_template("{{ bpm }}"), "130")), TODAY)) == [
        '{{ bpm }} is "130"'
    ]


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("techno AND house", '"AND" is searched as a word; write techno house'),
        ("genre:techno && bpm:126", '"&&" is searched as a word; write genre:techno bpm:126'),
        ("techno or house", '"or" is searched as a word; write techno OR house'),
        ("NOT techno", '"NOT" is searched as a word; write -techno'),
        ("techno not (a | b)", '"not" is searched as a word; write -(…)'),
        ("(a) and b", '"and" is searched as a word; write (…) b'),
        (
            "genre:(techno house)",
            '"(" after a field is text; write (genre:techno …) around terms, or genre:techno',
        ),
        (
            'genre:"techno bpm:126',
            'the quote is not closed and takes the rest; write genre:"techno" bpm:126',
        ),
        ('genre:"techno', 'the quote is not closed and takes the rest; write genre:"techno"'),
        (
            'genre:^"techno bpm:126',
            'the quote is not closed and takes the rest; write genre:^"techno" bpm:126',
        ),
    ],
)
def test_operators_of_other_languages_are_remarked(text: str, remark: str) -> None:
    assert list(query_remarks(text)) == [remark]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "and",
        "not",
        "or",
        "AND techno",
        "a OR b",
        'title:"a AND b"',
        "title:(live)",
        "a | or",
        'genre:"dub techno"$',
        'genre:^"dub techno"$ title:+"x"',
        "land or",
    ],
)
def test_words_that_join_nothing_are_not_remarked(text: str) -> None:
    assert list(query_remarks(text)) == []


@pytest.mark.parametrize(
    ("text", "alternative"),
    [
        ("genre:techno|house", "genre:techno|genre:house"),
        ("x genre=techno|house", "genre=techno|genre=house"),
        ("genre:=techno|house", "genre:=techno|genre:=house"),
        ("genre:^tech|house", "genre:^tech|genre:^house"),
        ("genre:^+tech|+house", "genre:^+tech|genre:+house"),
        ("genre:=~^tech|^house$", 'genre:=~"^tech|^house$"'),
        ("genre=~tech|house", 'genre=~"tech|house"'),
        ("genre:techno|genre:house", None),
        ("genre:techno | house", None),
        ('genre:"techno|house"', None),
        ("techno|house", None),
        ("(genre:techno|house)", "genre:techno|genre:house"),
        ("genre:techno|-house", None),
    ],
)
def test_a_bar_after_a_field_is_remarked(text: str, alternative: str | None) -> None:
    remarks = list(query_remarks(text))
    if alternative is None:
        assert remarks == []
    else:
        (remark,) = remarks
        assert '"|" always means OR' in remark
        assert remark.endswith(f"write {alternative}")
