"""What the mount shows, with no FUSE in it.

    resolve(route) → Node        which folder, track or file a path names
    child(node, name) → Node     one step of it
    children(node) → Listing     what a folder lists, as of one generation

Owns the resolution of names and the listings, shared by canonical state: two spellings of one folder are
one listing; the names in it are `entries.py`'s. Knows the store only through its repositories, and the
kernel not at all.

    /                        RootNode
    ├── all                  TracksNode(ALL)
    ├── genre                ValuesNode(ALL, {{ genre }})
    │   └── Techno           ValueNode, opened: TracksNode({{ genre }} is techno)
    ├── pins                 PinsNode
    │   ├── Peak time        TracksNode(query of the pin)
    │   └── New folder       EmptyPinNode: becomes a query by its first rename to one
    ├── .mcfs/status         InfoFolderNode, InfoFileNode; not listed, as all below
    └── genre:techno         TracksNode(query)
        ├── bpm:>120         TracksNode(both)
        ├── {{ artist }}     ValuesNode(query, {{ artist }})
        └── bpm:>120.m3u8    ExportNode
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import assert_never

from mcfs.config.settings import DEFAULTS, Absent, Names, Settings
from mcfs.error_log import ErrorLog
from mcfs.errors import NotFoundError, QueryError, ReadOnlyError, TemplateError
from mcfs.fields.dates import start_of_day
from mcfs.query import ALL, Query, Vocabulary, canonical_text, hiding_absent, parse
from mcfs.sql import select_entry
from mcfs.store import Generation, Store
from mcfs.store.cache_reader import CacheReader
from mcfs.store.change_feed import ChangeFeed
from mcfs.template import Template
from mcfs.tree import folder_file
from mcfs.tree.changed_names import NameChanges, name_changes
from mcfs.tree.entries import list_entries, track_name
from mcfs.tree.group_cache import GroupCache
from mcfs.tree.nodes import (
    EmptyPinNode,
    ExportNode,
    Format,
    InfoFile,
    InfoFileNode,
    InfoFolderNode,
    Node,
    PinsNode,
    Presentation,
    QueryFolderNode,
    RootNode,
    TrackNode,
    TracksNode,
    ValueNode,
    ValuesNode,
    query_folder,
)
from mcfs.tree.route import (
    MAX_DEPTH,
    Route,
    explain_misspelled_field,
    name_as_query,
    name_as_template,
)
from mcfs.tree.views import Views, read_views

# Listings hold what they list; nearly a kilobyte for each entry, names and paths and all.
MAX_LISTED = 150_000
# Bytes of folders that were read as files.
MAX_WRITTEN = 32_000_000
# Templates that named something. Of more, what each changed is not worth to be told one by one.
MAX_TEMPLATES = 1000


# A state of the store, and the local day: what names depend on.
TreeVersion = tuple[Generation, date]


@dataclass(frozen=True, slots=True)
class Listing:
    """What one folder holds as of one generation. Never changes; a newer one replaces it."""

    generation: Generation
    # "In the last 7 days" is another answer tomorrow.
    day: date
    entries: Mapping[str, Node] = field(repr=False)

    @property
    def version(self) -> TreeVersion:
        """What it was true of."""
        return self.generation, self.day


@dataclass(frozen=True)
class _Moment:
    """All that is true of one generation on one day."""

    generation: Generation
    day: date
    # When the day ends, in seconds since 1970.
    until: float
    vocabulary: Vocabulary
    settings: Settings
    group_cache: GroupCache

    def is_of(self, listing: Listing) -> bool:
        """Whether a listing says what is true now."""
        return listing.generation is self.generation and listing.day is self.day

    @cached_property
    def views(self) -> Views:
        return read_views(self.settings, self.vocabulary)

    @cached_property
    def views_listed(self) -> dict[str, Node]:
        """What the root lists."""
        shown: dict[str, Node] = {
            view.name: view.node for view in self.views.by_name.values() if not view.hidden
        }
        return {**shown, "pins": PinsNode()}


class Tree:
    """The folders of one store. Safe to ask from several threads at once.

    What it says is true of the generation it last saw; `refresh` looks for a newer one.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings = DEFAULTS,
        error_log: ErrorLog | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self.error_log = error_log or ErrorLog()
        # Both are of this moment alone.
        self._listings: OrderedDict[str, Listing] = OrderedDict()
        self._listed = 0
        self._files: OrderedDict[ExportNode, bytes] = OrderedDict()
        self._by_value: set[Template] = set()
        self._by_file: set[Template] = set()
        self._change_feed: ChangeFeed | None = None
        self._lock = threading.Lock()
        self._moment: _Moment | None = None
        self.refresh()

    def refresh(self) -> Generation:
        """See whether the store has moved on; which generation it is in."""
        with self._store.cache.reading() as read:
            return self._seen(read).generation

    def start_following(self) -> TreeVersion:
        """From now on, remember what there was, so that `follow` can say what changed since this."""
        self._change_feed = ChangeFeed(self._store.cache)
        return self._change_feed.generation, self.day

    def stop_following(self) -> None:
        """Let go of what there was."""
        if self._change_feed is not None:
            self._change_feed.close()
            self._change_feed = None

    def follow(self) -> NameChanges | None:
        """What has changed since it was last asked; None if nothing has. From one thread at a time.

        By then everything else is as of the new generation already.
        """
        assert self._change_feed is not None
        with self._change_feed.next_change() as change:
            if change is None:
                self._now()
                return None
            now = self._seen(change.after)
            by_value, by_file = self._templates_in_use()
            if len(by_value | by_file) > MAX_TEMPLATES:
                self._forget_templates()
                return NameChanges(now.generation, now.day, everything=True, fields_changed=True)
            return name_changes(change, by_value, by_file, now.day)

    def _templates_in_use(self) -> tuple[set[Template], set[Template]]:
        """Those that named any folder or file that was listed."""
        with self._lock:
            return set(self._by_value), set(self._by_file)

    def _note_templates(self, node: QueryFolderNode) -> None:
        """What names the entries of a folder is in use."""
        known, template = self._by_file, node.presentation.file_names
        if isinstance(node, ValuesNode):
            known, template = self._by_value, node.templates[0]
        with self._lock:
            # One too many is enough to know that there are.
            if template is not None and len(known) <= MAX_TEMPLATES:
                known.add(template)

    def _forget_templates(self) -> None:
        """Nothing that they named is believed any more."""
        with self._lock:
            self._by_value.clear()
            self._by_file.clear()

    def configure(self, settings: Settings) -> None:
        """From now on by other settings."""
        self._settings = settings
        self._begin(None)
        self.refresh()

    @property
    def settings(self) -> Settings:
        """How things are to be shown."""
        return self._settings

    @property
    def generation(self) -> Generation:
        """Names the state of the store that everything is as of."""
        return self._now().generation

    @property
    def version(self) -> TreeVersion:
        """Both: what is answered is never older, and may be newer by what somebody else has seen."""
        now = self._now()
        return now.generation, now.day

    @property
    def day(self) -> date:
        """The local day that everything is as of."""
        return self._now().day

    @property
    def vocabulary(self) -> Vocabulary:
        """The fields that the library has, for reading queries."""
        return self._now().vocabulary

    @property
    def broken_views(self) -> tuple[str, ...]:
        """A sentence for each view that cannot be read."""
        said = tuple(map(str, self._settings.problems))
        return (*said, *self._now().views.broken)

    def resolve(self, route: Route) -> Node:
        """The node a whole path names."""
        node: Node = RootNode()
        for depth, name in enumerate(route.names):
            node = self.child(node, name, depth)
        return node

    def child(self, node: Node, name: str, depth: int = 0) -> Node:
        """The node of one name in a folder that is so deep below the root.

        What the folder lists comes first, then what the name says.
        """
        if depth >= MAX_DEPTH:
            raise NotFoundError(f"a path may be {MAX_DEPTH} folders deep")
        match node:
            case RootNode():
                if name.startswith("."):
                    return _dotted(name)
                listed = self._now().views_listed.get(name) or self._hidden_view(name)
                return listed or self._named(TracksNode(ALL), name, depth, node)
            case InfoFolderNode():
                return _of_itself(name)
            case PinsNode() | EmptyPinNode():
                found = self.children(node).entries.get(name)
                if found is None:
                    raise NotFoundError(f"no pin of the name {name}")
                return found
            case TracksNode() | ValuesNode():
                return self._below(node, name, depth)
            case ValueNode():
                return self._below(node.folder(), name, depth)
            case TrackNode() | ExportNode() | InfoFileNode():
                raise NotFoundError(f"{name}: a file holds nothing")
            case unreachable:
                assert_never(unreachable)

    def children(self, node: Node) -> Listing:
        """What a folder lists now."""
        match node:
            case RootNode():
                return self._listing(self._now().views_listed)
            case PinsNode():
                pins = self._store.user.pins()
                return self._listing({pin.name: self._pinned(pin.query_text) for pin in pins})
            case EmptyPinNode():
                return self._listing({})
            case InfoFolderNode():
                return self._listing({told.value: InfoFileNode(told) for told in InfoFile})
            case TracksNode() | ValuesNode():
                return self._filled(node)
            case ValueNode():
                return self._filled(node.folder())
            case TrackNode() | ExportNode() | InfoFileNode():
                raise NotFoundError("a file is not a folder")
            case unreachable:
                assert_never(unreachable)

    def cached_listing(self, node: Node) -> Listing | None:
        """The listing of a folder if it is at hand and still true: asks nobody."""
        if isinstance(node, ValueNode):
            node = node.folder()
        return self._cached(node.key) if isinstance(node, TracksNode | ValuesNode) else None

    def shown_query(self, node: QueryFolderNode) -> Query:
        """The query that a folder answers: what is not here is hidden, unless it is asked for."""
        if self._settings.absent is Absent.SHOW:
            return node.query
        return hiding_absent(node.query)

    def bind(self, read: CacheReader, query: Query) -> Query:
        """A query that can be asked of what this reader sees: the values in it know their members."""
        now = self._seen(read)
        return now.group_cache.bound(read, query)

    def file_content(self, node: ExportNode) -> bytes:
        """What is in such a file, as of now."""
        now = self._now()
        with self._lock:
            known = self._files.get(node)
            if known is not None:
                self._files.move_to_end(node)
                return known
        names = self._lying(node)
        with self._store.cache.reading() as read:
            text = folder_file.written(node, names, read)
        with self._lock:
            if now is not self._moment:
                return text
            self._files[node] = text
            # An empty one takes room too.
            while sum(1000 + len(kept) for kept in self._files.values()) > MAX_WRITTEN:
                self._files.popitem(last=False)
        return text

    def _lying(self, node: ExportNode) -> list[tuple[str, str]]:
        """Every track below a folder, and the path to it from where the folder's file lies."""
        if isinstance(node.folder, ValuesNode):
            # A track may be under several values; in `all` each is once.
            up = "../" * node.depth or "./"
            tracks = self._filled(TracksNode(node.folder.query)).entries.values()
            return [
                (track.annex_key, f"{up}all/{track_name(track, self._settings.names)}")
                for track in tracks
                if isinstance(track, TrackNode)
            ]
        # `./` in front: a name like "genre:techno" is a protocol to some programs.
        return [
            (track.annex_key, f"./{node.stem}/{name}")
            for name, track in self._filled(node.folder).entries.items()
            if isinstance(track, TrackNode)
        ]

    # --- pins

    def make_pin(self, where: Node, name: str) -> Node:
        """What mkdir means: a pin of the query that the name is, or an empty one."""
        _only_pins(where)
        _no_dot(name)
        query = name_as_query(name, self.vocabulary)
        self._store.user.add_pin(name, "" if query is None else canonical_text(query))
        return EmptyPinNode() if query is None else TracksNode(query)

    def remove_pin(self, where: Node, name: str) -> None:
        """What rmdir means: the query is forgotten, the tracks are not touched."""
        _only_pins(where)
        self._store.user.remove_pin(name)

    def rename_pin(self, where: Node, name: str, new_where: Node, new_name: str) -> Node:
        """What mv means: another name for the same query; an empty pin becomes the query it is named."""
        _only_pins(where)
        _only_pins(new_where)
        _no_dot(new_name)
        becomes = self._store.user.pin(name).query_text
        if not becomes:
            query = name_as_query(new_name, self.vocabulary)
            becomes = "" if query is None else canonical_text(query)
        self._store.user.rename_pin(name, new_name, becomes)
        return self._pinned(becomes)

    def _pinned(self, query_text: str) -> Node:
        try:
            return TracksNode(parse(query_text, self.vocabulary)) if query_text else EmptyPinNode()
        except QueryError:
            # A field that no track has just now, or words of a newer mcfs: the pin stays, and is empty.
            return EmptyPinNode()

    # --- names

    def _hidden_view(self, name: str) -> Node | None:
        view = self._now().views.by_name.get(name)
        return view.node if view else None

    def _below(self, node: QueryFolderNode, name: str, depth: int) -> Node:
        if name.startswith("."):
            raise NotFoundError(f"{name}: nothing here begins with a dot")
        return self._listed_as(node, name) or self._named(node, name, depth, node)

    def _listed_as(self, node: QueryFolderNode, name: str) -> Node | None:
        """One indexed lookup for a track, never a listing, unless one is at hand or the names need one."""
        held = self._cached(node.key)
        if held is None and self._is_called_the_same_everywhere(node):
            with self._store.cache.reading() as read:
                now = self._seen(read)
                query = now.group_cache.bound(read, self.shown_query(node))
                rows = read.rows(select_entry(query, name, now.day))
                return TrackNode._make(rows[0]) if rows else None
        return (held or self._filled(node)).entries.get(name)

    def _is_called_the_same_everywhere(self, node: QueryFolderNode) -> bool:
        return (
            isinstance(node, TracksNode)
            and node.presentation.file_names is None
            and not node.query.order
            and self._settings.names is Names.PLAIN
        )

    def _named(self, base: QueryFolderNode, name: str, depth: int, inside: Node) -> Node:
        """What a name says that is not listed: an export, a template, a query."""
        for format_ in Format:
            if name.endswith(format_.value):
                return self._export(inside, name.removesuffix(format_.value), format_, depth)
        try:
            template = name_as_template(name, self.vocabulary)
            query = None if template else name_as_query(name, self.vocabulary)
        except (QueryError, TemplateError) as error:
            self.error_log.add(f"{name}: {error}")
            raise NotFoundError(str(error)) from error
        templates = base.templates if isinstance(base, ValuesNode) else ()
        if template is not None:
            if template.names_files:
                return query_folder(
                    base.query, templates, Presentation(template, base.presentation.entries)
                )
            return query_folder(base.query, (*templates, template), base.presentation)
        if query is not None:
            return query_folder(base.query.refined(query), templates, base.presentation)
        if said := explain_misspelled_field(name, self.vocabulary):
            self.error_log.add(f"{name}: {said}")
            raise NotFoundError(said)
        raise NotFoundError(f"{name}: nothing of that name, and not a query")

    def _export(self, inside: Node, stem: str, format_: Format, depth: int) -> Node:
        found = self.child(inside, stem, depth) if stem else None
        if isinstance(found, ValueNode):
            found = found.folder()
        if not isinstance(found, TracksNode | ValuesNode):
            raise NotFoundError(
                f"{stem}: no folder of tracks that could be written as {format_.value}"
            )
        return ExportNode(found, format_, stem, depth)

    # --- listings

    def _filled(self, node: QueryFolderNode) -> Listing:
        held = self._cached(node.key)
        if held is not None:
            return held
        with self._store.cache.reading() as read:
            now = self._seen(read)
            query = now.group_cache.bound(read, self.shown_query(node))
            self._note_templates(node)
            try:
                entries = list_entries(
                    node, query, read, now.group_cache, now.day, self._settings.names
                )
            except NotFoundError as error:
                self.error_log.add(str(error))
                raise
        return self._keep(node.key, Listing(now.generation, now.day, MappingProxyType(entries)))

    def _listing(self, entries: dict[str, Node]) -> Listing:
        now = self._now()
        return Listing(now.generation, now.day, MappingProxyType(entries))

    def _cached(self, key: str) -> Listing | None:
        """The listing at hand, if it still says what is true."""
        self._now()
        with self._lock:
            held = self._listings.get(key)
            if held is not None:
                self._listings.move_to_end(key)
            return held

    def _keep(self, key: str, listing: Listing) -> Listing:
        """Remember a listing, forgetting the ones not asked for longest: bounded by their entries."""
        with self._lock:
            # Who began to read before others did comes too late.
            if self._moment is None or not self._moment.is_of(listing):
                return listing
            replaced = self._listings.pop(key, None)
            self._listed += _weight(listing) - (_weight(replaced) if replaced else 0)
            self._listings[key] = listing
            while self._listed > MAX_LISTED and len(self._listings) > 1:
                _, forgotten = self._listings.popitem(last=False)
                self._listed -= _weight(forgotten)
        return listing

    # --- generations and days

    def _now(self) -> _Moment:
        now = self._moment
        if now is None or self._clock() >= now.until:
            with self._store.cache.reading() as read:
                return self._seen(read)
        return now

    def _seen(self, read: CacheReader) -> _Moment:
        """What is true of the state that this reader sees, which may be newer than what was seen before."""
        generation, now = read.generation(), self._moment
        same = now is not None and now.generation == generation
        if now is not None and same and self._clock() < now.until:
            return now
        day = datetime.fromtimestamp(self._clock(), UTC).astimezone().date()
        moment = _Moment(
            generation=generation,
            day=day,
            until=start_of_day(day + timedelta(days=1)).timestamp(),
            vocabulary=now.vocabulary if now is not None and same else read.vocabulary(),
            settings=self._settings,
            group_cache=now.group_cache if now is not None and same else GroupCache(generation),
        )
        # One who began to read before others did is not to put the clock back for them.
        if now is None or not _is_older(generation, now.generation):
            self._begin(moment)
        return moment

    def _begin(self, moment: _Moment | None) -> None:
        """From now on this is true, and what was made before is of no use.

        To wait until there is too much of it would fill the memory where a library changes all day.
        """
        with self._lock:
            self._moment = moment
            self._listings.clear()
            self._listed = 0
            self._files.clear()


def _weight(listing: Listing) -> int:
    """In entries: a listing of none takes room too."""
    return 4 + len(listing.entries)


def _is_older(one: Generation, other: Generation) -> bool:
    return one.store_uuid == other.store_uuid and one.counter < other.counter


def _dotted(name: str) -> Node:
    if name != ".mcfs":
        raise NotFoundError(f"{name}: only `.mcfs` begins with a dot")
    return InfoFolderNode()


def _of_itself(name: str) -> Node:
    try:
        return InfoFileNode(InfoFile(name))
    except ValueError as error:
        raise NotFoundError(
            f"{name}: in .mcfs are {', '.join(told.value for told in InfoFile)}"
        ) from error


def _only_pins(node: Node) -> None:
    if not isinstance(node, PinsNode):
        raise ReadOnlyError("only `pins/` can be changed")


def _no_dot(name: str) -> None:
    """What file managers hide for themselves (`.Trash-1000`) is no pin."""
    if name.startswith("."):
        raise ReadOnlyError(f"{name}: a pin may not begin with a dot")
