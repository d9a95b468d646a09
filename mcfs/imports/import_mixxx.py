"""The steps of an import from Mixxx: match its tracks, decide about their values, write what is news.

Owns their order, and when the user is asked. It streams: at any time it holds a few thousand tracks, and the
list of those that were skipped or failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.config.settings import DEFAULTS, Absent, Prefer, Settings
from mcfs.errors import TagsError
from mcfs.fields import field_named
from mcfs.imports.changes import Fields
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
from mcfs.imports.import_run import import_run
from mcfs.imports.missing_mounts import MissingMounts
from mcfs.imports.mixxx_database import MixxxRow, MixxxSnapshot, mixxx_fields, open_mixxx
from mcfs.imports.result import Disagreed, ImportResult, OnEvent, OnProgress
from mcfs.imports.track_matching import TrackMatcher
from mcfs.imports.track_selection import TrackSelection, select_paths
from mcfs.imports.track_writer import TrackWriter
from mcfs.store import Store
from mcfs.store.batches import chunks
from mcfs.store.bulk_lookup import TrackFacts
from mcfs.store.cache_reader import CacheReader
from mcfs.store.records import ImportedRow, ImportSource, TrackChange
from mcfs.tree.tree import Tree

# Of a database that has nothing to know it by. Nothing is ever removed because of it.
_UNKNOWN_DATABASE = "mixxx without an Auto DJ playlist"
# The id of a source that a dry run does not save. No record has it.
_NOT_SAVED = -1
_PLAYS = "played"
# The source of records of a database that has nothing to know it by: perhaps of another one.
_PERHAPS_ANOTHER = -2

# Asked with the fields in which values would be replaced, and how many of each: whether to do it.
MayReplace = Callable[[Mapping[str, int]], bool]


def import_mixxx(
    library: Library,
    store: Store,
    database: Path,
    settings: Settings = DEFAULTS,
    *,
    fields: Sequence[str] | None = None,
    prefer: Prefer | None = None,
    may_replace: MayReplace = lambda _: True,
    everything: bool = False,
    dry_run: bool = False,
    commit_every: int | None = None,
    music_dir: str | None = None,
    paths: Sequence[Path] = (),
    on_event: OnEvent = lambda _: None,
    on_progress: OnProgress = lambda _done, _total: None,
) -> ImportResult:
    """Write into git-annex metadata what is news in Mixxx.

    `fields` and `prefer` are those of the settings unless they are given. `may_replace` is called before the
    first import from a database replaces anything that no import has written. `everything` writes values
    that do not change too. `paths` are the files and folders that are meant, all without any. `music_dir` is
    what Mixxx calls the library's top folder, if it has moved since.
    """
    result = ImportResult("mixxx", dry_run)
    details = {"database": str(database)}
    with (
        import_run(library, store, settings, result, details) as editor,
        ExitStack() as stack,
    ):
        mixxx = stack.enter_context(open_mixxx(database))
        source, is_known = _source(mixxx, store, dry_run=dry_run)
        result.lost_folders = [folder for folder in mixxx.folders() if not Path(folder).is_dir()]
        result.missing = mixxx.count_missing()
        read = stack.enter_context(store.cache.reading())
        writer = TrackWriter(
            library, store, settings, editor, read, result, on_event, on_progress, mixxx.count()
        )
        # Mixxx may know a track through a mount that shows absent tracks.
        tree = Tree(store, replace(settings, absent=Absent.SHOW))
        matcher = TrackMatcher(
            library, tree, MissingMounts(library, source.mount_points), music_dir
        )
        selection = select_paths(library, read, paths)
        lost = _match_tracks(mixxx, matcher, read, selection, writer)
        result.missing_mounts = matcher.missing_mounts.found
        rules = Rules(
            source.id,
            fields=frozenset(fields or settings.mixxx.fields or mixxx_fields()),
            prefer=prefer or settings.mixxx.prefer,
            everything=everything,
        )
        if is_known and rules.prefer is not Prefer.MIXXX:
            _match_lost_rows(mixxx, store.user.keys_of_rows(source.id, lost), read, selection)
        planner = _Planner(library, store, read, mixxx, rules, is_known=is_known)
        allowed = frozenset(source.may_replace) if is_known else frozenset()
        if not allowed.issuperset(rules.fields) and rules.prefer is not Prefer.ANNEX:
            replaced = planner.count_replaced(except_in=allowed)
            if not replaced or dry_run or may_replace(replaced):
                allowed |= rules.fields
            planner.rules = replace(rules, may_replace=allowed)
        if not dry_run:
            # Before anything is written: an import that is killed has read this state of the database, too.
            store.user.save_import_source(
                replace(
                    source,
                    change_count=mixxx.change_count,
                    # What was asked about some paths holds for no others.
                    may_replace=source.may_replace if paths else tuple(sorted(allowed)),
                    mount_points=tuple(sorted({*source.mount_points, *matcher.used_mounts})),
                )
            )
        writer.write(_planned(planner, writer), commit_every=commit_every, detail=details)
    return result


def _source(mixxx: MixxxSnapshot, store: Store, *, dry_run: bool) -> tuple[ImportSource, bool]:
    """What is known of the database, and whether it is certain that it is this one.

    An older copy of a database, as from a backup, is a source of its own from then on: what it lacks was not
    removed, and where it differs it is not news.
    """
    source = store.user.import_source(mixxx.identity or _UNKNOWN_DATABASE)
    is_certain = mixxx.identity is not None
    is_older_copy = bool(source.id) and is_certain and _lacks_the_past(mixxx, store, source)
    if source.id and not is_older_copy:
        return source, is_certain
    new = replace(source, id=_NOT_SAVED, change_count=mixxx.change_count, may_replace=())
    if not dry_run:
        if is_older_copy:
            store.user.set_source_aside(source)
        # Saved at once, because records name it.
        new = store.user.save_import_source(new)
    return new, is_certain


def _lacks_the_past(mixxx: MixxxSnapshot, store: Store, source: ImportSource) -> bool:
    """Whether something is not in the database that an earlier import has seen, and that Mixxx never removes.

    Then it is an older copy, perhaps one that was used since, or the copy of another computer.
    """
    if mixxx.change_count < source.change_count:
        return True
    greatest_id = mixxx.greatest_id
    if greatest_id is not None and store.user.newest_row(source.id) > greatest_id:
        return True
    number_of = field_named(_PLAYS).kind.number_of
    before = {
        row: number_of(text) or 0
        for row, text in store.user.seen_in_rows(source.id, _PLAYS).items()
    }
    # Somebody can set the plays of a track back to 0, but not to any other number.
    return any(0 < plays < before.get(mixxx_id, 0) for mixxx_id, plays in mixxx.plays())


def _match_tracks(
    mixxx: MixxxSnapshot,
    matcher: TrackMatcher,
    read: CacheReader,
    selection: TrackSelection | None,
    writer: TrackWriter,
) -> list[int]:
    """Find the track of each location that Mixxx has, and remember it in the snapshot.

    Returns the ids of the rows whose paths lead to no track, those that Mixxx itself cannot find too.
    """
    lost = mixxx.missing_ids()
    for some in chunks(mixxx.locations()):
        mixxx_ids = {location: mixxx_id for mixxx_id, location in some}
        track_ids, unmatched = matcher.match(read, mixxx_ids)
        lost += [mixxx_ids[path] for path, _ in unmatched]
        if selection is None:
            for path, reason in unmatched:
                writer.skip(path, reason)
        else:
            keys = read.keys_of_ids(list(track_ids.values()))
            selected = selection.among(read, list(keys.values()))
            track_ids = {
                path: track_id for path, track_id in track_ids.items() if keys[track_id] in selected
            }
        mixxx.remember_matches((track_id, mixxx_ids[path]) for path, track_id in track_ids.items())
    return lost


def _match_lost_rows(
    mixxx: MixxxSnapshot,
    keys: Mapping[int, str],
    read: CacheReader,
    selection: TrackSelection | None,
) -> None:
    """Match rows whose path leads nowhere to the tracks that they were at an earlier import.

    A name may change between the moment at which a DJ rates a track and the next import: the rating is in
    that row, and nowhere else. Such a row brings what is news in it, and removes nothing.
    """
    selected = set(keys.values())
    if selection is not None:
        selected = selection.among(read, list(selected))
    track_ids = read.track_ids_of_keys(selected)
    mixxx.remember_matches(
        (
            (track_ids[key], mixxx_id)
            for mixxx_id, key in keys.items()
            if key in selected and key in track_ids
        ),
        lost=True,
    )


def _planned(planner: _Planner, writer: TrackWriter) -> Iterator[TrackChange]:
    """The tracks that need a change; the others are counted, and their records are written."""
    for batch in planner.batches():
        records: list[ImportedRow] = []
        unchanged = batch.without_news
        files = writer.first_files(
            track.annex_key for track, decision in batch.decided if decision.disagreements
        )
        for track, decision in batch.decided:
            writer.count_decided(decision.replaced, decision.kept, decision.undecided)
            for disagreement in decision.disagreements:
                file = files[track.annex_key]
                writer.disagree(Disagreed(file, track.annex_key, disagreement))
            if decision.changes:
                yield TrackChange(
                    track.annex_key,
                    decision.changes,
                    records_before(track, planner.rules.source_id),
                    decision.records,
                )
            else:
                unchanged += 1
                records += decision.records
        writer.count_unchanged(unchanged)
        writer.remember(records)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some tracks, and what to do with those of them that have news."""

    without_news: int
    decided: list[tuple[MixxxTrack, Decision]]


