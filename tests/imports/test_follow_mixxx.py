"""What an import from Mixxx changes of one track: what is news, what is removed, and which row wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.config.settings import Prefer
from mcfs.imports.changes import Disagreement, Fields
from mcfs.imports.follow_mixxx import (
    Decision,
    KnownRow,
    MixxxTrack,
    Rules,
    decide,
    has_news,
    needs_tags,
    records_before,
)
from mcfs.imports.mixxx_database import MixxxRow
from mcfs.store.records import ImportedRow, TrackChange

SOURCE = 1


def values(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("|")))


def fields(**texts: str) -> dict[str, tuple[str, ...]]:
    return {name: values(text) for name, text in texts.items() if text}


def only(name: str, text: str) -> Any:
    """As keywords: one field."""
    return {name: text}


def row(
    number: int = 1,
    *,
    had: Mapping[str, str] | None = None,
    supplied: Mapping[str, str] | None = None,
    location: str = "/x.mp3",
    has_history: bool = False,
    locked: bool = False,
    **has: str,
) -> KnownRow:
    """A row of Mixxx; `had` is what it had at the last import, if an import has seen it."""
    now = MixxxRow(number, location, fields(**has), has_history, locked)
    if had is None:
        return KnownRow(now)
    return KnownRow(now, seen(number, supplied, **dict[str, Any](had)))


def seen(
    number: int, supplied: Mapping[str, str] | None = None, source: int = SOURCE, **had: str
) -> ImportedRow:
    return ImportedRow("k", source, number, fields(**had), fields(**(supplied or {})))


def decision(track: MixxxTrack, tags: Fields | None = None, **rules: Any) -> Decision:
    chosen = Rules(SOURCE, **rules)
    return decide(track, chosen, tags if needs_tags(track, chosen) else None)


def after(track: MixxxTrack, decided: Decision) -> dict[str, tuple[str, ...]]:
    """What git-annex has when the changes are made."""
    assert all(change.old == track.current.get(n, ()) for n, change in decided.changes.items())
    changed = {name: change.new for name, change in decided.changes.items()}
    return {name: some for name, some in {**track.current, **changed}.items() if some}


def one_field(
    name: str,
    current: str,
    rows: list[KnownRow],
    tags: str | None = None,
    others: tuple[ImportedRow, ...] = (),
    **rules: Any,
) -> str:
    """The values of a field after an import, in a track that has no other."""
    track = MixxxTrack("k", fields(**only(name, current)), tuple(rows), others)
    found = {} if tags is None else fields(**{name: tags})
    decided = decision(track, None if tags is None else found, **rules)
    return "|".join(after(track, decided).get(name, ()))


@pytest.mark.parametrize(
    ("has", "had", "supplied", "current", "expected"),
    [
        # Nothing happened, or only in git-annex: that is newer.
        ("4", "4", "4", "4", "4"),
        ("4", "4", "4", "2", "2"),
        ("4", "4", "4", "", ""),
        ("4", "4", "", "3", "3"),
        # Mixxx has another value, or a first one.
        ("5", "4", "4", "4", "5"),
        ("5", "4", "4", "2", "5"),
        ("5", "4", "", "3", "5"),
        ("5", "", "", "", "5"),
        ("5", "", "", "3", "5"),
        ("5", "4", "", "5", "5"),
        # Two values that include Mixxx's are kept, and so is one from elsewhere beside Mixxx's former one.
        ("5", "4", "4", "3|5", "3|5"),
        ("5", "4", "4", "3|4", "3|5"),
        # Mixxx has it no longer: what the row supplied is removed, and nothing else.
        ("", "4", "4", "4", ""),
        ("", "4", "4", "2", "2"),
        ("", "4", "4", "2|4", "2"),
        ("", "4", "", "4", "4"),
        ("", "", "", "4", "4"),
        # A row that no import has seen: a rating is news, for nobody but a user of Mixxx makes one.
        ("5", None, "", "", "5"),
        ("5", None, "", "3", "5"),
        ("", None, "", "3", "3"),
    ],
)
def test_a_rating(has: str, had: str | None, supplied: str, current: str, expected: str) -> None:
    before = None if had is None else {"rating": had}
    one = row(had=before, supplied={"rating": supplied}, rating=has)
    assert one_field("rating", current, [one]) == expected


@pytest.mark.parametrize("name", ["crate", "playlist"])
@pytest.mark.parametrize(
    ("has", "had", "supplied", "current", "expected"),
    [
        ("a|b", None, "", "", "a|b"),
        ("a|b", None, "", "b|c", "a|b|c"),
        ("", None, "", "a|b", "a|b"),
        ("a|b", "a|b", "a|b", "a|b", "a|b"),
        ("a|c", "a|b", "a|b", "a|b", "a|c"),
        ("", "a|b", "a|b", "a|b", ""),
        ("", "a|b", "b", "a|b", "a"),
        ("", "a", "", "a", "a"),
        ("a", "a|b", "a|b", "a|b|c", "a|c"),
        # Somebody has taken the track out of `a`, or put it into `c`, in git-annex.
        ("a|b", "a|b", "a|b", "b", "b"),
        ("a|b|d", "a|b", "a|b", "b|c", "b|c|d"),
    ],
)
def test_lists(
    name: str, has: str, had: str | None, supplied: str, current: str, expected: str
) -> None:
    before = None if had is None else {name: had}
    one = row(had=before, supplied={name: supplied}, **only(name, has))
    assert one_field(name, current, [one]) == expected


@pytest.mark.parametrize(
    ("name", "has", "current", "tags", "expected"),
    [
        # Mixxx has what the file's tags say: no news, whatever git-annex has.
        ("title", "Tag", "Corrected", "Tag", "Corrected"),
        ("title", "Tag ", "Corrected", "Tag", "Corrected"),
        ("title", "Edited", "Tag", "Tag", "Edited"),
        ("title", "Edited", "Corrected", "Tag", "Edited"),
        ("title", "Edited", "Corrected", "", "Edited"),
        ("title", "Tag", "", "Tag", "Tag"),
        # Nothing tells: the file is not here.
        ("title", "Tag", "Corrected", None, "Corrected"),
        # Values that Mixxx joins.
        ("genre", "Deep House House", "Deep House|House", None, "Deep House|House"),
        ("genre", "House; Deep House", "Deep House|House", None, "Deep House|House"),
        ("artist", "Moritz, Ernestus", "Ernestus|Moritz", None, "Ernestus|Moritz"),
        ("artist", "A/B", "A|B", None, "A|B"),
        ("genre", "Deep House House", "Dub", "Deep House|House", "Dub"),
        ("genre", "Deep House House", "", "Deep House|House", "Deep House|House"),
        ("genre", "Deep House House", "", None, "Deep House House"),
        ("genre", "Deep Techno", "Deep House|House", "Deep House|House", "Deep Techno"),
        ("title", "Deep House", "", "Deep|House", "Deep House"),
        # Other spellings of one value.
        ("bpm", "126.00", "126", None, "126"),
        ("bpm", "126.91", "126.908", None, "126.908"),
        ("bpm", "126.98", "127", "127", "126.98"),
        ("bpm", "127.00", "126", "127", "126"),
        ("bpm", "126.98", "125", "", "126.98"),
        ("key", "Am", "8A", None, "8A"),
        ("key", "Bm", "8A", "8A", "Bm"),
        ("key", "Am", "9A", "8A", "9A"),
        ("year", "1998", "1998-05-12", None, "1998-05-12"),
        ("year", "1999", "1998-05-12", "1998-05-12", "1999"),
        ("tracknumber", "3/12", "03", None, "03"),
        ("color", "#FF8800", "#ff8800", None, "#ff8800"),
    ],
)
def test_a_row_that_no_import_has_seen(
    name: str, has: str, current: str, tags: str | None, expected: str
) -> None:
    assert one_field(name, current, [row(**only(name, has))], tags) == expected


def test_artist_and_title_that_mixxx_took_from_the_name_of_the_file() -> None:
    one = row(location="/m/Old_Artist - Old Title.wav", artist="Old Artist", title="Old Title")
    assert one_field("title", "New Title", [one], "") == "New Title"
    assert one_field("artist", "New Artist", [one], None) == "New Artist"
    for title in ("Edited", "Old"):
        edited = row(location="/m/Old Artist - Old Title.wav", title=title)
        assert one_field("title", "New Title", [edited], "") == title
    was = row(had={"title": "x"}, location="/m/Old Artist - Old Title.wav", title="Old Title")
    assert one_field("title", "New Title", [was], None) == "Old Title"


def test_a_file_whose_tags_nobody_can_read() -> None:
    """If it is not here, a later import may tell. If it is broken, none can: so a later edit is news."""
    for is_here in (False, True):
        one = row(title="Tag")
        track = MixxxTrack("k", fields(title="Corrected"), (one,), is_here=is_here)
        decided = decision(track)
        assert (decided.changes, decided.undecided) == ({}, ("title",))
        (record,) = decided.records
        later = MixxxTrack("k", track.current, (KnownRow(one.now, record),), is_here=is_here)
        assert has_news(later, Rules(SOURCE)) is not is_here
        edited = KnownRow(one.now._replace(fields=fields(title="Edited")), record)
        changed = decision(MixxxTrack("k", track.current, (edited,), is_here=is_here))
        assert bool(changed.changes) is is_here


@pytest.mark.parametrize(
    ("name", "had", "has", "current", "expected"),
    [
        ("title", "Tag", "Tag", "Corrected", "Corrected"),
        ("title", "Tag", "Edited", "Corrected", "Edited"),
        ("comment", "", "Written", "Other", "Written"),
        ("comment", "Written", "", "Written", ""),
        # The first analysis of a row that an import has seen.
        ("bpm", "", "126.50", "125", "126.50"),
        ("key", "Am", "Bm", "8A", "Bm"),
    ],
)
def test_a_row_that_an_import_has_seen(
    name: str, had: str, has: str, current: str, expected: str
) -> None:
    """What has changed since was made in Mixxx, also if the file is not here, or has no tags."""
    one = row(had={name: had}, supplied={name: had}, **only(name, has))
    assert one_field(name, current, [one], None) == expected
    assert one_field(name, current, [one], "") == expected


@pytest.mark.parametrize(
    ("name", "has", "supplied", "current", "tags", "expected"),
    [
        ("title", "Tag", "Edited", "Corrected", "Tag", "Corrected"),
        ("genre", "Dub; House", "Dub House", "Deep Dub", "Dub|House", "Deep Dub"),
        ("bpm", "127.00", "126.50", "126.6", "127", "126.6"),
        # Nothing else but this row said so.
        ("title", "Tag", "Edited", "Edited", "Tag", "Tag"),
        ("title", "Tag", "", "", "Tag", "Tag"),
    ],
)
def test_mixxx_reads_the_tags_once_more(
    name: str, has: str, supplied: str, current: str, tags: str, expected: str
) -> None:
    one = row(had={name: "Edited"}, supplied={name: supplied}, **only(name, has))
    assert one_field(name, current, [one], tags) == expected
    locked = row(had={name: "Edited"}, locked=True, **only(name, has))
    assert name != "bpm" or one_field(name, current, [locked], tags) == has


class TestRenamedFile:
    """Mixxx begins a new row for a file that was renamed, and what it read from the tags is in it."""

    old = seen(1, {"rating": "4", "bpm": "87.00"}, rating="4", title="Tag", bpm="87.00", crate="a")

    @pytest.mark.parametrize(
        ("name", "has", "current", "expected"),
        [
            ("rating", "", "4", "4"),
            ("crate", "", "a", "a"),
            ("crate", "b", "a", "a|b"),
            # Rated anew.
            ("rating", "3", "4", "3"),
            # The text of the tags, which the old row had, too.
            ("title", "Tag", "Corrected", "Corrected"),
            # Halved by hand in the old row, and analysed again.
            ("bpm", "174.00", "87.00", "87.00"),
            ("bpm", "174.00", "", "174.00"),
        ],
    )
    def test_a_new_row(self, name: str, has: str, current: str, expected: str) -> None:
        new = row(2, **only(name, has))
        assert one_field(name, current, [new], None, (self.old,)) == expected

    def test_an_analysis_after_an_import_has_seen_the_row(self) -> None:
        new = row(2, had={}, bpm="174.00")
        assert one_field("bpm", "87.00", [new], None, (self.old,)) == "87.00"
        locked = row(2, had={}, bpm="174.00", locked=True)
        assert one_field("bpm", "87.00", [locked], None, (self.old,)) == "174.00"

    def test_plays_do_not_begin_at_zero(self) -> None:
        old = seen(1, {"played": "12"}, played="12")
        assert one_field("played", "12", [row(2, played="1")], None, (old,)) == "12"
        assert one_field("played", "12", [row(2, played="13")], None, (old,)) == "13"

    def test_the_old_row_does_not_remove_while_it_is_missing(self) -> None:
        track = MixxxTrack("k", fields(rating="4"), (), (self.old,))
        assert decision(track).changes == {}


class TestTwoRows:
    """Mixxx has a track twice if it searches a mount and its library."""

    def test_crates_of_both(self) -> None:
        assert one_field("crate", "", [row(2, crate="b"), row(1, crate="a|b")]) == "a|b"

    def test_the_first_row_wins_and_the_other_is_reported(self) -> None:
        """The caller puts the row with a history first."""
        track = MixxxTrack("k", {}, (row(1, rating="4", color="#FF0000"), row(2, rating="3")))
        decided = decision(track)
        assert after(track, decided) == fields(rating="4", color="#FF0000")
        assert decided.disagreements == (Disagreement("rating", ("4",), ("3",)),)

    def test_other_spellings_are_no_disagreement(self) -> None:
        track = MixxxTrack("k", {}, (row(1, key="Am"), row(2, key="8A")))
        assert decision(track).disagreements == ()

    def test_what_is_news_wins(self) -> None:
        old = row(1, had={"rating": "4"}, supplied={"rating": "4"}, rating="4", has_history=True)
        assert one_field("rating", "4", [old, row(2, had={}, rating="3")]) == "3"

    def test_a_value_that_the_other_row_still_has_is_not_removed(self) -> None:
        one = row(1, had={"rating": "4"}, supplied={"rating": "4"})
        other = row(2, had={"rating": "4"}, rating="4")
        assert one_field("rating", "4", [one, other]) == "4"
        third = row(2, had={"rating": "3"}, rating="3")
        assert one_field("rating", "4", [one, third]) == "3"


@pytest.mark.parametrize(
    ("days", "current", "known_since", "expected"),
    [
        ("2019-05-01", "", "2020-01-01", "2019-05-01"),
        ("2020-01-01", "", "2020-01-01", "2020-01-01"),
        ("2026-11-28", "", "2020-01-01", ""),
        ("2026-11-28", "", None, "2026-11-28"),
        ("2019-05-01", "2020-02-02", "2020-02-02", "2020-02-02"),
        ("2026-11-28|2019-05-01", "", "2020-01-01", "2019-05-01"),
    ],
)
def test_when_it_was_added(days: str, current: str, known_since: str | None, expected: str) -> None:
    rows = tuple(row(number, added=day) for number, day in enumerate(values(days)))
    track = MixxxTrack("k", fields(added=current), rows, added=known_since)
    assert after(track, decision(track)) == fields(added=expected)


@pytest.mark.parametrize(
    ("name", "had", "has", "supplied", "current", "expected"),
    [
        ("played", "12", "13", "12", "12", "13"),
        ("played", "12", "9", "12", "12", "9"),
        ("played", "12", "", "12", "12", ""),
        ("played", "12", "9", "", "12", "12"),
        ("played", "9", "10", "", "12", "12"),
        ("played", "9", "9", "9", "", ""),
        ("lastplayed", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-01", "2026-02-01"),
        ("lastplayed", "2026-01-01", "2026-02-01", "", "2026-03-01", "2026-03-01"),
    ],
)
def test_what_only_grows(
    name: str, had: str, has: str, supplied: str, current: str, expected: str
) -> None:
    one = row(had={name: had}, supplied={name: supplied}, **only(name, has))
    assert one_field(name, current, [one]) == expected


def test_a_duration_only_fills() -> None:
    assert one_field("duration", "", [row(duration="254.43")]) == "254.43"
    assert one_field("duration", "254", [row(duration="254.43")]) == "254"
    assert one_field("duration", "", [row(had={"duration": "254.43"}, duration="254.43")]) == ""


class TestPrefer:
    edited = row(title="Edited", rating="5", bpm="126.00")

    @pytest.mark.parametrize(
        ("prefer", "name", "current", "expected"),
        [
            (Prefer.ANNEX, "title", "Tag", "Tag"),
            (Prefer.ANNEX, "rating", "3", "3"),
            (Prefer.ANNEX, "rating", "", "5"),
            (Prefer.MIXXX, "title", "Tag", "Edited"),
            (Prefer.MIXXX, "rating", "3", "5"),
            (Prefer.MIXXX, "bpm", "126", "126"),
        ],
    )
    def test_a_row_that_no_import_has_seen(
        self, prefer: Prefer, name: str, current: str, expected: str
    ) -> None:
        assert one_field(name, current, [self.edited], "Tag", prefer=prefer) == expected

    def test_mixxx_replaces_text_from_tags_and_what_was_seen(self) -> None:
        one = row(had={"title": "Tag"}, title="Tag")
        assert one_field("title", "Corrected", [one], "Tag", prefer=Prefer.MIXXX) == "Tag"
        assert one_field("added", "2020-01-01", [row(added="2026-01-01")], prefer=Prefer.MIXXX) == (
            "2020-01-01"
        )

    def test_annex_still_follows_what_an_import_has_written(self) -> None:
        one = row(had={"rating": "4"}, supplied={"rating": "4"}, rating="5")
        assert one_field("rating", "4", [one], prefer=Prefer.ANNEX) == "5"
        assert one_field("rating", "3", [one], prefer=Prefer.ANNEX) == "3"


class TestPermission:
    """The first import may not replace values before somebody said so."""

    def test_what_would_be_lost_is_kept_and_decided_later(self) -> None:
        track = MixxxTrack(
            "k",
            fields(rating="3", title="Corrected", genre="Tagged", played="2", crate="a"),
            (
                row(
                    rating="5",
                    title="Edited",
                    genre="Other",
                    played="4",
                    crate="b",
                    color="#000000",
                ),
            ),
        )
        tags = fields(title="Tag", genre="Tagged")
        kept = decision(track, tags, may_replace=frozenset())
        assert kept.kept == ("title", "rating")
        assert kept.replaced == ()
        # Nothing is lost: the tag is in the file, plays grow, and a track is in both crates.
        assert after(track, kept) == fields(
            rating="3", title="Corrected", genre="Other", played="4", crate="a|b", color="#000000"
        )
        (record,) = kept.records
        assert (record.seen["title"], record.seen["rating"]) == (None, None)
        allowed = decision(track, tags)
        assert allowed.replaced == ("title", "rating")
        again = MixxxTrack("k", after(track, kept), (KnownRow(track.rows[0].now, record),))
        assert after(again, decision(again, tags)) == after(track, allowed)

    def test_what_an_import_has_written_may_always_be_replaced(self) -> None:
        one = row(had={"rating": "4"}, supplied={"rating": "4"}, rating="5")
        assert one_field("rating", "4", [one], may_replace=frozenset()) == "5"
        assert one_field("rating", "3", [one], may_replace=frozenset()) == "3"

    def test_what_another_mixxx_has_written_may_not(self) -> None:
        elsewhere = seen(7, {"rating": "4"}, source=2, rating="4")
        assert one_field("rating", "4", [row(rating="5")], None, (elsewhere,)) == "5"
        kept = one_field(
            "rating", "4", [row(rating="5")], None, (elsewhere,), may_replace=frozenset()
        )
        assert kept == "4"


class TestOldRecords:
    """Versions that knew no rows recorded what they wrote."""

    old = seen(0, source=0, rating="4", title="Tag", bpm="126.00")

    @pytest.mark.parametrize(
        ("name", "has", "current", "expected"),
        [
            ("rating", "", "4", "4"),
            ("rating", "4", "2", "2"),
            ("rating", "5", "4", "5"),
            ("title", "Tag", "Corrected", "Corrected"),
            ("bpm", "128.00", "126.00", "128.00"),
        ],
    )
    def test_they_never_remove(self, name: str, has: str, current: str, expected: str) -> None:
        assert one_field(name, current, [row(**only(name, has))], "", (self.old,)) == expected


def test_only_some_fields() -> None:
    one = row(rating="5", title="Edited", crate="a")
    track = MixxxTrack("k", fields(title="Tag"), (one,))
    decided = decision(track, fields(title="Tag"), fields=frozenset({"rating"}))
    assert after(track, decided) == fields(title="Tag", rating="5")
    # The others are decided when they are imported.
    (record,) = decided.records
    later = MixxxTrack("k", after(track, decided), (KnownRow(one.now, record),))
    assert not has_news(later, Rules(SOURCE, fields=frozenset({"rating"})))
    assert has_news(later, Rules(SOURCE))
    assert after(later, decision(later, fields(title="Tag"))) == fields(
        title="Edited", rating="5", crate="a"
    )


def test_values_that_do_not_change_can_be_written() -> None:
    one = row(had={"rating": "5", "crate": "a"}, rating="5", crate="a")
    track = MixxxTrack("k", fields(rating="5", crate="a|b", mood="dark"), (one,))
    decided = decision(track, everything=True)
    assert set(decided.changes) == {"rating", "crate"}
    assert after(track, decided) == track.current


_LIST = st.sets(st.sampled_from("abcd")).map(lambda some: "|".join(sorted(some)))
_ONE = st.sampled_from(["", "a", "b", "c"])
_STEP = st.fixed_dictionaries({"crate": _LIST, "comment": _ONE})


@given(_STEP, st.lists(st.tuples(st.booleans(), _STEP), max_size=6))
def test_a_second_import_has_nothing_to_do(
    start: dict[str, str], steps: list[tuple[bool, dict[str, str]]]
) -> None:
    """Whatever is changed in turn in Mixxx and in git-annex; and no value comes from nowhere."""
    rules = Rules(SOURCE)
    current: Fields = fields(**start)
    known = row(had={})
    for in_mixxx, step in steps:
        if in_mixxx:
            known = KnownRow(known.now._replace(fields=fields(**step)), known.before)
        else:
            current = fields(**step)
        track = MixxxTrack("k", current, (known,))
        decided = decide(track, rules, None)
        now = after(track, decided)
        for name, some in now.items():
            assert set(some) <= {*current.get(name, ()), *known.has(name)}
        (record,) = decided.records
        known = KnownRow(known.now, record)
        again = MixxxTrack("k", now, (known,))
        assert not has_news(again, rules)
        assert decide(again, rules, None).changes == {}
        assert decide(again, rules, None).records == (record,)
        # What only git-annex has changed since the last import, an import leaves alone.
        if not in_mixxx:
            assert now == current
        current = now


def test_the_records_of_a_change_that_was_not_made() -> None:
    track = MixxxTrack("k", {}, (row(rating="5"),))
    (before,) = records_before(track, SOURCE)
    unmade = MixxxTrack("k", {}, (KnownRow(track.rows[0].now, before),))
    assert after(unmade, decision(unmade)) == fields(rating="5")
    assert TrackChange("k", {}).imported_before == ()
