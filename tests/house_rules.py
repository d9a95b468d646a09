"""Rules for every test: it leaves no mount, process or open file behind, and logs no unexpected warning."""

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

# A slow machine must not fail a test.
settings.register_profile("mcfs", deadline=None)
settings.load_profile("mcfs")

# A shell starts background jobs with SIGINT ignored, and every process that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make reports UTF-8, as pytest-xdist sends them between processes; file names need not be UTF-8."""
    report = yield
    report.sections = [(title, _as_utf8(text)) for title, text in report.sections]
    reason = str(report.longrepr) if report.failed else ""
    if reason != _as_utf8(reason):
        report.longrepr = _as_utf8(reason)
    return report


def _as_utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _mounts(below: Path) -> set[str]:
    """Mount points below the tests' folder; the developer may have others."""
    lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    return {place for line in lines if (place := line.split(" ")[4]).startswith(str(below))}


def _children() -> set[str]:
    """Process ids of children that still run, or that were not waited for."""
    found: set[str] = set()
    for task in os.listdir("/proc/self/task"):
        # A thread may end meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found |= set(Path(f"/proc/self/task/{task}/children").read_text().split())
    return found


def _descriptors() -> dict[str, str]:
    found = {}
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found[descriptor] = os.readlink(f"/proc/self/fd/{descriptor}")
        except FileNotFoundError:
            continue  # the descriptor that os.listdir itself used
    return found


@pytest.fixture(autouse=True)
def leaves_nothing_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail a test that did not unmount, wait for a process, or close a file."""
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
def empty_user_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the developer's own settings and stores out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(autouse=True)
def logs_nothing_unexpected(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fail a test that logs a warning, unless it is marked `logs(…)` with a part of the message."""
    yield
    marker = request.node.get_closest_marker("logs")
    expected = marker.args if marker else ()
    unexpected = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING
        and not any(part in record.getMessage() for part in expected)
    ]
    assert not unexpected, f"unexpected in the log: {unexpected}"
