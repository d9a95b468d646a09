"""Names of pins and snapshots: the command line and the mount refuse the same ones."""

from __future__ import annotations

import pytest

from mcfs.error_log import ErrorLog
from mcfs.errors import McfsError, NameTooLongError, QueryError, ReadOnlyError
from mcfs.tree.made_names import check_made_name, check_name


@pytest.mark.parametrize(
    ("name", "in_a_mount", "message"),
    [
        ("", QueryError, "a snapshot needs a name"),
        (" ", QueryError, "a snapshot needs a name"),
        (".hidden", ReadOnlyError, "the name of a snapshot cannot begin with a dot"),
        ("a/b", QueryError, "the name of a snapshot cannot contain a slash; write ∕ or \\ instead"),
        ("a\0b", QueryError, "the name of a snapshot cannot contain a NUL"),
        ("a\nb", QueryError, "the name of a snapshot cannot contain a line end"),
        ("ä" * 200, NameTooLongError, "the name of a snapshot can have at most 255 bytes"),
    ],
)
def test_refused(name: str, in_a_mount: type[McfsError], message: str) -> None:
    with pytest.raises(QueryError) as refused:
        check_name(name, "snapshot")
    assert str(refused.value).startswith(message)
    log = ErrorLog()
    with pytest.raises(in_a_mount):
        check_made_name(name, "snapshot", "snapshots", log)
    # File managers look for folders such as `.Trash-1000` all the time.
    logged = [] if name == ".hidden" else [f"snapshots/{name}: {refused.value}"]
    assert [error.sentence for error in log.entries()] == logged


def test_allowed() -> None:
    assert check_name("Peak: 1 – 2?", "pin") == "Peak: 1 – 2?"
    log = ErrorLog()
    check_made_name("ä" * 127, "pin", "pins", log)
    assert not log.entries()
