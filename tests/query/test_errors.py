"""Errors of the parser: the position, what is wrong, and what to write instead."""

from __future__ import annotations

import pytest

from mcfs.errors import QueryError
from tests.records import SampleCache

# (text, position, how the message begins, what the suggestion holds)
Mistakes = list[tuple[str, int, str, str]]

UNKNOWN: Mistakes = [
    ("gnere:techno", 0, 'unknown field "gnere"', 'did you mean "genre"'),
    ("bpm:126 tittle:x", 8, 'unknown field "tittle"', '"title"'),
    ("-artits:x", 1, 'unknown field "artits"', '"artist"'),
    ("halo (rez | gnere:x)", 12, 'unknown field "gnere"', '"genre"'),
    ("gnere=techno", 0, 'unknown field "gnere"', '"genre"'),
    ("GNERE:techno", 0, 'unknown field "GNERE"', '"genre"'),
    ("moood:dark", 0, 'unknown field "moood"', '"mood"'),
    ("настроени:грусть", 0, 'unknown field "настроени"', '"настроение"'),
    ("bmp:126", 0, 'unknown field "bmp"', '"bpm"'),
    ("limt:5", 0, 'unknown field "limt"', '"limit"'),
    ("foo:bar", 0, 'unknown field "foo"', "mcfs fields"),
    ("meta.nope:x", 0, 'unknown field "meta.nope"', ""),
    ("sort:gnere", 5, 'unknown field "gnere"', '"genre"'),
    ("sort:-gnere", 5, 'unknown field "gnere"', '"genre"'),
    # what only Mixxx knows
    ("id:3", 0, "git-annex does not know the numbers that Mixxx gives", "mcfs fields"),
    ("bpm:locked", 4, "git-annex does not know which tempos are locked", "bpm:120"),
    ("bpm:=Locked", 4, '"Locked" is no number', "bpm:120"),
]

NOTHING_SAID: Mistakes = [
    ("genre:", 6, "genre: needs a value", "genre:word"),
    ("genre: ", 6, "genre: needs a value", "genre:word"),
    ("genre=", 6, "genre: needs a value", 'genre:""'),
    ("genre:=", 6, "genre: needs a value", 'genre:""'),
    ("bpm:120 genre:", 14, "genre: needs a value", "genre:word"),
    ("genre: | halo", 6, "genre: needs a value", "genre:word"),
    ("(genre:)", 7, "genre: needs a value", "genre:word"),
    ("bpm:", 4, "bpm: needs a value", "bpm:120"),
    ("bpm:>", 4, "a number is missing", "bpm:>=120"),
    ("bpm:=", 4, "a number is missing", "bpm:120"),
    ("key:", 4, "key: needs a value", "key:8A"),
    ("any:", 4, "any: needs a value", "any:word"),
    ("mood:", 5, "mood: needs a value", "mood:word"),
    ("present:", 8, "present: needs a value", "present:yes"),
    ("added:", 6, "added: needs a value", "added:2025"),
    ("sort:", 5, "sort: by what", "sort:bpm"),
    ("sort:-", 5, "sort: by what", "sort:bpm"),
    ("limit:", 6, "", "limit:50"),
    ("shuffle:", 8, "shuffle: needs a seed", "shuffle:friday"),
    ('"', 0, "a quote is opened, and nothing follows", 'write "…"'),
    ('title:"', 6, "a quote is opened, and nothing follows", 'write title:"…"'),
    ('title: "', 7, "a quote is opened, and nothing follows", 'write title:"…"'),
    ('title:" ', 6, "a quote is opened, and nothing follows", 'write title:"…"'),
    ('title:="', 6, "a quote is opened, and nothing follows", 'write title:"…"'),
    ('title="', 6, "a quote is opened, and nothing follows", 'write title="…"'),
    ('halo key:"', 9, "a quote is opened, and nothing follows", 'write key:"…"'),
    ('bpm:"', 4, "a quote is opened, and nothing follows", 'write bpm:"…"'),
    ('shuffle:"', 8, "a quote is opened, and nothing follows", 'write shuffle:"…"'),
    ("title:“", 6, "a quote is opened, and nothing follows", 'write title:"…"'),
]

