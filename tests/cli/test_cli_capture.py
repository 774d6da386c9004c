"""`stimctl capture`: the command it is put before runs as always, and its bytes are in the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stimctl.errors import ExitCode
from stimctl.records.captures import read_capture
from stimctl.supervisor.link_capture import CAPTURE_VARIABLE
from tests.cli.conftest import Cli

KEPT = Path(__file__).parents[1] / "captures"


@pytest.mark.pty
def test_a_captured_identification_is_compared_with_the_twin_and_is_the_same(
    cli: Cli, tmp_path: Path
) -> None:
    told = cli("capture", str(tmp_path), "identify", "sim:p24", "--json")
    assert told.code == ExitCode.DONE, told.err
    (file,) = tmp_path.glob("*.capture.jsonl")
    assert f"captured: {file}" in told.err
    assert told.data["schema"]
    assert read_capture(file).device == ("SIM0000000", "1.0.0")
    assert cli("sim", "compare", str(file)).code == ExitCode.DONE
    again = cli("capture", str(file), "identify", "sim:p24")
    assert again.code == ExitCode.USAGE
    assert "exists already" in again.err


def test_a_command_without_a_session_runs_and_leaves_no_file(cli: Cli, tmp_path: Path) -> None:
    told = cli("capture", str(tmp_path / "a.capture.jsonl"), "protocols", "list", "--json")
    assert told.code == ExitCode.DONE
    assert told.data["schema"]
    assert "captured" not in told.err
    assert not list(tmp_path.glob("*.jsonl"))
    assert CAPTURE_VARIABLE not in os.environ


def test_a_capture_that_was_cut_is_told_apart(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave_a_cut_file(_arguments: list[str]) -> int:
        data = (KEPT / "pysciencemode.capture.jsonl").read_bytes()
        Path(os.environ[CAPTURE_VARIABLE]).write_bytes(data[:-100])
        return 0

    monkeypatch.setattr("stimctl.__main__.main", leave_a_cut_file)
    told = cli("capture", str(tmp_path / "a.capture.jsonl"), "run")
    assert "captured in part (the file was cut" in told.err


def test_the_exit_code_is_that_of_the_command(cli: Cli, tmp_path: Path) -> None:
    place = str(tmp_path / "a.capture.jsonl")
    assert cli("capture", place, "no-such-command").code == ExitCode.USAGE
    assert cli("capture", place, "check", "no-such-protocol", "--device", "sim:p24").code != 0
    assert cli("capture").code == ExitCode.USAGE
