"""A library's own `.git/config`, written by somebody else, starts no program when mcfs reads the library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcfs.annex.git import lookup_objects
from mcfs.annex.library import Library
from mcfs.annex.untrusted_config import add_settings, settings_to_read_only
from mcfs.cli import run
from mcfs.editing.editor import editing
from mcfs.errors import ExitCode
from mcfs.store import Store
from mcfs.store.records import Change, TrackChange
from tests.cache_access import key_of_file
from tests.tracks import ABSENT, UNLOCKED

HOOKS = (
    *("post-index-change", "reference-transaction", "pre-commit", "commit-msg", "post-commit"),
    *("post-checkout", "post-merge", "post-update", "post-update-annex", "pre-commit-annex"),
    *("fsmonitor-watchman", "pre-auto-gc", "prepare-commit-msg", "post-rewrite", "pre-push"),
    *("thawcontent-annex", "freezecontent-annex", "secure-erase-annex", "commitmessage-annex"),
    *("http-headers-annex", "pre-init-annex"),
)
PAGERS = ("config", "rev-parse", "for-each-ref", "ls-files", "ls-tree", "cat-file", "diff-tree")


@dataclass(frozen=True, slots=True)
class Traps:
    """Commands that leave a file with their name when somebody runs them."""

    folder: Path

    def command(self, name: str) -> str:
        """A program that a setting can name."""
        program = self.folder / "programs" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n: > '{self.folder}/ran-{name}'\nexit 1\n")
        program.chmod(0o755)
        return str(program)

    def taken(self) -> list[str]:
        """The traps that somebody ran."""
        return sorted(name for name in os.listdir(self.folder) if name.startswith("ran-"))


@pytest.fixture
def traps(library: Library, tmp_path: Path) -> Iterator[Traps]:
    """Traps in every setting of git and git-annex that names a program."""
    traps = Traps(tmp_path / "traps")
    traps.folder.mkdir()
    trap = traps.command
    for name in HOOKS:
        trap(name)
    settings = {
        "core.hooksPath": str(traps.folder / "programs"),
        **{f"core.{name}": trap(name) for name in ("fsmonitor", "pager", "editor", "sshCommand")},
        **{f"core.{name}": trap(name) for name in ("askPass", "alternateRefsCommand", "gitProxy")},
        **{f"pager.{name}": trap(f"pager-{name}") for name in PAGERS},
        "diff.external": trap("diff"),
        **{f"diff.evil.{name}": trap(f"diff-{name}") for name in ("command", "textconv")},
        **{f"filter.evil.{name}": trap(f"filter-{name}") for name in ("clean", "smudge")},
        "filter.evil.process": trap("filter-process"),
        "merge.evil.driver": trap("merge"),
        "gpg.program": trap("gpg"),
        "credential.helper": trap("credential"),
        "protocol.ext.allow": "always",
        "extensions.partialClone": "evil",
        "remote.evil.url": f"ext::{trap('ext')}",
        "remote.evil.fetch": "+refs/heads/*:refs/remotes/evil/*",
        "remote.evil.promisor": "true",
        "remote.evil.uploadpack": trap("uploadpack"),
        "remote.far.url": "ssh://far.invalid/music",
        "remote.far.annex-ssh-options": f"-o ProxyCommand={trap('proxy')}",
        "annex.ssh-options": f"-o ProxyCommand={trap('annex-proxy')}",
    }
    for remote in ("evil", "far"):
        for command in ("cost", "ignore", "sync", "pull", "push", "start", "stop"):
            name = f"{remote}-{command}"
            settings[f"remote.{remote}.annex-{command}-command"] = trap(name)
    for command in (
        *("commitmessage", "freezecontent", "thawcontent", "secure-erase", "http-headers"),
        *("pre-init", "post-update", "pre-commit"),
    ):
        settings[f"annex.{command}-command"] = trap(f"annex-{command}")
    settings["core.repositoryFormatVersion"] = "1"
    (library.top / ".gitattributes").write_text("* diff=evil filter=evil merge=evil\n")
    with (library.git_dir / "config").open("a") as config:
        for name, value in settings.items():
            section, _, key = name.rpartition(".")
            section, _, subsection = section.partition(".")
            config.write(f'[{section} "{subsection}"]\n' if subsection else f"[{section}]\n")
            config.write(f'\t{key} = "{value}"\n')
    yield traps
    assert traps.taken() == []


def test_nothing_runs_when_a_library_is_read(library: Library, traps: Traps) -> None:
    def mcfs(*words: str) -> None:
        assert run([*words, "--library", str(library.top)]) == ExitCode.DONE, words

    mcfs("sync")
    (library.top / "more.flac").write_bytes(b"more")
    mcfs("sync", "--full")
    mcfs("sync", "--dry-run")
    mcfs("status")
    mcfs("search", "genre:techno")
    mcfs("ls", "genre:techno")
    mcfs("which", str(library.top / ABSENT))
    mcfs("which", "--json", str(library.top / UNLOCKED))


def test_nothing_runs_when_metadata_is_written(
    library: Library, synced: Store, traps: Traps, capsys: pytest.CaptureFixture[str]
) -> None:
    change = TrackChange(key_of_file(synced.cache, "kino.mp3"), {"mood": Change((), ("dark",))})
    with editing(library, synced) as editor:
        editor.write("test", [change], on_answers=lambda *_: None, while_committing=lambda: None)
    for command in (["sync", "--merge"], ["search", "--format", "paths", "mood:dark"], ["undo"]):
        assert run([*command, "--library", str(library.top)]) == ExitCode.DONE
    assert f"{library.top}/kino.mp3\n" in capsys.readouterr().out


def test_git_asks_no_remote_for_an_object_that_is_missing(library: Library, traps: Traps) -> None:
    name = b"1" * 40
    assert list(lookup_objects(library, [name])) == [(name, None)]


def test_the_settings_of_the_environment_stay() -> None:
    there = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}
    assert add_settings(there, {"d.e": "f"}) == {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "a.b",
        "GIT_CONFIG_VALUE_0": "c",
        "GIT_CONFIG_KEY_1": "d.e",
        "GIT_CONFIG_VALUE_1": "f",
    }
    assert add_settings({"GIT_CONFIG_COUNT": "x"}, {})["GIT_CONFIG_COUNT"] == "0"


def test_only_a_remote_without_a_uuid_is_ignored() -> None:
    listed = (
        b"remote.usb.url\n/usb\0remote.usb.annex-uuid\n1\0remote.a.b.url\nssh://x\n\0"
        b"remote.usb.annex-cost-command\nrm\0annex.ssh-options\n-o\0remote.usb.annex-cost\n7\0"
    )
    assert settings_to_read_only(listed) == {
        "annex.ssh-options": "",
        "remote.usb.annex-cost-command": "",
        "remote.a.b.annex-ignore": "true",
    }
