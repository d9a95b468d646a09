"""What every test is held to: it leaves no mount, process or file descriptor, and logs no surprise."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure of ours.
settings.register_profile("mcfs", deadline=None)
settings.load_profile("mcfs")

# Whom a shell starts in the background ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.demo_library", "tests.remotes", "tests.mounts", "tests.tracks"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Names need not be UTF-8, and what one process tells another of a test has to be."""
    report = yield
    report.sections = [(title, _tellable(text)) for title, text in report.sections]
    said = str(report.longrepr) if report.failed else ""
    if said != _tellable(said):
        report.longrepr = _tellable(said)
    return report


def _tellable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _mounts(below: Path) -> set[str]:
    """Ours alone: whoever develops has mounts of their own."""
    lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    return {place for line in lines if (place := line.split(" ")[4]).startswith(str(below))}


def _children() -> set[str]:
    """Children that run, or that nobody waited for."""
    found: set[str] = set()
    for task in os.listdir("/proc/self/task"):
        # A thread may end while we look.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found |= set(Path(f"/proc/self/task/{task}/children").read_text().split())
    return found


def _descriptors() -> dict[str, str]:
    found = {}
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found[descriptor] = os.readlink(f"/proc/self/fd/{descriptor}")
        except FileNotFoundError:
            continue  # the one that listed the others
    return found


@pytest.fixture(autouse=True)
def leaves_nothing_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fails the test that forgot to unmount, to wait for a process, or to close a file."""
    place = tmp_path_factory.getbasetemp()
    mounts, children, descriptors = _mounts(place), _children(), _descriptors()
    yield
    if _descriptors().keys() - descriptors.keys():
        gc.collect()
    assert not _mounts(place) - mounts, "a mount was left behind"
    assert not _children() - children, "a process was left behind"
    left = {fd: path for fd, path in _descriptors().items() if fd not in descriptors}
    assert not left, "file descriptors were left open"


@pytest.fixture(autouse=True, scope="session")
def is_nobody_s_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever develops may have settings and stores of their own: they are not read, and not written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(autouse=True)
def logs_nothing_unexpected(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fails on a warning in the log, unless the test is marked `logs(…)` with a part of it."""
    yield
    marker = request.node.get_closest_marker("logs")
    expected = marker.args if marker else ()
    surprises = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING
        and not any(part in record.getMessage() for part in expected)
    ]
    assert not surprises, f"unexpected in the log: {surprises}"
