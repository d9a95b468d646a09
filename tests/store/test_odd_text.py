"""Texts that are unusual, but that tag editors and file systems allow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcfs.query import Equals, Query
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import CacheRepository, SyncState
from mcfs.store.clock import today
from mcfs.store.user_repository import UserRepository
from mcfs.text.fold import fold
from tests.cache_access import (
    fields_of,
    get_track,
    insert_tracks,
    remove_tracks,
    select_rows,
    update_tracks,
)
from tests.store.cache_contents import METADATA, check_trigrams, contents, query, track, values_with

ODD_TEXTS = {
    "nul": "before\0after",
    "only nul": "\0",
    "not utf-8": "caf\udce9 del mar",
    "right to left": "שלום עולם",
    "arabic": "أهلا\u200fوسهلا",
    "emoji": "👩🏽\u200d🎤 live 🏳️\u200d🌈",
    "combining": "e\u0301" * 5,
    "beyond the plane": "𝕋𝕖𝕔𝕙𝕟𝕠",
    "newline": "one\ntwo\r\nthree\ttab",
    "quotes": "\"'`%_\\\\",
    "spaces": "  \u00a0\u3000 ",
    "empty": "",
    "long": "Größe " * 11_000,
    "noncharacter": "\uffff\ufdd0",
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_odd_text_comes_back(cache: CacheRepository, path: Path, text: str) -> None:
    record = replace(
        track(1, comment=text, title=(text, "plain")),
        files=tuple(sorted(["music/" + text, "plain.mp3"])),
        content_path="objects/" + text,
    )
    cache.replace_all([record, track(2, comment="other")])
    held = get_track(cache, record.annex_key)
    assert held is not None
    assert held.files == record.files
    assert held.content_path == record.content_path
    assert {name: set(texts) for name, texts in held.values.items()} == {
        name: set(texts) for name, texts in record.values.items()
    }
    loaded = contents(path)
    cache.replace_all([track(2, comment="other")])
    insert_tracks(cache, [record])
    assert contents(path) == loaded
    # Text that is only space is compared as the empty text.
    asked = Query(Equals("comment", fold(text if text.strip() else "")))
    assert [
        row.name for row in select_rows(cache, select_tracks(bind_without_values(asked, today())))
    ] == ["1.mp3"]
    check_trigrams(path)
    remove_tracks(cache, [record.annex_key])
    assert query(path, f"SELECT text FROM value WHERE {METADATA}") == [("other",)]
    check_trigrams(path)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("שלום עולם", "לום"),
        ("👩🏽\u200d🎤 live", "🎤 l"),
        ("BEYONCÉ", "yonce"),
        ("戦場のメリークリスマス", "のメリ"),
        ("caf\udce9 del mar", "del mar"),
        ('say "hi" twice', '"hi"'),
        ("Größe " * 11_000, "grosse grosse"),
    ],
)
def test_substrings_of_odd_text(cache: CacheRepository, path: Path, text: str, part: str) -> None:
    insert_tracks(cache, [track(1, comment=text)])
    assert len(values_with(path, part)) == 1
    update_tracks(cache, [track(1, comment="now plain")])
    assert values_with(path, part) == []


def test_file_names_that_differ_only_in_bytes(cache: CacheRepository) -> None:
    one, two = replace(track(1), files=("caf\udce9",)), replace(track(2), files=("café",))
    cache.replace_all([one, two])
    assert get_track(cache, one.annex_key) == one
    assert get_track(cache, two.annex_key) == two


def test_keys_and_fields_that_are_not_utf8(cache: CacheRepository) -> None:
    record = replace(track(1, **{"f\udcefeld": "x"}), annex_key="URL--h\udce9", name="n\udce9.mp3")
    insert_tracks(cache, [record])
    assert get_track(cache, "URL--h\udce9") == record
    update_tracks(cache, [replace(record, values={"F\udcefELD": ("x", "y")})])
    assert fields_of(cache) == [("f\udcefeld", "F\udcefELD", 1)]
    remove_tracks(cache, ["URL--h\udce9"])
    assert cache.count() == 0


def test_state_and_pins_keep_any_text(cache: CacheRepository, user: UserRepository) -> None:
    state = SyncState(library_uuid="caf\udce9: 👩🏽\u200d🎤\0")
    with cache.writing() as write:
        write.set_state(state)
    assert cache.state() == state
    for text in ODD_TEXTS.values():
        user.add_pin("pin " + text, text)
    pins = {pin.name: pin.query_text for pin in user.pins()}
    assert pins == {"pin " + text: text for text in ODD_TEXTS.values()}


anything = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40) | st.binary(
    max_size=20
).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(anything, min_size=1, max_size=6, unique=True))
def test_any_text_round_trips(cache: CacheRepository, path: Path, texts: list[str]) -> None:
    record = track(1, comment=tuple(texts))
    cache.replace_all([])
    insert_tracks(cache, [record])
    held = get_track(cache, record.annex_key)
    assert held is not None
    assert held.values["comment"] == tuple(sorted(texts))
    assert [row[0] for row in query(path, f"SELECT count(*) FROM value WHERE {METADATA}")] == [
        len(texts)
    ]
    for text in texts:
        folded = fold(text)
        if len(folded) >= 3 and "\0" not in folded and folded.isprintable():
            assert ("comment", text) in values_with(path, folded[:3])
