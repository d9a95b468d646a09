"""For any metadata: listed names are legal, unique and complete, and each leads to its own entry.

The stores are made of records, without git-annex. The expected values of a template are rendered here track
by track, in plain Python; the tree finds them through SQL.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcfs.config.settings import DEFAULTS, Absent, Names, Settings
from mcfs.errors import NotFoundError
from mcfs.fields import Vocabulary, field_named
from mcfs.store import Store, TrackRecord, open_store
from mcfs.template import Cell, parse_template
from mcfs.text.escape import MAX_BYTES, UNKNOWN, escape, fit_file_name
from mcfs.text.fold import fold
from mcfs.text.portable import portable_name
from mcfs.text.track_names import track_name
from mcfs.tree.nodes import ExportNode, Node, TrackNode, TracksNode, ValueNode, ValuesNode
from mcfs.tree.route import Route
from mcfs.tree.template_fields import FILE_STEM, PathPart, StoredValues, TrackColumn, field_source
from mcfs.tree.tree import Tree
from tests.cache_access import insert_tracks
from tests.taken_snapshots import frozen, take

ODD = [
    "", " ", "  \t", "x", "X", "x ", "é", "e\u0301", "E", "É", "Unknown", "unknown", "UNKNOWN ",
    "/", "a/b", "a∕b", "a\\b", ".", "..", "...", ".hidden", "․hidden", "CON", "con.txt", "aux", "nul.",
    "dot.", "ends ", "a:b", "a：b", "What?", "What？", '"', "<", "*", "|",
    "genre:techno", "-genre:x", "~bpm:126", '"quoted', "(", "sort:bpm", "limit:1", "{{ x }}", "{{ genre }}",
    "{{ genre", "{% x %}", "x.m3u8", "all.m3u8", "x.json", "a.csv", ".m3u8", ".mcfs", "pins", "all",
    "0", "0.0", "nan", "inf", "1e5", "1_000", "128", "128.0", "127,9", "-5", "8A", "Am", "1997-05-12", "3/14",
    "\0", "a\0b", "\n", "\r\n", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\u200d", "\ufeff", "\u0301",
    "\udcff", "caf\udce9", "\udcc3", "\udca9", "\xa0", "ß", "ss", "İ", "ﬁ", "Ǆ", "戦場 🎹", "x" * 300,
    "x" * 254 + "é", "é" * 150, "🎹" * 70, ("y" * 250) + ".mp3", "z." + "q" * 260, "x> <{{ genre }} is \"y",
]  # fmt: skip
FIELDS = ["artist", "title", "album", "genre", "bpm", "key", "year", "tracknumber", "crate",
          "albumartist", "album_artist", "mood", "released"]  # fmt: skip


def _raw(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


DATES = [
    "1997",
    "2025-06",
    "2025-06-01",
    "2025-06-01 22:30:00",
    "2025-06-02 01:30:00",
    " 2024-02-29 ",
]

texts = st.one_of(
    st.sampled_from(ODD),
    st.sampled_from(["x", "y", "X", "128"]),
    st.text(max_size=6).filter(lambda text: text.isprintable() or text.isascii()),
    st.binary(max_size=6).map(_raw),
)
several = st.lists(texts, min_size=1, max_size=3, unique=True)
values = st.one_of(
    st.dictionaries(st.sampled_from(FIELDS), several, max_size=5),
    # Nearly all libraries have dates in one field, and in few of them it is a field of dates all the same.
    st.fixed_dictionaries(
        {"released": st.lists(st.sampled_from(DATES), min_size=1, max_size=3, unique=True)},
        optional=dict.fromkeys(("genre", "artist"), several),
    ),
)


@st.composite
def libraries(draw: st.DrawFn) -> list[TrackRecord]:
    """A few tracks; some of them with a file of the same name."""
    held = draw(st.lists(values, min_size=1, max_size=5))
    stems = draw(
        st.lists(
            st.sampled_from(["a", "A", "b.c", "é", "\udcff"]),
            min_size=len(held),
            max_size=len(held),
        )
    )
    present = draw(
        st.lists(st.sampled_from([True, True, True, False]), min_size=len(held), max_size=len(held))
    )
    return [
        record(number, stem, here, {name: tuple(some) for name, some in fields.items()})
        for number, (stem, here, fields) in enumerate(zip(stems, present, held, strict=True))
    ]


def record(number: int, stem: str, here: bool, fields: dict[str, tuple[str, ...]]) -> TrackRecord:
    """A track as a sync would store it."""
    return TrackRecord(
        annex_key=f"SHA256E-s1--{number}.mp3",
        name=track_name(fields, stem, "mp3"),
        files=(f"{number}/{stem}.mp3",),
        content_path=f"annex/objects/{number}",
        present=here,
        values=fields,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that every example fills again."""
    with open_store(tmp_path_factory.mktemp("properties") / "mcfs") as opened:
        opened.cache.count()
        opened.user.pins()
        yield opened


