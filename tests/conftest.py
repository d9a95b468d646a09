"""What all tests share: the rules that each must keep, and libraries and mounts."""

from __future__ import annotations

pytest_plugins = [
    "tests.house_rules",
    "tests.demo_library",
    "tests.remotes",
    "tests.tracks",
    "tests.mounts",
]
