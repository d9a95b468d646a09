"""The statements about tracks, and the rows that they promise."""

from __future__ import annotations

from mcfs.query import Query
from mcfs.sql import EntryRow, bind_without_values, select_entries, select_entry
from mcfs.text.timestamps import to_microseconds
from tests.records import RECORDS, TODAY, SampleCache


def test_the_columns_are_the_fields_of_the_row() -> None:
    bound = bind_without_values(Query(), TODAY)
    for compiled in (select_entries(bound), select_entry(bound, "Rez.wav")):
        assert tuple(compiled.statement.selected_columns.keys()) == EntryRow._fields


def test_every_field_is_what_it_is_called(cache: SampleCache) -> None:
    with cache.store.cache.reading() as read:
        rows = read.rows(select_entries(cache.bound("")))
        keys = read.annex_keys(row[1] for row in rows)
        entries = {keys[entry.inode]: entry for entry in map(EntryRow._make, rows)}
        records = read.records(entries)
    assert len(entries) == len(RECORDS)
    assert len({entry.inode for entry in entries.values()}) == len(RECORDS)
    for key, record in records.items():
        entry = entries[key]
        assert entry.other_key is None
        changed = record.changed_at or record.added_at
        assert entry.name == record.name
        assert entry.work_path == (record.files[0] if record.present else None)
        assert entry.content_path == (None if record.present else record.content_path)
        with cache.store.cache.reading() as read:
            assert read.content_path(entry.inode) == record.content_path
        assert entry.size == record.size
        assert entry.changed == (None if changed is None else to_microseconds(changed))


def test_an_entry_by_its_name(cache: SampleCache) -> None:
    with cache.store.cache.reading() as read:
        listed = read.rows(select_entries(cache.bound("genre:techno")))
        for row in listed:
            assert read.rows(select_entry(cache.bound("genre:techno"), row[0])) == [row]
        assert read.rows(select_entry(cache.bound("genre:techno"), "no such name")) == []
