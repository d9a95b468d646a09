"""What a change in a folder of values means: which values which tracks lose and gain.

Owns the meaning of each gesture, and the sentences why one is refused. Changes nothing: git-annex is changed
by `editing/`, and `fuse/edit_gestures.py` has the order of all steps. Which folders edit is decided in
`editable.py`.

    a track is put into a folder    it gains the folder's value, in place of others if the field has only one
    it is moved to another folder   it loses the value of the one and gains that of the other
    it is removed from a folder     it loses the value
    a folder is made                a value that no track has yet
    a folder is renamed             all its tracks, absent ones too, lose the old value and gain the new one
    an empty folder is removed      the value is not kept any more
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcfs.config.settings import Names
from mcfs.editing.gestures import TrackEdit
from mcfs.editing.value_changes import ValueEdit
from mcfs.errors import EditRefusedError, EntryExistsError, NotEmptyError, ReadOnlyError
from mcfs.fields import Field
from mcfs.query import ALL, AnnexKeys, Query
from mcfs.sql import BoundQuery
from mcfs.sql.groups import select_values
from mcfs.store import Store
from mcfs.store.cache_reader import CacheReader
from mcfs.text.escape import MAX_BYTES, escape, unescape
from mcfs.text.fold import fold
from mcfs.text.portable import plain_name, portable_name
from mcfs.tree.editable import edited_field, value_field, why_read_only
from mcfs.tree.nodes import Node, TrackNode, ValueNode, ValuesNode
from mcfs.tree.rendered_template import RenderedTemplate
from mcfs.tree.state import CurrentState, TreeState
from mcfs.tree.template_fields import StoredValues
from mcfs.tree.track_nodes import track_nodes

_Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class FolderEdit:
    """A change of a folder: the folder that there is then, and what it means for tracks and values."""

    folder: ValueNode
    field: str
    # Its value; and the one that it had before.
    value: str
    former: tuple[str, str] | None = None
    tracks: tuple[TrackEdit, ...] = ()


class _EditedField:
    """One editable field, and how a folder of its values shows them."""

    def __init__(self, name: str, node: ValuesNode, state: TreeState) -> None:
        self.field: Field = state.vocabulary.field(name)
        self._rendered = RenderedTemplate(node.templates[0], state.vocabulary)
        source = self._rendered.sources[0]
        assert isinstance(source, StoredValues), "only what is stored can be edited"
        self._source = source
        # The folder of the tracks without a value.
        self.nothing = self._rendered.value((None,))

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def stored_names(self) -> tuple[str, ...]:
        return self._source.fields

    def shown(self, value: str) -> tuple[str, str]:
        """What the folder of a value is called before it is escaped, and the same folded."""
        return self._rendered.value((self._source.cell(value, self.field.kind.number_of(value)),))

    def stored(self, shown: str, bound: BoundQuery, read: CacheReader) -> str:
        """The value of these tracks that is shown like this: of "AC∕DC", mostly "AC/DC"."""
        if self.field.kind.is_number:
            return shown
        texts = {text for _, text, _ in read.select(select_values(bound, self.stored_names))}
        found = {text.strip() for text in texts if self.shown(text)[0] == shown}
        usual = unescape(shown)
        return usual if usual in found else min(found, default=usual)

    def all_of(self, values: _Values) -> tuple[str, ...]:
        """Those of a track's values that a folder shows."""
        return tuple(value for name in self.stored_names for value in values.get(name, ()))

    def inside(self, values: _Values, folder: ValueNode) -> tuple[str, ...]:
        """Those that put the track into this folder."""
        return tuple(v for v in self.all_of(values) if self.shown(v)[1] == folder.text)


