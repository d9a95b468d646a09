"""The views: what the root lists, built in or written in `mcfs.toml`.

Owns the built-in ones, and the reading of a view's settings into a folder. A view that cannot be read is
left out and told of; the others are not the worse for it.
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
    """A name of the root, and the folder it stands for."""

    name: str
    node: QueryFolderNode
    hidden: bool


@dataclass(frozen=True, slots=True)
class Views:
    """All that can be read, by name, and a sentence for each that cannot."""

    by_name: Mapping[str, View]
    broken: tuple[str, ...]


def read_views(settings: Settings, vocabulary: Vocabulary) -> Views:
    """The built-in views and the configured ones, which may replace them."""
    wanted = {view.name: view for view in _BUILT_IN}
    for name, said in settings.views.items():
        wanted[name] = _over(wanted[name], said) if name in wanted else said
    found: dict[str, View] = {}
    broken: list[str] = []
    for name, view in wanted.items():
        try:
            found[name] = View(name, _read(view, vocabulary), view.hidden)
        except McfsError as error:
            broken.append(f"view {name}: {error}")
    return Views(found, tuple(broken))


def _over(built_in: ViewSettings, said: ViewSettings) -> ViewSettings:
    """A built-in view with what is said otherwise: to hide one is not to empty it."""
    unsaid = ViewSettings(said.name)
    changes = {
        name: getattr(said, name)
        for name in (member.name for member in fields(ViewSettings))
        if getattr(said, name) != getattr(unsaid, name)
    }
    return replace(built_in, **changes)


def _read(view: ViewSettings, vocabulary: Vocabulary) -> QueryFolderNode:
    query = _in_order(view, parse(view.query, vocabulary) if view.query else ALL, vocabulary)
    templates = tuple(map(parse_template, view.templates))
    for template in templates:
        if template.names_files:
            raise QueryError(
                "a folder cannot be named by a file", template.text, 0, "put it into `file_names`"
            )
    names = None if view.file_names is None else _names_of_files(view.file_names)
    return query_folder(query, templates, Presentation(names, view.entries))


def _in_order(view: ViewSettings, query: Query, vocabulary: Vocabulary) -> Query:
    """What the table says beside the query is what could be written in it."""
    words = [f"sort:{field}" for field in view.sort]
    if view.limit is not None:
        words.append(f"limit:{view.limit}")
    if view.absent is not None:
        here = Flag("present")
        speaks = here if view.absent is Absent.HIDE else any_of(here, Not(here))
        query = Query(speaks).refined(query)
    said = parse(" ".join(words), vocabulary)
    limit = query.limit if said.limit is None else said.limit
    return replace(query, order=said.order or query.order, limit=limit)


def _names_of_files(text: str) -> Template:
    template = parse_template(text)
    if not template.names_files:
        raise QueryError("files would have no extension", text, 0, "end it with .{{ ext }}")
    return template
