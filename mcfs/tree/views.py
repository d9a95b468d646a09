"""The views: what the root lists, built in or written in `mcfs.toml`.

Owns the built-in views, and how a view's settings become a folder. A view that cannot be read is left out,
with a sentence that says why; the other views are not affected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from mcfs.config.settings import Absent, Settings, ViewSettings
from mcfs.errors import McfsError, QueryError
from mcfs.fields import Vocabulary
from mcfs.query import ALL, Flag, Query, any_of, parse
from mcfs.query.terms import Not
from mcfs.template import Template, parse_template
from mcfs.tree.nodes import Presentation, QueryFolderNode, query_folder

_BUILT_IN = (
    ViewSettings("all"),
    ViewSettings(
        "artist",
        templates=("{{ albumartist or artist }}", "{{ album }}"),
        file_names='{{ tracknumber | pad(2) if tracknumber else "" }} {{ title }}.{{ ext }}',
        sort=("tracknumber",),
    ),
    ViewSettings("genre", templates=("{{ genre }}",)),
    ViewSettings("bpm", templates=("{{ bpm | round }}",)),
    ViewSettings("key", templates=("{{ key | camelot or key }}",)),
    ViewSettings("year", templates=("{{ year }}",)),
    ViewSettings("rating", templates=("{{ rating }}",)),
    ViewSettings("crate", templates=("{{ crate }}",)),
    ViewSettings("new", query="added:>-30d"),
)


@dataclass(frozen=True, slots=True)
class View:
    """A name in the root, and the folder behind it."""

    name: str
    node: QueryFolderNode
    hidden: bool


@dataclass(frozen=True, slots=True)
class Views:
    """The views that can be read, by name, and a sentence for each that cannot."""

    by_name: Mapping[str, View]
    broken: tuple[str, ...]


def read_views(settings: Settings, vocabulary: Vocabulary) -> Views:
    """The built-in views and the configured ones. A configured view changes the built-in one of its name."""
    all_settings = {view.name: view for view in _BUILT_IN}
    for name, view in settings.views.items():
        built_in = all_settings.get(name)
        all_settings[name] = view if built_in is None else _override(built_in, view)
    found: dict[str, View] = {}
    broken: list[str] = []
    for name, view in all_settings.items():
        try:
            found[name] = View(name, _read(view, vocabulary), view.hidden)
        except McfsError as error:
            broken.append(f"view {name}: {error}")
    return Views(found, tuple(broken))


def _override(built_in: ViewSettings, configured: ViewSettings) -> ViewSettings:
    """Change only what is configured: a built-in view that is hidden keeps its templates."""
    default = ViewSettings(configured.name)
    changes = {
        name: getattr(configured, name)
        for name in (member.name for member in fields(ViewSettings))
        if getattr(configured, name) != getattr(default, name)
    }
    return replace(built_in, **changes)


def _read(view: ViewSettings, vocabulary: Vocabulary) -> QueryFolderNode:
    query = _with_settings(view, parse(view.query, vocabulary) if view.query else ALL, vocabulary)
    templates = tuple(map(parse_template, view.templates))
    for template in templates:
        if template.names_files:
            raise QueryError(
                "a folder cannot be named by a file", template.text, 0, "put it into `file_names`"
            )
    names = None if view.file_names is None else _file_names(view.file_names)
    return query_folder(query, templates, Presentation(names, view.entries))


def _with_settings(view: ViewSettings, query: Query, vocabulary: Vocabulary) -> Query:
    """Add the view's `sort`, `limit` and `absent`: each means what it would mean inside the query."""
    words = [f"sort:{field}" for field in view.sort]
    if view.limit is not None:
        words.append(f"limit:{view.limit}")
    if view.absent is not None:
        present = Flag("present")
        # A query that speaks of `present` decides for itself what it shows.
        shown = present if view.absent is Absent.HIDE else any_of(present, Not(present))
        query = Query(shown).refined(query)
    added = parse(" ".join(words), vocabulary)
    limit = query.limit if added.limit is None else added.limit
    return replace(query, order=added.order or query.order, limit=limit)


def _file_names(text: str) -> Template:
    template = parse_template(text)
    if not template.names_files:
        raise QueryError("files would have no extension", text, 0, "end it with .{{ ext }}")
    return template
