"""What all trials share: the rules and libraries of the suite, and the fixtures of the trials."""

from __future__ import annotations

pytest_plugins = [
    "tests.house_rules",
    "tests.demo_library",
    "tests.mounts",
    "contrib.programs.running",
    "contrib.programs.fixtures",
]
