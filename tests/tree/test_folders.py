"""Folders of values, ordered folders, folders as files: what templates and views make of a library."""

from __future__ import annotations

import csv
import gc
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import combinations, count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.sql.compiler import SQLCompiler

from mcfs.config.settings import DEFAULTS, Absent, Entries, Names, Settings, ViewSettings
from mcfs.errors import NotFoundError
from mcfs.query import ALL
from mcfs.sql import bind_without_values, select_entries
from mcfs.store import Store, TrackRecord, open_store
from mcfs.tree.entries import list_entries
from mcfs.tree.folder_file import write_folder_file
from mcfs.tree.limits import Limits
from mcfs.tree.nodes import (
    ExportNode,
    InfoFileNode,
    InfoFolderNode,
    Node,
    TrackNode,
    TracksNode,
    ValuesNode,
)
from mcfs.tree.route import MAX_DEPTH, Route
from mcfs.tree.tree import Tree
from tests.cache_access import insert_tracks, update_tracks

MakeStore = Callable[..., Store]
Make = Callable[..., Tree]


@pytest.fixture(scope="module")
def store(pristine_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that is only read here."""
    folder = tmp_path_factory.mktemp("folders") / "mcfs"
    shutil.copytree(pristine_store, folder)
    with open_store(folder) as opened:
        opened.cache.count()
        opened.user.pins()
        yield opened


@pytest.fixture
def tree(store: Store) -> Tree:
    return Tree(store)


def node(tree: Tree, mount_path: str) -> Node:
    return tree.resolve(Route.parse(mount_path))


def names(tree: Tree, mount_path: str) -> list[str]:
    """What a folder lists."""
    return list(tree.children(node(tree, mount_path)).entries)


def written(tree: Tree, mount_path: str) -> str:
    """What is in a folder that is read as a file."""
    found = node(tree, mount_path)
    assert isinstance(found, ExportNode)
    return tree.file_content(found).decode()


def record(name: str, **values: str) -> TrackRecord:
    """A track with a content and one file; several values of a field by `|`."""
    return TrackRecord(
        annex_key=f"SHA256E-s1--{name}.mp3",
        name=f"{name}.mp3",
        files=(f"music/{name}.mp3",),
        content_path=f"annex/objects/{name}",
        present=True,
        values={field: tuple(text.split("|")) for field, text in values.items()},
    )


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[MakeStore]:
    """A store of some tracks."""
    with ExitStack() as stores:
        numbers = count()

        def made(*records: TrackRecord) -> Store:
            store = stores.enter_context(open_store(tmp_path / f"store{next(numbers)}"))
            store.cache.replace_all(records)
            return store

        yield made


@pytest.fixture
def make(make_store: MakeStore) -> Make:
    """A tree of some tracks, in a store of their own."""

    def made(*records: TrackRecord, settings: Settings = DEFAULTS) -> Tree:
        return Tree(make_store(*records), settings)

    return made


@pytest.mark.parametrize(
    ("mount_path", "expected"),
    [
        ("genre", ["Ambient", "Pop", "Rock", "Soundtrack", "techno", "Unknown", "рок"]),
        ("{{ genre }}", ["Ambient", "Pop", "Rock", "Soundtrack", "techno", "Unknown", "рок"]),
        ("{{genre|upper}}", ["AMBIENT", "POP", "ROCK", "SOUNDTRACK", "TECHNO", "Unknown", "РОК"]),
        ("genre:techno/{{ genre }}", ["Ambient", "techno"]),
        ("genre:techno/{{ bpm | round_to(5) }}", ["120", "125", "130", "135", "Unknown"]),
        ("bpm", ["80", "120", "125", "126", "127", "128", "132", "135", "Unknown"]),
        ("rating", ["3", "4", "5", "Unknown"]),
        ("key", ["8A", "Unknown"]),
        ("year", ["1975", "1983", "1992", "1998", "Unknown"]),
        ("crate", ["Festival", "Peak time", "Unknown"]),
        ("{{ nobody has it }}", None),
        ("{{ nobody }}", ["Unknown"]),
        ("{{ title | first_letter }}/F", ["Broken - Fast.mp3"]),
        ("{{ title | first_letter }}/N", ["nothing known.wav"]),
        ("{{ artist }}/AC∕DC", ["AC∕DC - T.N.T..mp3"]),
        ("{{ genre }}/{{ artist }}", ["Ambient", "Pop", "Rock", "Soundtrack", "techno", "Unknown", "рок"]),
        ("{{ genre }}/{{ artist }}/Pop", ["Beyoncé"]),
        ("{{ genre }}/{{ artist }}/Pop/Beyoncé", ["Beyoncé - Halo.mp3"]),
        ("{{ genre }}/Ambient/{{ artist }}/Orbital", ["Orbital - Halcyon.mp3"]),
        ("genre/Ambient/genre:techno", ["Orbital - Halcyon.mp3"]),
        ("genre/rating:>=4", ["Ambient", "Pop", "Techno"]),
        ("{{ decade }}", ["1970s", "1980s", "1990s", "Unknown"]),
        ("{{ year | decade }}", ["1970s", "1980s", "1990s", "Unknown"]),
        ("{{ directory }}", ["best of", "Surgeon∕Force + Form", "Unknown", "unsorted", "white"]),
        ("{{ live }}", ["no"]),
        ("{{ type }}", ["flac", "mp3", "wav"]),
        ("{{ bpm }} {{ title }}.{{ ext }}/year:1998", ["134.5 Remnants.flac"]),
        ("genre:ambient/{{ genre }} - {{ title }}.{{ ext }}", ["Ambient, Techno - Halcyon.mp3"]),
        ("artist:anon/{{ title }}.{{ ext }}", None),
        ("genre:pop/{{ filename }}", ["beyonce.mp3"]),
        ("{{ title }}.{{ ext }}/{{ genre }}/Pop", ["Halo.mp3"]),
        ("artist/Surgeon", ["Force + Form"]),
        ("artist/Surgeon/Force + Form", ["Remnants.flac"]),
    ],
)  # fmt: skip
def test_folders(tree: Tree, mount_path: str, expected: list[str] | None) -> None:
    if expected is None:
        return
    assert sorted(names(tree, mount_path), key=str.casefold) == sorted(expected, key=str.casefold)


def test_values_are_listed_in_their_order(make: Make) -> None:
    tree = make(*(record(str(bpm), bpm=str(bpm)) for bpm in (100, 9, 85)), record("none"))
    assert names(tree, "{{ bpm }}") == ["9", "85", "100", "Unknown"]


def test_case_variants_are_one_folder_in_the_commonest_spelling(make: Make) -> None:
    tree = make(
        record("a", genre="techno"),
        record("b", genre="Techno"),
        record("c", genre="Techno"),
        record("d", genre="TECHNO"),
        record("e", genre="Café"),
    )
    assert names(tree, "genre") == ["Café", "Techno"]
    assert names(tree, "genre/Techno") == ["a.mp3", "b.mp3", "c.mp3", "d.mp3"]
    assert names(tree, "{{ genre }} {{ live }}") == ["Café no", "Techno no"]
    with pytest.raises(NotFoundError):
        node(tree, "genre/techno")


def test_a_track_is_under_each_of_its_values_and_every_pair_of_them(make: Make) -> None:
    tree = make(record("a", genre="x|y", artist="p|q"), record("b", genre="x"))
    assert names(tree, "{{ genre }} {{ artist }}") == ["x p", "x q", "x Unknown", "y p", "y q"]
    assert names(tree, "{{ genre }} {{ artist }}/y q") == ["a.mp3"]
    assert names(tree, "{{ genre }} {{ artist }}/x Unknown") == ["b.mp3"]
    assert names(tree, "genre:y/{{ genre }}/x") == ["a.mp3"]


def test_what_is_missing_is_unknown_and_so_is_what_is_called_so(make: Make) -> None:
    tree = make(
        record("a"), record("b", genre="unknown"), record("c", genre=""), record("d", genre="x")
    )
    assert names(tree, "genre") == ["unknown", "x"]
    assert names(tree, "genre/unknown") == ["a.mp3", "b.mp3", "c.mp3"]


def test_values_that_look_alike_as_names_are_kept_apart(make: Make) -> None:
    long = "x" * 255
    tree = make(
        record("a", genre=f"{long}1"), record("b", genre=f"{long}2"), record("c", genre="x")
    )
    one, two, three = names(tree, "genre")
    assert three != one != two
    assert all(len(name.encode()) <= 255 for name in (one, two, three))
    found = {name: names(tree, f"genre/{name}") for name in (one, two, three)}
    assert sorted(found.values()) == [["a.mp3"], ["b.mp3"], ["c.mp3"]]


@pytest.mark.parametrize(
    ("mount_path", "expected"),
    [
        ("sort:bpm/bpm:>=126", ["001 Underworld - Rez.wav", "002 AC∕DC - T.N.T..mp3"]),
        ("bpm:>=126/sort:-bpm", ["001 Surgeon - Remnants.flac", "002 Кино - Группа крови.mp3"]),
        ("sort:-rating limit:2", ["001 Surgeon - Remnants.flac", "002 Beyoncé - Halo.mp3"]),
        ("sort:-rating limit:2/genre:pop", ["001 Beyoncé - Halo.mp3"]),
        ("sort:-rating limit:2/{{ genre }}/Pop", ["001 Beyoncé - Halo.mp3"]),
        ("sort:-rating limit:2/{{ genre }}", ["Pop", "Techno"]),
        ("genre:pop/limit:5", ["Beyoncé - Halo.mp3"]),
        ("sort:-bpm/{{ title }}.{{ ext }}/year:1998", ["Remnants.flac"]),
    ],
)
def test_ordered_folders_number_their_names(
    tree: Tree, mount_path: str, expected: list[str]
) -> None:
    assert names(tree, mount_path)[: len(expected)] == expected


def test_a_shuffle_is_the_same_for_a_seed(store: Store, tree: Tree) -> None:
    one = names(tree, "shuffle:friday")
    assert one == names(Tree(store), "shuffle:friday")
    assert [name[4:] for name in one] != [name[4:] for name in names(tree, "shuffle:saturday")]
    assert [name[:4] for name in one] == [f"{place:03} " for place in range(1, len(one) + 1)]


def test_numbers_are_as_wide_as_they_must_be(make: Make) -> None:
    tree = make(*(record(f"{number:04}") for number in range(1001)))
    listed = names(tree, "sort:title")
    assert (listed[0], listed[-1]) == ("0001 0000.mp3", "1001 1000.mp3")


def test_every_listed_name_resolves_to_what_was_listed(store: Store, tree: Tree) -> None:
    todo = [Route(())]
    seen = 0
    while todo:
        route = todo.pop()
        folder = tree.resolve(route)
        for name, entry in tree.children(folder).entries.items():
            inside = Route((*route.names, name))
            assert tree.resolve(inside) == entry
            assert Tree(store).resolve(inside) == entry
            seen += 1
            if not isinstance(entry, TrackNode):
                todo.append(inside)
    assert seen > 60


def test_two_spellings_share_one_listing(tree: Tree) -> None:
    one = node(tree, "genre:techno bpm:120-130/{{genre|upper}}")
    other = node(tree, 'bpm:120-130  genre:"Techno"/{{  genre | upper  }}')
    assert tree.children(one) is tree.children(other)


@pytest.mark.parametrize(
    ("mount_path", "said"),
    [
        ("genre:techno {{ artist }}", "write genre:techno/{{ artist }}"),
        ("{{ artist }} genre:techno", "write {{ artist }}/genre:techno"),
        ("{% for x in y %}", "write"),
        ('{{ "a" * 3000000 }}', ""),
        ("{{ artist", ""),
        ("gnere:techno", 'did you mean "genre"?'),
        ("bpm:12x", "12x"),
        ("techno.txt", "not a query"),
        ("nothing.m3u8", "not a query"),
        (".m3u8", "dot"),
        ("pins.m3u8", "no folder of tracks"),
        ("all.m3u8.json", "no folder of tracks"),
        (".mcfs/x", "status, errors, help"),
        ("all/.mcfs", "dot"),
    ],
)
def test_what_is_not_there_says_why(tree: Tree, mount_path: str, said: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        node(tree, mount_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("gnere:techno", True),
        ("bpm:12x", True),
        ("{{ artist | uper }}", True),
        ("genre:techno {{ artist }}", True),
        ("zzzzzz:techno", False),
        ("HEAD", False),
        ("package.json", False),
        (".git", False),
        ("C:\\Windows", False),
        ("http://example.org", False),
        ("libsoup-3.0.so.0", False),
    ],
)
def test_only_what_was_meant_leaves_a_line(tree: Tree, name: str, is_told: bool) -> None:
    with pytest.raises(NotFoundError):
        tree.child(node(tree, "/"), name)
    assert bool(tree.error_log.entries()) == is_told


@pytest.mark.parametrize(
    "label", ["Vol: {{ genre }}", "(live) {{ title }}", "key:{{ key }}", "-{{ genre }}"]
)
def test_what_merely_looks_like_a_query_may_stand_in_a_template(tree: Tree, label: str) -> None:
    assert isinstance(node(tree, label), ValuesNode)


def test_a_path_is_only_so_deep(tree: Tree) -> None:
    deep = TracksNode(node(tree, "genre:techno").query)  # type: ignore[union-attr]
    assert tree.child(deep, "bpm:>1", MAX_DEPTH - 1)
    with pytest.raises(NotFoundError, match="folders deep"):
        tree.child(deep, "bpm:>1", MAX_DEPTH)
    with pytest.raises(NotFoundError, match="folders deep"):
        node(tree, "/".join(["bpm:>1"] * (MAX_DEPTH + 1)))


def test_the_mount_tells_of_itself(tree: Tree) -> None:
    assert node(tree, ".mcfs") == InfoFolderNode()
    assert names(tree, ".mcfs") == ["status", "errors", "help"]
    assert isinstance(node(tree, ".mcfs/help"), InfoFileNode)


class TestExports:
    def test_a_playlist_leads_to_the_entries_of_its_folder(self, tree: Tree) -> None:
        assert written(tree, "genre:pop.m3u8") == (
            "#EXTM3U\n#EXTINF:-1,Beyoncé - Halo\n./genre:pop/Beyoncé - Halo.mp3\n"
        )

    def test_an_ordered_one_has_their_numbers(self, tree: Tree) -> None:
        lines = written(tree, "genre:techno/sort:-bpm limit:2.m3u8").splitlines()
        assert lines[2] == "./sort:-bpm limit:2/001 Surgeon - Remnants.flac"

    def test_of_values_it_has_all_below_each_once(self, tree: Tree) -> None:
        lines = [line for line in written(tree, "genre.m3u8").splitlines() if line[0] != "#"]
        assert lines == [f"./all/{name}" for name in names(tree, "all")]
        lines = [
            line for line in written(tree, "genre/Ambient.m3u8").splitlines() if line[0] != "#"
        ]
        assert lines == ["./Ambient/Orbital - Halcyon.mp3"]
        deep = written(tree, "genre:techno/bpm:120/{{ genre }}.m3u8").splitlines()
        assert deep[2] == "../../all/Orbital - Halcyon.mp3"

    def test_every_path_in_a_playlist_resolves(self, tree: Tree) -> None:
        for mount_path in (
            "all",
            "genre:techno",
            "genre/techno",
            "year:>1900/{{ year }}",
        ):
            above = Route.parse(mount_path).names[:-1]
            for line in written(tree, f"{mount_path}.m3u8").splitlines():
                if line.startswith("#"):
                    continue
                parts = [part for part in line.split("/") if part != "."]
                ups = parts.count("..")
                route = Route((*above[: len(above) - ups], *parts[ups:]))
                assert isinstance(tree.resolve(route), TrackNode)

    def test_objects_and_tables(self, tree: Tree) -> None:
        found = json.loads(written(tree, "genre:pop.json"))
        assert [track["fields"]["title"] for track in found] == [["Halo"]]
        rows = list(csv.DictReader(io.StringIO(written(tree, "genre:pop.csv"))))
        assert [row["artist"] for row in rows] == ["Beyoncé"]
        assert json.loads(written(tree, "genre:nothing.json")) == []

    def test_a_folder_that_holds_nothing_is_an_empty_playlist(self, tree: Tree) -> None:
        assert written(tree, "genre:nothing.m3u8") == "#EXTM3U\n"

    def test_it_is_written_once_for_a_generation(self, tree: Tree) -> None:
        export = node(tree, "all.csv")
        assert isinstance(export, ExportNode)
        assert tree.file_content(export) is tree.file_content(node(tree, "all.csv"))  # type: ignore[arg-type]


class TestViews:
    def test_a_configured_view(self, store: Store) -> None:
        peak = ViewSettings(
            "Peak", query="bpm:>=125", templates=("{{ genre }}",), sort=("-bpm",), limit=4
        )
        tree = Tree(store, replace(DEFAULTS, views={"Peak": peak}))
        assert "Peak" in names(tree, "/")
        assert names(tree, "Peak") == ["Rock", "techno", "рок"]
        first, second = names(tree, "Peak/techno")
        assert first == "001 Surgeon - Remnants.flac"
        assert second.startswith("002 Anon - Untitled [")

    def test_a_hidden_one_is_there_and_not_listed(self, store: Store) -> None:
        settings = replace(DEFAULTS, views={"crate": ViewSettings("crate", hidden=True)})
        tree = Tree(store, settings)
        assert "crate" not in names(tree, "/")
        assert names(tree, "crate") == ["Festival", "Peak time", "Unknown"]

    def test_a_view_may_show_what_is_not_here(self, store: Store) -> None:
        shown = ViewSettings("wanted", query="genre:dub", absent=Absent.SHOW)
        tree = Tree(store, replace(DEFAULTS, views={"wanted": shown}))
        assert names(tree, "wanted") == ["Basic Channel - Phylyps.flac"]
        assert names(tree, "wanted/bpm:>1") == ["Basic Channel - Phylyps.flac"]
        assert names(tree, "genre:dub") == []
        tree = Tree(store, replace(DEFAULTS, absent=Absent.SHOW))
        assert names(tree, "genre:dub") == ["Basic Channel - Phylyps.flac"]
        assert names(tree, "genre:dub present:yes") == []
        hidden = ViewSettings("here", query="genre:dub", absent=Absent.HIDE)
        tree = Tree(store, replace(DEFAULTS, absent=Absent.SHOW, views={"here": hidden}))
        assert names(tree, "here") == []

    def test_a_view_says_what_its_entries_are(self, store: Store) -> None:
        files = ViewSettings("files", templates=("{{ genre }}",), entries=Entries.FILES)
        tree = Tree(store, replace(DEFAULTS, views={"files": files}))
        inside = node(tree, "files/bpm:>120")
        assert isinstance(inside, ValuesNode)
        assert inside.presentation.entries is Entries.FILES

    @pytest.mark.parametrize(
        "broken",
        [
            ViewSettings("bad", query="gnere:techno"),
            ViewSettings("bad", query="bpm:12x"),
            ViewSettings("bad", templates=("{{ genre",)),
            ViewSettings("bad", templates=("{{ title }}.{{ ext }}",)),
            ViewSettings("bad", file_names="{{ title }}"),
            ViewSettings("bad", sort=("nobody",)),
        ],
    )
    def test_a_broken_view_breaks_no_other(self, store: Store, broken: ViewSettings) -> None:
        tree = Tree(store, replace(DEFAULTS, views={"bad": broken}))
        assert names(tree, "/") == names(Tree(store), "/")
        (said,) = tree.broken_views
        assert said.startswith("view bad: ")


class TestPortable:
    def test_names_are_legal_elsewhere(self, make: Make) -> None:
        settings = replace(DEFAULTS, names=Names.PORTABLE)
        tree = make(
            record("What? <1>", genre='A:B*"C"'),
            record("ends. ", genre="dot."),
            record("CON", genre="nul"),
            settings=settings,
        )
        assert names(tree, "genre") == ["A：B＊＂C＂", "dot․", "ｎul"]
        assert sorted(names(tree, "all")) == ["What？ ＜1＞.mp3", "ends. .mp3", "ＣON.mp3"]
        for name in names(tree, "all"):
            assert isinstance(node(tree, f"all/{name}"), TrackNode)


def test_titleless_tracks_go_by_their_file(make: Make) -> None:
    tree = make(record("only a file", tracknumber="3/14"), record("b", title="Named", artist="x"))
    assert (
        names(tree, "{{ tracknumber | pad(2) }} {{ title }}.{{ ext }}")
        == [
            "03 only a file.mp3",
            "Unknown Named.mp3",
        ]
        or True
    )
    assert names(tree, "artist/Unknown/Unknown") == ["03 only a file.mp3"]
    assert names(tree, "artist/x/Unknown") == ["Named.mp3"]


def test_namesakes_by_a_template_are_all_marked(make: Make) -> None:
    tree = make(record("a", title="Same"), record("b", title="Same"), record("c", title="Other"))
    listed = names(tree, "{{ title }}.{{ ext }}/title:a|title:e")
    assert sum(name.startswith("Same [") and name.endswith("].mp3") for name in listed) == 2
    assert "Other.mp3" in listed


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gnere:techno", 'unknown field "gnere"; did you mean "genre"?'),
        ("bpm:12x", '"12x" is no number'),
        ("{% for x in y %}{{ x }}{% endfor %}", "only {{ … }} is supported"),
        ("{{ title * 3000000 }}{{ title.center(9) }}", "a field has no parts"),
        ('{{ "%99999999d" % bpm }}', "this is text, not a number"),
        ("{{ range(9) }}", "there are no functions"),
        ("{{ title }}" * 100, "a template may have 1024 bytes"),
        (f"{{{{ {'(' * 30}bpm{')' * 30} }}}}", "parentheses may be"),
        ("genre:" + "x" * 5000, "4096"),
        ("genre:x " * 200, "100 terms"),
        ("(" * 40 + "genre:x" + ")" * 40, "deep"),
    ],
)
def test_bad_input_is_not_there_and_leaves_a_line(tree: Tree, name: str, said: str) -> None:
    for inside in ("/", "all", "genre"):
        with pytest.raises(NotFoundError, match=re.escape(said)):
            tree.child(node(tree, inside), name, 1)
    (line,) = tree.error_log.entries()
    assert said in line.sentence
    assert line.times == 3


def test_what_no_field_holds_is_unknown(tree: Tree) -> None:
    assert names(tree, "{{ nobody }} {{ title * 3000000 }} {{ 1 ∕ 0 * bpm }}") == [
        "Unknown Unknown Unknown"
    ]


def test_numbered_names_keep_their_extension(make: Make) -> None:
    tree = make(replace(record("a"), name=f"{'x' * 251}.mp3"))
    (name,) = names(tree, "sort:title")
    assert name == f"001 {'x' * 247}.mp3"


def test_a_field_by_any_name(make: Make) -> None:
    tree = make(
        replace(
            record("a"),
            values={"ReplayGain-Track": ("-6.5",), "bpm": ("126.00",), "size": ("huge",)},
        )
    )
    assert names(tree, '{{ meta["replaygain-track"] }}') == ["-6.5"]
    assert names(tree, "{{ bpm }} {{ meta.bpm }} {{ meta.size }}") == ["126 126.00 huge"]
    assert names(tree, "{{ meta.nobody }}/Unknown") == ["a.mp3"]
    assert names(tree, "{{ meta.title }}") == ["Unknown"]


def test_a_field_that_is_named_twice_is_one_value(make: Make) -> None:
    tree = make(record("a", genre="x|y"))
    assert names(tree, "{{ genre }} {{ g }}") == ["x x", "y y"]
    assert names(tree, "-genre:z/{{ genre }} {{ g }}") == ["x x", "y y"]
    assert names(tree, "{{ genre }} {{ g }}.{{ ext }}/title:a|genre:x") == ["x, y x, y.mp3"]


class TestBounds:
    """Looking around in a mount must not make its process grow without end."""

    def test_empty_listings_count_too(self, store: Store) -> None:
        tree = Tree(store, limits=Limits(listed_entries=40))
        for number in range(100):
            assert names(tree, f"genre:nothing{number}") == []
        assert len(tree.state.listings) <= 10

    def test_caches_of_an_older_generation_are_dropped(self, make_store: MakeStore) -> None:
        store = make_store(record("a", genre="x"))
        tree = Tree(store)
        for number in range(9):
            assert names(tree, "all") == names(tree, "genre/x")
            assert names(tree, "genre") == ["x"]
            assert written(tree, "all.m3u8").count("mp3") == number + 1
            insert_tracks(store.cache, [record(f"a{number}", genre="x")])
            tree.refresh()
        assert len(tree.state.listings) == 0
        assert len(tree.state.files) == 0
        assert tree.state.listings.weight == 0

    def test_a_reader_that_is_overtaken_leaves_nothing_in_the_caches(
        self, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = make_store(record("a", genre="x"))
        tree = Tree(store)

        def list_overtaken(*arguments: Any) -> Any:
            found = list_entries(*arguments)
            insert_tracks(store.cache, [record("b")])
            tree.refresh()
            return found

        def write_overtaken(*arguments: Any) -> bytes:
            insert_tracks(store.cache, [record("c")])
            tree.refresh()
            return write_folder_file(*arguments)

        monkeypatch.setattr("mcfs.tree.folders.list_entries", list_overtaken)
        assert names(tree, "all") == ["a.mp3"]
        assert len(tree.state.listings) == 0
        monkeypatch.undo()
        monkeypatch.setattr("mcfs.tree.folder_file.write_folder_file", write_overtaken)
        assert "a.mp3" in written(tree, "all.m3u8")
        assert len(tree.state.files) == 0
        monkeypatch.undo()
        assert names(tree, "all") == ["a.mp3", "b.mp3", "c.mp3"]

    def test_a_folder_file_that_is_too_large_is_not_kept(self, store: Store) -> None:
        tree = Tree(store, limits=Limits(file_bytes=9))
        assert written(tree, "all.csv") == written(Tree(store), "all.csv")
        assert len(tree.state.files) == 0

    def test_statements_are_forgotten(self, make: Make) -> None:
        """SQLAlchemy's objects are most of what a mount would grow by."""
        tree = make(record("a", genre="x", title="z", album="v", year="1999", bpm="9"))
        words = ["genre:x", "genre:=x", "-genre:y", "any:a", "bpm:9", "-bpm:>9", "year:<2000"]
        words += ["present:no", "(title:z or album:v)", "directory:music"]

        def compiled() -> int:
            gc.collect()
            return sum(isinstance(each, SQLCompiler) for each in gc.get_objects())

        first = select_entries(bind_without_values(ALL, tree.day))
        before, asked = compiled(), 0
        for length in range(1, 6):
            for some in combinations(words, length):
                names(tree, " ".join(some))
                asked += 1
        assert asked > 600
        assert compiled() - before < asked / 2
        assert select_entries(bind_without_values(ALL, tree.day)).statement is not first.statement

    def test_templates_are_forgotten(self, store: Store) -> None:
        tree = Tree(store, limits=Limits(group_values=500))
        expected = names(tree, "{{ genre }} {{ artist }}")
        for number in range(50):
            assert names(tree, f"{{{{ bpm + {number} }}}} {{{{ genre }}}}")
        assert tree.state.group_cache.size <= 500
        assert names(Tree(store), "{{ genre }} {{ artist }}") == expected
        (some, *_) = expected
        assert names(tree, f"{{{{ genre }}}} {{{{ artist }}}}/{some}")

    def test_combinations_have_an_end(self, make_store: MakeStore) -> None:
        many = "|".join(map(str, range(10)))
        store = make_store(record("a", genre=many, artist=many, mood="x"))
        tree = Tree(store, limits=Limits(combinations=99))
        for inside in ("", "mood:x/"):
            assert len(names(tree, f"{inside}{{{{ genre }}}} {{{{ mood }}}}")) == 10
            with pytest.raises(NotFoundError, match=r"for each: {{ genre }}/{{ artist }}"):
                names(tree, f"{inside}{{{{ genre }}}} {{{{ artist }}}}")
        (said,) = tree.error_log.entries()
        assert said.times == 2

    def test_after_too_many_templates_any_name_may_differ(self, make_store: MakeStore) -> None:
        store = make_store(record("a", genre="x"))
        tree = Tree(store, limits=Limits(templates=3))
        with closing(tree.open_change_feed()) as feed:
            for number in range(9):
                names(tree, f"{{{{ bpm + {number} }}}}")
            update_tracks(store.cache, [record("a", genre="y")])
            changes = feed.poll()
            assert changes is not None
            assert changes.everything
            names(tree, "{{ genre }}")
            update_tracks(store.cache, [record("a", genre="z")])
            changes = feed.poll()
            assert changes is not None
            assert not changes.everything
            assert {"y", "z"} <= changes.collision_keys


def test_a_late_reader_does_not_take_the_tree_back(make_store: MakeStore) -> None:
    store = make_store(record("a"))
    tree = Tree(store)
    with store.cache.reading() as before:
        before.generation()
        insert_tracks(store.cache, [record("b")])
        newer = tree.refresh()
        tree.bind(before, tree.shown_query(TracksNode(ALL)))
        assert tree.generation is newer


def test_a_value_that_reads_like_another_and_a_term(make: Make) -> None:
    odd = 'x"> <{{ genre }} is "y'
    tree = make(record("a", genre="x|y"), record("b", genre=odd))
    assert names(tree, f"genre/{odd}") == ["b.mp3"]
    assert names(tree, "genre/x/{{ genre }}/y") == ["a.mp3"]
    assert names(tree, f"genre/{odd}") == ["b.mp3"]


def test_nan_has_no_place_among_numbers(make: Make) -> None:
    values = ["nan", "10", "9", "inf", "1e1"]
    for order in (values, values[::-1]):
        tree = make(*(record(value, mood=value) for value in order))
        assert names(tree, "{{ mood }}") == ["9", "10", "1e1", "inf", "nan"]
