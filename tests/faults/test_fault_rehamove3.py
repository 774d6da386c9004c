"""On a RehaMove3, too: whatever dies, the current ends in time, by the twin's own record."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.support.fault_rig import Face, Rig, kill

pytestmark = pytest.mark.pty
DEVICE = "sim:rehamove3"


def running(rig: Rig) -> Face:
    return rig.running_face(DEVICE)


@pytest.mark.hazard("H03")
def test_a_killed_face_means_zero_within_300_ms(rig: Rig) -> None:
    face = running(rig)
    assert rig.zero_after_ms(kill(face.pid)) <= 300


@pytest.mark.broad
@pytest.mark.hazard("H03")
def test_a_killed_supervisor_means_zero_within_300_ms_while_the_face_lives(rig: Rig) -> None:
    face = running(rig)
    assert rig.zero_after_ms(kill(face.supervisor)) <= 300
    face.wait_for("zero_verified", lambda row: row.get("source") == "face")


@pytest.mark.hazard("H03", "H05")
def test_face_and_supervisor_killed_means_zero_within_2100_ms_by_the_watchdog(
    rig: Rig, record_property: Callable[[str, object], None]
) -> None:
    face = running(rig)
    supervisor = face.supervisor
    killed_ns = kill(face.pid)
    kill(supervisor)
    after_ms = rig.zero_after_ms(killed_ns)
    assert after_ms <= 2100
    record_property("H03", f"RehaMove3: zero {after_ms:.0f} ms after both processes were killed")


@pytest.mark.broad
@pytest.mark.hazard("H01")
def test_a_closed_port_is_shown_as_unknown_within_1_s(rig: Rig) -> None:
    face = running(rig)
    closed_ns = kill(rig.twin_pid())
    assert (face.wait_for("unknown")["shown_ns"] - closed_ns) / 1e6 <= 1000
    face.say("close")
    assert face.end() == 6, "the output was never confirmed zero"


@pytest.mark.broad
@pytest.mark.hazard("H11")
def test_a_stop_from_elsewhere_is_verified_and_tells_whose_it_was(rig: Rig) -> None:
    face = running(rig)
    done = rig.stimctl("stop", DEVICE, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    face.wait_for("state", lambda row: row["state"] == "stopped")
    assert not rig.ledger().running
    face.say("close")
    assert face.end() == 0
    # With nobody left, the stop path speaks to the device itself.
    alone = rig.stimctl("stop", DEVICE)
    assert alone.returncode == 0, alone.stderr


@pytest.mark.broad
@pytest.mark.hazard("H11")
def test_run_over_a_pty_gives_current_and_a_stop_ends_it(rig: Rig) -> None:
    words = ("--amplitude", "1=2mA", "--area", "1=25cm2")
    run = rig.command_line("run", "tens-conventional", "--device", DEVICE, *words)
    assert rig.stimctl("stop", DEVICE).returncode == 0
    run.wait(30)
    assert not rig.ledger().running
    assert rig.ledger()[1].peak_ma <= 2