EXAMPLES = 20
often = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

FOLDERS = [
    "/",
    "all",
    "artist",
    "genre",
    "crate",
    "{{ genre }}/{{ artist }}",
    "{{ genre }} {{ artist }}",
    "{{ genre }}{{ artist }}",
    "{{ title | first_letter }}",
    "{{ title }}",
    "{{ bpm | round_to(5) }}",
    "{{ key | camelot or key }}",
    "{{ directory }}",
    '{{ "x" if bpm else "" }}',
    "sort:-title",
    "sort:bpm limit:2",
    "limit:2/{{ genre }}",
    "present:yes/{{ crate }}",
    "{{ title }}.{{ ext }}",
    "{{ filename }}",
    "{{ genre }}{{ title }}/sort:title",
    "genre:x",
    "-genre:x/{{ genre }}",
    'genre:""',
]
EVERYWHERE = [
    DEFAULTS,
    replace(DEFAULTS, names=Names.PORTABLE),
    replace(DEFAULTS, absent=Absent.SHOW),
]


def tracks(tree: Tree, node: Node) -> set[str]:
    """All tracks below a folder."""
    if isinstance(node, TrackNode):
        return set(tree.annex_keys([node]).values())
    return {key for inside in tree.children(node).entries.values() for key in tracks(tree, inside)}


def is_legal(name: str) -> bool:
    raw = name.encode("utf-8", "surrogateescape")
    return (
        0 < len(raw) <= MAX_BYTES
        and not name.startswith(".")
        and not set(name) & {"/", *map(chr, range(32)), "\x7f"}
        # As the kernel gives it back.
        and raw.decode("utf-8", "surrogateescape") == name
    )


def is_legal_elsewhere(name: str) -> bool:
    device = name.partition(".")[0].lower()
    return (
        is_legal(name)
        and not set(name) & set('\\:*?"<>|')
        and not name.endswith((".", " "))
        and device
        not in {
            "con",
            "prn",
            "aux",
            "nul",
            *(f"{of}{n}" for of in ("com", "lpt") for n in range(10)),
        }
    )


@pytest.mark.parametrize("everywhere", EVERYWHERE, ids=["plain", "portable", "absent"])
@often
@given(records=libraries(), path=st.sampled_from(FOLDERS))
def test_names_are_legal_unique_and_complete(
    store: Store, everywhere: Settings, records: list[TrackRecord], path: str
) -> None:
    store.cache.replace_all(records)
    tree, fresh = Tree(store, everywhere), Tree(store, everywhere)
    todo = [Route.parse(path)]
    while todo:
        route = todo.pop()
        node = tree.resolve(route)
        entries = tree.children(node).entries
        legal = is_legal_elsewhere if everywhere.names is Names.PORTABLE else is_legal
        assert [name for name in entries if not legal(name)] == []
        folded = {fold(name) for name in entries}
        assert len(folded) == len({name.lower() for name in entries}) == len(entries)
        for name, entry in entries.items():
            assert fresh.child(node, name, len(route.names)) == entry
            assert tree.child(node, name, len(route.names)) == entry
            if not isinstance(entry, TrackNode) and len(route.names) < 4:
                todo.append(Route((*route.names, name)))
        if not route.names:
            continue
        # Nothing is lost on the way down, and nothing comes from elsewhere.
        while isinstance(node, ValueNode):
            node = node.folder()
        if isinstance(node, TracksNode | ValuesNode):
            assert tracks(tree, node) == tracks(tree, TracksNode(node.query))


def child_or_none(tree: Tree, node: Node, name: str, depth: int) -> Node | None:
    try:
        return tree.child(node, name, depth)
    except NotFoundError:
        return None


@pytest.mark.parametrize("everywhere", EVERYWHERE, ids=["plain", "portable", "absent"])
@often
@given(
    records=libraries(),
    path=st.sampled_from([*FOLDERS, "{{ albumartist or artist }}", "x{{ genre }}-{{ mood }}"]),
    names=st.lists(texts, min_size=1, max_size=9),
)
def test_a_name_means_the_same_whether_its_folder_was_listed_or_not(
    store: Store, everywhere: Settings, records: list[TrackRecord], path: str, names: list[str]
) -> None:
    store.cache.replace_all(records)
    listed = Tree(store, everywhere)
    route = Route.parse(path)
    node, depth = listed.resolve(route), len(route.names)
    entries = listed.children(node).entries
    ends = [name + end for name in names for end in ("", ".m3u8", ".mp3")]
    for name in [*filter(is_legal, map(escape, ends)), *(f"{name} " for name in entries), *entries]:
        fresh = Tree(store, everywhere)
        assert child_or_none(fresh, node, name, depth) == child_or_none(listed, node, name, depth)


