"""The command line in this process: exit code, stdout, stderr."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stimctl.__main__ import main


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)


Cli = Callable[..., Result]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own, and none of the settings of whoever runs the tests."""
    folder = tmp_path / "state"
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(folder))
    monkeypatch.setenv("STIMCTL_PROTOCOLS", str(tmp_path / "protocols"))
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "STIMCTL_MAX_AMPLITUDE"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def cli(state: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    def run(*arguments: str) -> Result:
        capsys.readouterr()
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run
