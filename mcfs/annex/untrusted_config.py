"""What git and git-annex are told so that a library's own configuration starts no program.

A library may come from anybody, and its `.git/config` can name programs for nearly all that git does. Owns
the settings that are turned off for every command, and those for commands that only read. Pagers, diff
drivers and filters need no setting: mcfs gives git no terminal, and asks for no patch and no work file.

To fetch content, git-annex needs what a remote is configured with: `mcfs get` trusts that as much as
`git annex get` does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_ALWAYS = {
    # Reading the index would ask it.
    "core.fsmonitor": "false",
    # The folder of hooks, in which there can be none.
    "core.hooksPath": os.devnull,
    # git-annex has these instead of hooks, and would run them when it writes metadata.
    **dict.fromkeys(
        (
            "annex.commitmessage-command",
            "annex.post-update-command",
            "annex.pre-commit-command",
            "annex.pre-init-command",
        ),
        "",
    ),
}
# For commands that need no other repository. git would ask the remote of a partial clone for an object that
# is missing, and a remote can be a program. Older versions of git know only the second.
WITHOUT_REMOTES = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
# Settings of git-annex that hold commands, or options by which others start one: ssh's ProxyCommand.
_COMMAND = re.compile(rb"(?:annex|remote)\..*-(?:command|hook|options)")
_REMOTE_UUID = re.compile(rb"remote\.(.*)\.annex-uuid", re.DOTALL)
_REMOTE_URL = re.compile(rb"remote\.(.*)\.(?:push)?url", re.DOTALL)


def add_settings(environment: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """An environment whose settings replace those of the library for git and for what it starts."""
    there = environment.get("GIT_CONFIG_COUNT", "")
    first = int(there) if there.isdecimal() and len(there) < 6 else 0
    numbered = enumerate(settings.items(), first)
    pairs = {
        variable: text
        for number, (name, value) in numbered
        for variable, text in (
            (f"GIT_CONFIG_KEY_{number}", name),
            (f"GIT_CONFIG_VALUE_{number}", value),
        )
    }
    return {**environment, **pairs, "GIT_CONFIG_COUNT": str(first + len(settings))}


def without_programs(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for every command."""
    return add_settings(environment, _ALWAYS)


def settings_to_read_only(listed: bytes) -> dict[str, str]:
    """The settings for a git-annex that only reads, from the output of `git config --null --list`.

    git-annex would ask the commands of every remote, and connect to those that it knows no UUID of.
    """
    names = {entry.partition(b"\n")[0] for entry in listed.split(b"\0")}
    known = {found[1] for name in names if (found := _REMOTE_UUID.fullmatch(name))}
    remotes = {found[1] for name in names if (found := _REMOTE_URL.fullmatch(name))}
    off = {os.fsdecode(name): "" for name in sorted(names) if _COMMAND.fullmatch(name)}
    ignored = {
        f"remote.{os.fsdecode(remote)}.annex-ignore": "true" for remote in sorted(remotes - known)
    }
    return off | ignored