GROUPED = [
    "{{ genre }}",
    "{{ genre | upper }}",
    "{{ mood }}",
    "{{ genre }} {{ artist }}",
    "{{ genre }}{{ g }}",
    "{{ albumartist or artist }}",
    "{{ bpm | round_to(5) }} {{ key }}",
    "{{ bpm }}",
    "{{ year }}",
    "{{ tracknumber | pad(2) }}",
    "{{ title }}",
    "{{ title | first_letter }} {{ album }}",
    "{{ directory }} {{ type }}",
    '{{ "fast" if bpm > 127.95 else "slow" }} {{ crate }}',
    '{{ "" if genre else genre }}',
    "{{ present }} {{ genre }}",
    "{{ live }}",
    "{{ released }}",
    "{{ released }} {{ genre }}",
]


def vocabulary_of(records: Sequence[TrackRecord]) -> Vocabulary:
    """Which fields have dates, as the words of the manual say it."""
    held = defaultdict[str, set[str]](set)
    for track in records:
        for name, some in track.values.items():
            held[name].update(text for text in some if text.strip())
    return Vocabulary(frozenset(held), frozenset(n for n, some in held.items() if are_dates(some)))


def are_dates(some: set[str]) -> bool:
    dates = {text for text in some if is_date(text.strip())}
    return len(dates) >= 0.9 * len(some) and any(len(text.strip()) > 4 for text in dates)


def is_date(text: str) -> bool:
    for form, length in (("%Y", 4), ("%Y-%m", 7), ("%Y-%m-%d", 10), ("%Y-%m-%d %H:%M:%S", 19)):
        with suppress(ValueError):
            datetime.strptime(text, form)  # noqa: DTZ007  (only whether it is one)
            return len(text) == length and text.isascii()
    return False


def cells_of(record: TrackRecord, name: str, vocabulary: Vocabulary) -> list[Cell]:
    """Every value of one field of one track, as templates see it."""
    source = field_source(name, vocabulary)
    match source:
        case TrackColumn("present" | "is_live" as column):
            return [getattr(record, column)]
        case PathPart():
            return [source.cell(record.files[0])]
        case StoredValues():
            found = [
                source.cell(text, field_named(field).kind.number_of(text))
                for field in source.fields
                for text in record.values.get(field, ())
                if text.strip()
            ]
            missing = FILE_STEM.cell(record.files[0]) if source.name == "title" else None
            return found or [missing]
    raise AssertionError(source)


def rendered(record: TrackRecord, text: str, vocabulary: Vocabulary) -> set[str]:
    """All that a template makes of one track, folded."""
    template = parse_template(text)
    by_source = {
        field_source(name, vocabulary): cells_of(record, name, vocabulary)
        for name in template.fields
    }
    found = set()
    for combination in product(*by_source.values()):
        cells = dict(zip(by_source, combination, strict=True))
        shown = template.render([cells[field_source(name, vocabulary)] for name in template.fields])
        found.add(fold(shown.strip() or UNKNOWN))
    return found


@often
@given(records=libraries(), text=st.sampled_from(GROUPED), narrow=st.booleans())
def test_a_track_is_under_each_value_it_renders_to_and_no_other(
    store: Store, records: list[TrackRecord], text: str, narrow: bool
) -> None:
    store.cache.replace_all(records)
    tree = Tree(store)
    # In a folder of few tracks, and in one of all, the way is another one.
    above = "-(artist:y)" if narrow else "all"
    held = tracks(tree, tree.resolve(Route((above,))))
    if not narrow:
        assert held == {record.annex_key for record in records if record.present}
    expected = defaultdict[str, set[str]](set)
    for track in records:
        for folded in (
            rendered(track, text, vocabulary_of(records)) if track.annex_key in held else ()
        ):
            expected[folded].add(track.annex_key)
    found = {}
    for entry in tree.children(tree.resolve(Route((above, text)))).entries.values():
        assert isinstance(entry, ValueNode)
        found[entry.text] = tracks(tree, entry)
    assert found == expected


