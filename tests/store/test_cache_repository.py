"""What the cache stores, and how it is read and changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy.exc import ResourceClosedError

from mcfs.errors import NotFoundError, StoreError
from mcfs.query import parse
from mcfs.sql import BoundQuery, bind_without_values, select_tracks
from mcfs.store import CacheRepository, Counts, SyncState, TrackRecord
from mcfs.store.clock import today
from tests.cache_access import (
    fields_of,
    generation_of,
    get_track,
    insert_tracks,
    remove_tracks,
    select_rows,
    update_tracks,
)
from tests.store.cache_contents import METADATA, PLACES, named, query, track, values_with

WHEN = datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)


def full() -> TrackRecord:
    return TrackRecord(
        annex_key="SHA256E-s1--aa.flac",
        name="Surgeon - Remnants.flac",
        files=("a/remnants.flac", "b/remnants.flac"),
        content_path="annex/objects/aa",
        present=True,
        size=4_000_000_000,
        changed_at=WHEN,
        added_at=WHEN - timedelta(days=1),
        is_live=True,
        decade="1990s",
        left_out='the field "/type"',
        values={
            "artist": ("Surgeon",),
            "genre": ("Ambient", "Techno"),
            "bpm": ("134.5", "99", "fast"),
            "rating": ("5",),
            "key": ("8A",),
            "year": ("1998-01-01",),
            "tracknumber": ("3/12",),
            "Comment": ("",),
            "color": ("red",),
            "crate": ("Festival", "Peak time"),
        },
    )


def test_records_are_read_as_they_were_written(cache: CacheRepository) -> None:
    cache.replace_all([full(), track(2)])
    assert get_track(cache, full().annex_key) == full()
    assert get_track(cache, "MD5E-s2--000002.mp3") == track(2)
    assert get_track(cache, "unknown") is None


def test_every_column_of_track(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([full()])
    microseconds = int(WHEN.timestamp()) * 1_000_000 + 123456
    ((*columns,),) = query(path, "SELECT * FROM track")
    inode = columns.pop(5)
    assert 0 < inode < 1 << 60
    assert columns == [
        1,
        "SHA256E-s1--aa.flac",
        "Surgeon - Remnants.flac",
        "Surgeon - Remnants.flac",
        "surgeon - remnants.flac",
        "a/remnants.flac",
        "annex/objects/aa",
        1,
        4_000_000_000,
        microseconds,
        microseconds - 86_400_000_000,
        "Surgeon",
        None,
        None,
        "Ambient",
        99.0,
        5,
        "8A",
        15,
        1998,
        3,
        "1990s",
        1,
        1,
        'the field "/type"',
    ]


def test_values_that_are_not_numbers_leave_number_columns_empty(
    cache: CacheRepository, path: Path
) -> None:
    cache.replace_all(
        [
            track(1, bpm="fast", rating=("lots", "many"), year="x", tracknumber=("A1",), genre=()),
            track(2, rating="99999999999999999999", tracknumber=("x", "2"), bpm=()),
        ]
    )
    assert query(path, "SELECT bpm, rating, year, tracknumber, genre FROM track ORDER BY id") == [
        (None, None, None, None, None),
        (None, None, None, 2, None),
    ]


def test_a_size_beyond_64_bits_is_unknown(cache: CacheRepository) -> None:
    cache.replace_all([replace(track(1), size=2**64)])
    held = get_track(cache, track(1).annex_key)
    assert held is not None
    assert held.size is None


def test_times_of_any_zone_are_stored_in_utc(cache: CacheRepository) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    cache.replace_all([replace(track(1), changed_at=WHEN.astimezone(there))])
    held = get_track(cache, track(1).annex_key)
    assert held is not None
    assert held.changed_at == WHEN
    assert held.changed_at.tzinfo is UTC


def test_time_without_a_zone_is_refused(cache: CacheRepository) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        cache.replace_all([replace(track(1), changed_at=WHEN.replace(tzinfo=None))])


def test_each_distinct_value_is_stored_once(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(n, genre=("Techno", "techno"), bpm="128") for n in range(1, 4)])
    assert query(
        path, f"SELECT text, folded, number FROM value WHERE {METADATA} ORDER BY text"
    ) == [
        ("128", "128", 128.0),
        ("Techno", "techno", None),
        ("techno", "techno", None),
    ]
    assert query(path, "SELECT count(*) FROM track_value") == [(9 + 3 * PLACES,)]


def test_a_repeated_value_is_stored_once(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(1, genre=("a", "a", "b"))])
    insert_tracks(cache, [track(2, genre=("c", "c"))])
    assert query(path, "SELECT count(*) FROM track_value") == [(3 + 2 * PLACES,)]


def test_a_value_in_two_spellings_of_a_field_is_stored_once(
    cache: CacheRepository, path: Path
) -> None:
    cache.replace_all([track(1, genre="a"), track(2, genre="a", Genre=("a", "b"))])
    insert_tracks(cache, [track(3, GENRE="a", genre="a")])
    assert query(path, "SELECT count(*) FROM track_value") == [(4 + 3 * PLACES,)]


def test_spellings_of_a_field_are_one_field(cache: CacheRepository) -> None:
    cache.replace_all([track(1, genre="a"), track(2, Genre="b"), track(3, genre="c")])
    assert fields_of(cache) == [("genre", "Genre", 3)]
    insert_tracks(cache, [track(4, GENRE="d")])
    assert fields_of(cache) == [("genre", "GENRE", 4)]


def _bound(text: str) -> BoundQuery:
    return bind_without_values(parse(text), today())


def test_more_tracks_than_one_batch(cache: CacheRepository, path: Path) -> None:
    cache.replace_all(track(n, title=f"t{n}", genre="g") for n in range(1, 9002))
    assert cache.count() == 9001
    assert query(path, "SELECT count(*) FROM track_value") == [(9001 * (2 + PLACES),)]
    assert [
        row.name
        for row in select_rows(
            cache, select_tracks(bind_without_values(parse("title:t8999"), today()))
        )
    ] == ["8999.mp3"]


def test_a_load_replaces_everything(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(1, genre="Techno"), track(2)])
    cache.replace_all([track(3, mood="dark")])
    assert cache.count() == 1
    assert [field.name for field in fields_of(cache)] == ["mood"]
    assert values_with(path, "tech") == []
    assert values_with(path, "dark") == [("mood", "dark")]
    cache.replace_all([])
    assert cache.count() == 0


def test_insert_update_remove_one(cache: CacheRepository) -> None:
    insert_tracks(cache, [track(1, genre="Techno")])
    assert get_track(cache, track(1).annex_key) == track(1, genre="Techno")
    update_tracks(cache, [track(1, genre="House", bpm="120")])
    assert get_track(cache, track(1).annex_key) == track(1, genre="House", bpm="120")
    assert [field.name for field in fields_of(cache)] == ["bpm", "genre"]
    remove_tracks(cache, [track(1).annex_key])
    assert cache.count() == 0
    assert fields_of(cache) == []


def test_insert_update_remove_many(cache: CacheRepository) -> None:
    some = range(1, 2501)
    insert_tracks(cache, (track(n, title=f"t{n}") for n in some))
    assert cache.count() == 2500
    update_tracks(cache, (track(n, title=f"u{n % 7}") for n in some))
    assert cache.count(_bound("title:=u3")) == 357
    remove_tracks(cache, (track(n).annex_key for n in some if n % 2))
    assert cache.count() == 1250


def test_update_keeps_id_and_inode(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(1, genre="a"), track(2, genre="a")])
    before = query(path, "SELECT id, inode FROM track WHERE name = '1.mp3'")
    update_tracks(cache, [named(track(1, genre="b"), "renamed.mp3")])
    assert query(path, "SELECT id, inode FROM track WHERE name = 'renamed.mp3'") == before


def test_inodes_are_the_same_after_a_rebuild(cache: CacheRepository, path: Path) -> None:
    records = [track(n) for n in range(1, 50)]
    cache.replace_all(records)
    before = query(path, "SELECT annex_key, inode FROM track ORDER BY annex_key")
    cache.replace_all(reversed(records))
    assert query(path, "SELECT annex_key, inode FROM track ORDER BY annex_key") == before


def test_two_tracks_swap_their_names_and_files(cache: CacheRepository) -> None:
    one, two = track(1), track(2)
    cache.replace_all([one, two])
    traded = [
        replace(one, name=two.name, files=two.files),
        replace(two, name=one.name, files=one.files),
    ]
    update_tracks(cache, traded)
    assert [get_track(cache, record.annex_key) for record in traded] == traded


def test_several_changes_are_one_generation(cache: CacheRepository) -> None:
    cache.replace_all([track(1), track(2)])
    before = generation_of(cache)
    with cache.writing() as write:
        write.remove([track(1).annex_key])
        write.update([named(track(2), "1.mp3")])
        write.insert([named(track(3), "2.mp3")])
        write.set_state(SyncState(library_uuid="c0ffee"))
    after = generation_of(cache)
    assert (after.store_uuid, after.counter) == (before.store_uuid, before.counter + 1)
    assert cache.state() == SyncState(library_uuid="c0ffee")
    assert cache.count() == 2


def test_insert_refuses_an_existing_track(cache: CacheRepository) -> None:
    insert_tracks(cache, [track(1)])
    with pytest.raises(StoreError, match="annex_key"):
        insert_tracks(cache, [named(track(1), "another.mp3")])


def test_update_refuses_an_unknown_track(cache: CacheRepository) -> None:
    insert_tracks(cache, [track(1)])
    with pytest.raises(NotFoundError, match="no track MD5E-s2--000002"):
        update_tracks(cache, [named(track(1), "renamed.mp3"), track(2)])
    assert get_track(cache, track(1).annex_key) == track(1)


def test_only_changes_begin_a_new_generation(cache: CacheRepository) -> None:
    start = generation_of(cache)
    assert start.counter == 0
    cache.replace_all([track(1, genre=("b", "a"))])
    update_tracks(cache, [track(1, Genre=("a", "b"), mood=())])
    remove_tracks(cache, ["unknown"])
    insert_tracks(cache, [])
    cache.record_finish(WHEN, Counts(0, 0, 0, {}))
    with cache.writing() as write:
        write.set_state(SyncState(library_uuid="c0ffee"))
    assert generation_of(cache) == replace(start, counter=1)
    assert len({start, generation_of(cache), generation_of(cache)}) == 2


def test_state_keeps_everything(cache: CacheRepository) -> None:
    assert cache.state() == SyncState()
    state = SyncState(
        library_uuid="u",
        fingerprint={"mtime": 1.5, "size": 7, "journal": ["a.log", "é\udce9"[:1]]},
        started_at=WHEN,
        finished_at=WHEN + timedelta(seconds=3),
        counts={"tracks": 1, "deep": {"er": [1, 2.5, "x", None, True]}},
    )
    cache.replace_all([track(1)], state)
    assert cache.state() == state
    cache.replace_all([track(1)])
    assert cache.state() == state


def test_an_empty_state_is_null(cache: CacheRepository, path: Path) -> None:
    """NULL, and not the JSON text "null"."""
    with cache.writing() as write:
        write.set_state(SyncState())
    assert query(path, "SELECT counts, fingerprint FROM sync_state") == [(None, None)]


def test_select_runs_what_sql_builds(cache: CacheRepository) -> None:
    cache.replace_all([track(1, title="Dark Matter"), track(2, title="Light")])
    rows = select_rows(cache, select_tracks(_bound("title:matt")))
    assert [(row.name, row.size, row.present) for row in rows] == [("1.mp3", 1, True)]
    assert cache.count(_bound("title:light")) == 1
    assert cache.count(_bound("")) == 2


def test_fields_and_how_many_tracks_have_them(cache: CacheRepository) -> None:
    cache.replace_all([track(1, genre=("a", "b"), bpm="1"), track(2, genre="a")])
    assert fields_of(cache) == [("bpm", "bpm", 1), ("genre", "genre", 2)]


def test_rows_outlive_the_repository(cache: CacheRepository) -> None:
    cache.replace_all([track(1)])
    (row,) = select_rows(cache, select_tracks(_bound("")))
    cache.close()
    assert row.name == "1.mp3"


def test_reader_and_writer_cannot_be_used_after_their_transaction(cache: CacheRepository) -> None:
    with cache.reading() as read:
        read.count()
    with cache.writing() as write:
        pass
    with pytest.raises(ResourceClosedError):
        read.count()
    with pytest.raises(ResourceClosedError):
        write.set_state(SyncState())


def test_records_are_iterated_once_and_lazily(cache: CacheRepository) -> None:
    asked = []

    def records() -> Iterator[TrackRecord]:
        for number in range(1, 4):
            asked.append(number)
            yield track(number)

    cache.replace_all(records())
    assert asked == [1, 2, 3]


def test_values_by_place(cache: CacheRepository) -> None:
    odd = replace(track(3, artist="caf\udce9"), annex_key="WORM--caf\udce9")
    records = [full(), track(2, Genre="Techno", mood="dark"), odd, track(4)]
    cache.replace_all(records)
    with cache.reading() as read:
        places = read.track_ids_of_keys([*(record.annex_key for record in records), "unknown"])
        assert places.keys() == {record.annex_key for record in records}
        fields = {"artist", "genre", "bpm", "comment"}
        for some in (records, records[1:2], records[::3], []):
            numbers = [places[record.annex_key] for record in some]
            assert read.keys_of_ids(numbers) == {
                places[record.annex_key]: record.annex_key for record in some
            }
            assert read.values_of_ids(numbers, fields) == {
                places[record.annex_key]: {
                    name.lower(): held
                    for name, held in record.values.items()
                    if name.lower() in fields
                }
                for record in some
            }


def test_values_of_places_close_together_and_far_apart(cache: CacheRepository) -> None:
    tracks = [track(number, title=f"Title {number}") for number in range(1, 2502)]
    cache.replace_all(tracks)
    with cache.reading() as read:
        places = read.track_ids_of_keys(each.annex_key for each in tracks)
        for some in (tracks, tracks[::2], tracks[::50], tracks[::2000]):
            numbers = [places[each.annex_key] for each in some]
            assert read.values_of_ids(numbers, {"title", "artist"}) == {
                places[each.annex_key]: {"title": each.values["title"]} for each in some
            }
            assert len(read.keys_of_ids(numbers)) == len(some)


def test_values_that_contain_the_separator(cache: CacheRepository) -> None:
    odd = ("", "1", "2\x1f3", "\x1f", "a\x00b", "caf\udce9", "\U0001f3b9")
    records = [track(1, crate=odd, artist="caf\udce9\x1f"), track(2, crate=odd[4:], title="\x00")]
    cache.replace_all(records)
    with cache.reading() as read:
        places = read.track_ids_of_keys(record.annex_key for record in records)
        one, two = (places[record.annex_key] for record in records)
        assert read.values_of_ids([one, two], {"artist", "crate", "title"}) == {
            one: {"crate": tuple(sorted(odd)), "artist": ("caf\udce9\x1f",)},
            two: {"crate": tuple(sorted(odd[4:])), "title": ("\x00",)},
        }
        assert read.values_of_ids([one, two], {"nobody has this"}) == {one: {}, two: {}}


def test_places_of_files(cache: CacheRepository) -> None:
    odd = replace(track(3), files=("caf\udce9.mp3",))
    cache.replace_all([full(), track(2), odd])
    with cache.reading() as read:
        places = read.track_ids_of_files(
            ["b/remnants.flac", "music/2.mp3", "caf\udce9.mp3", "gone"]
        )
        keys = read.keys_of_ids(list(places.values()))
        assert {path: keys[place] for path, place in places.items()} == {
            "b/remnants.flac": full().annex_key,
            "music/2.mp3": track(2).annex_key,
            "caf\udce9.mp3": odd.annex_key,
        }
