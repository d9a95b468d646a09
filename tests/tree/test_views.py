"""Views, built in and configured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcfs.config.settings import DEFAULTS, Absent, Entries, ViewSettings
from mcfs.store import Store
from mcfs.tree.nodes import (
    ValuesNode,
)
from mcfs.tree.tree import Tree
from tests.tree.folder_access import names, node


def test_a_configured_view(store: Store) -> None:
    peak = ViewSettings(
        "Peak", query="bpm:>=125", templates=("{{ genre }}",), sort=("-bpm",), limit=4
    )
    tree = Tree(store, replace(DEFAULTS, views={"Peak": peak}))
    assert "Peak" in names(tree, "/")
    assert names(tree, "Peak") == ["Rock", "techno", "рок"]
    first, second = names(tree, "Peak/techno")
    assert first == "001 Surgeon - Remnants.flac"
    assert second.startswith("002 Anon - Untitled [")


def test_a_hidden_view_exists_but_is_not_listed(store: Store) -> None:
    settings = replace(DEFAULTS, views={"crate": ViewSettings("crate", hidden=True)})
    tree = Tree(store, settings)
    assert "crate" not in names(tree, "/")
    assert names(tree, "crate") == ["Festival", "Peak time", "Unknown"]


def test_a_view_may_show_absent_tracks(store: Store) -> None:
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


def test_a_view_may_choose_links_or_files(store: Store) -> None:
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
def test_a_broken_view_is_left_out_and_reported(store: Store, broken: ViewSettings) -> None:
    tree = Tree(store, replace(DEFAULTS, views={"bad": broken}))
    assert names(tree, "/") == names(Tree(store), "/")
    (problem,) = tree.broken_views
    assert problem.startswith("view bad: ")
