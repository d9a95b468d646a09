"""Which files an export writes, keeps, replaces, removes, and leaves alone: the table of these decisions."""

from __future__ import annotations

import pytest

from mcfs.export.changes import Changes, Found, Wanted, find_changes
from mcfs.export.manifest import Made, Manifest
from mcfs.export.plan import PlannedFile

COPY = Made("copy", "KEY", 100, "KEY")
OTHER_COPY = Made("copy", "OTHER", 100)
LONGER_COPY = Made("copy", "LONGER", 120)
LINK = Made("link", "../lib/a", None)
OTHER_LINK = Made("link", "../lib/b", None)

FILE = Found("a file", False, size=100)
SHORT_FILE = Found("a file", False, size=7)
LONGER_FILE = Found("a file", False, size=120)
A_LINK = Found("a link", True, target="../lib/a")
A_LINK_ELSEWHERE = Found("a link", True, target="/etc/passwd")
FOLDER = Found("a folder", None)


def changes(
    wanted: dict[str, Made],
    found: dict[str, Found],
    *,
    made: dict[str, Made] | None = None,
    begun: dict[str, Made] | None = None,
    others: dict[str, Made] | None = None,
    absent: str = "",
    same_content: bool = False,
    ignores_case: bool = False,
) -> Changes:
    origin = PlannedFile("a", "KEY", "a", "objects/a", 100)
    return find_changes(
        [Wanted(path, each, origin) for path, each in wanted.items()],
        found,
        Manifest("uuid", "ours", made or {}, begun or {}),
        [Manifest("uuid", "genre:dub", others or {})],
        absent=[absent] if absent else (),
        same_content=lambda _: same_content,
        same_name=str.casefold if ignores_case else str,
    )


def becomes(wanted: Made, found: Found | None, **state: Made | bool) -> str:
    """What is decided about the file `a`; each Made of `state` is what a manifest says of it."""
    decided = changes(
        {"a": wanted},
        {} if found is None else {"a": found},
        same_content=bool(state.get("same_content")),
        **{name: {"a": made} for name, made in state.items() if isinstance(made, Made)},  # type: ignore[arg-type]  # the names are those of the parameters
    )
    if decided.write:
        return "replaced" if decided.replaced else "written"
    if decided.blocked:
        return decided.blocked[0].reason
    return "kept" if decided.kept else "kept, foreign"


@pytest.mark.parametrize("wanted", [COPY, LINK])
def test_what_is_not_there_is_written(wanted: Made) -> None:
    assert becomes(wanted, None) == "written"
    assert becomes(wanted, None, made=wanted) == "written"


@pytest.mark.parametrize(("wanted", "found"), [(COPY, FILE), (LINK, A_LINK)])
def test_what_was_made_before_is_kept(wanted: Made, found: Found) -> None:
    assert becomes(wanted, found, made=wanted) == "kept"
    assert becomes(wanted, found, begun=wanted) == "kept"
    assert becomes(wanted, found, others=wanted) == "kept"


@pytest.mark.parametrize(
    ("wanted", "found", "made"),
    [
        (LONGER_COPY, FILE, COPY),
        # Of the same size, but of another track.
        (OTHER_COPY, FILE, COPY),
        # Cut short.
        (COPY, SHORT_FILE, COPY),
        (OTHER_LINK, A_LINK, LINK),
        (COPY, A_LINK, LINK),
        (LINK, FILE, COPY),
    ],
)
def test_our_own_is_replaced(wanted: Made, found: Found, made: Made) -> None:
    assert becomes(wanted, found, made=made) == "replaced"


def test_after_a_crash_the_size_tells_which_of_two_it_is() -> None:
    assert becomes(LONGER_COPY, LONGER_FILE, made=COPY, begun=LONGER_COPY) == "kept"
    assert becomes(LONGER_COPY, FILE, made=COPY, begun=LONGER_COPY) == "replaced"
    # Where it cannot, it is written again.
    assert becomes(OTHER_COPY, FILE, made=COPY, begun=OTHER_COPY) == "replaced"


@pytest.mark.parametrize(
    ("wanted", "found", "what"),
    [
        (COPY, FILE, "a file"),
        (COPY, SHORT_FILE, "a file"),
        (COPY, A_LINK, "a link"),
        (LINK, FILE, "a file"),
        (LINK, A_LINK_ELSEWHERE, "a link"),
        (LINK, FOLDER, "a folder"),
    ],
)
def test_what_others_have_made_is_in_the_way(wanted: Made, found: Found, what: str) -> None:
    reason = f"{what} of this name is there, which mcfs has not made; move it away"
    assert becomes(wanted, found) == reason
    # Also where ours was begun, or was of another kind.
    assert becomes(wanted, found, begun=Made("copy", "KEY", 1)) == reason
    if found is not FOLDER and wanted is LINK:
        assert becomes(COPY, A_LINK, made=COPY) == becomes(COPY, A_LINK)


def test_the_same_content_of_somebody_else_is_left_and_not_ours() -> None:
    assert becomes(COPY, FILE, same_content=True) == "kept, foreign"
    assert becomes(LINK, A_LINK, same_content=True) == "kept, foreign"
    assert becomes(COPY, SHORT_FILE, same_content=True) != "kept, foreign"


def test_another_export_keeps_what_it_made() -> None:
    reason = "the export of genre:dub has made another file of this name"
    assert becomes(COPY, FILE, others=OTHER_COPY) == reason
    assert becomes(OTHER_COPY, FILE, made=COPY, others=COPY) == reason


def test_what_left_the_plan_may_be_removed_if_it_is_as_we_made_it() -> None:
    made = {"a": COPY, "gone": COPY, "changed": COPY, "link": LINK, "moved": LINK}
    found = {
        "a": FILE,
        "changed": SHORT_FILE,
        "link": A_LINK,
        "moved": A_LINK_ELSEWHERE,
        "half": FILE,
    }
    decided = changes({}, found, made=made, begun={"half": COPY, "never": COPY})
    assert decided.left == {"a": 100, "link": 0, "half": 100}


def test_what_another_export_has_made_too_is_not_removed() -> None:
    assert changes({}, {"a": FILE}, made={"a": COPY}, others={"a": COPY}).left == {}


def test_what_only_has_no_content_here_now_is_not_removed() -> None:
    found = {"link": A_LINK, "copy": FILE, "other": A_LINK}
    made = {"link": LINK._replace(annex_key="KEY"), "copy": COPY, "other": LINK}
    assert changes({}, found, made=made, absent="KEY").left == {"other": 0}


def test_a_name_that_only_changed_its_case_is_not_removed() -> None:
    state = {"a": FILE, "A": FILE}
    assert changes({"A": COPY}, state, made={"a": COPY}).left == {"a": 100}
    decided = changes({"A": COPY}, state, made={"a": COPY}, ignores_case=True)
    assert (decided.left, len(decided.kept)) == ({}, 1)