class _Planner:
    """Decides about every track that was matched."""

    def __init__(
        self,
        library: Library,
        store: Store,
        read: CacheReader,
        mixxx: MixxxSnapshot,
        rules: Rules,
        *,
        is_known: bool,
    ) -> None:
        self.rules = rules
        self._library = library
        self._store = store
        self._read = read
        self._mixxx = mixxx
        self._is_known = is_known
        self._newest_row = store.user.newest_row(rules.source_id) if is_known else 0

    def count_replaced(self, *, except_in: Collection[str]) -> dict[str, int]:
        """The fields in which values would be replaced that no import has written → in how many tracks."""
        counts: Counter[str] = Counter()
        for batch in self.batches():
            for _, decision in batch.decided:
                counts.update(name for name in decision.replaced if name not in except_in)
        return dict(counts.most_common())

    def batches(self) -> Iterator[_Batch]:
        """All tracks, some at a time."""
        compare_all = self.rules.everything or self.rules.prefer is Prefer.MIXXX
        for some in chunks(self._mixxx.matched_tracks()):
            facts = self._read.facts_of_ids([track_id for track_id, _ in some])
            records = self._store.user.imported_rows(fact.annex_key for fact in facts.values())
            rows_of_key = {facts[track_id].annex_key: rows for track_id, rows in some}
            of_other_tracks = self._records_of_other_tracks(rows_of_key, records)
            tracks: dict[int, MixxxTrack] = {}
            for track_id, rows in some:
                key = facts[track_id].annex_key
                track = self._track(key, rows, records.get(key, []), of_other_tracks)
                if compare_all or has_news(track, self.rules):
                    tracks[track_id] = track
            without_news = [
                track_id
                for track_id, rows in some
                if track_id not in tracks and not all(row.is_lost for row in rows)
            ]
            yield _Batch(len(without_news), self._decide(tracks, facts))

    def _records_of_other_tracks(
        self,
        rows_of_key: Mapping[str, Sequence[MixxxRow]],
        records: Mapping[str, list[ImportedRow]],
    ) -> dict[int, ImportedRow]:
        """Row → what it had when its path led to another track, for rows that are new for their track.

        When two tracks swap their names, so do their rows: what the rows had then belongs to the other track.
        If that has no file any more, the file has got other content, and the row is about it still.
        """
        new = [
            row.mixxx_id
            for key, rows in rows_of_key.items()
            for row in rows
            # Mixxx gives no id twice: a greater one was never recorded.
            if row.mixxx_id <= self._newest_row
            and (self.rules.source_id, row.mixxx_id)
            not in ((record.source_id, record.row_id) for record in records.get(key, ()))
        ]
        if not new:
            return {}
        found = self._store.user.records_of_rows(self.rules.source_id, new)
        there = self._read.track_ids_of_keys(record.annex_key for record in found.values())
        return {row: record for row, record in found.items() if record.annex_key in there}

    def _track(
        self,
        annex_key: str,
        rows: Sequence[MixxxRow],
        records: Sequence[ImportedRow],
        of_other_tracks: Mapping[int, ImportedRow],
    ) -> MixxxTrack:
        """The track without its values in git-annex, which only a track with news needs."""
        ids = {row.mixxx_id for row in rows}
        own: dict[int, ImportedRow] = {}
        others = []
        for record in records:
            if record.source_id != self.rules.source_id:
                others.append(record)
            elif not self._is_known:
                # What another database lacks, its rows have not lost.
                others.append(record._replace(source_id=_PERHAPS_ANOTHER, supplied={}))
            elif record.row_id in ids:
                own[record.row_id] = record
            else:
                others.append(record)
        for mixxx_id in ids.difference(own).intersection(of_other_tracks):
            seen = of_other_tracks[mixxx_id].seen
            own[mixxx_id] = ImportedRow(annex_key, self.rules.source_id, mixxx_id, seen, {})
        known = [KnownRow(row, own.get(row.mixxx_id)) for row in rows]
        if len(known) > 1:
            # Of two rows, the one that Mixxx can play, and that somebody has used; `rows` begins with the
            # newest.
            known.sort(
                key=lambda row: (not row.now.is_lost, row.now.has_history, row.before is not None),
                reverse=True,
            )
        return MixxxTrack(annex_key, {}, tuple(known), tuple(others))

    def _decide(
        self, tracks: Mapping[int, MixxxTrack], facts: Mapping[int, TrackFacts]
    ) -> list[tuple[MixxxTrack, Decision]]:
        current_of = self._read.values_of_ids(list(tracks), mixxx_fields())
        decided = []
        for track_id, track in tracks.items():
            added_at = facts[track_id].added_at
            whole = replace(
                track,
                current=current_of[track_id],
                added=None if added_at is None else added_at.astimezone().date().isoformat(),
                is_here=facts[track_id].content_path is not None,
            )
            tags = None
            if needs_tags(whole, self.rules):
                tags = self._tags(facts[track_id])
            decided.append((whole, decide(whole, self.rules, tags)))
        return decided

    def _tags(self, facts: TrackFacts) -> Fields | None:
        """The tags inside the file; None where it is not here or cannot be read."""
        from mcfs.imports.file_tags import read_tags  # mutagen is slow to import

        if facts.content_path is None:
            return None
        content = self._library.common_dir / facts.content_path
        name = content.name
        if not content.suffix:
            files = self._read.work_files([facts.annex_key])
            name = min((file.work_path for file in files), default=name)
        try:
            return read_tags(content, name)
        except TagsError:
            return None
