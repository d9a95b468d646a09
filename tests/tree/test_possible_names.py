"""Names that are certainly no entry of a folder do not make the folder list itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcfs.errors import NotFoundError
from mcfs.sql.groups import may_have_value
from mcfs.store import Store, TrackRecord, open_store
from mcfs.tree.nodes import TrackNode, TracksNode, ValueNode, ValuesNode
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree


def record(number: int, **values: str) -> TrackRecord:
    return TrackRecord(
        annex_key=f"SHA256E-s1--{number}.mp3",
        name=f"{number}.mp3",
        files=(f"{number}.mp3",),
        content_path=f"annex/objects/{number}",
        present=True,
        values={field: (text,) for field, text in values.items()},
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "mcfs") as opened:
        opened.cache.replace_all(
            [
                record(1, genre="techno", artist="x", bpm="126.00", key="8A", title="bpm:>1"),
                record(2, genre="genre:techno", artist=" sort:bpm", bpm="128", key="-x", title="b"),
                record(3, genre="rock/pop", albumartist="genre:x.m3u8", title="c"),
            ]
        )
        yield opened


@pytest.mark.parametrize(
    "mount_path",
    [
        "sort:title/genre:techno",
        "sort:title/{{ genre }}",
        "sort:title limit:2/bpm:>100.m3u8",
        "shuffle:friday/genre:techno sort:bpm",
        "genre/bpm:>100",
        "genre/genre:=techno",
        "genre/{{ artist }}",
        "genre/bpm:126.csv",
        "genre:techno/{{ artist }}/bpm:126",
        "artist/genre:techno",
        "artist/(genre:techno or bpm:126)",
        "{{ albumartist or artist }}/genre:techno",
        "bpm/genre:techno",
        "key/genre:techno",
        "{{ bpm | round_to(5) }}/rating:>3",
        "{{ title }}.{{ ext }}/genre:techno",
        "{{ title }}.{{ ext }}/{{ genre }}",
        "genre:techno/{{ genre }} - {{ artist }}/bpm:126",
    ],
)
def test_a_query_below_a_folder_does_not_list_the_folder(store: Store, mount_path: str) -> None:
    tree = Tree(store)
    assert not isinstance(tree.resolve(Route.parse(mount_path)), ValueNode | TrackNode)
    assert len(tree.state.listings) == 0


@pytest.mark.parametrize("mount_path", ["genre/HEAD", "sort:title/Folder.jpg", "artist/cover.png"])
def test_a_name_that_programs_probe_for_does_not_list_the_folder(
    store: Store, mount_path: str
) -> None:
    tree = Tree(store)
    with pytest.raises(NotFoundError):
        tree.resolve(Route.parse(mount_path))
    assert len(tree.state.listings) == 0


@pytest.mark.parametrize(
    ("mount_path", "kind"),
    [
        ("genre/genre:techno", ValueNode),
        ("genre/techno", ValueNode),
        ("genre/rock∕pop", ValueNode),
        ("genre:techno/{{ genre }}/genre:techno", ValueNode),
        ("artist/sort:bpm", ValueNode),
        ("artist/genre:x.m3u8", ValueNode),
        ("artist/Unknown", None),
        ("key/-x", ValueNode),
        ("bpm/126", ValueNode),
        ("sort:title/001 2.mp3", TrackNode),
        ("{{ title }}.{{ ext }}/bpm:>1.mp3", TrackNode),
        ("{{ title }}.{{ ext }}/bpm:>1", TracksNode),
        ("genre/{{ genre }}", ValuesNode),
    ],
)
def test_an_entry_comes_before_what_its_name_says(
    store: Store, mount_path: str, kind: type | None
) -> None:
    tree = Tree(store)
    if kind is None:
        with pytest.raises(NotFoundError):
            tree.resolve(Route.parse(mount_path))
    else:
        assert type(tree.resolve(Route.parse(mount_path))) is kind


def test_a_value_is_looked_for_in_the_index(store: Store) -> None:
    """One question, however many values the library has."""
    with store.cache.reading() as read:
        plan = read.plan(may_have_value(("albumartist", "artist"), "genre:techno"))
    assert all("SCAN" not in step or "CONSTANT ROW" in step for _, step in plan), plan
