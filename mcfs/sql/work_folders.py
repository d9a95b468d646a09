"""The statements about the folders of the work tree: what is in one, and single names of it.

Owns how a folder is read from paths alone. What is in it are neighbours in the index of work paths, but each
subfolder has everything below it in between. So the statement goes from one name in the folder to the next,
past all that is below the first; what it costs depends on the names in the folder, and not on the library.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from mcfs.schema.cache import Track, TrackFile
from mcfs.sql.compiled import Compiled
from mcfs.sql.shape import ParameterValue
from mcfs.sql.tracks import ENTRY_COLUMNS
from mcfs.text.raw_text import is_utf8, stored_text

# As it is stored: a text, or bytes where it is not UTF-8. All texts come before all bytes.
_stored_path = type_coerce(TrackFile.c.work_path, NullType())
_AFTER_ALL_TEXTS = b""
_AFTER_ALL_PATHS = b"\xff" * 5000  # longer than a path can be


def select_work_folder(folder: str, *, absent: bool) -> list[Compiled[*tuple[Any, ...]]]:
    """The first work path of each name in a folder, and the `EntryRow` where that is the path itself.

    The rest of a row is NULL where the name is a folder. A name that is in the rows of two statements is a
    folder, too. With `absent`, files whose content is not here are included.
    """
    return [
        Compiled(_work_folder(parameters["first"].__class__ is bytes, absent), parameters)
        for parameters in _ranges(folder)
    ]


def select_work_file(work_path: str, *, absent: bool) -> Compiled[*tuple[Any, ...]]:
    """The `EntryRow` of the track that has this file."""
    return Compiled(_work_file(absent), {"work_path": work_path})


def has_work_files(folder: str, *, absent: bool) -> list[Compiled[bool]]:
    """Whether a folder holds anything, at any depth: it does if one of these statements says so."""
    return [Compiled(_has_work_files(absent), parameters) for parameters in _ranges(folder)]


def _ranges(folder: str) -> list[dict[str, ParameterValue]]:
    """Everything below a folder: texts are in one range, and what is not UTF-8 is in another."""
    if not folder:
        return [
            {"first": "", "after": _AFTER_ALL_TEXTS, "length": 0},
            {"first": b"", "after": _AFTER_ALL_PATHS, "length": 0},
        ]
    # "0" is the character after "/".
    first, after = f"{folder}/", f"{folder}0"
    raw_first, raw_after = (text.encode("utf-8", "surrogateescape") for text in (first, after))
    raw: dict[str, ParameterValue] = {
        "first": raw_first,
        "after": raw_after,
        "length": len(raw_first),
    }
    if not is_utf8(folder):
        return [raw]
    return [{"first": stored_text(first), "after": after, "length": len(first)}, raw]


def _conditions(absent: bool) -> list[ColumnElement[bool]]:
    return [] if absent else [TrackFile.c.present.is_(True)]


@lru_cache
def _work_folder(is_bytes: bool, absent: bool) -> Select[*tuple[Any, ...]]:
    slash = literal(b"/") if is_bytes else literal("/")

    def first_path(at_least: ColumnElement[Any]) -> ScalarSelect[Any]:
        return (
            select(_stored_path)
            .where(
                _stored_path >= at_least, _stored_path < bindparam("after"), *_conditions(absent)
            )
            .order_by(_stored_path)
            .limit(1)
            .scalar_subquery()
        )

    steps = select(first_path(bindparam("first")).label("path")).cte("step", recursive=True)
    # Where the next slash is behind the folder's own path, from 1 on; 0 for a file.
    slash_at = func.instr(func.substr(steps.c.path, bindparam("length") + 1), slash)
    subfolder = func.substr(steps.c.path, 1, bindparam("length") + slash_at - 1)
    following: ColumnElement[Any] = case(
        (slash_at == 0, steps.c.path.op("||")(func.char(0))), else_=subfolder.op("||")("0")
    )
    if is_bytes:
        following = cast(following, LargeBinary)
    steps = steps.union_all(
        select(first_path(type_coerce(following, NullType()))).where(steps.c.path.is_not(None))
    )
    is_file = func.instr(func.substr(steps.c.path, bindparam("length") + 1), slash) == 0
    return (
        select(steps.c.path, *ENTRY_COLUMNS)
        .select_from(steps)
        .outerjoin(TrackFile, and_(_stored_path == steps.c.path, is_file))
        .outerjoin(Track, Track.c.id == TrackFile.c.track_id)
        .where(steps.c.path.is_not(None))
    )


@lru_cache
def _work_file(absent: bool) -> Select[*tuple[Any, ...]]:
    return (
        select(*ENTRY_COLUMNS)
        .join(TrackFile, TrackFile.c.track_id == Track.c.id)
        .where(TrackFile.c.work_path == bindparam("work_path"), *_conditions(absent))
    )


@lru_cache
def _has_work_files(absent: bool) -> Select[bool]:
    return select(
        exists().where(
            _stored_path >= bindparam("first"),
            _stored_path < bindparam("after"),
            *_conditions(absent),
        )
    )
