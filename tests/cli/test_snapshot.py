"""`mcfs snapshot`, and what other commands make of snapshots, in a real library."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcfs.errors import ExitCode
from mcfs.store import Store
from tests.cli.running import CommandRunner
from tests.remotes import annex

TECHNO = "genre:techno sort:bpm"


def objects(mcfs: CommandRunner, *words: str) -> Any:
    """What a subcommand prints for programs."""
    result = mcfs("snapshot", *words, "--json")
    assert result.code == ExitCode.DONE, result.err
    return json.loads(result.out)


def found(mcfs: CommandRunner, query: str) -> list[str]:
    return [track["annex_key"] for track in json.loads(mcfs("search", "--json", query).out)]


def test_a_set_from_its_taking_to_its_end(mcfs: CommandRunner, synced: Store) -> None:
    before = found(mcfs, TECHNO)
    taken = mcfs("snapshot", "take", "Friday", *TECHNO.split())
    assert (taken.code, taken.out) == (ExitCode.DONE, f"took Friday: {len(before)} tracks\n")
    assert found(mcfs, "snapshot:friday") == before
    assert mcfs("get", "snapshot:Friday").out == f"all {len(before)} are here\n"
    (listed,) = objects(mcfs, "list")
    assert (listed["name"], listed["query"], listed["stale"]) == ("Friday", TECHNO, False)
    shown = objects(mcfs, "show", "Friday")
    assert [track["annex_key"] for track in shown["tracks"]] == before
    assert shown["differences"]["joined"] == []

    # The library changes, and the snapshot does not.
    annex(mcfs.library.top, "metadata", "-q", "kino.mp3", "-s", "genre+=Techno")
    gone_file = shown["tracks"][0]["annex_key"]
    file = json.loads(mcfs("search", "--json", "snapshot:Friday").out)[0]["file"]
    annex(mcfs.library.top, "metadata", "-q", file, "-s", "genre=Polka", "-s", "title=Other")
    synced_now = mcfs("sync")
    assert "mcfs: the snapshot Friday is stale: 1 track joined, 1 left since" in synced_now.err
    status = json.loads(mcfs("status", "--json").out)
    assert [each["name"] for each in status["stale_snapshots"]] == ["Friday"]
    assert "1, 1 of them stale: Friday" in mcfs("status").out
    assert found(mcfs, "snapshot:Friday") == before
    again = objects(mcfs, "show", "Friday")
    assert again["tracks"] == shown["tracks"], "a new title changes nothing that was frozen"
    assert [track["annex_key"] for track in again["differences"]["left"]] == [gone_file]
    text = mcfs("snapshot", "show", "Friday")
    assert "state     stale: 1 track joined, 1 left since" in text.out
    assert "since then\n+ " in text.out
    assert "Friday: 1 track joined" in mcfs("snapshot", "list").out

    refreshed = mcfs("snapshot", "refresh", "Friday")
    assert refreshed.lines[0].startswith("+ ")
    assert refreshed.lines[-1] == f"took Friday again: {len(before)} tracks"
    assert mcfs("snapshot", "refresh", "Friday").out.endswith("tracks, as before\n")
    assert not objects(mcfs, "refresh", "Friday")["stale"]

    assert objects(mcfs, "rename", "Friday", "Fri day")["name"] == "Fri day"
    done = objects(mcfs, "done", "Fri day", "--at", "2025-06-12T23:00+02:00")
    assert done["done_at"] == "2025-06-12T21:00:00.000+00:00"
    assert "played    2025-06-12" in mcfs("snapshot", "show", "Fri day").out
    assert mcfs("snapshot", "done", "Fri day").code == ExitCode.DONE
    assert "mcfs: no snapshot of the name" in mcfs("search", "snapshot:Friday").err
    refused = mcfs("snapshot", "drop", "Fri day")
    assert (refused.code, synced.user.snapshots.names()) == (ExitCode.USAGE, ["Fri day"])
    asked = mcfs.in_terminal("snapshot", "drop", "Fri day", columns=80, types="y\n")
    assert f"Drop the snapshot Fri day of {len(before)} tracks? [y/N]" in asked
    assert synced.user.snapshots.names() == []
    assert mcfs("snapshot", "list").err.startswith("mcfs: no snapshots; to take one: ")


def test_of_pins_and_views_and_with_a_template(mcfs: CommandRunner) -> None:
    mcfs("pin", "--name", "Peak time", "genre:techno")
    pin = objects(mcfs, "take", "P", "pins/Peak time")
    assert (pin["pin"], pin["view"], pin["query"]) == ("Peak time", None, "genre:techno")
    view = objects(mcfs, "take", "V", "genre", "--output", "playlist")
    assert (view["view"], view["template"], view["output_mode"]) == (
        "genre", "{{ genre }}", "playlist"
    )  # fmt: skip
    own = objects(
        mcfs, "take", "T", "genre:techno", "--template", "{{ bpm }}/{{ title }}.{{ ext }}"
    )
    assert own["template"] == "{{ bpm }}/{{ title }}.{{ ext }}"
    shown = mcfs("snapshot", "show", "V").out
    for line in ("folder    genre\n", "template  {{ genre }}\n", "view      genre\n"):
        assert line in shown
    assert "output    playlist\n" in shown
    assert "pin       Peak time\n" in mcfs("snapshot", "show", "P").out
    assert objects(mcfs, "drop", "P", "--yes")["name"] == "P"


def test_what_is_not_here(mcfs: CommandRunner) -> None:
    annex(mcfs.library.top, "drop", "-q", "--force", "kino.mp3")
    mcfs("sync")
    assert mcfs("snapshot", "take", "K", "artist:кино").err == (
        "mcfs: no tracks here, so nothing was taken; --absent show takes the others\n"
    )
    assert mcfs("snapshot", "take", "K", "artist:кино", "--absent", "show").code == ExitCode.DONE
    assert "not here\n" in mcfs("snapshot", "show", "K").out
    assert not mcfs("snapshot", "list").out.count("stale")
    some = mcfs("snapshot", "take", "S", "artist:кино", "|", "genre:techno")
    assert "more tracks match and are not here; --absent show" in some.err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["take", "x", "genre:tehcno"], 1, "nothing was taken: no tracks; did you mean genre:techno?"),
        (["take", "x", "gnere:techno"], 2, 'unknown field "gnere"; did you mean "genre"?'),
        (["take", "a/b", "genre:techno"], 2, "the name of a snapshot cannot contain a slash"),
        (["take", "FRIDAY", "genre:techno"], 1, "a snapshot of the name Friday exists already"),
        (["take", "x", "pins"], 2, "these are all pins, and a snapshot is of one"),
        (["take", "x", "snapshot:Fridy"], 2, 'no snapshot of the name "Fridy"; did you mean "Friday"?'),
        (["take", "x", "genre:techno", "--template", "{{ title"], 2, ""),
        (["show", "Fridy"], 1, 'no snapshot of the name Fridy; did you mean "Friday"?'),
        (["show", "Xyz"], 1, "no snapshot of the name Xyz; to list them: mcfs snapshot list"),
        (["rename", "Friday", ".x"], 2, "the name of a snapshot cannot begin with a dot"),
        (["done", "Friday", "--at", "teatime"], 2, "teatime is no time; write for example 2025-06-12"),
    ],
)  # fmt: skip
def test_mistakes(
    mcfs: CommandRunner, synced: Store, words: list[str], code: int, sentence: str
) -> None:
    mcfs("snapshot", "take", "Friday", "genre:techno")
    before = synced.user.snapshots.all()
    result = mcfs("snapshot", *words)
    assert (result.code, result.out) == (code, "")
    assert sentence in result.err
    assert [each.updated_at for each in synced.user.snapshots.all()] == [
        each.updated_at for each in before
    ]