class ValueEdits:
    """Plans the changes in the folders of one store. Safe to use from several threads."""

    def __init__(self, store: Store, current: CurrentState) -> None:
        self._cache = store.cache
        self._current = current

    # --- tracks

    def put(self, annex_key: str, where: Node) -> tuple[TrackEdit, TrackNode]:
        """A link to a track is made in a folder; and the track."""
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            folder, field = _value_folder(where, state)
            track = _track_that_fits(annex_key, folder, read, state)
            if _is_inside(annex_key, folder, read, state):
                raise EntryExistsError(f"{track.name} is here already")
            values = _values_of(annex_key, field, read)
            gain = _gain(track, values, folder, field, (), read, state)
            return TrackEdit(annex_key, (gain,)), track

    def take_out(self, track: TrackNode, where: Node) -> TrackEdit:
        """A track's entry is removed from a folder."""
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            folder, field = _value_folder(where, state)
            annex_key = _annex_key(track, read)
            lost = field.inside(_values_of(annex_key, field, read), folder)
            if not lost or folder.text == field.nothing.folded:
                raise EditRefusedError(
                    f"{track.name} has no {field.name} that could be taken away here"
                )
            return TrackEdit(annex_key, (ValueEdit(field.name, lost),))

    def move(self, track: TrackNode, where: Node, new_where: Node) -> TrackEdit:
        """A track's entry is moved from one folder to another."""
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            to, new_field = _value_folder(new_where, state)
            if value_field(where, state.settings.edit) is None:
                raise ReadOnlyError(
                    f"{track.name} cannot be moved out of a folder that is not edited; to add a value, copy "
                    "the link: cp -P"
                )
            folder, field = _value_folder(where, state)
            if (folder.text, field.name) == (to.text, new_field.name):
                raise EditRefusedError(
                    f"{track.name} has its name from its metadata: it can be moved to the folder of another "
                    "value, and not get another name"
                )
            annex_key = _annex_key(track, read)
            _track_that_fits(annex_key, to, read, state)
            values = _values_of(annex_key, field, read)
            lost = () if folder.text == field.nothing.folded else field.inside(values, folder)
            if field.name == new_field.name:
                gain = _gain(track, values, to, field, lost, read, state)
                return TrackEdit(annex_key, (gain,))
            new_values = _values_of(annex_key, new_field, read)
            gain = _gain(track, new_values, to, new_field, (), read, state)
            return TrackEdit(annex_key, (ValueEdit(field.name, lost), gain))

    # --- folders

    def begin(self, where: Node, name: str) -> FolderEdit:
        """A folder is made."""
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            node, field = _folder_of_values(where, state)
            value, folder = _new_value(name, node, field, None, read, state)
        return FolderEdit(folder, field.name, value)

    def end(self, where: Node, folder: Node) -> FolderEdit:
        """An empty folder is removed."""
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            _, field = _folder_of_values(where, state)
            if not isinstance(folder, ValueNode):
                raise ReadOnlyError("only the folder of a value can be removed here")
            if read.count(_bind(folder.folder().query, read, state)):
                raise NotEmptyError("there are tracks in it, of which some may not be shown")
            value = _spelling(folder, read, state)
        return FolderEdit(folder, field.name, value)

    def rename(self, where: Node, folder: Node, new_where: Node, new_name: str) -> FolderEdit:
        """A folder is renamed, or moved to the values of another field."""
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            _, field = _folder_of_values(where, state)
            node, new_field = _folder_of_values(new_where, state)
            if not isinstance(folder, ValueNode):
                raise ReadOnlyError("only the folder of a value can be renamed here")
            if folder.text == field.nothing.folded:
                raise EditRefusedError(
                    f"here are the tracks without {field.name}; move those that are to have one"
                )
            former = _spelling(folder, read, state)
            value, new_folder = _new_value(new_name, node, new_field, folder, read, state)
            tracks = track_nodes(read, _bind(folder.folder().query, read, state))
            ids = read.track_ids_of_keys(read.annex_keys(track.inode for track in tracks).values())
            every = read.values_of_ids(sorted(ids.values()), field.stored_names)
            edits = []
            for annex_key, track_id in ids.items():
                lost = field.inside(every.get(track_id, {}), folder)
                gain = ValueEdit(
                    new_field.name,
                    lost if field.name == new_field.name else (),
                    (value,),
                    replaces=new_field.field.single_valued,
                )
                loss = [] if field.name == new_field.name else [ValueEdit(field.name, lost)]
                edits.append(TrackEdit(annex_key, (*loss, gain)))
        return FolderEdit(new_folder, new_field.name, value, (field.name, former), tuple(edits))

    # --- what is there

    def value_of(self, folder: ValueNode) -> str:
        """The value of a folder as it is stored: of several spellings the one that is shown."""
        with self._cache.reading() as read:
            return _spelling(folder, read, self._current.seen_by(read))

    def track_in(self, folder: ValueNode, track: TrackNode) -> TrackNode | None:
        """A track as it is now, if a folder lists it."""
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            keys = tuple(read.annex_keys([track.inode]).values())
            query = state.shown_query(folder.folder()).refined(Query(AnnexKeys(keys)))
            found = track_nodes(read, _bind(query, read, state)) if keys else ()
            return found[0] if found else None

    def lists_anything(self, folder: ValueNode) -> bool:
        """Whether a folder lists any track."""
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            return read.count(_bind(state.shown_query(folder.folder()), read, state)) > 0


def _gain(
    track: TrackNode,
    values: _Values,
    folder: ValueNode,
    field: _EditedField,
    lost: tuple[str, ...],
    read: CacheReader,
    state: TreeState,
) -> ValueEdit:
    """The edit of a track that gains the value of a folder, and loses others of the same field."""
    if folder.text == field.nothing.folded:
        if set(field.all_of(values)) != set(lost):
            raise EditRefusedError(
                f"here are the tracks without {field.name}, and {track.name} has one; to take a value away, "
                "remove the entry from the folder of that value"
            )
        return ValueEdit(field.name, lost)
    value = _spelling(folder, read, state)
    return ValueEdit(field.name, lost, (value,), replaces=field.field.single_valued)


