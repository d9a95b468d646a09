"""Parsing of logs, compared with git-annex itself and with written examples."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mcfs.annex.logs import Metadata, first_added, is_dead, parse_metadata
from tests.annex.logs_by_git_annex import Fields, LogReader, new_log_reader
from tests.prerequisites import needs_git_annex

# One log each, with the trap it is about. `git annex metadata` says what each of them means.
LOGS: dict[str, bytes] = {
    "plain": b"1700000000.5s artist +Foo title +Bar\n",
    "several values": b"1700000000s genre +techno +house\n",
    "unset": b"1700000000s genre +techno +house\n1700000001s genre -techno\n",
    "the order of lines means nothing": b"1700000001s genre -techno\n1700000000s genre +techno\n",
    "set again": b"1s a +x\n2s a -x\n3s a +x\n",
    "newest sign per value": b"1s a +x +y\n2s a -x +z\n",
    "base64": b"1700000000s title +!SGVsbG8gd29ybGQ= artist +!IWJhbmc=\n",
    "base64 of what needs none": b"1700000000s title +!cGxhaW4=\n",
    "bad base64": b"1700000000s title +!n*pe artist +x\n",
    "unpadded base64": b"1700000000s title +!cGxhaW4 +x\n",
    "tab, no-break space, U+3000, U+2028": "1s t +a\tb +c\u00a0d +e\u3000f +g\u2028h\n".encode(),
    "form feed and NEL": b"1s t +a\x0cb +c\xc2\x85d\n",
    "not UTF-8": b"1700000000s title +caf\xe9\n",
    "empty value": b"1700000000s title +\n",
    "nine decimals": b"1700000000.000000001s a -x\n1700000000.000000002s a +x\n",
    "more digits than a float": b"1700000000.123456789s a +x\n1700000000.123456788s a -x\n",
    "no s": b"1700000000 a +x\n",
    "negative": b"-5s a +x\n-4s a -x +y\n",
    "same second": b"1s a +x\n1s a -x\n",
    "same second, other way round": b"1s a -x\n1s a +x\n",
    "same second, other values": b"1s a +x +z\n1s a -x +b\n",
    "same second, shorter line": b"1s a -x +y\n1s a +x\n",
    "twice in a line": b"1s a +x -x\n",
    "twice in a line, on": b"1s a -x +x\n",
    "garbage": b"<<<<<<< HEAD\n1s a +x\n=======\nfoo bar\n>>>>>>> other\n",
    "field names fold": b"1s Genre +techno\n2s genre +house\n",
    "field names fold, unset": b"1s Genre +techno\n2s GENRE -techno +x\n",
    "field names fold beyond ASCII": "1s Künstler +a\n2s KÜNSTLER +b\n".encode(),
    "sign in a value": b"1s a ++x +-y\n",
    "emoji": "1s title +🎵 comment +„quoted“\n".encode(),
    "carriage return": b"1s a +!eA0KeQ==\n",
    "no newline at the end": b"1s a +x",
    "a value before any field": b"1s +x a +y\n",
    "a field without a value": b"1s a b +y\n",
    "two spaces": b"1s  a  +x  b +y \n",
    "a space before": b" 1s a +x\n",
    "a sign alone": b"1s a + b -\n",
    "decimals that are none": b"1.x5s a +x\n",
    "no decimals": b"1.s a +x\n",
    "twelve decimals": b"1.123456789012s a +x\n",
    "plus before the time": b"+1s a +x\n",
    "field in base64": b"1s !YSBi +x\n",
    "base64 and more": b"1s a +!YWI=YWI= +x\n",
    "base64 and more, two": b"1s a +!YQ==YQ== +x\n",
    "base64 and more letters": b"1s a +!YWI=YW +x\n",
    "base64 padded too much": b"1s a +!YWI== +x\n",
    "base64 padded for nothing": b"1s a +!YWJj= +x\n",
    "base64 with bits left over": b"1s a +!YWJ= +x\n",
    "CR LF": b"1s a +x\r\n2s b +y\r\n",
    "CR LF and LF": b"1s a +x\r\n2s b +y\n",
    "CR alone": b"1s a +x\r2s b +y\n3s c +z\n",
    "CR in a value": b"1s a +x\ry b +y\n",
    "base64 of nothing": b"1s a +! +x\n",
    "base64 with a line in it": b"1s a +!YW\rI= +x\n",
    "the same field twice in a line": b"1s a +x b +y a +z -x\n",
    "names that fold to two letters": "1s straße +a\n2s STRASSE +b\n".encode(),
    "names that fold to one": "1s \u212aey +a\n2s key +b\n".encode(),
    "a first word with a sign": b"1s +x +y -z a +q\n2s +X +w\n",
    "a first word with a sign and base64": b"1s +!YQ== +y\n",
    "an empty name": b"100s f  +x   +y\n",
    "names that are not UTF-8": b"1s a +x caf\xe9 +y b +z\n1s c +\xff\n1s \xff +x b +y\n",
    "a time of five thousand digits": b"9" * 5000 + b"s a +x\n1s a -x +y\n",
    "times that differ in their last of many digits": b"9" * 5000
    + b"s a -x\n"
    + b"9" * 4999
    + b"8s a +x\n",
    "a time before many digits": b"-" + b"9" * 5000 + b"s a -x\n-1s a +x\n",
    "a name like those of mcfs": b"1s /type +mp3\n",
    "a spelling without a value": b"1s a +x\n2s A\n",
    "a spelling whose value is unset": b"1s a +x\n2s A -y\n",
    "two spellings in a line": b"1s a +x A +y a\n",
    "empty": b"",
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> LogReader:
    """git-annex, for reading logs."""
    needs_git_annex()
    return new_log_reader(tmp_path_factory.mktemp("oracle"))


@pytest.fixture(scope="module")
def expected(reader: LogReader) -> dict[str, dict[str, list[str]]]:
    """git-annex's own result for each log, after it was written to the branch."""
    return dict(zip(LOGS, map(_without_times, reader.read(list(LOGS.values()))), strict=True))


