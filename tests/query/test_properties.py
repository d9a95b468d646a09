"""Properties of any text and any query: no unexpected errors, and NOT, AND and OR are operations on sets."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mcfs.errors import QueryError
from mcfs.fields import Vocabulary
from mcfs.query import (
    And,
    Between,
    Contains,
    ContainsAt,
    DateBetween,
    Equals,
    Flag,
    InFolder,
    InKey,
    Missing,
    Not,
    Query,
    RegularExpression,
    Shuffle,
    Sort,
    Tempo,
    Term,
    all_of,
    any_of,
    canonical_text,
    hiding_absent,
    parse,
    starts_like_query,
)
from mcfs.query.lexer import QUOTES
from mcfs.text.fold import fold
from mcfs.text.folders import folded_folder
from tests.query.table import ROWS
from tests.records import EVERYTHING, SampleCache

VOCABULARY = Vocabulary(frozenset({"mood", "energy", "настроение", "replay-gain", "size"}))

# --- any text at all

# Everything that the language has a use for, to be glued at random.
TOKENS = st.sampled_from(
    [
        *':=<>-|()"“”~.,/\\%_+!0123456789dmMK', " ", "  ", "OR", " OR ", "..", ">=", "<=", ':"', '=""',
        "^", "$", "+", ":^", '"$', ":+", ":=~", '=~"', ':=~"\\b', "(?-i)", "[a", "in:", 'in:"a/b"',
        "genre:", "title=", "bpm:", "~bpm:", "key:", "~key:", "rating:", "year:", "duration:", "size:",
        "added:", "changed:>", "live:", "present:", "decade:", "any:", "meta.size:", "mood:", "energy:>",
        "sort:", "sort:-", "limit:", "shuffle:", "gnere:", "http://", "a", "techno", "8A", "F♯m", "126",
        "2025-06", "-7d", "1990s", "3:30", "1m30s", "10M", "yes", "no", "é", "∕", "\0", "\udce9", "🎹",
        "9" * 30, "0" * 30, "\n", "\t", "\u00a0", "\u2028", "ﬁ", "İ", "ß", "\u0301", "٣", "²",
    ]
)  # fmt: skip
GLUED = st.lists(TOKENS, max_size=25).map("".join)
# Names in a path need not be UTF-8: such bytes come as these surrogates.
ANY_CHARACTER = st.characters(exclude_categories=["Cs"]) | st.characters(
    min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"]
)
ANY_TEXT = st.text(ANY_CHARACTER)

# --- texts that mean something


def _stands_alone(text: str) -> bool:
    """Whether the text can stand in parentheses: it closes its own, and has no directive."""
    quotes = sum(text.count(quote) for quote in QUOTES)
    closed = text.count("(") == text.count(")") and quotes % 2 == 0
    return closed and bool(text.strip()) and not re.search("sort:|shuffle:|limit:", text)


_PART = st.sampled_from([text for text, _ in ROWS if _stands_alone(text)])
_QUERY = st.recursive(
    _PART,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda texts: f"({' | '.join(texts)})"),
        inner.map(lambda text: f"-({text})"),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=6,
)
_DIRECTIVES = st.lists(
    st.sampled_from(["sort:bpm", "sort:-year", "sort:artist", "sort:-energy", "sort:added", "sort:-key"])
    | st.sampled_from(["sort:size", "sort:-meta.size", "sort:crate", "sort:настроение", "sort:decade"]),
    max_size=3,
).map(" ".join)  # fmt: skip
_CUT = st.sampled_from(["", "limit:1", "limit:3", "limit:7"])
_SHUFFLED = st.sampled_from(["", "shuffle:a", 'shuffle:"b c"'])
QUERY_TEXT = st.tuples(_DIRECTIVES, _SHUFFLED, _QUERY, _CUT).map(" ".join)

# --- ASTs that text can say: a text with a quotation mark has no spelling but the bare one

_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters='"')
_TEXTS = st.text(_CHARACTERS, min_size=1, max_size=12).map(fold)
_TEXTS |= st.sampled_from(
    [
        "a b", " a", "a ", "a|b", "or", "-", "-a", "~a", "(", ")", "(a)", "a)", ":", "=", "=a", ">1", "a:b",
        "..", "1-2", "“", "“a”", "%", "_", "\0", "*", "'", "x//y", "genre:techno", "limit:5", "a  b",
        "\n", "\udce9",
    ]
).map(fold)  # fmt: skip
_TEXT_FIELDS = st.sampled_from(
    ["any", "artist", "title", "genre", "crate", "type", "mood", "meta.size"]
)
_NUMBER_FIELDS = st.sampled_from(["played", "bitrate", "tracknumber"])
_AMOUNTS = st.integers(0, 10**6).map(float) | st.integers(0, 10**6).map(lambda n: n / 100)
_SPANS = st.sampled_from(["1999", "2025", "2025-06", "2025-06-30", "-7d", "-2w", "-1m", "-10y"])


PATTERNS = (
    "^re", r"\bhalo\b", "(?-i)Rez", r"\x22", r"a|b [c-e]+\d*$", "[^ ]{2,3}", r"\pL(?:é)", r"(\(|\[)", ":=^",
)  # fmt: skip
_FOLDERS = _TEXTS.map(folded_folder).filter(lambda folder: folder is not None)


@st.composite
def _placed(draw: st.DrawFn) -> Term:
    at_start, at_end = draw(st.sampled_from([(True, False), (False, True), (False, False)]))
    words = draw(st.booleans()) or not (at_start or at_end)
    return ContainsAt(draw(_TEXT_FIELDS), draw(_TEXTS), at_start, at_end, words)


@st.composite
def _between(draw: st.DrawFn) -> Term:
    low, high = sorted([draw(_AMOUNTS), draw(_AMOUNTS)])
    assume(low < high)
    bound = draw(st.sampled_from(["both", "low", "high"]))
    is_open = draw(st.booleans())
    name = draw(_NUMBER_FIELDS)
    match bound:
        case "low":
            return Between(name, low=low, low_open=is_open)
        case "high":
            return Between(name, high=high, high_open=is_open)
        case _:
            return Between(name, low, high)


@st.composite
def _dates(draw: st.DrawFn) -> Term:
    is_open = draw(st.booleans())
    name = draw(st.sampled_from(["added", "changed"]))
    if draw(st.booleans()):
        return DateBetween(name, low=draw(_SPANS), low_open=is_open)
    return DateBetween(name, high=draw(_SPANS), high_open=is_open)


_LEAVES = st.one_of(
    st.builds(Contains, _TEXT_FIELDS, _TEXTS),
    st.builds(Equals, _TEXT_FIELDS, _TEXTS),
    _placed(),
    st.builds(RegularExpression, _TEXT_FIELDS, st.sampled_from(PATTERNS)),
    st.builds(InFolder, _FOLDERS),
    st.builds(Missing, st.sampled_from(["genre", "crate", "bpm", "key", "year", "added", "mood", "size"])),
    _between(),
    st.builds(Tempo, st.sampled_from(["126", "127.12", "62.9", "120.0", "7"]), st.booleans()),
    st.builds(Tempo, st.sampled_from(["126", "127.12"]), st.just(False), st.just(True)),
    st.builds(InKey, st.integers(1, 24), st.booleans()),
    _dates(),
    st.builds(Flag, st.sampled_from(["present", "live"]), st.booleans()),
)  # fmt: skip
_TERMS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: all_of(*terms)),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: any_of(*terms)),
        inner.map(Not),
    ),
    max_leaves=8,
)
_SORTS = st.lists(
    st.builds(Sort, st.sampled_from(["bpm", "artist", "mood", "added"]), st.booleans()), max_size=2
)
_SHUFFLES = st.lists(st.builds(Shuffle, st.text(_CHARACTERS, min_size=1, max_size=9)), max_size=1)
_ORDERS = st.tuples(_SORTS, _SHUFFLES).map(lambda orders: (*orders[0], *orders[1]))
QUERIES = st.builds(Query, _TERMS | st.just(And()), _ORDERS, st.none() | st.integers(1, 10**9))


@pytest.mark.parametrize(
    "text",
    [
        "//", "\\\\server\\music", '=:"', "energy:>²", "mood:=>1", 'a"¨', "∕\u0301", "key:é", 'x"',
        'title:7"',
        'title:a"b', 'or"', "\0", "title:\0", "¨", "title:¨", "ﬁ", "İ", "title:=İ", "any:any://",
        'title:x)', "(title:x)", "-title:(", "any:-", "any:OR", 'any:"“"', 'title:"“x”', "title:x“y",
        "title:^a b", 'title:+"+a"', 'title:^"a$"$', "title:a$b", 'title:=~7"', "x$", "+x",
        'title:=~\\""', "in:a$", "in:^a", 'in:"=a"', 'in:"a b/"', "in:\udce9", '"a"$', '+"a b"', "a\u00a0b",
    ],
)  # fmt: skip
def test_the_canonical_text_of_odd_words(text: str) -> None:
    query = parse(text, VOCABULARY)
    assert parse(canonical_text(query), VOCABULARY) == query


def test_the_canonical_text_of_an_odd_seed() -> None:
    query = parse('shuffle:"//x"')
    assert parse(canonical_text(parse('shuffle:"“x"'))) == parse('shuffle:"“x"')
    assert parse(canonical_text(query)) == query


@given(ANY_TEXT | GLUED)
@example("(" * 30)
@example('"' * 30)
@example("bpm:" + "9" * 400)
@example("limit:" + "9" * 400)
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        query = parse(text, VOCABULARY)
    except QueryError as error:
        assert 0 <= error.position <= len(text)
        assert error.text == text
    else:
        assert parse(canonical_text(query), VOCABULARY) == query


@given(QUERY_TEXT)
def test_the_canonical_text_of_a_text(cache: SampleCache, text: str) -> None:
    query = cache.query(text)
    canonical = canonical_text(query)
    assert cache.query(canonical) == query
    assert canonical_text(cache.query(canonical)) == canonical


@given(QUERIES)
def test_the_canonical_text_of_a_query(query: Query) -> None:
    canonical = canonical_text(query)
    assume(len(canonical.encode("utf-8", "surrogateescape")) <= 4096)
    assert parse(canonical, VOCABULARY) == query


@given(ANY_TEXT | GLUED)
def test_any_text_begins_like_a_query_or_not(text: str) -> None:
    assert starts_like_query(text, VOCABULARY) in {True, False}


# --- in the store: each example is a statement to compile or several

FEW = settings(max_examples=30)


@settings(max_examples=150)
@given(GLUED)
def test_every_query_that_parses_runs(cache: SampleCache, text: str) -> None:
    try:
        query = cache.query(text)
    except QueryError:
        return
    assert len(cache.titles(query)) == cache.count(query)


@FEW
@given(QUERY_TEXT)
def test_the_count_is_the_number_of_selected_tracks(cache: SampleCache, text: str) -> None:
    titles = cache.titles(text)
    assert len(titles) == len(set(titles)) == cache.count(text)


@FEW
@given(_QUERY)
def test_not_finds_all_other_tracks(cache: SampleCache, text: str) -> None:
    assert set(cache.titles(f"-({text})")) == EVERYTHING - set(cache.titles(text))


@FEW
@given(_QUERY, _QUERY)
def test_and_is_an_intersection(cache: SampleCache, one: str, other: str) -> None:
    assert set(cache.titles(f"({one}) ({other})")) == {*cache.titles(one)} & {*cache.titles(other)}


@FEW
@given(_QUERY, _QUERY)
def test_or_is_a_union(cache: SampleCache, one: str, other: str) -> None:
    assert set(cache.titles(f"{one} | {other}")) == {*cache.titles(one)} | {*cache.titles(other)}


@FEW
@given(QUERY_TEXT, QUERY_TEXT)
def test_a_folder_inside_a_folder_never_finds_more(
    cache: SampleCache, outer: str, inner: str
) -> None:
    query = cache.query(outer).refined(cache.query(inner))
    assert set(cache.titles(query)) <= set(cache.titles(outer))
    assert set(cache.titles(query)) <= set(cache.titles(Query(cache.query(inner).where)))


@FEW
@given(QUERY_TEXT)
def test_hiding_absent_tracks_never_finds_more_without_a_limit(
    cache: SampleCache, text: str
) -> None:
    query = Query(cache.query(text).where)
    assert set(cache.titles(hiding_absent(query))) <= set(cache.titles(query))


@FEW
@given(QUERY_TEXT)
def test_sorting_keeps_all_tracks(cache: SampleCache, text: str) -> None:
    query = cache.query(text)
    where = Query(query.where)
    cut = cache.count(where) if query.limit is None else min(query.limit, cache.count(where))
    assert set(cache.titles(query)) <= set(cache.titles(where))
    assert cache.count(query) == cut


# --- at the limits

_BIG = "9" * 300
AT_THE_LIMITS = [
    *[" ".join(f"{field}{n:02}" for n in range(100)) for field in ("w", "~bpm:1", "year:19", "-title:")],
    *["|".join(f"{field}{n:02}" for n in range(100)) for field in ("w", "~bpm:1", "size:>", "-title:=")],
    "|".join(f"({n} genre:x)" for n in range(50)),
    "(a -" * 20 + "x" + ")" * 20,
    "-(a b|" * 20 + "x" + ")" * 20,
    "(" * 20 + "x" + ")" * 20,
    "-(" * 20 + "x" + ")" * 20,
    "-(bpm:126 | " * 20 + "x" + ")" * 20,
    "(a|(b " * 10 + "x" + "))" * 10,
    "(a b|" * 20 + "x" + ")" * 20,
    "x" * 4096,
    'title:"' + "x " * 2000,
    "title:=" + "🎹" * 1000,
    *[f"{form}{_BIG}" for form in ("played:", "bitrate:>", "track:..", "title:", "energy:>", "mood:=")],
    "limit:9223372036854775807",
    "size:8589934591G",
    " ".join(["genre:a"] + [f"sort:{name}" for name in ("bpm", "artist", "mood", "energy")] * 20),
]  # fmt: skip


@pytest.mark.parametrize("text", AT_THE_LIMITS)
def test_at_the_limits(cache: SampleCache, text: str) -> None:
    """It may run or be refused, but not fail in another way."""
    try:
        query = cache.query(text)
    except QueryError:
        return
    assert len(cache.titles(query)) == cache.count(query)


# --- in linear time

NASTY = [
    "(", ")", "a:", "a:b ", '"', '""', "-(", "|", "a|", "((((a))))", "~", "-", " ", "x", "x ", "OR ",
    "title:(", 'title:"', 'title:" ', "title:=", "genre:a|", "1..", "bpm:1", "bpm:1 ", "9", "..", ",", ".",
    "^", "$", "+", "~", '=~"', "=~(", "title:=~a", "title:=~[", "title:^", '"$', '"$ ', "in:a/", ">", "a>",
    "-7d", ":", "=", "meta.", "\\", "∕", "é", "\0", "\n", "(a)", "(a) ", "-(a) ", "http://", "a-", '"a" ',
]  # fmt: skip


def _quickest(ask: Callable[[str], object], text: str) -> float:
    """The processor time in seconds, the best of three."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        with suppress(QueryError):
            ask(text)
        best = min(best, time.process_time() - begun)
    return best


@pytest.mark.parametrize("prefix", ["", "title:", "bpm:"])
@pytest.mark.parametrize("part", NASTY)
def test_parsing_takes_linear_time(prefix: str, part: str) -> None:
    """Text of four times the length takes about four times as long, not sixteen times."""

    def text(size: int) -> str:
        times = (size - len(prefix)) // len(part.encode())
        return prefix + part * times

    short, long = _quickest(parse, text(1024)), _quickest(parse, text(4096))
    assert long < 10 * short + 0.002


@pytest.mark.parametrize("part", NASTY)
def test_very_long_text_is_refused_quickly(part: str) -> None:
    text = part * (65536 // len(part))
    with pytest.raises(QueryError, match="a query may have 4096 bytes"):
        parse(text)
    assert _quickest(parse, text) < 0.005
    assert _quickest(starts_like_query, text) < 0.05