NO_COLON: Mistakes = [
    ("bpm>120", 0, "a colon is missing after bpm", "write bpm:>120;"),
    ("year>=1990", 0, "a colon is missing after year", "write year:>=1990;"),
    ("genre!=techno", 0, "a colon is missing after genre", "write -genre:=techno;"),
    ('genre!="dub techno"', 0, "a colon is missing after genre", 'write -genre:="dub techno";'),
    ("-genre!=techno", 1, "a colon is missing after genre", "write genre:=techno;"),
    ("bpm<>120", 0, "a colon is missing after bpm", "write -bpm:=120;"),
    ("halo a<b", 5, "a colon is missing after a", "write a:b;"),
    ("added>-7d", 0, "a colon is missing after added", "write added:>-7d;"),
    ("energy>7", 0, "a colon is missing after energy", "write energy:>7;"),
    ("(halo | bpm<=120)", 8, "a colon is missing after bpm", "write bpm:<=120;"),
    ("bpm>", 0, "a colon is missing after bpm", "bpm:120-130"),
    ("bpm > 120", 0, "a colon is missing after bpm", "write bpm:>120;"),
    ("bpm >120", 0, "a colon is missing after bpm", "write bpm:>120;"),
    ("genre = techno", 0, "a colon is missing after genre", "write genre:=techno;"),
    ("genre == techno", 0, "a colon is missing after genre", "write genre:=techno;"),
    ("genre : techno", 0, "a space before the colon", "write genre:techno;"),
    ("genre==techno", 6, "`=` twice", "write genre:=techno"),
]

LONE: Mistakes = [
    ("-", 0, "a lone `-`", "-genre:techno"),
    ("genre:techno -", 13, "a lone `-`", "-genre:techno"),
    ("- genre:techno", 0, "a lone `-`", "-genre:techno"),
    ("halo - rez", 5, "a lone `-`", '"-"'),
    ("(-)", 1, "a lone `-`", "-genre:techno"),
    ("--halo", 1, "`-` twice", "one"),
    ("|", 0, "a lone `|`", "both sides"),
    ("| halo", 0, "a lone `|`", "both sides"),
    ("halo | | rez", 7, "a lone `|`", "both sides"),
    ("halo || rez", 6, "a lone `|`", "both sides"),
    ("(| halo)", 1, "a lone `|`", "both sides"),
    ("halo |", 6, "nothing after OR", "both sides"),
    ("halo OR", 7, "nothing after OR", "both sides"),
    ("OR halo", 0, "a lone", "both sides"),
    ("halo OR OR rez", 8, "a lone", "both sides"),
    ("halo | limit:5", 7, "one side of OR is empty", "both sides"),
    ("~", 0, "`~` means something before bpm and key only", "~bpm:120"),
    ("(", 1, "a parenthesis is not closed", ")"),
    ("(halo", 5, "a parenthesis is not closed", '"(halo"'),
    ("rez (halo bpm:120", 17, "a parenthesis is not closed", '"(halo"'),
    ("(rez) (halo", 11, "a parenthesis is not closed", '"(halo"'),
    ("(genre:pop", 10, "a parenthesis is not closed", "write `)`"),
    ("((halo)", 7, "a parenthesis is not closed", ")"),
    ("halo )", 5, "nothing to close here", '"'),
    ("()", 1, "", ""),
    ("-()", 2, "", ""),
]

RANGES: Mistakes = [
    ("bpm:130-120", 4, "this range is the wrong way round", "bpm:120-130"),
    ("genre:dub bpm:130..120", 14, "this range is the wrong way round", "120-130"),
    ("bpm=130-120", 4, "this range is the wrong way round", "120-130"),
    ("rating:5-3", 7, "this range is the wrong way round", "rating:3-5"),
    ("year:1999-1990", 5, "this range is the wrong way round", "year:1990-1999"),
    ("year:1999-12..1990", 5, "this range is the wrong way round", "year:1990"),
    ("duration:2:00-1:00", 9, "this range is the wrong way round", "duration:1:00-2:00"),
    ("size:20M-5M", 5, "this range is the wrong way round", "size:5M-20M"),
    ("added:2025..2024", 6, "this range is the wrong way round", "added:2024..2025"),
    ("added:2025-07-02..2025-07-01", 6, "this range is the wrong way round", "2025-07-01.."),
    ("added:-1d..-7d", 6, "this range is the wrong way round", "added:-7d..-1d"),
]

