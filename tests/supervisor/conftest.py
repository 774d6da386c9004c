"""A runtime folder of its own for every test, and a scripted device behind a pseudo terminal."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.own_twins import end_twins
from tests.support.scripted_device import ScriptedDevice


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Short, because a Unix socket's path may have 108 bytes.
    folder = Path(tempfile.mkdtemp(prefix="sr"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def device() -> Iterator[ScriptedDevice]:
    made = ScriptedDevice()
    yield made
    made.end()


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the electrodes of the twin had; whoever was started for the test is ended."""
    path = tmp_path / "electrodes.jsonl"
    monkeypatch.setenv("STIMCTL_TWIN_RECORD", str(path))
    yield path
    end_twins()
