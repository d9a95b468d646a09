"""What `mcfs export` is to export: the folder that a query or a path names, and what of it is not here.

Owns how the words of the command line become a folder, and which tracks of it count as absent: those that it
would have, too, if mounts showed what is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mcfs.annex.library import Library
from mcfs.annex.objects import content_finder
from mcfs.config.settings import Absent, Settings
from mcfs.errors import TemplateError, TextError
from mcfs.export.plan import PlannedFolder
from mcfs.inspect.path_or_query import is_path, path_inside_mount
from mcfs.inspect.walk import last_step
from mcfs.query import Flag, Query, canonical_text, parse
from mcfs.query.terms import And, Cut, Not, Term
from mcfs.sql import select_tracks
from mcfs.store import Store
from mcfs.template import looks_like_template, split_levels
from mcfs.tree.export_plan import plan_export
from mcfs.tree.nodes import Node, QueryFolderNode, TracksNode, opened_folder
from mcfs.tree.route import Route, name_as_template
from mcfs.tree.tree import Tree

_HERE = Flag("present")
_NOT_HERE = Query(Not(_HERE))


@dataclass(frozen=True, slots=True)
class ExportSource:
    """A folder of the mount, and what a playlist of it is called."""

    node: Node
    name: str
    # The same for all spellings: exports of the same folder belong together.
    canonical: str
    # None where a path names it.
    query: Query | None


@dataclass(frozen=True, slots=True)
class PlannedSource:
    """What can be exported of a source, and what cannot."""

    source: ExportSource
    # Only what is here.
    plan: PlannedFolder
    # Annex key → name, of tracks that are not.
    absent: Mapping[str, str]


def find_source(text: str, template: str | None, tree: Tree) -> ExportSource:
    """What a query or a path names, grouped by a template; a `TextError` says what is wrong with them."""
    levels = () if template is None else _levels(template, tree)
    query = None
    if is_path(text, tree):
        inside = path_inside_mount(text)
        names = Route.parse(inside).names
        step = last_step(inside, tree)
        node, name, canonical = step.node, step.name, "/".join(("", *names))
    else:
        query = parse(text, tree.vocabulary)
        node, name, names = TracksNode(query), text.strip() or "all", ("",)
        canonical = canonical_text(query)
    for depth, level in enumerate(levels, len(names)):
        node = tree.child(node, level, depth)
    return ExportSource(node, name, "/".join((canonical, *levels)), query)


def _levels(template: str, tree: Tree) -> tuple[str, ...]:
    levels = split_levels(template)
    for level in levels:
        if not looks_like_template(level):
            raise TemplateError(
                f"{level} has no field", template, template.index(level), "write {{ genre }}"
            )
        name_as_template(level, tree.vocabulary)
    return levels


def plan_source(
    text: str, template: str | None, store: Store, settings: Settings, *, all_tracks: bool
) -> PlannedSource:
    """The plan of a source as a mount shows it.

    With `all_tracks`, a limit counts absent tracks too, as `mcfs get` counts them: once they are fetched,
    nothing else takes their places.
    """
    tree = with_absent = Tree(store, settings)
    if settings.absent is not Absent.SHOW:
        with_absent = Tree(store, replace(settings, absent=Absent.SHOW))
    if all_tracks:
        tree = with_absent
    try:
        source = find_source(text, template, tree)
    except TextError:
        # A folder of which nothing is here is not there.
        source = find_source(text, template, with_absent)
    folder = opened_folder(source.node)
    plan = plan_export(source.name, folder, tree)
    absent = _absent_files(plan, store)
    here = plan.with_files(lambda file: file.annex_key not in absent) if absent else plan
    if isinstance(folder, QueryFolderNode):
        return PlannedSource(source, here, _absent_in(folder, store, tree))
    if tree is not with_absent:
        source = find_source(text, template, with_absent)
        absent = _absent_files(plan_export(source.name, source.node, with_absent), store)
    return PlannedSource(source, here, absent)


def _absent_files(plan: PlannedFolder, store: Store) -> dict[str, str]:
    """Annex key → name, of what is not here. Nothing is in the work tree unless it is."""
    names = {
        file.annex_key: file.name
        for _, file in plan.files()
        if file.work_path is None and file.annex_key
    }
    with store.cache.reading() as read:
        records = read.records(names)
    return {key: name for key, name in names.items() if key in records and not records[key].present}


def _absent_in(folder: QueryFolderNode, store: Store, tree: Tree) -> dict[str, str]:
    """The same of a folder of a query, in which a mount may hide it."""
    if _finds_only_what_is_here(folder.query.where):
        return {}
    with store.cache.reading() as read:
        bound = tree.bind(read, folder.query.refined(_NOT_HERE))
        return {row.annex_key: row.name for row in read.select(select_tracks(bound))}


def _finds_only_what_is_here(term: Term) -> bool:
    """Whether a query asks for nothing else, as `present:yes` does: looking for the rest would take time."""
    match term:
        case And(terms):
            return any(_finds_only_what_is_here(inner) for inner in terms)
        case Cut(query):
            return _finds_only_what_is_here(query.where)
        case _:
            return term == _HERE


def not_on_disk(planned: PlannedSource, library: Library) -> list[str]:
    """The keys of what is to be exported and is not here, as the disk has it now."""
    keys = {file.annex_key for _, file in planned.plan.files() if file.annex_key}
    find = content_finder(library)
    return [key for key in (*keys, *planned.absent) if find(key) is None]


def nothing_message(text: str, source: ExportSource, store: Store) -> str:
    """What to say about a source without tracks."""
    if source.query is None:
        return "no tracks"
    from mcfs.inspect.suggest import no_tracks_message  # takes time to import, and few need it

    with store.cache.reading() as read:
        return no_tracks_message(text, source.query, read)
