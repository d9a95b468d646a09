"""A query is bound to the members of its values before it is compiled."""

from __future__ import annotations

import pytest

from mcfs.query import Cut, Not, Query, ValueIs, all_of
from mcfs.sql import LookedUp, Members, bind, bind_without_values, select_tracks
from mcfs.template import parse_template
from tests.records import TODAY

DUB = ValueIs(parse_template("{{ genre }}"), "dub")
FAST = ValueIs(parse_template('{{ "fast" if bpm > 140 else "slow" }}'), "fast")


def test_each_value_is_looked_up_once() -> None:
    looked_up: list[LookedUp] = []

    def members_of(value: LookedUp) -> Members:
        looked_up.append(value)
        return Members("tracks", "[1]")

    inner = Query(all_of(DUB, Not(FAST)), limit=5)
    bound = bind(Query(all_of(Cut(inner), DUB)), TODAY, members_of)
    assert sorted(looked_up, key=str) == sorted([DUB, FAST], key=str)
    assert set(bound.members) == {DUB, FAST}
    select_tracks(bound)


def test_a_value_without_members_is_refused() -> None:
    with pytest.raises(ValueError, match="bound without values"):
        select_tracks(bind_without_values(Query(DUB), TODAY))
