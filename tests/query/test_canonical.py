"""Canonical text: it means the same query, and every spelling of a query has the same one."""

from __future__ import annotations

import pytest

from mcfs.query import ALL, And, AnnexKeys, Cut, Query, Term, ValueIs, canonical_text, format_term
from mcfs.template import parse_template
from tests.query.table import ROWS
from tests.records import SampleCache

NUMBERS = [
    "size:5G", "size:<1G", "size:1,5G", "size:1T-2T", "size:>=1T", "size:0", "size:1023", "size:0.001k",
    "size:999999999", "size:1000000000", "size:999999999T", "bpm:00", "-bpm:00", "bpm:=00",
    "bpm:0.0", "bpm:007", "bpm:,5", "bpm:120,50", "bpm:0-0", "bpm:120.000000001", "duration:>1h",
    "duration:<=1h", "duration:1h", "duration:1h..2h", "duration:0", "duration:0.5", "duration:1.5-2",
    "duration:9999h", "duration:>=9999h", "year:0999", "year:<0999", "year:0001-0999", "year:1990s",
    "decade:0000s", "rating:0", "rating:00", "rating:0,5", "rating:..0", "played:999999999999999",
    "played:>99999999999999.9", "played:123456789.123456789", "track:0.000000001", "bitrate:320.0",
    "energy:>007", "energy:..0,5",
]  # fmt: skip


@pytest.mark.parametrize("text", [*(text for text, _ in ROWS), *NUMBERS])
def test_canonical_text_means_the_same_query(cache: SampleCache, text: str) -> None:
    canonical = canonical_text(cache.query(text))
    assert cache.query(canonical) == cache.query(text)
    assert canonical_text(cache.query(canonical)) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("G:Techno", "genre:techno"),
        ("genre=techno", "genre:=techno"),
        ('t:"Dark PSY"', 'title:"dark psy"'),
        ('title:"="', 'title:"="'),
        ("b:1 a:x", "artist:x bpm:1"),
        ("a:x OR a:b", "artist:b | artist:x"),
        ("(a:x | a:b) t:y", "(artist:b | artist:x) title:y"),
        ("a:z (a:y a:x)", "artist:x artist:y artist:z"),
        ("-(a:x t:y)", "-(artist:x title:y)"),
        ("-bpm:120", "-bpm:=120"),
        ("-(bpm:120)", "-(bpm:120)"),
        ("bpm:120,50", "bpm:120.5"),
        ("bpm:120.00", "bpm:120.0"),
        ("bpm:120.", "bpm:120"),
        ("r:3+", "rating:>=3"),
        ("du:2m10-", "duration:<131"),
        ("t:“a b”", 'title:"a b"'),
        ('t:"“a”"', 'title:"“a”"'),
        ('t:="a b', 'title:"a b"'),
        ("bpm:120-130", "bpm:120..130"),
        ("r:4", "rating:4..4"),
        ("r:..4", "rating:<=4"),
        ('r:""', 'rating:""'),
        ("year:<0999", "year:<0999"),
        ("year:1990s", "year:1990..1999"),
        ("du:1:30", "duration:90..90"),
        ("du:<=1:30", "duration:<91"),
        ("size:>10M", "size:>10485760"),
        ("size:3K", "size:3072..4095"),
        ("~key:Am", "~key:8A"),
        ("ad:2025", "added:2025..2025"),
        ("ad:>-7D", "added:>-7d"),
        ("live:1", "live:yes"),
        ("limit:5 sort:-b a:x", "artist:x sort:-bpm limit:5"),
        ('shuffle:"b c"', 'shuffle:"b c"'),
    ],
)
def test_every_spelling_has_the_same_canonical_text(
    cache: SampleCache, text: str, canonical: str
) -> None:
    assert canonical_text(cache.query(text)) == canonical


@pytest.mark.parametrize(
    ("term", "shown"),
    [
        (And(), "<all>"),
        (AnnexKeys(("K1", "K2")), "<keys K1 K2>"),
        (ValueIs(parse_template("{{genre}}"), "dub"), '<{{ genre }} is "dub">'),
        (Cut(Query(limit=5)), "<limit:5>"),
    ],
)
def test_terms_that_text_cannot_express_are_in_brackets(term: Term, shown: str) -> None:
    assert format_term(term) == shown


def test_the_query_for_all_tracks_is_empty_text() -> None:
    assert canonical_text(ALL) == ""
