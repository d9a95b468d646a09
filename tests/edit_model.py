"""A mount that edits, changed at random by ordinary programs, and a model of what git-annex must have then.

Owns the model, the kinds of gestures, and the programs that make them. The folders are asked how they are
called; what a gesture means is worked out here, from the issue's words and not from mcfs.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from mcfs.text.fold import fold
from tests.prerequisites import git_annex_environment

FIELDS = ("crate", "genre", "rating")
_ONE_VALUE = {"rating"}
_NOTHING = "Unknown"
_NEW_NAMES = {
    "crate": ("Late", "Early ∕ dark", "Ñandú", "x" * 80, "․dotted", "a  b"),
    "genre": ("Dub", "Electro", "AC∕DC"),
    "rating": ("1", "2", "3", "4", "5"),
}

Values = dict[str, dict[str, set[str]]]


def git_annex_values(library: Path) -> Values:
    """Key → field → its values, as git-annex has them."""
    done = subprocess.run(
        ["git", "annex", "metadata", "--json", "--all"],
        cwd=library,
        env=git_annex_environment(library),
        capture_output=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        answer["key"]: {field: set(answer["fields"].get(field, ())) for field in FIELDS}
        for answer in answers
    }


def value_of(name: str) -> str:
    """The value that a folder is called after."""
    return name.replace("∕", "/").replace("․", ".")


class EditModel:
    """One mount of a library, and what its metadata must be."""

    def __init__(self, library: Path, mount: Path, seed: int) -> None:
        self._library = library
        self._mount = mount
        self._random = random.Random(seed)
        self.values = git_annex_values(library)
        self.made: list[str] = []
        # Names of the tracks that are here, and their keys.
        self._key_of = {
            entry.name: _key(entry.path)
            for entry in os.scandir(mount / "all")
            if entry.is_symlink()
        }
        self._kinds: tuple[Callable[[], None], ...] = (
            self._link,
            self._copy,
            # Not on every machine.
            *([self._rsync] if shutil.which("rsync") else []),
            self._link_by_another_name,
            self._move,
            self._move,
            self._move_to_another_field,
            self._remove,
            self._remove,
            self._make_folder,
            self._rename_folder,
            self._remove_folder,
            self._write_content,
            self._rename_in_place,
        )

    def step(self) -> None:
        """Make one gesture, and check what can be seen of it."""
        self._random.choice(self._kinds)()

    # --- what is there

    def folders(self, field: str) -> list[str]:
        """The names that a view lists."""
        return sorted(os.listdir(self._mount / field))

    def _folder(self, field: str | None = None) -> tuple[str, str]:
        """A field, and the folder of one of its values."""
        field = field or self._random.choice(FIELDS)
        return field, self._random.choice(self.folders(field) or [_NOTHING])

    def _entry(self) -> tuple[str, str, str] | None:
        """A field, a folder, and an entry in it."""
        field, folder = self._folder()
        names = sorted(os.listdir(self._mount / field / folder))
        return (field, folder, self._random.choice(names)) if names else None

    # --- what a gesture means

    def _has(self, key: str, field: str, folder: str) -> bool:
        wanted = fold(value_of(folder))
        values = {fold(value) for value in self.values[key][field]}
        if folder == _NOTHING:
            return not values or wanted in values
        return wanted in values

    def _gain(self, key: str, field: str, folder: str) -> None:
        values = self.values[key][field]
        if field in _ONE_VALUE:
            values.clear()
        values.add(value_of(folder))

    def _lose(self, key: str, field: str, folder: str) -> None:
        wanted = fold(value_of(folder))
        self.values[key][field] = {v for v in self.values[key][field] if fold(v) != wanted}

    # --- gestures

    def _put(self, program: list[str], *, name: str | None = None, absolute: bool = True) -> None:
        field, folder = self._folder()
        track = self._random.choice(sorted(self._key_of))
        key = self._key_of[track]
        place = self._mount / field / folder
        source = str(self._mount / "all" / track) if absolute else f"../../all/{track}"
        fits = not self._has(key, field, folder) and folder != _NOTHING
        asked = name or track
        done = self._run([*program, source, str(place / asked)])
        if fits:
            assert done == 0, self._errors()
            self._gain(key, field, folder)
            assert _key(place / asked) == key, "the program that put it there looks for it"
            assert track in os.listdir(place)
        elif program[0] == "cp" and done == 0:
            # Either it took both for one file, or it has removed the entry and made it again.
            if folder != _NOTHING:
                self._lose(key, field, folder)
                self._gain(key, field, folder)
        elif program[0] != "rsync":
            assert done != 0

    def _link(self) -> None:
        self._put(["ln", "-s"], absolute=self._random.random() < 0.5)

    def _copy(self) -> None:
        self._put(["cp", "-P"] if self._random.random() < 0.5 else ["cp", "-a"])

    def _rsync(self) -> None:
        self._put(["rsync", "-l"])

    def _link_by_another_name(self) -> None:
        self._put(["ln", "-s"], name=f"asked {self._random.randrange(10**9)}.mp3")

    def _move(self) -> None:
        self._move_between(self._random.choice(FIELDS), None)

    def _move_to_another_field(self) -> None:
        one, other = self._random.sample(FIELDS, 2)
        self._move_between(one, other)

    def _move_between(self, field: str, new_field: str | None) -> None:
        _, folder = self._folder(field)
        new_field, new_folder = self._folder(new_field or field)
        names = sorted(os.listdir(self._mount / field / folder))
        if not names or (field, folder) == (new_field, new_folder):
            return
        name = self._random.choice(names)
        key = self._key_of[name]
        if self._has(key, new_field, new_folder):
            return  # for the kernel both names are one file, and a rename does nothing
        if folder == _NOTHING and new_folder == _NOTHING:
            return
        new_place = self._mount / new_field / new_folder
        done = self._run(["mv", str(self._mount / field / folder / name), str(new_place)])
        if new_folder == _NOTHING:
            only = {fold(value) for value in self.values[key][field]} == {fold(value_of(folder))}
            fits = new_field == field and only
        else:
            fits = True
        assert (done == 0) == fits, self._errors()
        if fits:
            if folder != _NOTHING:
                self._lose(key, field, folder)
            if new_folder != _NOTHING:
                self._gain(key, new_field, new_folder)
            assert name in os.listdir(new_place)
            if folder != _NOTHING:
                assert name not in os.listdir(self._mount / field / folder)
                assert not os.path.lexists(self._mount / field / folder / name)

    def _remove(self) -> None:
        if (entry := self._entry()) is None:
            return
        field, folder, name = entry
        place = self._mount / field / folder / name
        done = self._run(["rm", str(place)])
        assert (done == 0) == (folder != _NOTHING), self._errors()
        if done == 0:
            self._lose(self._key_of[name], field, folder)
            assert not os.path.lexists(place)
            assert name not in os.listdir(place.parent)

    def _make_folder(self) -> None:
        field = self._random.choice(FIELDS)
        name = self._random.choice(_NEW_NAMES[field])
        is_there = fold(name) in {fold(each) for each in self.folders(field)}
        done = self._run(["mkdir", str(self._mount / field / name)])
        # A value that only tracks have which are not shown is no folder, and yet there.
        hidden = any(self._has(key, field, name) for key in self.values)
        assert (done == 0) == (not is_there and not hidden), self._errors()
        if done == 0:
            assert os.listdir(self._mount / field / name) == []
            assert name in self.folders(field)

    def _rename_folder(self) -> None:
        field, folder = self._folder()
        name = self._random.choice(_NEW_NAMES[field])
        if folder == _NOTHING or name in self.folders(field) or fold(name) == fold(folder):
            return
        done = self._run(["mv", str(self._mount / field / folder), str(self._mount / field / name)])
        hidden = any(self._has(key, field, name) for key in self.values)
        assert (done == 0) == (not hidden), self._errors()
        if done == 0:
            for key in self.values:
                if self._has(key, field, folder):
                    self._lose(key, field, folder)
                    self._gain(key, field, name)
            assert name in self.folders(field)
            assert folder not in self.folders(field)

    def _remove_folder(self) -> None:
        field, folder = self._folder()
        is_empty = not any(self._has(key, field, folder) for key in self.values)
        done = self._run(["rmdir", str(self._mount / field / folder)])
        assert (done == 0) == is_empty, self._errors()
        if done == 0:
            assert folder not in self.folders(field)

    def _write_content(self) -> None:
        field, folder = self._folder()
        track = self._random.choice(sorted(self._key_of))
        place = self._mount / field / folder / f"copy of {track}"
        assert self._run(["cp", str(self._mount / "all" / track), str(place)]) != 0
        assert not os.path.lexists(place)

    def _rename_in_place(self) -> None:
        if (entry := self._entry()) is None:
            return
        field, folder, name = entry
        place = self._mount / field / folder
        assert self._run(["mv", str(place / name), str(place / "another name.mp3")]) != 0
        assert name in os.listdir(place)

    # --- checks

    def differences(self) -> Iterator[str]:
        """What git-annex and the folders have that the model has not, in words."""
        found = git_annex_values(self._library)
        for key in self.values.keys() | found.keys():
            if self.values.get(key) != found.get(key):
                yield f"{key}: {self.values.get(key)} in the model, {found.get(key)} in git-annex"
        for field in FIELDS:
            for folder in self.folders(field):
                names = {self._key_of[name] for name in os.listdir(self._mount / field / folder)}
                here = set(self._key_of.values())
                if names != {key for key in here if self._has(key, field, folder)}:
                    yield f"{field}/{folder} lists other tracks"

    def _run(self, command: list[str]) -> int:
        self.made.append(" ".join(command))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode

    def _errors(self) -> str:
        last = (self._mount / ".mcfs/errors").read_text().splitlines()[-3:]
        return "\n".join([*self.made[-3:], *last])


def _key(path: os.PathLike[str] | str) -> str:
    """The annex key of a track, by the object that its link leads to in the end."""
    target = os.readlink(path)
    if os.path.islink(target):  # noqa: PTH114
        target = os.readlink(target)
    if "/annex/objects/" in target:
        return os.path.basename(target)  # noqa: PTH119
    # An unlocked file.
    raw = subprocess.run(
        ["git", "annex", "lookupkey", os.path.basename(target)],  # noqa: PTH119
        cwd=os.path.dirname(target),  # noqa: PTH120
        env=git_annex_environment(Path(target).parent),
        capture_output=True,
        text=True,
        check=True,
    )
    return raw.stdout.strip()
