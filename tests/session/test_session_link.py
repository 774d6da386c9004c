"""When device or line misbehave: zero is commanded, latched, and never undone by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.facts import ClockStep, LinkDown, LinkUp
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Close,
    Connect,
    LoadPlan,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
)
from stimctl.session.link import LinkWatch, Quality
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.wire.sciencemode4.framing import encode_frame
from stimctl.wire.sciencemode4.messages import GetDeviceIdAck
from tests.support.session_world import (
    BY_HAND,
    BY_SCRIPT,
    alarms,
    checked,
    on_electrodes_ua,
    plan_of,
    raised,
    reasons,
    running,
)


def nothing(_now_ns: int, _data: bytes) -> bytes:
    return b""


def stimulating() -> Bench:
    return raised(running(plan_of()), 2_000)


def slow_answers(bench: Bench, latency_ns: int) -> None:
    bench.to_host.latency_ns = latency_ns


@pytest.mark.hazard("H22")
def test_two_late_answers_lock_raises() -> None:
    bench = stimulating()
    slow_answers(bench, 120 * MS)
    bench.run_for(2 * SECOND)
    assert bench.told(Kind.LINK)[-1].data["quality"] == "degraded"
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 2_000
    assert any("link is not good" in reason for reason in reasons(bench))
    assert bench.state is State.RUNNING


def test_answers_in_time_unlock_raises_again() -> None:
    bench = stimulating()
    slow_answers(bench, 120 * MS)
    bench.run_for(2 * SECOND)
    slow_answers(bench, MS)
    bench.run_for(4 * SECOND)
    assert bench.told(Kind.LINK)[-1].data["quality"] == "good"
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 2_500


@pytest.mark.hazard("H22")
def test_a_degraded_link_is_good_only_after_four_answers_in_a_row_within_100_ms() -> None:
    link = LinkWatch()
    assert not link.answer_late()
    assert link.answer_late(), "the second one degrades it"
    assert not any(link.answered(100 * MS + 1) for _ in range(10)), "late ones do not count"
    assert not any(link.answered(100 * MS) for _ in range(3))
    link.answer_late()
    assert not any(link.answered(100 * MS) for _ in range(3)), "not in a row"
    assert link.quality is Quality.DEGRADED
    assert link.answered(100 * MS)
    assert link.quality is Quality.GOOD


@pytest.mark.hazard("H01")
def test_one_second_without_an_answer_is_unknown_and_the_device_is_told_to_stop() -> None:
    bench = stimulating()
    bench.to_host.hook = nothing
    silent_ns = bench.now_ns
    bench.run_until(lambda: bench.state is State.UNKNOWN, silent_ns + 3 * SECOND)
    assert bench.state is State.UNKNOWN
    assert bench.now_ns - silent_ns <= 1_600 * MS
    bench.run_for(100 * MS)
    assert not bench.twin.stimulating
    told = bench.told(Kind.UNKNOWN)[-1].data
    assert told["what"] == "OUTPUT NOT CONFIRMED"
    assert "USB cable" in str(told["what_to_do"])


@pytest.mark.hazard("H01")
def test_a_port_that_is_gone_is_unknown_at_once() -> None:
    bench = stimulating()
    bench.notify(LinkDown("unplugged"))
    assert bench.state is State.UNKNOWN


@pytest.mark.hazard("H01", "H11")
def test_a_port_that_is_back_hears_the_stop_at_once() -> None:
    bench = stimulating()
    bench.to_device.hook = bench.to_host.hook = nothing
    bench.notify(LinkDown("unplugged"))
    bench.run_for(1_013 * MS)  # between two repetitions, which are 50 ms apart
    sent: list[int] = []
    bench.to_device.hook = lambda now_ns, data: sent.append(now_ns) or data
    bench.notify(LinkUp())
    bench.run_for(MS)
    assert sent
    assert sent[0] - bench.told(Kind.LINK)[-1].at_ns < MS


def test_a_port_that_goes_while_connecting_is_a_failed_connection() -> None:
    bench = Bench(BY_HAND, family="p24")
    bench.to_device.hook = nothing
    bench.command(Connect())
    bench.run_for(MS)
    bench.notify(LinkDown("unplugged"))
    assert bench.told(Kind.CONNECT_FAILED)[-1].data["reason"] == "unplugged"
    bench.run_for(5 * SECOND)
    assert len(bench.told(Kind.CONNECT_FAILED)) == 1, "and is not found to be silent later"
    assert bench.state is State.DISCONNECTED


@pytest.mark.hazard("H01")
def test_an_unplugged_device_ends_by_its_own_watchdog() -> None:
    bench = stimulating()
    bench.to_host.hook = bench.to_device.hook = nothing
    bench.notify(LinkDown("unplugged"))
    lost_us = bench.now_ns // 1_000
    bench.run_for(10 * SECOND)
    assert bench.state is State.UNKNOWN
    assert bench.ledger().current_after(lost_us + 2_050_000) == 0


@pytest.mark.hazard("H11")
def test_every_acknowledgement_lost_after_a_stop_is_unknown_at_500_ms() -> None:
    bench = stimulating()
    bench.to_host.hook = nothing
    stopped_ns = bench.now_ns
    bench.command(Stop())
    bench.run_for(499 * MS)
    assert bench.state is State.RUNNING
    assert bench.engine.stopping
    bench.run_for(2 * MS)
    assert bench.state is State.UNKNOWN
    assert bench.told(Kind.UNKNOWN)[-1].at_ns - stopped_ns == 500 * MS


@pytest.mark.hazard("H11")
def test_stop_attempts_go_on_every_50_ms_until_zero_is_verified() -> None:
    bench = stimulating()
    bench.to_host.hook = nothing
    bench.command(Stop())
    bench.run_for(SECOND)
    sent: list[int] = []
    bench.to_device.hook = lambda now_ns, data: sent.append(now_ns) or data
    bench.run_for(5 * SECOND)
    assert len(sent) >= 95
    bench.to_host.hook = None
    bench.run_for(300 * MS)
    # More than a second without any answer is a lost link as well, which latches.
    assert bench.state is State.FAULT
    sent.clear()
    bench.run_for(SECOND)
    assert sent == []


@pytest.mark.hazard("H01", "H24")
def test_a_lost_link_that_returns_ends_in_fault_at_verified_zero_and_nothing_resumes() -> None:
    bench = stimulating()
    bench.to_host.hook = bench.to_device.hook = nothing
    bench.notify(LinkDown("unplugged"))
    bench.run_for(SECOND)
    bench.to_host.hook = bench.to_device.hook = None
    bench.notify(LinkUp())
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert on_electrodes_ua(bench, 100 * SECOND) == 0
    for intent in (Resume(), Start(), Arm()):
        with pytest.raises(StateError):
            bench.command(intent)
    bench.command(Acknowledge())
    assert bench.state is State.STOPPED
    with pytest.raises(StateError, match="connect again"):
        bench.command(Arm())
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=2 * SECOND)
    bench.command(LoadPlan(plan_of()))
    bench.command(Arm())
    bench.command(Start(StartFrom.BEGINNING))
    bench.run_for(SECOND)
    assert bench.state is State.RUNNING
    assert on_electrodes_ua(bench, SECOND) == 0


def test_unknown_cannot_be_acknowledged_or_closed_away() -> None:
    bench = stimulating()
    bench.to_host.hook = bench.to_device.hook = nothing
    bench.notify(LinkDown("unplugged"))
    for intent in (Acknowledge(), Close(), Connect(), Arm(), Start(), Resume()):
        with pytest.raises(StateError):
            bench.command(intent)
    assert bench.state is State.UNKNOWN


def test_a_link_lost_at_verified_zero_is_no_unknown() -> None:
    bench = checked(plan_of())
    bench.notify(LinkDown("unplugged"))
    assert bench.state is State.DISCONNECTED
    assert bench.told(Kind.UNKNOWN) == []


def test_a_link_lost_while_armed_is_a_fault() -> None:
    bench = checked(plan_of())
    bench.command(Arm())
    bench.notify(LinkDown("unplugged"))
    assert bench.state is State.FAULT


def reset_device(bench: Bench) -> None:
    """The device loses its supply and comes back."""
    bench.twin.power_off(bench.now_ns)


def open_electrode(bench: Bench) -> None:
    bench.twin.set_load(1, None)


@pytest.mark.hazard("H12", "H15")
@pytest.mark.parametrize("break_it", [reset_device, open_electrode])
def test_a_reset_or_a_channel_error_is_commanded_zero_and_a_latched_fault(
    break_it: Callable[..., Any],
) -> None:
    # An open electrode is noticed by the device from 15 mA.
    bench = running(plan_of("tens-conventional", 20_000, duration_s=60), BY_SCRIPT)
    bench.run_for(12 * SECOND)
    broken_us = bench.now_ns // 1_000
    break_it(bench)
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert bench.ledger().current_after(broken_us + 600_000) == 0
    bench.twin.set_load(1, 500)
    assert on_electrodes_ua(bench, 100 * SECOND) == 0
    assert bench.state is State.FAULT
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "fault"


@pytest.mark.hazard("H06")
def test_an_answer_to_a_second_program_s_question_is_a_latched_fault() -> None:
    bench = stimulating()
    not_ours = encode_frame(63, GetDeviceIdAck.command, bytes(11))
    bench.to_host.hook = lambda _now_ns, data: data + not_ours
    bench.run_for(SECOND)
    bench.to_host.hook = None
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert "another program is using the port" in alarms(bench)[0]
    assert on_electrodes_ua(bench, 10 * SECOND) == 0


@pytest.mark.parametrize("noise", [b"\xf0" * 64, b"\xf0\x0f" * 8], ids=["starts", "short"])
def test_noise_before_anything_was_said_is_no_fault_of_the_session(noise: bytes) -> None:
    bench = Bench(BY_HAND, family="p24")
    bench.engine.receive(bench.now_ns, noise)
    assert bench.state is State.DISCONNECTED
    assert not alarms(bench)
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)


@pytest.mark.hazard("H08")
def test_a_device_that_reports_too_much_damage_is_stopped() -> None:
    bench = stimulating()
    answers = []

    def damage(_now_ns: int, data: bytes) -> bytes:
        answers.append(data)
        return data[:10] + bytes((data[10] ^ 1,)) + data[11:]

    bench.to_host.hook = damage
    bench.run_for(3 * SECOND)
    assert bench.state in (State.FAULT, State.UNKNOWN)
    assert len(answers) < 200, "the line must not be flooded"
    bench.to_host.hook = None
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert not bench.twin.stimulating


@pytest.mark.hazard("H08")
def test_three_damaged_answers_within_10_s_are_a_fault_though_others_are_sound() -> None:
    bench = stimulating()
    answers = []

    def damage(_now_ns: int, data: bytes) -> bytes:
        answers.append(data)
        return data[:10] + bytes((data[10] ^ 1,)) + data[11:] if len(answers) % 3 == 1 else data

    bench.to_host.hook = damage
    bench.run_for(2 * SECOND)
    assert bench.state is State.RUNNING
    bench.run_for(5 * SECOND)
    assert bench.state is State.FAULT
    assert alarms(bench)[0].startswith("three damaged frames within 10 s")
    assert on_electrodes_ua(bench, SECOND) == 0


def test_a_rejected_update_is_a_fault() -> None:
    bench = stimulating()
    bench.to_device.hook = lambda _now, data: (
        data.replace(b"\x01", b"\x03", 1) if data[10:11] == b"\x20" else data
    )
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.run_for(SECOND)
    assert bench.state is State.FAULT or bench.engine.plateau(1) == 2_500
    assert bench.ledger()[1].peak_ma <= 2.5


def test_acknowledging_needs_verified_zero() -> None:
    bench = stimulating()
    bench.to_host.hook = nothing
    bench.fail_journal()
    with pytest.raises(StateError):
        bench.command(Acknowledge())
    bench.to_host.hook = None
    bench.run_for(300 * MS)
    bench.command(Acknowledge())
    assert bench.state is State.STOPPED


@pytest.mark.hazard("H09", "H10")
def test_a_raise_that_the_line_swallows_is_not_made_up_for() -> None:
    bench = stimulating()
    bench.to_device.hook = nothing
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.run_for(400 * MS)
    bench.to_device.hook = None
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 2_000
    assert on_electrodes_ua(bench) in (0, 2_000)


@pytest.mark.hazard("H10")
def test_a_plateau_that_falls_back_is_told_as_the_one_in_force() -> None:
    """Whoever shows it, or raises from it, must not go on from what never got through."""
    bench = stimulating()
    bench.to_device.hook = nothing
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.run_for(100 * MS)
    assert bench.told(Kind.SET)[-1].data["level"] == 2_500
    bench.run_for(300 * MS)
    fallen = bench.told(Kind.SET)[-1].data
    assert fallen == {"channel": 1, "level": 2_000, "unit": "uA", "by": "line"}
    assert bench.engine.plateau(1) == 2_000


def test_two_faults_one_after_the_other_are_both_latched() -> None:
    bench = stimulating()
    for _ in range(2):
        bench.twin.power_off(bench.now_ns)
        bench.run_for(SECOND)
        assert bench.state is State.FAULT
        bench.command(Acknowledge())
        bench.command(Arm())
        bench.run_to_state(State.ARMED, within_ns=SECOND)
        bench.command(Start(StartFrom.BEGINNING))
        bench.run_for(SECOND)
        assert bench.state is State.RUNNING
        raised(bench, 1_000)


@pytest.mark.hazard("H17")
def test_a_clock_step_is_recorded_and_nothing_more() -> None:
    bench = stimulating()
    bench.notify(ClockStep(3_600_000_000))
    assert bench.told(Kind.CLOCK)[-1].data["step_us"] == 3_600_000_000
    assert bench.state is State.RUNNING
    assert alarms(bench) == []
