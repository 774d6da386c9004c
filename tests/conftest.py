"""The invariant watches every twin and every bench of this suite, unless a test says why not."""

from __future__ import annotations

import gc
import itertools
import os
import re
import shutil
import signal
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# The same examples each time: what a run finds, the next one finds too. `make soak` draws new ones.
# How quickly examples come tells of the machine's load, and of no promise. The soak tries all
# examples that `support.examples` counts, anew each time. `make test` has a third of the examples.
settings.register_profile(
    "fixed",
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("brief", settings.get_profile("fixed"), max_examples=12)
settings.load_profile("fixed")

pytest_plugins = ["stimctl.testing.plugin"]

# Whoever starts a job in the background has SIGINT ignored in it, and in all that it starts:
# programs that are to be ended by Ctrl-C would go on for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Until all tests are collected nothing is thrown away, and to search takes a sixth of the time.
gc.disable()

#: What is tried on Windows: the pure core, and in `test_windows` what else works there.
_ON_WINDOWS = (
    "body", "devices", "invariant", "property", "safety", "session", "stimulus", "support",
    "treatment", "wire", "conftest.py", "test_windows.py",
)  # fmt: skip
_BUT_NOT = ("test_session_hardware_gate.py",)  # of the supervisor


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """On Windows leave out what is not on the list."""
    if sys.platform != "win32":
        return None
    first = collection_path.relative_to(Path(__file__).parent).parts[:1]
    there = set(first) <= set(_ON_WINDOWS) and collection_path.name not in _BUT_NOT
    return None if there else True


#: Tests of one module that share what takes long to make.
_TOGETHER = ("tests/cli/test_cli_delivery.py", "tests/tui/test_tui_walks_hardware.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadscope` each test is a scope of its own, but those of `_TOGETHER`.

    A whole module per worker would leave the other workers idle while the last module waits.
    """
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class OneByOne(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return module if module in _TOGETHER else nodeid

    return OneByOne(config, log)


def pytest_collection_finish() -> None:
    """Ten thousand collected tests stay as they are: nobody need search them for garbage. A screen
    is made of tens of thousands of objects: to search them after each 700 new ones would take a
    third of the time of its tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_runtestloop() -> None:
    """In the process that only hands out the tests, too."""
    gc.enable()


def pytest_runtest_teardown() -> None:
    """`stimctl rehearse` looks for no garbage, for its process ends with it. That of the tests goes
    on: it would grow to 1.6 GB, and a test that looks for garbage would take seconds."""
    gc.enable()


#: Each row of these is a promise of its own: a module, a page, a control, a golden frame.
_WHOLE_ROWS = ("tests", "tests/wire", "tests/interop")


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_only_a_part(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With STIMCTL_PART="2/4": of what is broad the second quarter, by the names of the tests."""
    if not (part := os.environ.get("STIMCTL_PART")):
        return
    if (form := re.fullmatch(r"(\d+)/(\d+)", part)) is None or not 0 < int(form[1]) <= int(form[2]):
        raise pytest.UsageError(f"STIMCTL_PART={part} names no part: write 1/4 to 4/4")
    number, of = int(form[1]), int(form[2])
    left_out = [
        item
        for item in items
        if item.get_closest_marker("broad") and zlib.crc32(item.nodeid.encode()) % of != number - 1
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` looks for these marks in the text of the modules, not in what they make.

    It has one row of each table of cases, `make test-all` has them all, and the CI a quarter.
    """
    for mark in ("pty", "clock"):
        marked = {item.path for item in items if item.get_closest_marker(mark) is not None}
        for path in sorted(marked):
            if f"mark.{mark}" not in path.read_text("utf-8"):
                raise pytest.UsageError(f"{path}: write pytest.mark.{mark} in the module itself")
    tables: dict[str, list[pytest.Item]] = {}
    for item in items:
        name, has_rows, _ = item.nodeid.partition("[")
        whole = name.partition("::")[0].rpartition("/")[0] in _WHOLE_ROWS
        if has_rows and not whole and not item.get_closest_marker("broad"):
            tables.setdefault(name, []).append(item)
    for name, rows in tables.items():
        for number, row in enumerate(rows):
            # Which, by the name of the test: not the first device of each table, but each in turn.
            if number != zlib.crc32(name.encode()) % len(rows):
                row.add_marker(pytest.mark.broad)


@pytest.fixture(autouse=True, scope="session")
def _own_runtime_folder() -> Iterator[None]:
    """Each worker has its own: a stop of all twins in one must not end the sessions of another."""
    folder = tempfile.mkdtemp(prefix="st")  # short: it holds Unix sockets
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _twin_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for each test. `mktemp` would look through those of ten thousand others."""
    whole = tmp_path_factory.mktemp("twins")
    return (whole / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _invariant(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    _twin_folders: Iterator[Path],
) -> Iterator[None]:
    # Not above: pytest imports its plug-ins itself.
    from stimctl.testing.plugin import reason_without_invariant

    if reason_without_invariant(request.node) is not None:
        yield
        return
    from stimctl.testing.everywhere import invariant_everywhere

    folder = next(_twin_folders)
    folder.mkdir()
    # Some tests choose where the record of their twin goes.
    chosen = [request.getfixturevalue("tmp_path")] if "tmp_path" in request.fixturenames else []
    # Twins that a supervisor starts in another process write their records there.
    monkeypatch.setenv("STIMCTL_TWIN_RECORD", str(folder))
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--wiretap")
    with invariant_everywhere(folder) as watched:
        yield
    watched.check(*chosen)
