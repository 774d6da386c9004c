"""Whatever happens to a rehearsed session, it ends at zero in time, or says that it cannot know."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from firmware_sim.faults import Fault
from firmware_sim.faults.link_faults import LINK_FAULTS
from firmware_sim.scenarios import SCENARIOS
from firmware_sim.situation import faulty_twin
from stimctl.bench import Disturbance, FaultRehearsal, rehearse_fault
from stimctl.bench.parts import PORT_BUFFER_BYTES, UnreadPort
from stimctl.devices.driver import Frame
from stimctl.errors import DeviceFaultError, ExitCode, UsageError
from stimctl.session.config import SECOND
from stimctl.session.events import Kind
from stimctl.session.states import State
from tests.support.broad import broad
from tests.support.session_world import BY_SCRIPT, plan_of, running

TWIN = (sys.executable, "-P", "-m", "firmware_sim", "p24", "--lock-step")
CANNOT_CONFIRM = frozenset({"battery-dead", "stop-fails"})
"""Without a supply nothing answers; a device that does not stop cannot be stopped."""
STOPPED = frozenset(
    {
        "usb-unplug", "freeze-host", "watchdog-short", "reboot-restores-amp", "local-knob",
        "clock-jump", "two-programs", "wrong-device",
    }
)  # fmt: skip


def rehearsed(
    scenario: str | None, *faults: str, duration_s: int = 30, **options: object
) -> FaultRehearsal:
    disturbance = Disturbance.named(scenario, faults, **options)  # type: ignore[arg-type]
    return rehearse_fault(plan_of("tens-conventional", 12_000, duration_s=duration_s), disturbance)


@pytest.mark.parametrize("name", broad(SCENARIOS, every=3))
def test_a_session_in_every_scenario_ends_safely_or_says_that_it_cannot_know(name: str) -> None:
    done = rehearsed(name)
    assert done.ending.in_time == (name != "stop-fails")
    assert done.ending.confirmed == (name not in CANNOT_CONFIRM)
    assert done.never_begun == ()
    assert json.loads(json.dumps(done.as_dict()))["confirmation"] is None
    if name in CANNOT_CONFIRM:
        assert done.exit_code is ExitCode.NOT_CONFIRMED_ZERO
        assert done.ending.state is State.UNKNOWN
    elif name in STOPPED:
        assert done.exit_code is ExitCode.REFUSED
        assert not done.ending.completed


@pytest.mark.parametrize("name", broad([spec.name for spec, _ in LINK_FAULTS], every=2))
def test_no_fault_of_the_line_leaves_output_on(name: str) -> None:
    fault = Fault(name, 0).later(10 * 1_000_000)
    done = rehearsed(None, str(fault), duration_s=20)
    # Keep-alives that are still on a line of 300 baud feed the dead-man: late, and told as such.
    assert done.ending.in_time == (name != "slow")
    assert not done.ending.output_left
    assert done.ending.confirmed or done.ending.state is State.UNKNOWN


def test_undisturbed_it_is_done_as_planned() -> None:
    done = rehearsed("normal-tens")
    assert done.exit_code is ExitCode.DONE
    assert done.problems == ()
    assert done.ending.after_us == 0


def test_what_the_person_feels_is_told() -> None:
    felt = [row for row in rehearsed("normal-tens").rows if row["kind"] == "body"]
    assert {"tingling"} <= {row.get("word") for row in felt}
    assert not any(
        row.get("word") not in (None, "nothing")
        for row in rehearsed("insensate-patient").rows
        if row["kind"] == "body"
    )


def test_it_is_the_same_every_time_and_another_with_another_seed() -> None:
    first = rehearsed("corrupt", seed=1).as_dict()
    assert first == rehearsed("corrupt", seed=1).as_dict()
    assert first != rehearsed("corrupt", seed=2).as_dict()


def test_a_fault_after_the_end_is_said_to_have_never_begun() -> None:
    done = rehearsed(None, "unplug@60s", duration_s=10)
    assert done.never_begun == ("unplug@60s",)
    assert done.exit_code is ExitCode.DONE


def test_a_device_that_cannot_be_connected_has_no_session_and_no_output() -> None:
    done = rehearsed(None, "mute@0s")
    assert done.exit_code is ExitCode.REFUSED
    assert "the device could not be connected" in done.problems
    assert done.ending.last_output_us is None


def test_a_stop_that_comes_too_late_is_not_safe() -> None:
    done = rehearsed(None, "dead-man-missing@9s", "unplug@10s")
    assert done.ending.output_left
    assert done.exit_code is ExitCode.NOT_CONFIRMED_ZERO


@pytest.mark.parametrize(
    ("scenario", "faults", "says"),
    [
        ("usb-unplag", (), "usb-unplug"),
        (None, ("mutt@1s",), "mute"),
        (None, ("mute",), "NAME@TIME"),
        (None, ("mute@1",), "with its unit"),
        (None, ("mute@1s,nix=1",), "no parameter"),
        (None, ("patient-button@1s",), "not applicable"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(scenario: str, faults: Any, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        Disturbance.named(scenario, faults)
    assert says in str(caught.value)


def test_a_lock_step_firmware_stands_where_the_twin_stands() -> None:
    done = rehearsed(None, lock_step=TWIN, duration_s=10)
    here = rehearsed(None, "mute@50s", duration_s=10)
    assert done.exit_code is ExitCode.DONE
    assert done.report == here.report
    assert [one.as_dict() for one in done.events] == [one.as_dict() for one in here.events]


def test_a_lock_step_firmware_can_have_faults_of_its_line_only() -> None:
    done = rehearsed(None, "unplug@5s,for=1s", lock_step=TWIN, duration_s=10)
    assert done.ending.safe
    assert not done.ending.completed
    with pytest.raises(UsageError):
        rehearsed(None, "reset@5s", lock_step=TWIN, duration_s=10)
    with pytest.raises(UsageError):
        Disturbance.named("normal-tens", lock_step=TWIN)


@pytest.mark.parametrize(
    "command", [("nonesuch",), ("true",), ("echo", "{}"), (sys.executable, "-c", "print(1)")]
)
def test_a_firmware_that_does_not_speak_the_contract_is_told_so(command: Any) -> None:
    with pytest.raises(DeviceFaultError, match="lock-step firmware"):
        rehearsed(None, lock_step=command)


def test_the_port_goes_with_the_plug_and_comes_back_under_its_own_name_only() -> None:
    for name, comes_back in (("unplug", True), ("replug-elsewhere", False)):
        twin = faulty_twin("p24", faults=[Fault(name, 5_000_000, {"for_us": 3_000_000})])
        bench = running(plan_of(duration_s=60), BY_SCRIPT, twin=twin)
        assert bench.run_to_state(State.UNKNOWN, within_ns=6 * SECOND)
        assert bench.now_ns == 5 * SECOND
        assert bench.run_to_state(State.FAULT, within_ns=10 * SECOND) == comes_back
        ups = [one for one in bench.told(Kind.LINK) if one.data["quality"] == "up"]
        assert bool(ups) == comes_back
        assert not bench.twin.stimulating


def test_a_device_that_reads_again_hears_the_stop_and_no_raise_from_before() -> None:
    twin = faulty_twin("p24", faults=[Fault("hang", 5_000_000, {"for_us": 1_500_000})])
    bench = running(plan_of(duration_s=60), BY_SCRIPT, twin=twin)
    assert bench.run_to_state(State.FAULT, within_ns=9 * SECOND)
    bench.run_for(SECOND)
    assert not bench.twin.stimulating
    assert bench.ledger().peak_between_ua(6_600_000, bench.now_ns // 1_000) == 0


def test_an_unread_port_lets_a_stop_overtake_and_a_raise_go_stale() -> None:
    port = UnreadPort()
    port.write(Frame(b"x" * PORT_BUFFER_BYTES, urgent=False))
    port.write(Frame(b"raise", urgent=False, expires_ns=10))
    port.write(Frame(b"lower", urgent=False))
    assert port.release(11) == [b"x" * PORT_BUFFER_BYTES, b"lower"]
    port.write(Frame(b"raise", urgent=False, expires_ns=10))
    port.write(Frame(b"stop", urgent=True))
    assert port.release(5) == [b"stop"]
    assert port.release(5) == []
