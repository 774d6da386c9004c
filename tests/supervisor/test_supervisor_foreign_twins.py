"""`stop sim:p24` finds the twins that were started without stimctl, and nobody else's."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from firmware_sim.process import TwinProcess
from stimctl.supervisor import runtime_folders
from stimctl.supervisor import twin as twins
from stimctl.supervisor.foreign_twins import foreign_twins
from stimctl.supervisor.stop import stop_port
from stimctl.supervisor.twin import launch_twin, running_twins

pytestmark = [
    pytest.mark.pty,
    pytest.mark.skipif(sys.platform != "linux", reason="the process table is read on Linux only"),
]


def test_a_twin_started_by_hand_is_found_by_its_pty_and_can_be_stopped() -> None:
    with TwinProcess(device="p24") as twin:
        assert running_twins("p24") == [twin.url]
        assert stop_port(twin.url, "p24").verdict == "verified"
    assert running_twins("p24") == []


def test_a_twin_behind_a_chosen_tcp_port_is_found() -> None:
    with TwinProcess("--tcp", "0", device="p24") as any_port:
        number = any_port.url.rpartition(":")[2]
    with TwinProcess("--tcp", number, device="p24") as twin:
        assert running_twins("p24") == [twin.url]


def test_other_families_known_pids_and_other_runtime_folders_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with TwinProcess(device="p24") as twin:
        assert foreign_twins("rehastim2", frozenset()) == []
        assert foreign_twins("p24", frozenset({twin.process.pid})) == []
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        assert foreign_twins("p24", frozenset()) == []


@pytest.mark.hazard("H61")
@pytest.mark.parametrize("broken", ["/proc", "/dev/null", "/there/is/none"])
def test_where_our_own_folder_cannot_be_used_every_twin_of_ours_is_found(
    monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    with TwinProcess(device="p24") as twin:
        monkeypatch.setenv("XDG_RUNTIME_DIR", broken)
        assert twin.url in running_twins("p24")


def test_a_twin_whose_session_could_not_use_its_folder_is_found_from_a_better_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good = tmp_path / "run"
    good.mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # no other program of this computer looks there
    monkeypatch.setattr(runtime_folders, "candidates", lambda: [tmp_path / "stimctl-0"])
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc")
    twin = launch_twin("p24")
    monkeypatch.undo()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(good))
    monkeypatch.setattr(twins, "candidates", lambda: [good / "stimctl", tmp_path / "stimctl-0"])
    try:
        assert twin.address in running_twins("p24")
    finally:
        os.kill(twin.pid, signal.SIGKILL)
