"""Taking snapshots, and which changes of the library make them stale."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcfs.config.settings import Absent, Entries, Names, Settings, ViewSettings
from mcfs.errors import NotFoundError, QueryError
from mcfs.snapshots.after_sync import newly_stale
from mcfs.snapshots.source import folder_source, parse_levels, query_source, source_of
from mcfs.snapshots.staleness import check_snapshots, compare_now
from mcfs.snapshots.taking import take, take_again
from mcfs.store import Store, TrackRecord, open_store
from mcfs.store.snapshot_records import FrozenTrack, OutputMode, Snapshot, TakenSnapshot
from mcfs.tree.tree import Tree

AT = datetime(2025, 6, 12, 20, tzinfo=UTC)
VIEW = ViewSettings("peak", query="genre:techno", templates=("{{ genre }}",))
SETTINGS = Settings(views={"peak": VIEW})


def record(name: str, genre: str, *, present: bool = True, **values: str) -> TrackRecord:
    return TrackRecord(
        annex_key=f"KEY-{name}",
        name=f"{name}.flac",
        files=(f"{name}.flac",),
        content_path=f"annex/objects/{name}",
        present=present,
        changed_at=datetime(2025, 6, 1, tzinfo=UTC),
        values={"genre": tuple(genre.split("|")), **{name: (v,) for name, v in values.items()}},
    )


LIBRARY = [
    record("a", "Techno", bpm="130", rating="5"),
    record("b", "Techno|Dub", bpm="125", rating="4"),
    record("c", "House", bpm="120", rating="3"),
    record("d", "Techno", bpm="128", present=False),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        opened.cache.replace_all(LIBRARY)
        yield opened


def change(store: Store, *records: TrackRecord) -> None:
    """A sync that has found these tracks changed."""
    with store.cache.writing() as write:
        write.update(records)


def taken(
    store: Store, text: str, settings: Settings = SETTINGS, template: str | None = None
) -> Snapshot:
    """A snapshot of a folder if the text has a slash or is a view, else of a query."""
    tree = Tree(store, settings)
    is_folder = "/" in text or text in tree.state.views.by_name
    source = folder_source(text, tree) if is_folder else query_source(text, tree)
    return take("s", source, store, tree, at=AT, configuration_changed_at=None, template=template)


def refreshed(store: Store, settings: Settings = SETTINGS) -> Snapshot:
    tree, snapshot = Tree(store, settings), store.user.snapshots.get("s")
    take_again(
        snapshot, source_of(snapshot, tree), store, tree, at=AT, configuration_changed_at=None
    )
    return store.user.snapshots.get("s")


def reason(store: Store, settings: Settings = SETTINGS) -> str | None:
    """Why the snapshot is stale, after a check and as comparing everything finds it."""
    tree = Tree(store, settings)
    check_snapshots(store, tree)
    found = store.user.snapshots.get("s")
    compared, _ = compare_now("s", store, tree)
    assert found.stale_reason == compared.stale_reason, "a check finds what comparing finds"
    assert found.is_stale == (found.stale_reason is not None)
    assert found.checked is not None
    return found.stale_reason


def keys(store: Store) -> list[str]:
    return [key.removeprefix("KEY-") for key in store.user.snapshots.annex_keys("s")]


def test_what_is_kept(store: Store) -> None:
    snapshot = taken(store, "genre:techno sort:bpm")
    assert keys(store) == ["b", "a"]
    assert (snapshot.query_text, snapshot.folder, snapshot.template) == (
        "genre:techno sort:bpm", "", ""
    )  # fmt: skip
    assert (snapshot.pin, snapshot.view, snapshot.output_mode) == (None, None, None)
    assert (snapshot.hides_absent, snapshot.taken_at) == (True, AT)
    assert snapshot.metadata_changed_at == datetime(2025, 6, 1, tzinfo=UTC)
    assert snapshot.presence_changed_at is not None
    with store.cache.reading() as read:
        assert snapshot.generation == snapshot.checked == read.generation()
    assert store.user.snapshots.tracks("s")[1] == FrozenTrack(
        "KEY-a", "a.flac", ((),), {"genre": ("Techno",), "bpm": ("130",), "rating": ("5",)}
    )
    assert reason(store) is None


def test_absent_tracks_belong_to_it_where_they_are_shown(store: Store) -> None:
    settings = replace(SETTINGS, absent=Absent.SHOW)
    assert not taken(store, "genre:techno", settings).hides_absent
    assert keys(store) == ["a", "b", "d"]
    assert not store.user.snapshots.tracks("s")[2].present
    # Another setting later makes no difference.
    assert reason(store) is None
    assert refreshed(store).tracks == 3


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ genre }}", [(("Techno",), "a.flac"), (("Dub",), "b.flac"), (("Techno",), "b.flac")]),
        (
            "{{ genre }}/{{ bpm }} {{ genre }}.{{ ext }}",
            [(("Techno",), "130 Techno.flac"), (("Dub",), "125 Dub, Techno.flac"),
             (("Techno",), "125 Dub, Techno.flac")],
        ),
        ("{{ mood or 'A/C' }}/{{ bpm | round_to(100) }}",
         [(("A∕C", "100"), "a.flac"), (("A∕C", "100"), "b.flac")]),
        ("x.{{ ext }}", [((), "x [6d6f74].flac"), ((), "x [7a3b51].flac")]),
    ],
)  # fmt: skip
def test_a_template_is_frozen_too(
    store: Store, template: str, shown: list[tuple[tuple[str, ...], str]]
) -> None:
    taken(store, "genre:techno", template=template)
    tracks = store.user.snapshots.tracks("s")
    found = [(folders, track.name) for track in tracks for folders in sorted(track.folders)]
    if template.startswith("x"):
        assert [folders for folders, _ in found] == [folders for folders, _ in shown]
        assert len({name for _, name in found}) == 2
    else:
        assert found == shown
    change(store, record("a", "House", bpm="99"), record("b", "Polka", bpm="98"))
    assert store.user.snapshots.tracks("s") == tracks


@pytest.mark.parametrize(
    ("query", "changed", "expected"),
    [
        ("genre:techno", record("c", "House", bpm="99"), None),
        ("genre:techno", record("a", "Techno", bpm="99"), None),
        ("genre:techno", record("a", "House"), "1 track left since"),
        ("genre:techno", record("c", "Techno"), "1 track joined since"),
        ("genre:techno", record("d", "Techno"), "1 track joined since"),
        ("genre:techno", record("a", "Techno", present=False), "1 track is no longer here: a"),
        ("-genre:house", record("a", "House"), "1 track left since"),
        ("sort:bpm", record("c", "House", bpm="140"), "the order has changed since"),
        ("sort:-rating limit:1", record("b", "Techno", rating="4"), None),
        # one of those that are not in it
        ("sort:-rating limit:2", record("c", "Techno", rating="1"), None),
        (
            "sort:-rating limit:2",
            record("c", "Techno", rating="5"),
            "1 track joined, 1 left since 12 June 2025: + c.flac, - b.flac",
        ),
        (
            "genre:techno limit:9",
            record("c", "Techno"),
            "1 track joined since 12 June 2025: + c.flac",
        ),
        (
            "sort:-rating limit:1",
            record("a", "Techno", rating="1"),
            "1 track joined, 1 left since 12 June 2025: + b.flac, - a.flac",
        ),
        ("present:no", record("d", "Techno"), "1 track left since"),
    ],
)
def test_one_change(store: Store, query: str, changed: TrackRecord, expected: str | None) -> None:
    taken(store, query)
    change(store, changed)
    found = reason(store)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert expected in found


def test_what_is_gone_and_what_comes_back(store: Store) -> None:
    taken(store, "genre:techno")
    with store.cache.writing() as write:
        write.remove(["KEY-a"])
    assert reason(store) == "1 track is gone from the library: a.flac"
    assert keys(store) == ["a", "b"], "it still has what it froze"
    with store.cache.writing() as write:
        write.insert([LIBRARY[0]])
    assert reason(store) is None


def test_a_rebuilt_cache_loses_nothing_and_is_compared_as_a_whole(
    store: Store, tmp_path: Path
) -> None:
    snapshot = taken(store, "genre:techno")
    store.close()
    (tmp_path / "cache.db").unlink()
    with open_store(tmp_path) as again:
        again.cache.replace_all([*LIBRARY, record("e", "Techno")])
        assert again.user.snapshots.get("s") == snapshot
        assert reason(again) is not None


def test_only_what_a_change_can_touch_is_compared(store: Store) -> None:
    tree = Tree(store, SETTINGS)
    for name, text in (("t", "genre:techno"), ("h", "genre:house"), ("o", "genre:house sort:bpm")):
        source = query_source(text, tree)
        take(name, source, store, tree, at=AT, configuration_changed_at=None)
    numbers = {each.name: each.id for each in store.user.snapshots.all()}
    change(store, record("a", "Techno", bpm="99"))
    checked = check_snapshots(store, Tree(store, SETTINGS))
    assert (checked.compared, checked.postponed) == ({}, 0)
    assert set(checked.unchanged) == set(numbers.values())
    assert check_snapshots(store, Tree(store, SETTINGS)).unchanged == []
    change(store, record("c", "House", bpm="119"))
    checked = check_snapshots(store, Tree(store, SETTINGS))
    assert checked.compared == {numbers["o"]: None}
    change(store, record("a", "House"))
    checked = check_snapshots(store, Tree(store, SETTINGS))
    assert set(checked.compared) == set(numbers.values())
    assert [each.is_stale for each in store.user.snapshots.all()] == [True, True, True]


def test_what_the_budget_does_not_allow_is_done_by_the_next_check(store: Store) -> None:
    taken(store, "genre:techno")
    change(store, record("a", "House"))
    seconds = iter([0.0, 2.0])
    checked = check_snapshots(store, Tree(store, SETTINGS), budget=1.0, clock=lambda: next(seconds))
    assert checked.postponed == 1
    assert not store.user.snapshots.get("s").is_stale
    assert reason(store) is not None


def test_a_day_makes_a_difference_to_relative_dates(store: Store) -> None:
    taken(store, "added:>-30d | genre:techno")
    generation = store.user.snapshots.get("s").generation
    number = store.user.snapshots.get("s").id
    store.user.snapshots.mark_unchanged([number], generation, datetime(2025, 1, 1, tzinfo=UTC))
    assert number in check_snapshots(store, Tree(store, SETTINGS)).compared


def test_a_snapshot_of_another_snapshot(store: Store) -> None:
    taken(store, "genre:techno")
    store.user.snapshots.rename("s", "first")
    taken(store, "snapshot:first bpm:<130")
    assert keys(store) == ["b"]
    assert reason(store) is None
    store.user.snapshots.drop("s")
    assert taken(store, "snapshots/first").query_text == "snapshot:first"
    assert keys(store) == ["a", "b"]
    store.user.snapshots.drop("first")
    assert reason(store) == (
        'no snapshot of the name "first"; `mcfs snapshot list` lists what there is'
    )
    with pytest.raises(QueryError):
        refreshed(store)


def test_a_pin_and_its_query(store: Store) -> None:
    store.user.add_pin("Peak time", "genre:techno")
    assert taken(store, "pins/Peak time").pin == "Peak time"
    store.user.rename_pin("Peak time", "Other", "genre:techno")
    assert reason(store) is None
    store.user.rename_pin("Other", "Other", "genre:house")
    found = reason(store)
    assert found is not None
    assert found.startswith("the pin's query has changed: it was genre:techno; ")
    again = refreshed(store)
    assert (again.query_text, again.folder, again.is_stale) == ("genre:house", "pins/Other", False)
    assert keys(store) == ["c"]
    store.user.remove_only_pin("Other")
    assert reason(store) == "the pin that it was taken of, Other, is gone"


def test_a_view_and_its_template(store: Store) -> None:
    snapshot = taken(store, "peak")
    assert (snapshot.view, snapshot.template) == ("peak", "{{ genre }}")
    other = replace(SETTINGS, views={"peak": replace(VIEW, templates=("{{ bpm }}",))})
    assert reason(store, other) == "the view's template has changed"
    assert refreshed(store, other).template == "{{ bpm }}"
    assert reason(store, other) is None
    portable = replace(other, names=Names.PORTABLE)
    assert reason(store, portable) == "`names` in the settings has changed"
    found = reason(store, replace(SETTINGS, views={}))
    assert found is not None
    assert found.startswith("the folder that it was taken of, peak, is gone: ")


def test_a_template_of_its_own_stays(store: Store) -> None:
    taken(store, "peak", template="{{ bpm }}")
    other = replace(SETTINGS, views={"peak": replace(VIEW, templates=("{{ rating }}",))})
    assert reason(store, other) == "the view's template has changed"
    assert refreshed(store, other).template == "{{ bpm }}"


def test_other_folders(store: Store) -> None:
    assert taken(store, "genre/Techno").view == "genre"
    assert keys(store) == ["a", "b"]
    change(store, record("c", "techno"))
    assert reason(store) == "1 track joined since 12 June 2025: + c.flac"
    store.user.snapshots.drop("s")
    snapshot = taken(store, "genre:techno/sort:bpm limit:1/{{ genre }}")
    assert (snapshot.folder, snapshot.view) == ("genre:techno/sort:bpm limit:1/{{ genre }}", None)
    assert reason(store) is None
    store.user.snapshots.drop("s")
    assert taken(store, "library/").tracks == 3
    store.user.snapshots.drop("s")
    files = replace(SETTINGS, views={"peak": replace(VIEW, entries=None)})
    assert taken(store, "peak", files).output_mode is None


def test_what_has_no_tracks_is_refused(store: Store) -> None:
    assert check_snapshots(store, Tree(store, SETTINGS)).compared == {}
    store.user.add_pin("New folder", "")
    tree = Tree(store, SETTINGS)
    source = query_source("genre:techno", tree)
    take("f", source, store, tree, at=AT, configuration_changed_at=None, template="{{ genre }}")
    for path, message in (
        ("pins/New folder", "this pin has no query yet"),
        ("pins/", "these are all pins"),
        (".mcfs/status", "this is no folder of tracks"),
        ("genre/Techno/a.flac", "this is no folder of tracks"),
        ("snapshots/f/Techno", "this is a part of a snapshot"),
    ):
        with pytest.raises(QueryError, match=message):
            taken(store, path)
    with pytest.raises(NotFoundError):
        taken(store, "genre/Polka")
    with pytest.raises(QueryError, match="cannot be named by a file"):
        parse_levels("{{ title }}.{{ ext }}/{{ genre }}")


def test_a_name_that_no_folder_has(store: Store) -> None:
    tree = Tree(store, SETTINGS)
    with pytest.raises(QueryError):
        take(
            "a\nb",
            query_source("genre:dub", tree),
            store,
            tree,
            at=AT,
            configuration_changed_at=None,
        )
    assert store.user.snapshots.names() == []


def test_after_a_sync_the_newly_stale_are_named_once(store: Store) -> None:
    assert newly_stale(store, SETTINGS) == []
    taken(store, "genre:techno")
    assert newly_stale(store, SETTINGS) == []
    change(store, record("a", "House"))
    assert [each.name for each in newly_stale(store, SETTINGS)] == ["s"]
    assert newly_stale(store, SETTINGS) == []
    change(store, record("a", "Techno"))
    assert newly_stale(store, SETTINGS) == []
    assert not store.user.snapshots.get("s").is_stale


def test_an_older_version_kept_no_inputs(store: Store) -> None:
    snapshot = taken(store, "genre:techno")
    tree = Tree(store, SETTINGS)
    taken_old = store.user.snapshots.tracks("s")
    old = TakenSnapshot(
        query_text=snapshot.query_text,
        taken_at=AT,
        generation=snapshot.generation,
        library_uuid="",
        input_hash="",
        tracks=taken_old,
    )
    store.user.snapshots.refresh("s", old)
    assert reason(store) is None
    assert tree.vocabulary.snapshots == frozenset({"s"})


def test_a_database_that_cannot_be_read_fails_no_sync(store: Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "user.db")) as connection:
        connection.execute("DROP TABLE snapshot")
    assert newly_stale(store, SETTINGS) == []


def test_output_mode_of_a_view(store: Store) -> None:
    settings = replace(SETTINGS, views={"peak": replace(VIEW, entries=Entries.FILES)})
    assert taken(store, "peak", settings).output_mode is OutputMode.FILES
