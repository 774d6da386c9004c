"""Faults of the line and of the device's end of it: UNKNOWN is said in time, and nothing hangs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from firmware_sim.process import TwinProcess
from tests.support.broken_places import NO_TRIP
from tests.support.fault_rig import Rig, kill
from tests.support.relay import Relay

pytestmark = pytest.mark.pty
#: How late a loaded machine may show what is due.
SHOWN_WITHIN_MS = 100
RecordProperty = Callable[[str, object], None]


@pytest.fixture
def twin(rig: Rig) -> Iterator[TwinProcess]:
    with TwinProcess(record=rig.record, device="p24") as running:
        yield running


@pytest.fixture
def relay(twin: TwinProcess) -> Iterator[Relay]:
    made = Relay(twin.url)
    yield made
    made.end()


@pytest.mark.hazard("H01")
def test_a_closed_pty_is_shown_as_unknown_within_1_s(
    rig: Rig, record_property: RecordProperty
) -> None:
    face = rig.running_face()
    closed_ns = kill(rig.twin_pid())
    shown_ms = (face.wait_for("unknown")["shown_ns"] - closed_ns) / 1e6
    assert shown_ms <= 1000
    record_property("H01", f"UNKNOWN {shown_ms:.0f} ms after the port has gone")
    face.say("close")
    assert face.end() == 6, "the output was never confirmed zero"


@pytest.mark.hazard("H11")
def test_without_answers_unknown_is_shown_500_ms_after_stop(rig: Rig, relay: Relay) -> None:
    face = rig.face(f"p24:{relay.address}", NO_TRIP)
    face.wait_for("ack", lambda row: row["channels"] == {"1": 1000})
    relay.drop_answers = True
    face.say("stop")
    stopping = face.wait_for("stopping", lambda row: row["purpose"] == "stop")
    unknown = face.wait_for("unknown")
    assert 500 <= (unknown["mono_ns"] - stopping["mono_ns"]) / 1e6 <= 600
    assert rig.zero_after_ms(stopping["mono_ns"]) <= 300, "the stop itself arrived"
    assert not any(row["kind"] == "zero_verified" for row in face.rows)


@pytest.mark.hazard("H11")
def test_when_answers_come_back_the_repeated_stop_is_verified(rig: Rig, relay: Relay) -> None:
    face = rig.face(f"p24:{relay.address}", NO_TRIP)
    face.wait_for("ack", lambda row: row["channels"] == {"1": 1000})
    relay.drop_answers = True
    face.say("stop")
    face.wait_for("unknown")
    relay.drop_answers = False
    face.wait_for("zero_verified")
    face.say("close")
    assert face.end() == 0


@pytest.mark.broad
@pytest.mark.hazard("H11")
def test_a_line_that_takes_no_bytes_ends_in_unknown_and_exit_6(rig: Rig, relay: Relay) -> None:
    face = rig.face(f"p24:{relay.address}", NO_TRIP)
    face.wait_for("ack", lambda row: row["channels"] == {"1": 1000})
    deaf_ns = time.monotonic_ns()
    relay.go_deaf()
    face.wait_for("unknown")
    assert rig.zero_after_ms(deaf_ns) <= 2100, "the device's own watchdog"
    face.say("close")
    assert face.end() == 6


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("full", [False, True], ids=["room on the line", "a line that is full"])
def test_stop_at_a_device_that_reads_nothing_is_on_the_line_and_unknown_is_shown_in_time(
    rig: Rig, relay: Relay, full: bool, record_property: RecordProperty
) -> None:
    face = rig.face(f"p24:{relay.address}", NO_TRIP)
    face.wait_for("ack", lambda row: row["channels"] == {"1": 1000})
    relay.go_deaf(full=full)
    pressed_ns = time.monotonic_ns()
    face.say("stop")
    shown_ms = (face.wait_for("unknown")["shown_ns"] - pressed_ns) / 1e6
    assert shown_ms <= 500 + SHOWN_WITHIN_MS
    waiting = relay.unread()
    assert b"\x0f\x0f\xf0" in waiting, "the stop bytes and the stop"
    assert rig.zero_after_ms(pressed_ns) <= 2100, "the device's own watchdog"
    record_property("H11", f"UNKNOWN {shown_ms:.0f} ms after stop at a device that reads nothing")


@pytest.mark.hazard("H06")
def test_a_second_stimctl_on_the_port_is_refused_by_the_name_of_the_holder(rig: Rig) -> None:
    face = rig.running_face()
    second = rig.face(f"p24:{face.address}")
    error = second.wait_for("failed")["error"]
    assert error["error"] == "PortBusyError"
    assert f"already used by stimctl pid {face.supervisor}, started " in error["what"]
    assert second.end() == 3
    assert rig.ledger().running, "the first session goes on"


@pytest.mark.hazard("H29")
def test_stop_from_another_shell_asks_the_supervisor_that_holds_the_port(rig: Rig) -> None:
    face = rig.running_face()
    asked_ns = time.monotonic_ns()
    done = rig.stimctl("stop", "sim:p24", "--json")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["verdict"], outcome["by"]) == (0, "verified", "supervisor")
    assert rig.zero_after_ms(asked_ns) <= 500, "start of a process included"
    face.wait_for("state", lambda row: row["state"] == "stopped")
    face.say("close")
    assert face.end() == 0


@pytest.mark.hazard("H29", "H55")
def test_stop_takes_the_port_from_a_supervisor_that_does_not_answer(rig: Rig) -> None:
    face = rig.running_face()
    kill(face.pid, signal.SIGSTOP)  # or the face would do it
    frozen_ns = kill(face.supervisor, signal.SIGSTOP)
    done = rig.stimctl("stop", f"p24:{face.address}", "--json")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["verdict"], outcome["by"]) == (0, "verified", "port")
    assert rig.zero_after_ms(frozen_ns) <= 1000
    kill(face.pid, signal.SIGCONT)
    face.wait_for("zero_verified", lambda row: row.get("source") == "face")


def test_stop_does_not_hang_on_a_device_that_does_not_read(rig: Rig, relay: Relay) -> None:
    relay.go_deaf()
    done = rig.stimctl("stop", f"p24:{relay.address}")
    assert done.returncode == 6
    assert "OUTPUT UNKNOWN" in done.stdout
    assert "OUTPUT UNKNOWN" in done.stderr


def test_stop_without_a_device_says_so(rig: Rig) -> None:
    assert rig.stimctl("stop", "sim:p24").returncode == 3
    assert rig.stimctl("stop", "p24:/dev/there-is-none").returncode == 3
    assert rig.stimctl("stop", "nonsense").returncode == 2


def test_many_stops_at_once_all_end_at_verified_zero(rig: Rig, twin: TwinProcess) -> None:
    command = [sys.executable, "-m", "stimctl", "stop", f"p24:{twin.url}"]
    stops = [
        subprocess.Popen(command, env=rig.environment, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    outcomes = [(stop.communicate()[0], stop.returncode) for stop in stops]
    assert [code for _, code in outcomes] == [0] * 8, outcomes
