"""The display that trials of programs with windows use."""

from __future__ import annotations

import pytest

from contrib.programs.running import Screen


@pytest.mark.programs("Xvfb", "import", "xdotool")
def test_a_screenshot_shows_the_screen(screen: Screen) -> None:
    assert screen.windows("anything") == []
    assert screen.screenshot("empty").read_bytes().startswith(b"\x89PNG")
