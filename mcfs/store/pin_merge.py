"""Brings pins over from the other place that the store of a library can have.

A library that cannot be written has its store in the user's data folder. Owns that pins do not vanish when
the store moves, in either direction: each change of the other user.db is merged once, so that a pin which
is deleted here stays deleted. Only pins: nothing else can be made while the library is read-only.
"""

from __future__ import annotations

import os
from pathlib import Path

from mcfs.errors import StoreError
from mcfs.store import Store
from mcfs.store.engine import open_read_only
from mcfs.store.records import Pin
from mcfs.store.user_repository import UserRepository

# Beside user.db: in which state the other one was merged.
_MERGED = "user.db.merged"


def merge_pins(store: Store, other: Path) -> str | None:
    """Merge the pins of the store in another folder into this one; a sentence if there was something new."""
    path, mark = other / "user.db", store.folder / _MERGED
    state = _state(path)
    try:
        if not state or (mark.exists() and mark.read_text() == state):
            return None
        changed = [pin.name for pin in _pins(path) if _take(store.user, pin)]
        mark.write_text(state)
    except (StoreError, OSError, ValueError) as error:
        return f"the pins in {path} cannot be brought over: {error}"
    if not changed:
        return None
    return f"brought over from {path}, where the store was before: {', '.join(changed)}"


def _state(path: Path) -> str:
    """Differs whenever somebody has written; empty where this user has no such file."""
    found = []
    for name in (path.name, f"{path.name}-wal"):
        try:
            status = path.with_name(name).stat()
        except OSError:
            continue
        if status.st_uid != os.geteuid():
            return ""  # the pins of another user, whose library this is
        if status.st_size:
            found.append(f"{name} {status.st_size} {status.st_mtime_ns}\n")
    return "".join(found)


def _pins(path: Path) -> list[Pin]:
    engine = open_read_only(path)
    try:
        return UserRepository(engine).pins()
    finally:
        engine.dispose()


def _take(user: UserRepository, pin: Pin) -> bool:
    """Save a pin, unless there is one of its name that is as new; whether that changed anything."""
    mine = {known.name: known for known in user.pins()}.get(pin.name)
    if mine is None:
        user.add_pin(pin.name, pin.query_text)
        return True
    if mine.query_text == pin.query_text or mine.updated_at >= pin.updated_at:
        return False
    user.rename_pin(pin.name, pin.name, pin.query_text)
    return True
