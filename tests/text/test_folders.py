"""Paths of folders in a query, and which folders are inside others."""

from __future__ import annotations

import pytest

from mcfs.text.folders import folded_folder, is_in_folder


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Surgeon/Force + Form", "surgeon/force + form"),
        ("Surgeon\\Force + Form", "surgeon/force + form"),
        ("/Surgeon//Force + Form/", "surgeon/force + form"),
        ("./Émilie", "emilie"),
        ("AC∕DC", "ac/dc"),
        ("..", None),
        ("a/../b", None),
        ("", None),
        ("/", None),
        (".", None),
    ],
)
def test_a_folder_as_written(written: str, folded: str | None) -> None:
    assert folded_folder(written) == folded


@pytest.mark.parametrize(
    ("folder", "asked", "inside"),
    [
        ("Surgeon/Force + Form", "surgeon", True),
        ("Surgeon/Force + Form", "surgeon/force + form", True),
        ("Surgeon/Force + Form", "surgeon/force", False),
        ("Surgeon/Force + Form", "surgeon/force + form/x", False),
        ("Surgeons", "surgeon", False),
        ("x/Surgeon", "surgeon", False),
        # one folder, whose name folds to one with a slash
        ("AC∕DC/Live", "ac", False),
        ("AC∕DC/Live", "ac/dc", True),
        ("AC/DC/Live", "ac", True),
        ("AC/DC/Live", "ac/dc", True),
    ],
)
def test_only_whole_names_count(folder: str, asked: str, inside: bool) -> None:
    assert is_in_folder(folder, asked) is inside
