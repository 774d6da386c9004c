"""Whatever dies or freezes, the current ends in time, by the twin's own record."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from stimctl.records.verify import verify_journal
from tests.support.broad import broad
from tests.support.fault_rig import Rig, kill

pytestmark = pytest.mark.pty
CHANNEL = ("--amplitude", "1=2mA", "--area", "1=25cm2")


@pytest.mark.hazard("H03")
def test_a_killed_face_means_zero_within_300_ms(rig: Rig) -> None:
    face = rig.running_face()
    assert rig.zero_after_ms(kill(face.pid)) <= 300


@pytest.mark.hazard("H02")
def test_a_frozen_face_means_zero_within_800_ms(
    rig: Rig, record_property: Callable[[str, object], None]
) -> None:
    face = rig.running_face()
    after_ms = rig.zero_after_ms(kill(face.pid, signal.SIGSTOP))
    record_property("H02", f"zero {after_ms:.0f} ms after the face froze")
    assert after_ms <= 800


@pytest.mark.hazard("H02", "H24")
def test_a_face_that_thaws_finds_the_session_stopped_and_nothing_resumed(rig: Rig) -> None:
    face = rig.running_face()
    rig.zero_after_ms(kill(face.pid, signal.SIGSTOP))
    kill(face.pid, signal.SIGCONT)
    face.wait_for("state", lambda row: row["state"] == "stopped")
    face.say("close")
    assert face.end() == 0
    assert not rig.ledger().running


@pytest.mark.hazard("H03")
def test_a_killed_supervisor_means_zero_within_300_ms_while_the_face_lives(rig: Rig) -> None:
    face = rig.running_face()
    killed_ns = kill(face.supervisor)
    assert rig.zero_after_ms(killed_ns) <= 300
    unknown = face.wait_for("unknown")
    verified = face.wait_for("zero_verified", lambda row: row.get("source") == "face")
    assert unknown["shown_ns"] < verified["shown_ns"], "UNKNOWN until it was verified"
    face.wait_for("ended")


@pytest.mark.hazard("H03")
def test_a_killed_supervisor_leaves_a_journal_that_verifies_but_for_its_end(rig: Rig) -> None:
    face = rig.running_face()
    rig.zero_after_ms(kill(face.supervisor))
    (path,) = rig.journal.glob("*.jsonl")
    verification = verify_journal(path)
    assert verification.unfinished_only


@pytest.mark.hazard("H03", "H05")
def test_face_and_supervisor_killed_means_zero_within_2100_ms_by_the_watchdog(rig: Rig) -> None:
    face = rig.running_face()
    supervisor = face.supervisor
    killed_ns = kill(face.pid)
    kill(supervisor)
    assert rig.zero_after_ms(killed_ns) <= 2100


@pytest.mark.hazard("H02", "H55")
def test_a_frozen_supervisor_is_ended_by_the_face_and_the_device_stopped(rig: Rig) -> None:
    face = rig.running_face()
    frozen_ns = kill(face.supervisor, signal.SIGSTOP)
    # Silence counts from 1 s on; the device's own watchdog would take until 2.5 s.
    assert rig.zero_after_ms(frozen_ns) <= 1800
    face.wait_for("zero_verified", lambda row: row.get("source") == "face")


@pytest.mark.parametrize(
    "number", broad([signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
)
def test_a_supervisor_told_to_end_stops_and_verifies_first(
    rig: Rig, number: signal.Signals
) -> None:
    face = rig.running_face()
    told_ns = kill(face.supervisor, number)
    assert rig.zero_after_ms(told_ns) <= 300
    bye = face.wait_for("bye")
    assert bye["zero_verified"] is True
    assert bye["exit_code"] == (130 if number is signal.SIGINT else 143)


@pytest.mark.parametrize("number", broad([signal.SIGTERM, signal.SIGHUP]))
def test_a_face_told_to_end_leaves_at_verified_zero(rig: Rig, number: signal.Signals) -> None:
    face = rig.running_face()
    assert rig.zero_after_ms(kill(face.pid, number)) <= 300
    assert face.end() == 143
    assert face.wait_for("bye")["zero_verified"] is True


def test_the_twin_outlives_its_host(rig: Rig) -> None:
    face = rig.running_face()
    face.say("close")
    assert face.end() == 0
    os.kill(rig.twin_pid(), 0)  # it is another session, and nothing of ours has ended it


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_run_of_the_command_line_that_is_ended_means_zero_within_300_ms(
    rig: Rig, number: signal.Signals
) -> None:
    run = rig.command_line("run", "tens-conventional", "--device", "sim:p24", *CHANNEL)
    ended_ns = kill(run.pid, number)
    assert rig.zero_after_ms(ended_ns) <= 300
    assert run.wait(30) == (-number if number is signal.SIGKILL else 143)


@pytest.mark.broad
def test_stop_from_another_shell_ends_a_run_of_the_command_line(rig: Rig) -> None:
    run = rig.command_line("run", "tens-conventional", "--device", "sim:p24", *CHANNEL)
    assert rig.stimctl("stop", "sim:p24").returncode == 0
    assert not rig.ledger().running
    assert run.wait(30) != 0
