"""The settings and filters in the README exist, and its views show what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcfs.config.load import load_settings
from mcfs.config.settings import Absent, Entries, MixxxSettings, Names, Prefer
from mcfs.store import open_store
from mcfs.template.filters import FILTERS
from mcfs.tree.nodes import ValuesNode
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.simple_track import simple_track

README = Path(__file__).parents[1].joinpath("README.md").read_text()


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library's top folder with all settings of the README in it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    blocks = re.findall(r"^```toml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert blocks
    (tmp_path / "mcfs.toml").write_text("".join(blocks))
    return tmp_path


def test_the_settings_are_valid(top: Path) -> None:
    settings = load_settings(top)
    assert settings.problems == ()
    assert settings.extensions == {"flac", "mp3", "dsf"}
    assert (settings.absent, settings.entries, settings.names) == (
        Absent.SHOW,
        Entries.FILES,
        Names.PORTABLE,
    )
    assert settings.mixxx == MixxxSettings(("rating", "color", "crate", "playlist"), Prefer.ANNEX)


def test_the_views_show_what_the_readme_says(top: Path) -> None:
    techno = simple_track(
        "a", genre="Techno", bpm="129", rating="5", artist="Ö", title="T?", key="Am", label="Tresor"
    )
    with open_store(top / "store") as store:
        store.cache.replace_all([techno, simple_track("b", genre="Dub")])
        tree = Tree(store, load_settings(top))
        assert tree.broken_views == ()

        def names(mount_path: str) -> list[str]:
            return list(tree.children(tree.resolve(Route.parse(mount_path))).entries)

        assert {"Peak time", "label"} <= set(names("/"))
        assert "crate" not in names("/")
        assert isinstance(tree.resolve(Route(("crate",))), ValuesNode)
        assert names("Peak time/130") == ["O"]
        assert names("Peak time/130/O") == ["8A T？.mp3"]
        assert names("label") == ["no label", "Tresor"]
        assert names("label/Tresor") == ["Unknown"]


def test_every_filter_is_mentioned() -> None:
    assert [name for name in FILTERS if not re.search(rf"`{name}\b", README)] == []
