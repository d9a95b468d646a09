"""What `mcfs export` is to export: the folder that a query or a path names, and what of it is not here.

Owns how the words of the command line become a node, and which tracks count as absent: those that the same
folder would have if mounts showed what is not here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcfs.annex.library import Library
from mcfs.annex.objects import content_finder
from mcfs.config.settings import Absent, Settings
from mcfs.errors import TemplateError, TextError
from mcfs.export.plan import PlannedFile, PlannedFolder
from mcfs.inspect.path_or_query import is_path, path_inside_mount
from mcfs.inspect.suggest import no_tracks_message
from mcfs.inspect.walk import last_step
from mcfs.query import Query, canonical_text, parse
from mcfs.store import Store
from mcfs.template import looks_like_template, split_levels
from mcfs.tree.export_plan import plan_export
from mcfs.tree.nodes import Node, TracksNode
from mcfs.tree.route import Route, name_as_template
from mcfs.tree.tree import Tree


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
    # What is not.
    absent: PlannedFolder


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
    text: str,
    template: str | None,
    library: Library,
    store: Store,
    settings: Settings,
    *,
    all_tracks: bool,
) -> PlannedSource:
    """The plan of a source as a mount shows it.

    With `all_tracks`, a limit counts absent tracks too, as `mcfs get` counts them: once they are fetched,
    nothing else takes their places.
    """
    find_content = content_finder(library)
    tree = Tree(store, settings)
    with_absent = Tree(store, replace(settings, absent=Absent.SHOW))
    if all_tracks:
        tree = with_absent
    try:
        source = find_source(text, template, tree)
    except TextError:
        # A folder of which nothing is here is not there.
        source = find_source(text, template, with_absent)
        whole = plan_export(source.name, source.node, with_absent, find_content)
        return PlannedSource(source, PlannedFolder("", ()), whole.with_files(_is_absent))
    whole = plan = plan_export(source.name, source.node, tree, find_content)
    if settings.absent is not Absent.SHOW and not all_tracks and _has_absent(store):
        shown = find_source(text, template, with_absent)
        whole = plan_export(shown.name, shown.node, with_absent, find_content)
    return PlannedSource(
        source, plan.with_files(lambda file: file.present), whole.with_files(_is_absent)
    )


def _is_absent(file: PlannedFile) -> bool:
    return not file.present


def _has_absent(store: Store) -> bool:
    with store.cache.reading() as read:
        return not all(read.column("present"))


def nothing_message(text: str, source: ExportSource, store: Store) -> str:
    """What to say about a source without tracks."""
    if source.query is None:
        return "no tracks"
    with store.cache.reading() as read:
        return no_tracks_message(text, source.query, read)