AMOUNTS: Mistakes = [
    ("bpm:12x", 4, '"12x" is no number', "bpm:120"),
    ("bpm:fast", 4, '"fast" is no number', "bpm:>=120"),
    ("bpm: 12x", 5, '"12x" is no number', "bpm:120"),
    ("bpm:>12x", 4, '"12x" is no number', "bpm:120"),
    ("bpm:120-x", 4, '"x" is no number', "bpm:120-130"),
    ("bpm:..", 4, '".." is no number', "bpm:120"),
    ("bpm:nan", 4, '"nan" is no number', "bpm:120"),
    ("bpm:inf", 4, '"inf" is no number', "bpm:120"),
    ("bpm:1_0", 4, '"1_0" is no number', "bpm:120"),
    ("rating:good", 7, '"good" is no number', "rating:4"),
    ("track:one", 6, '"one" is no number', ""),
    ("played:>many", 7, '"many" is no number', "played:"),
    ("bitrate:high", 8, '"high" is no number', ""),
    ("energy:>loud", 7, '"loud" is no number', ""),
    ("mood:>=", 5, "a number is missing", ""),
    ("year:soon", 5, '"soon" is no year', "year:1998"),
    ("year:92", 5, '"92" is no year', "year:1998"),
    ("size:huge", 5, '"huge" is no size', "size:>10M"),
    ("size:10Q", 5, '"10Q" is no size', "size:>10M"),
    ("duration:1:60", 9, '"1:60" is no duration', "duration:3:30"),
    ("duration:1h30", 9, '"1h30" is no duration', "duration:3:30"),
    ("duration:1m70", 9, '"1m70" is no duration', "duration:3:30"),
    ("bpm:120++", 4, '"120+" is no number', "bpm:120"),
    ("bpm:x-", 4, '"x" is no number', "bpm:120"),
    ("decade:1990s+", 7, '"1990s" is no decade', "decade:1990s"),
    ("duration:>1:60", 9, '"1:60" is no duration', "duration:3:30"),
    ("duration:long", 9, '"long" is no duration', "duration:3:30"),
    ("decade:soon", 7, '"soon" is no decade', "decade:1990s"),
    ("decade:1995s", 7, '"1995s" is no decade', "decade:1990s"),
    ("present:maybe", 8, '"maybe" is neither yes nor no', "present:yes"),
    ("live:5", 5, '"5" is neither yes nor no', "live:yes"),
    ("added:yesterday", 6, '"yesterday" is no date', "added:2025-06"),
    ("added:2025-13", 6, '"2025-13" is no date', "added:2025-06"),
    ("added:2025-02-30", 6, '"2025-02-30" is no date', "added:2025-06"),
    ("added:31.12.2025", 6, '"31.12.2025" is no date', "write added:2025-12-31"),
    ("added:>30.10.2025", 6, '"30.10.2025" is no date', "write added:>2025-10-30"),
    ("added:1.5.2025..30/10/2025", 6, "", "write added:2025-05-01..2025-10-30"),
    ("added:10/30/2025", 6, '"10/30/2025" is no date', "write added:2025-10-30"),
    ("added:2025/10/30", 6, '"2025/10/30" is no date', "write added:2025-10-30"),
    ("added:1/2/2025", 6, '"1/2/2025" is no date', "added:2025-06"),
    ("added:31.02.2025", 6, '"31.02.2025" is no date', "added:2025-06"),
    ("added:0000", 6, '"0000" is no date', "added:2025-06"),
    ("added:25", 6, '"25" is no date', "added:2025-06"),
    ("added:>-7x", 6, '"-7x" is no date', "added:>-7d"),
    ("added:..", 6, '".." is no date', "added:2024..2025"),
    ("added:>", 6, "", "added:>-7d"),
    ("added:-7d", 6, '"-7d" is one day only', "added:>-7d"),
    ("changed:often", 8, '"often" is no date', "changed:2025-06"),
    ("limit:x", 6, '"x" is no number of tracks', "limit:50"),
    ("limit:-5", 6, '"-5" is no number of tracks', "limit:50"),
    ("limit:5.5", 6, '"5.5" is no number of tracks', "limit:50"),
]

