"""`mcfs help`: topics and commands."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from mcfs.cli import run
from mcfs.editing.assignments import is_assignment, read_assignments
from mcfs.fields import Vocabulary, field_table
from mcfs.query import parse

_TERM = re.compile(r"""[-~]?[a-z.]+[:=](?:=~)?[+^]?(?:"[^"]*"\$?|[^\s;,"']+)""")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["query"], "title:+danger"),
        (["mount"], "A folder name can be a query"),
        (["search"], "Usage: mcfs search"),
        ([], "Commands:"),
    ],
)
def test_help(capfdbinary: pytest.CaptureFixture[bytes], words: list[str], shown: str) -> None:
    assert run(["help", *words]) == 0
    assert shown in capfdbinary.readouterr().out.decode()


def test_a_topic_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "nothing"]) == 2
    error = capsys.readouterr().err
    assert "no help about nothing" in error
    assert "query" in error


def test_every_short_name_is_listed() -> None:
    text = resources.files("mcfs").joinpath("help_query.txt").read_text("utf-8")
    words = text.partition("SHORT NAMES")[2].partition("\n\n")[0].split()
    short = {alias: name for alias, name in field_table().by_alias.items() if len(alias) <= 3}
    assert dict(zip(words[::2], words[1::2], strict=True)) == short


def test_every_change_in_the_help_on_editing_can_be_made() -> None:
    text = resources.files("mcfs").joinpath("help_editing.txt").read_text("utf-8")
    words = [word for word in text.replace("bpm:124-130", "").split() if is_assignment(word)]
    assert len(words) > 5
    for word in words:
        read_assignments([word], Vocabulary())
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", ["help.txt", "help_query.txt", "help_snapshots.txt"])
def test_every_example_is_a_query(name: str) -> None:
    text = resources.files("mcfs").joinpath(name).read_text("utf-8")
    # A sentence may end behind a term.
    examples = [re.sub(r"(?<!\.)[.)]+$|/$", "", term) for term in _TERM.findall(text)]
    assert len(examples) > 4
    fields, snapshots = frozenset({"mood", "size"}), frozenset({"Friday"})
    for example in examples:
        parse(example, Vocabulary(fields, snapshots=snapshots))
    assert max(map(len, text.splitlines())) <= 80