@often
@given(records=libraries(), path=st.sampled_from(FOLDERS), seed=st.integers(0, 99))
def test_names_do_not_depend_on_the_order_of_arrival(
    store: Store, records: list[TrackRecord], path: str, seed: int
) -> None:
    def listed(records: Sequence[TrackRecord], *, one_by_one: bool) -> list[tuple[str, object]]:
        store.cache.replace_all([] if one_by_one else records)
        if one_by_one:
            for track in records:
                insert_tracks(store.cache, [track])
        tree = Tree(store)
        entries = tree.children(tree.resolve(Route.parse(path))).entries
        return [
            (name, tree.annex_keys([entry]) if isinstance(entry, TrackNode) else entry)
            for name, entry in entries.items()
        ]

    other = random.Random(seed).sample(records, len(records))
    assert listed(records, one_by_one=False) == listed(other, one_by_one=False)
    assert listed(records, one_by_one=False) == listed(other, one_by_one=True)


@often
@given(
    everywhere=st.sampled_from(EVERYWHERE),
    before=libraries(),
    after=libraries(),
    seed=st.integers(0, 99),
)
def test_a_snapshot_stays_as_it_was_whatever_the_library_becomes(
    store: Store,
    everywhere: Settings,
    before: list[TrackRecord],
    after: list[TrackRecord],
    seed: int,
) -> None:
    folders = {
        track.annex_key: {escape(g) for g in track.values.get("genre", ())} for track in before
    }
    store.cache.replace_all(before)
    with store.cache.reading() as read:
        records = list(read.records(folders).values())
    records = random.Random(seed).sample(records, len(records))
    in_folders = [
        frozen(track, *((g,) for g in sorted(folders[track.annex_key]))) for track in records
    ]
    for name in store.user.snapshots.names():
        store.user.snapshots.drop(name)
    take(store, "s", in_folders, template="{{ genre }}")
    store.cache.replace_all(after)
    shown = {track.annex_key for track in after if track.present}
    if everywhere.absent is Absent.SHOW:
        shown |= folders.keys()
    shape = portable_name if everywhere.names is Names.PORTABLE else str
    expected: dict[str, list[str]] = {
        shape(folder): [
            shape(fit_file_name(f"{place:03} {track.name}"))
            for place, track in enumerate((t for t in in_folders if (folder,) in t.folders), 1)
            if track.annex_key in shown
        ]
        for folder in {folder for some in folders.values() for folder in some}
    }
    top = [
        shape(fit_file_name(f"{place:03} {track.name}"))
        for place, track in enumerate((t for t in in_folders if () in t.folders), 1)
        if track.annex_key in shown
    ]
    tree, fresh = Tree(store, everywhere), Tree(store, everywhere)
    entries = tree.children(tree.resolve(Route(("snapshots", "s")))).entries
    inside = {name: each for name, each in entries.items() if not isinstance(each, TrackNode)}
    assert [name for name in entries if name not in inside] == top
    assert {name: list(tree.children(each).entries) for name, each in inside.items()} == {
        folder: names for folder, names in expected.items() if names
    }
    for folder, names in expected.items():
        for name in (folder, *names) if names else ():
            assert is_legal(name)
        for name in names:
            route = Route(("snapshots", "s", folder, name))
            assert fresh.resolve(route) == tree.resolve(route)


FILTERS = [
    "genre:x",
    "-genre:y",
    'crate:""',
    "bpm:120-130",
    "title:a | artist:x",
    "year:1990s",
    "{{ mood }}",
]


@often
@given(records=libraries(), filters=st.permutations(FILTERS), some=st.integers(1, 4))
def test_filters_commute_and_never_add_tracks(
    store: Store, records: list[TrackRecord], filters: list[str], some: int
) -> None:
    store.cache.replace_all(records)
    tree = Tree(store)
    chosen = filters[:some]
    node = tree.resolve(Route())
    before = tracks(tree, tree.resolve(Route(("all",))))
    for depth, name in enumerate(chosen):
        node = tree.child(node, name, depth)
        now = tracks(tree, node)
        assert now <= before
        before = now
    assert tree.children(node) is tree.children(tree.resolve(Route(tuple(reversed(chosen)))))


@pytest.mark.parametrize(
    "value", ["x.m3u8", "x.json", "genre:techno", "{{ genre }}", "-x", "{{ bad"]
)
def test_an_entry_comes_before_what_its_name_means(store: Store, value: str) -> None:
    fields: dict[str, tuple[str, ...]] = {"genre": (value,), "title": (value,)}
    store.cache.replace_all([record(0, "a", True, fields), record(1, "b", True, {"genre": ("x",)})])
    tree = Tree(store)
    found = tree.resolve(Route(("genre", value)))
    assert isinstance(found, ValueNode)
    assert "SHA256E-s1--0.mp3" in tracks(tree, found)
    assert isinstance(tree.resolve(Route(("genre", f"{value}.m3u8"))), ExportNode)
    assert isinstance(tree.resolve(Route(("all", f"{value}.mp3"))), TrackNode)