TILDES: Mistakes = [
    ("~genre:techno", 0, "`~` means something before bpm and key only", "~bpm:120"),
    ("~surgeon", 0, "`~` means something before bpm and key only", "~key:8A"),
    ("~foo", 0, "`~` means something before bpm and key only", '"~foo" in quotes'),
    ('~"force + form"', 0, "`~` means something before bpm and key only", "~key:8A"),
    ("~rating:5", 0, "`~` means something before bpm and key only", "~key:8A"),
    ("~mood:dark", 0, "`~` means something before bpm and key only", "~key:8A"),
    ("halo -~year:1992", 6, "`~` means something before bpm and key only", "~key:8A"),
    ("~-bpm:100", 0, "`~` means something before bpm and key only", "~bpm:120"),
    ("~(bpm:100)", 0, "`~` means something before bpm and key only", "~bpm:120"),
    ("~limit:5", 0, "`~` means something before bpm and key only", "~key:8A"),
    ("halo ~sort:bpm", 5, "`~` means something before bpm and key only", "~key:8A"),
    ("~key:purple", 5, '"purple" is no key', "~key:8A"),
    ('~key:""', 5, "", "~key:8A"),
    ("~bpm:120-130", 5, '"120-130" is no tempo', "~bpm:120"),
    ("~bpm:>120", 5, '">120" is no tempo', "~bpm:120"),
    ('~bpm:""', 5, "", "~bpm:120"),
    ("~bpm:=106", 5, "`~` means near this tempo", "~bpm:106 or bpm:=106"),
    ("~bpm=106", 5, "`~` means near this tempo", "~bpm:106 or bpm:=106"),
    ("bpm:~126", 4, "`~` stands in front of the field", "~bpm:126"),
    ("key=~8A", 4, "`~` stands in front of the field", "~key:8A"),
    ("~bpm:106+", 5, '"106+" is no tempo', "~bpm:120"),
]

DIRECTIVES: Mistakes = [
    ("limit:5 limit:6", 8, "limit: is written twice", "once"),
    ("shuffle:a shuffle:b", 10, "shuffle: is written twice", "once"),
    ("(limit:5)", 1, "limit: cannot stand in parentheses", ""),
    ("(sort:bpm)", 1, "sort: cannot stand in parentheses", ""),
    ("(halo sort:bpm)", 6, "sort: cannot stand in parentheses", ""),
    ("halo ((shuffle:a))", 7, "shuffle: cannot stand in parentheses", ""),
    ("-limit:5", 1, "limit: cannot stand after `-`", ""),
    ("-sort:bpm", 1, "sort: cannot stand after `-`", ""),
    ("halo -shuffle:a", 6, "shuffle: cannot stand after `-`", ""),
    ("-(sort:bpm)", 2, "sort: cannot stand", ""),
    ("sort:any", 5, "any: is no field to sort by", "sort:artist"),
]

SIGNS: Mistakes = [
    ("title:^", 6, "text is missing next to ^", 'title:^word, or title:"^"'),
    ("title:$", 6, "text is missing next to $", 'title:word$, or title:"$"'),
    ("title:^$", 6, "text is missing next to ^$", "title:^word$"),
    ("title:+", 6, "text is missing next to +", 'title:+word, or title:"+"'),
    ('title:^""', 6, "text is missing next to ^", "title:^word"),
    ("title:=^halo", 6, "`=` means the whole value already", 'title:="^halo"'),
    ("title=halo$", 6, "`=` means the whole value already", 'title:="halo$"'),
    ('title:="halo"$', 6, "`=` means the whole value already", 'title:="halo$"'),
    ("title:+^halo", 7, "`^` means nothing behind `+`", 'title:+"^halo"'),
    ("title:^=halo$", 7, "`=` means nothing behind `^`", 'title:^"=halo"$'),
    ("title:^^_^", 7, "`^` means nothing behind `^`", "title:^+dub"),
    ('title:~"halo"', 6, "a `~` alone", 'title:=~"halo"'),
    ('title:=~"halo"$', 6, "a `~` alone", 'title:=~"halo$"'),
    ('bpm:^"12"', 4, '"^12" is no number', "bpm:120"),
    ('added:+"2025"', 6, '"+2025" is no date', "added:2025"),
    ('present:"yes"$', 8, '"yes$" is neither yes nor no', "present:yes"),
    ("in:/", 3, '"/" is no folder', 'in:"Artist/Album"'),
    ("in:../music", 3, '"../music" is no folder', 'in:"Artist/Album"'),
    ('in:""', 3, '"" is no folder', 'in:"Artist/Album"'),
    ("in:=odd", 3, "in: finds a folder and all below it", 'dir:="…"'),
    ("in=odd", 3, "in: finds a folder and all below it", 'dir:="…"'),
    ("sort:in", 5, "in: is no field to sort by", "sort:artist"),
]

