"""The snapshots in user.db: names, changes, and what belongs to a pin."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from mcfs.errors import NotFoundError, PinHasSnapshotsError, SnapshotExistsError
from mcfs.query import InSnapshot
from mcfs.sql.bound_query import NO_MEMBERS
from mcfs.store import CacheRepository
from mcfs.store.engine import writing
from mcfs.store.known_snapshots import NO_SNAPSHOTS, known_snapshots
from mcfs.store.records import Generation
from mcfs.store.snapshot_records import FrozenTrack, OutputMode
from mcfs.store.user_repository import UserRepository
from tests.taken_snapshots import taken

TRACKS = (
    FrozenTrack("k1", "n1", (("Dub",), ("Techno",)), {"genre": ("Dub", "Techno")}, present=False),
    FrozenTrack("caf\udce9", "n2", fields={"title": ("caf\udce9",)}),
)


def test_what_goes_in_comes_out(user: UserRepository) -> None:
    user.add_pin("p", "genre:dub")
    kept = user.snapshots.take(
        "s", taken(TRACKS, "genre:dub"), output_mode=OutputMode.PLAYLIST, pin="p", view="v"
    )
    assert user.snapshots.get("s") == kept == user.snapshots.all()[0]
    assert (kept.pin, kept.view, kept.output_mode, kept.tracks) == (
        "p", "v", OutputMode.PLAYLIST, 2
    )  # fmt: skip
    assert user.snapshots.tracks("s") == TRACKS
    assert user.snapshots.annex_keys("s") == ["k1", "caf\udce9"]
    named = user.snapshots.named_tracks("s")
    assert [(track.name, track.present) for track in named] == [("n1", False), ("n2", True)]
    assert user.snapshots.holding(["k1", "k9"]) == {kept.id: {"k1"}}


def test_the_version_says_what_is_shown(user: UserRepository) -> None:
    versions = [user.snapshots.version()]

    def differs() -> bool:
        versions.append(user.snapshots.version())
        return versions[-1] != versions[-2]

    kept = user.snapshots.take("s", taken(TRACKS))
    assert differs()
    user.snapshots.mark_checked({kept.id: "why"}, Generation("x", 1), datetime.now(UTC))
    user.snapshots.mark_unchanged([kept.id], Generation("x", 2), datetime.now(UTC))
    user.snapshots.done("s", datetime.now(UTC))
    assert not differs()
    marked = user.snapshots.get("s")
    assert (marked.is_stale, marked.stale_reason, marked.checked) == (
        True, "why", Generation("x", 2)
    )  # fmt: skip
    user.snapshots.refresh("s", taken(TRACKS[:1]))
    assert differs()
    assert (user.snapshots.get("s").is_stale, user.snapshots.annex_keys("s")) == (False, ["k1"])
    user.snapshots.rename("s", "S")
    assert differs()
    user.snapshots.drop("S")
    assert differs()
    assert versions[-1] == versions[0]


def test_names_differ_in_more_than_case(user: UserRepository) -> None:
    user.snapshots.take("Friday", taken(()))
    user.snapshots.take("Other", taken(()))
    with pytest.raises(SnapshotExistsError, match="of the name Friday exists already"):
        user.snapshots.take("FRIDAY", taken(()))
    with pytest.raises(SnapshotExistsError):
        user.snapshots.rename("Other", "friday")
    assert user.snapshots.names() == ["Friday", "Other"]
    assert user.snapshots.annex_keys("Friday") == []


def test_unknown_names(user: UserRepository) -> None:
    user.snapshots.take("Friday", taken(()))
    for ask in (user.snapshots.get, user.snapshots.tracks, user.snapshots.annex_keys,
                user.snapshots.drop):  # fmt: skip
        for name, hint in (("fridy", 'did you mean "Friday"?'), ("x", "mcfs snapshot list"),
                           ("friday", 'did you mean "Friday"?')):  # fmt: skip
            with pytest.raises(NotFoundError, match="no snapshot of the name") as caught:
                ask(name)
            assert hint in str(caught.value)
    with pytest.raises(NotFoundError, match="no pin of the name p"):
        user.snapshots.take("s", taken(()), pin="p")


def test_a_pin_is_deleted_with_its_snapshots_only_on_demand(user: UserRepository) -> None:
    user.add_pin("p", "genre:dub")
    user.snapshots.take("a", taken(TRACKS), pin="p")
    user.snapshots.take("b", taken(TRACKS))
    with pytest.raises(PinHasSnapshotsError, match="a snapshot belongs to the pin p: a; to delete"):
        user.remove_pin("p")
    user.remove_pin("p", cascade=True)
    assert user.snapshots.names() == ["b"]
    assert user.snapshots.holding(["k1"]) == {user.snapshots.get("b").id: {"k1"}}


@pytest.mark.parametrize("stored", [None, "[{", '[{"name": "n"}]'])
def test_a_lost_result_leaves_keys_names_and_presence(
    user: UserRepository, user_engine: Engine, stored: str | None
) -> None:
    user.snapshots.take("s", taken(TRACKS))
    with writing(user_engine) as connection:
        if stored is None:
            connection.exec_driver_sql("DELETE FROM snapshot_result")
        else:
            connection.exec_driver_sql("UPDATE snapshot_result SET result = ?", (stored,))
    expected = tuple(FrozenTrack(t.annex_key, t.name, present=t.present) for t in TRACKS)
    assert user.snapshots.tracks("s") == expected


def test_a_snapshot_that_was_just_dropped_has_no_tracks(
    user: UserRepository, cache: CacheRepository
) -> None:
    user.snapshots.take("s", taken(TRACKS))
    known = known_snapshots(user.snapshots)
    user.snapshots.drop("s")
    with cache.reading() as read:
        assert known.members(read, InSnapshot("s")) == NO_MEMBERS


def test_no_snapshots_are_known_where_they_cannot_be_read(
    user: UserRepository, user_engine: Engine
) -> None:
    user.snapshots.take("s", taken(TRACKS))
    assert known_snapshots(user.snapshots).names == frozenset({"s"})
    with writing(user_engine) as connection:
        connection.exec_driver_sql("DROP TABLE snapshot")
    assert known_snapshots(user.snapshots) is NO_SNAPSHOTS
    assert NO_SNAPSHOTS.annex_keys("s") == ()
