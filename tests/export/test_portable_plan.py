"""Names of an export for file systems that allow less than Linux does."""

from __future__ import annotations

from mcfs.export.plan import PlannedFile, PlannedFolder, PlannedText
from mcfs.export.portable_plan import portable_plan


def file(name: str) -> PlannedFile:
    return PlannedFile(name, f"KEY-{name}", name, f"objects/{name}", 1)


def test_names_become_portable_in_all_folders() -> None:
    inner = PlannedFolder("Who?", (file("a:b.mp3"), file("c.mp3")))
    plan, marked = portable_plan(PlannedFolder("", (inner, PlannedText("x:y.m3u8", b""))))
    assert [path for path, _ in plan.files()] == ["Who？/a：b.mp3", "Who？/c.mp3"]
    assert [path for path, _ in plan.texts()] == ["x：y.m3u8"]
    assert list(plan.folders()) == ["Who？"]
    assert marked == ()


def test_names_that_differ_only_in_case_are_marked_and_named() -> None:
    inner = PlannedFolder("in", (file("A.mp3"), file("a.mp3"), file("b.mp3")))
    plan, marked = portable_plan(PlannedFolder("", (inner,)))
    names = [path for path, _ in plan.files()]
    assert len({name.casefold() for name in names}) == 3
    assert names[2] == "in/b.mp3"
    assert [(each.path, f"in/{each.new_name}") for each in marked] == [
        ("in/A.mp3", names[0]),
        ("in/a.mp3", names[1]),
    ]
    # The content stays with its name.
    assert [planned.annex_key for _, planned in plan.files()][:2] == ["KEY-A.mp3", "KEY-a.mp3"]


def test_a_portable_plan_stays_as_it_is() -> None:
    plan = PlannedFolder("", (PlannedFolder("Techno", (file("a.mp3"), file("A [1].mp3"))),))
    assert portable_plan(plan) == (plan, ())