# The place of a mistake inside a regular expression.
PATTERNS: Mistakes = [
    ("title:=~", 8, "a regular expression is missing", "=~"),
    ('title:=~"(a"', 9, "this is wrong in a regular expression: missing )", r"`\("),
    ('halo title:=~"a(b[)]"', 15, "this is wrong in a regular expression: missing )", "`)`"),
    ("title:=~(a|b)", 8, "this is wrong in a regular expression: missing )", 'title:=~"…"'),
    ("title:=~[a b]", 8, "this is wrong in a regular expression: missing ]", 'title:=~"…"'),
    ("(title:=~[a)", 9, "this is wrong in a regular expression: missing ]", "`]`"),
    (r'title:=~"a\p{Lu}"', 10, "case makes no difference here", "(?-i) at the beginning"),
    ('title:=~"[a[:^upper:]]"', 9, "case makes no difference here", "(?-i)"),
    ('title:=~"a(?s-i:B)"', 10, "case makes no difference here", "(?-i)"),
    ("title:=~a)", 9, "this is wrong in a regular expression: unexpected )", r"`\)`"),
    ('title=~"x[a"', 9, "this is wrong in a regular expression: missing ]", "`]`"),
    ('title:=~"a*b|*"', 13, "this is wrong in a regular expression: no argument", "`\\`"),
    ('title:=~"a**"', 10, "this is wrong in a regular expression: bad repetition", "`*`"),
    ('title:=~"[z-a]"', 10, "this is wrong in a regular expression: invalid character", "[a-z]"),
    ('title:=~"[Z-a]"', 9, "this is wrong in a regular expression: invalid character", "[a-z]"),
    (r'title:=~"\\Y\Y"', 12, "this is wrong in a regular expression: invalid escape", r"\b"),
    (r'title:=~"(a)\1"', 12, "this is wrong in a regular expression: invalid escape", "repeated"),
    ('title:=~"a(?=b)"', 10, "this is wrong in a regular expression: invalid perl", "(?i)"),
    ('title:=~"a{2000}"', 10, "this is wrong in a regular expression: invalid repetition", "1000"),
    ("title:=~a\\", 9, "this is wrong in a regular expression: trailing", "slash"),
    (r'title:=~"\Qa.b\E"', 9, r"`\Q` is not supported", "each character"),
    ('title:=~"a\udce9"', 10, "a regular expression is UTF-8", "`.`"),
    ('title:=~".{900}.{900}"', 9, "this regular expression is too large", "shorter"),
    ('title:=~"' + "x" * 501 + '"', 509, "a regular expression may have 500 characters", "shorter"),
]

TOO_MUCH: Mistakes = [
    ("x" * 4097, 0, "a query may have 4096 bytes", "shorter"),
    ("é" * 2049, 0, "a query may have 4096 bytes", "shorter"),
    (" " * 4097, 0, "a query may have 4096 bytes", "shorter"),
    ("x " * 101, 200, "a query may have 100 terms", "fewer"),
    ("bpm:1|" * 100 + "bpm:1", 600, "a query may have 100 terms", "fewer"),
    ("(" * 21 + "x" + ")" * 21, 21, "parentheses may be 20 deep", "fewer"),
    ("-(" * 21 + "x" + ")" * 21, 42, "parentheses may be 20 deep", "fewer"),
    ("(a b|" * 21 + "x" + ")" * 21, 101, "parentheses may be 20 deep", "fewer"),
]

MISTAKES = (
    UNKNOWN
    + NOTHING_SAID
    + NO_COLON
    + LONE
    + RANGES
    + AMOUNTS
    + TILDES
    + DIRECTIVES
    + SIGNS
    + PATTERNS
    + TOO_MUCH
)


@pytest.mark.parametrize(("text", "position", "message", "suggestion"), MISTAKES)
def test_an_error_has_a_position_and_a_suggestion(
    cache: SampleCache, text: str, position: int, message: str, suggestion: str
) -> None:
    with pytest.raises(QueryError) as caught:
        cache.query(text)
    error = caught.value
    assert error.message.startswith(message)
    assert suggestion in (error.suggestion or "")
    assert error.position == position
    assert error.text == text
    assert str(error) == f"{error.message}; {error.suggestion}"
    assert "\n" not in str(error)


def test_a_suggestion_names_a_field_once(cache: SampleCache) -> None:
    """The library has the built-in field, too."""
    with pytest.raises(QueryError) as caught:
        cache.query("gnere:techno")
    assert caught.value.suggestion == 'did you mean "genre"?'


@pytest.mark.parametrize(
    "text",
    [
        "x" * 4096,
        "é" * 2048,
        "x " * 100,
        "bpm:1|" * 99 + "bpm:1",
        "(" * 20 + "x" + ")" * 20,
        "-(" * 20 + "x" + ")" * 20,
        "((x)) " * 90,
    ],
)
def test_queries_just_within_the_limits(cache: SampleCache, text: str) -> None:
    cache.titles(text)