def _track_that_fits(
    annex_key: str, folder: ValueNode, read: CacheReader, state: TreeState
) -> TrackNode:
    """The track, if a folder above this one could list it, whatever its value is."""
    only = Query(AnnexKeys((annex_key,)))
    query = folder.parent.query.refined(only)
    shown = state.shown_query(ValuesNode(query, folder.parent.templates))
    if found := track_nodes(read, _bind(shown, read, state)):
        return found[0]
    known = track_nodes(read, _bind(only, read, state))
    if not known:
        raise EditRefusedError("this is no track of the library")
    if track_nodes(read, _bind(query, read, state)):
        raise EditRefusedError(
            f"the content of {known[0].name} is not here, and this mount does not show such tracks; to have "
            "it: mcfs get"
        )
    raise EditRefusedError(f"{known[0].name} does not match the query of the folder above")


def _is_inside(annex_key: str, folder: ValueNode, read: CacheReader, state: TreeState) -> bool:
    query = folder.folder().query.refined(Query(AnnexKeys((annex_key,))))
    return read.count(_bind(query, read, state)) > 0


def _spelling(folder: ValueNode, read: CacheReader, state: TreeState) -> str:
    """The value of a folder as tracks have it, which the folder's name does not always say."""
    _, field = _value_folder(folder, state)
    (template,) = folder.parent.templates
    everywhere = ValueNode(ValuesNode(ALL, folder.parent.templates), folder.text)
    # Of the folder's own tracks: those of its parent may be the whole library.
    for query in (state.shown_query(folder.folder()), everywhere.folder().query):
        bound = _bind(query, read, state)
        for group in state.group_cache.groups(read, bound, template):
            if group.folded == folder.text:
                return field.stored(group.shown, bound, read)
    for value in state.empty_values_in(folder.parent):
        if fold(value.strip()) == folder.text:
            return value
    raise EditRefusedError("this value has gone meanwhile")


def _new_value(
    name: str,
    node: ValuesNode,
    field: _EditedField,
    renamed: ValueNode | None,
    read: CacheReader,
    state: TreeState,
) -> tuple[str, ValueNode]:
    """The value that a new folder name stands for, and the folder; refused where there is such a folder.

    One that is `renamed` to it may take the place of an empty folder, and may only change its case.
    """
    value = _value_called(name, field, state)
    shown, folded = field.shown(value)
    folder = ValueNode(node, folded)
    if (
        renamed is not None
        and renamed.text == folded
        and renamed.parent.templates == node.templates
    ):
        return value, folder
    if read.count(_bind(folder.folder().query, read, state)):
        spelling = _spelling(folder, read, state)
        raise NotEmptyError(f"there is {spelling} already; to put tracks together, move them")
    kept = {fold(each.strip()) for each in state.empty_values_in(node)}
    if folded in kept and renamed is None:
        raise EntryExistsError(f"there is {shown} already")
    for group in state.group_cache.groups(read, _bind(ALL, read, state), node.templates[0]):
        if group.folded == folded and escape(group.shown.strip()) != escape(shown):
            raise EditRefusedError(f"other tracks have it as {group.shown}: write it like that")
    return value, folder


def _value_called(name: str, field: _EditedField, state: TreeState) -> str:
    portable = state.settings.names is Names.PORTABLE
    value = unescape(plain_name(name) if portable else name).strip()
    shown, folded = field.shown(value)
    if name.startswith(".") or folded == field.nothing.folded:
        raise EditRefusedError(f"{name} cannot be a value of {field.name}")
    if field.field.kind.is_number and field.field.kind.edited_text(value) is None:
        example = field.field.kind.example(field.name)
        raise EditRefusedError(f"{name} is no value of {field.name}; a query for one is {example}")
    called = portable_name(escape(shown)) if portable else escape(shown)
    if called != name or len(name.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        raise EditRefusedError(f"the folder of this value is called {called}: write it like that")
    return value


def _value_folder(node: Node, state: TreeState) -> tuple[ValueNode, _EditedField]:
    field = value_field(node, state.settings.edit)
    if field is None or not isinstance(node, ValueNode):
        raise ReadOnlyError(why_read_only(node, state.settings.edit))
    return node, _EditedField(field, node.parent, state)


def _folder_of_values(node: Node, state: TreeState) -> tuple[ValuesNode, _EditedField]:
    field = edited_field(node, state.settings.edit)
    if field is None or not isinstance(node, ValuesNode):
        raise ReadOnlyError(why_read_only(node, state.settings.edit))
    return node, _EditedField(field, node, state)


def _annex_key(track: TrackNode, read: CacheReader) -> str:
    annex_key = read.annex_keys([track.inode]).get(track.inode)
    if annex_key is None:
        raise EditRefusedError(f"{track.name} is no track of the library any more")
    return annex_key


def _values_of(annex_key: str, field: _EditedField, read: CacheReader) -> _Values:
    ids = list(read.track_ids_of_keys([annex_key]).values())
    return next(iter(read.values_of_ids(ids, field.stored_names).values()), {})


def _bind(query: Query, read: CacheReader, state: TreeState) -> BoundQuery:
    return state.group_cache.bind(read, query, state.day)