def _without_times(fields: Fields) -> Fields:
    """What git-annex derives from the times in the log is no metadata."""
    return {
        name: sorted(map(_shown, values))
        for name, values in fields.items()
        if not name.endswith("lastchanged")
    }


def _shown(text: str) -> str:
    """JSON cannot carry bytes that are not UTF-8: git-annex prints one replacement or more for some."""
    replaced = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return re.sub("\N{REPLACEMENT CHARACTER}+", "\N{REPLACEMENT CHARACTER}", replaced)


def _as_printed(metadata: Metadata) -> Fields:
    return {name: sorted(map(_shown, texts)) for name, texts in metadata.values.items()}


@pytest.mark.parametrize("trap", LOGS)
def test_metadata_agrees_with_git_annex(
    trap: str, expected: dict[str, dict[str, list[str]]]
) -> None:
    assert _as_printed(parse_metadata(LOGS[trap])) == expected[trap]


def test_a_value_that_is_not_utf8_is_kept() -> None:
    assert parse_metadata(LOGS["not UTF-8"]).values == {"title": ("caf\udce9",)}


_NAMES = [
    "a",
    "A",
    "b",
    "",
    "k",
    "\N{KELVIN SIGN}",
    "é",
    "É",
    "a\N{COMBINING ACUTE ACCENT}",
    "/type",
    "-",
    "+x",
]
_name = st.sampled_from([name.encode() for name in _NAMES]) | st.binary(max_size=3)
_text = st.sampled_from(
    [b"", b"x", b"y", b"!eA==", b"!eA=", b"!", b"!AA==", b"-x", b"\xe9", "ü".encode()]
)
_value = st.builds(bytes.__add__, st.sampled_from([b"+", b"-"]), _text | st.binary(max_size=4))
# Written short, for a failure to be readable: see `_long`.
_digits = st.sampled_from([b"1", b"2", b"02", b"9" * 30, b"@", b"@0"])
_fraction = st.sampled_from([b"", b".5", b".500000000", b".5000000001", b".", b".x"])
_time = st.builds(
    lambda *parts: b"".join(parts),
    st.sampled_from([b"", b"", b"-", b"+", b"x"]),
    _digits,
    _fraction,
    st.sampled_from([b"s", b"s", b"", b"ss"]),
)
_line = st.builds(
    lambda time, words: b" ".join([time, *words]), _time, st.lists(_name | _value, max_size=6)
)
_log = st.builds(
    lambda lines, end: end.join(lines),
    st.lists(_line | st.binary(max_size=12), max_size=5),
    st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]),
)


def _long(log: bytes) -> bytes:
    """The log with five thousand digits in the place of each `@`."""
    return log.replace(b"@", b"9" * 5000)


# Not made smaller after a failure: that would ask git-annex for minutes, and the message names the log.
@settings(
    deadline=None,
    max_examples=12,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate],
)
@given(logs=st.lists(_log, min_size=40, max_size=60))
def test_any_log_means_what_git_annex_says(reader: LogReader, logs: list[bytes]) -> None:
    """The values, and the time of the last change."""
    for log, fields in zip(logs, reader.read(list(map(_long, logs))), strict=True):
        ours = parse_metadata(_long(log))
        assert _as_printed(ours) == _without_times(fields), log
        if ours.changed_at is not None:
            assert fields["lastchanged"] == [f"{ours.changed_at:%Y-%m-%d@%H-%M-%S}"], log


@settings(deadline=None)
@given(log=_log | st.binary())
def test_any_log_can_be_read(log: bytes) -> None:
    for read in (parse_metadata, first_added, is_dead):
        read(_long(log))


def test_the_time_of_the_last_change() -> None:
    log = b"1700000000.5s a +x\n1600000000s b +y\n"
    assert parse_metadata(log).changed_at == datetime.fromtimestamp(1700000000.5, UTC)
    assert parse_metadata(b"").changed_at is None


def test_a_time_beyond_the_calendar_is_ignored() -> None:
    assert parse_metadata(b"99999999999999999s a +x\n").changed_at is None
    assert parse_metadata(b"infs a +x\n").values == {}


def test_the_date_added_is_the_earliest_in_the_location_log() -> None:
    log = b"1700000002s 1 uuid-a\n1700000001.25s 0 uuid-b\n\nrubbish\n"
    assert first_added(log) == datetime.fromtimestamp(1700000001.25, UTC)
    assert first_added(b"") is None


@pytest.mark.parametrize(
    ("log", "dead"),
    [
        (b"", False),
        (b"1s 1 a\n", False),
        (b"1s 1 a\n2s X a\n", True),
        (b"2s X a\n1s 1 a\n", True),
        (b"2s X a\n1s 1 b\n", False),
        (b"2s X a\n3s 1 a\n", False),
        # As git-annex lists or leaves out such keys with --all.
        (b"1s 0 a\n1s X a\n", False),
        (b"1s X a\n1s 0 a\n", True),
        (b"1s Z a\n2s X b\n", True),
        (b"rubbish\n1s X a\n", True),
        (b"1s X a\r\n", True),
        (b"1s 1 a\n2s X a of two words\n", False),
    ],
)
def test_dead(log: bytes, dead: bool) -> None:
    assert is_dead(log) is dead
