"""Taking a snapshot, and taking it again.

Puts together what is frozen and everything that is kept beside it.
"""

from __future__ import annotations

from datetime import datetime

from mcfs.config.settings import Names
from mcfs.query import hiding_absent
from mcfs.snapshots.freezing import freeze
from mcfs.snapshots.input_hash import input_hash
from mcfs.snapshots.source import Levels, Source, parse_levels
from mcfs.store import Store
from mcfs.store.snapshot_records import OutputMode, Snapshot, TakenSnapshot
from mcfs.tree.made_names import check_name
from mcfs.tree.tree import Tree


def take(
    name: str,
    source: Source,
    store: Store,
    tree: Tree,
    *,
    at: datetime,
    configuration_changed_at: datetime | None,
    template: str | None = None,
    output_mode: OutputMode | None = None,
) -> Snapshot:
    """Take a snapshot of a source; without a template, as the source itself is shown."""
    check_name(name, "snapshot")
    levels = source.levels if template is None else parse_levels(template)
    hides_absent = not tree.state.shows_absent
    taken = _taken(source, levels, store, tree, at, configuration_changed_at, hides_absent)
    return store.user.snapshots.take(
        name,
        taken,
        output_mode=output_mode or source.output_mode,
        pin=source.pin,
        view=source.view,
    )


def take_again(
    snapshot: Snapshot,
    source: Source,
    store: Store,
    tree: Tree,
    *,
    at: datetime,
    configuration_changed_at: datetime | None,
) -> None:
    """Replace what a snapshot has by what its source has now."""
    levels = source.levels if follows_source(snapshot) else parse_levels(snapshot.template)
    taken = _taken(source, levels, store, tree, at, configuration_changed_at, snapshot.hides_absent)
    store.user.snapshots.refresh(snapshot.name, taken)


def follows_source(snapshot: Snapshot) -> bool:
    """Whether the template of a snapshot is that of its source, and not one of its own."""
    template = snapshot.template
    return any(
        snapshot.input_hash == input_hash(snapshot.query_text, template, template, names)
        for names in Names
    )


def _taken(
    source: Source,
    levels: Levels,
    store: Store,
    tree: Tree,
    at: datetime,
    configuration_changed_at: datetime | None,
    hides_absent: bool,
) -> TakenSnapshot:
    query = hiding_absent(source.node.query) if hides_absent else source.node.query
    with store.cache.reading() as read:
        bound = tree.bind(read, query)
        state = tree.state
        tracks = freeze(read, bound, levels, state)
        sync = read.state()
        names = state.settings.names
        return TakenSnapshot(
            query_text=source.query_text,
            folder=source.folder,
            template=levels.text,
            hides_absent=hides_absent,
            taken_at=at,
            generation=read.generation(),
            library_uuid=sync.library_uuid or "",
            input_hash=input_hash(source.query_text, levels.text, source.levels.text, names),
            metadata_changed_at=read.metadata_changed_at(),
            presence_changed_at=read.presence_changed_at(),
            configuration_changed_at=configuration_changed_at,
            tracks=tracks,
        )
