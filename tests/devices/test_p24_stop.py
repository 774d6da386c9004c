"""Stop goes out at once, over everything, again and again, until zero is verified."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.sciencemode4_frames import FrameDecoder, encode
from stimctl.devices.events import NoAnswer, Rejected, ZeroVerified
from stimctl.errors import StateError
from stimctl.safety import SetPoint
from tests.support.driver_bench import S, of_kind
from tests.support.p24_bench import MS, Bench, cleared

LADDER = cleared(60_000, 200, 50_000)
ML_STOP, LL_STOP, STATUS = 34, 4, 62


def at(amplitude_ua: int) -> SetPoint:
    return LADDER.point(amplitude_ua)


def commands(data: bytes) -> list[int]:
    return [frame.command for frame in FrameDecoder().feed(data)]


def running() -> Bench:
    bench = Bench().running(ch1=at(10_000))
    bench.forget()
    bench.host_writes.clear()
    return bench


def test_the_stop_frame_is_urgent_and_behind_two_stop_bytes() -> None:
    bench = running()
    bench.driver.stop(bench.now)
    (frame,) = bench.driver.transmit()
    assert frame.urgent
    assert frame.data.startswith(b"\x0f\x0f\xf0")
    assert commands(frame.data) == [ML_STOP]


def test_zero_is_verified_by_the_ack_and_the_state_after_it() -> None:
    bench = running()
    bench.driver.stop(bench.now)
    bench.run(200 * MS)
    assert bench.seen == [ZeroVerified(41 * MS, 1)]
    assert bench.twin.state == 0
    assert bench.driver.state == "zero"
    assert [commands(data) for _, data, _ in bench.host_writes] == [[ML_STOP], [STATUS]]


@pytest.mark.parametrize("when", ["new", "finding", "zero", "latched"])
def test_where_the_level_is_not_known_both_levels_are_stopped(when: str) -> None:
    bench = Bench()
    if when == "finding":
        bench.driver.connect(bench.now)
        bench.driver.transmit()
    elif when == "zero":
        bench.connected()
    elif when == "latched":
        bench.running(ch1=at(10_000))
        bench.driver.receive(bench.now, encode(0, 66, b"\x08"))
        assert bench.driver.latched
    bench.driver.stop(bench.now)
    (frame,) = bench.driver.transmit()
    assert commands(frame.data) == [ML_STOP, LL_STOP]
    bench.twin.receive(bench.now, frame.data)
    bench.run(300 * MS)
    assert len(bench.all_of(ZeroVerified)) == (2 if when in ("zero", "latched") else 1)
    assert bench.driver.state == ("unknown" if when in ("new", "finding") else "zero")


def test_a_low_level_is_stopped_as_such() -> None:
    bench = Bench().connected()
    bench.driver.pulse(bench.now, 1, at(10_000))
    bench.run()
    bench.driver.stop(bench.now)
    bench.run()
    assert LL_STOP in commands(bench.host_writes[-2][1])
    assert bench.high_voltage == 1


@pytest.mark.hazard("H11", "H55")
def test_what_was_not_handed_out_yet_is_discarded_by_a_stop() -> None:
    bench = running()
    bench.driver.apply(bench.now, {1: at(20_000)})
    bench.driver.stop(bench.now)
    assert [commands(frame.data) for frame in bench.driver.transmit()] == [[ML_STOP]]


@pytest.mark.hazard("H11")
def test_a_raise_that_waits_is_cancelled_by_a_stop() -> None:
    bench = Bench(P24Twin(turnaround_us=60_000)).connected_slowly()
    bench.driver.apply(bench.now, {1: at(10_500)})
    bench.run(5 * MS)
    bench.driver.apply(bench.now, {1: at(20_000)})
    bench.driver.stop(bench.now)
    bench.run(1 * S)
    assert bench.driver.state == "zero"
    bench.finish()
    assert bench.highest_ua() == 10_500


@pytest.mark.parametrize("level", ["mid-init", "low-init", "to-low", "to-mid"])
def test_a_stop_while_a_level_comes_up_prevents_what_would_follow(level: str) -> None:
    bench = Bench().connected()
    if level == "mid-init":
        bench.driver.apply(bench.now, {1: at(10_000)})
    elif level == "low-init":
        bench.driver.pulse(bench.now, 1, at(10_000))
    elif level == "to-low":
        bench.driver.apply(bench.now, {})
        bench.run(200 * MS)
        bench.driver.pulse(bench.now, 1, at(10_000))
    else:
        bench.driver.pulse(bench.now, 1, at(500))
        bench.run(200 * MS)
        bench.driver.apply(bench.now, {1: at(10_000)})
    bench.run(20 * MS)
    assert bench.driver.state == level
    bench.forget()
    bench.driver.stop(bench.now)
    bench.run(500 * MS)
    assert len(bench.all_of(ZeroVerified)) == 1
    bench.finish()
    assert bench.highest_ua() <= 500


def test_it_is_repeated_every_50_ms_until_it_is_verified() -> None:
    bench = running()
    bench.device_line = lambda data: []
    began = bench.now
    bench.driver.stop(began)
    bench.run(1_020 * MS)
    times = [(at_ns - began) // MS for at_ns, data, urgent in bench.host_writes if urgent]
    assert times == list(range(0, 1_001, 50))
    assert bench.all_of(ZeroVerified) == []
    assert [event.since_ns for event in bench.all_of(NoAnswer)] == [began]
    bench.device_line = lambda data: [(0, data)]
    bench.run(200 * MS)
    assert len(bench.all_of(ZeroVerified)) == 1


def test_it_goes_on_for_ever_on_a_dead_line_and_says_so_once() -> None:
    bench = running()
    bench.host_line = lambda data: []
    bench.driver.stop(bench.now)
    bench.run(30 * S)
    assert len(bench.host_writes) > 590
    assert len(bench.all_of(NoAnswer)) == 1
    bench.host_line = lambda data: [(0, data)]
    bench.run(200 * MS)
    assert len(bench.all_of(ZeroVerified)) == 1


@pytest.mark.parametrize("lost", range(3))
def test_it_heals_when_any_one_answer_is_lost(lost: int) -> None:
    bench = running()
    came = iter(range(1000))
    bench.device_line = lambda data: [] if next(came) == lost else [(0, data)]
    bench.driver.stop(bench.now)
    bench.run(300 * MS)
    assert len(bench.all_of(ZeroVerified)) == 1
    assert bench.all_of(ZeroVerified)[0].latency_ns <= 300 * MS


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("lost", range(3))
def test_it_heals_when_any_one_write_is_lost(lost: int) -> None:
    bench = running()
    came = iter(range(1000))
    bench.host_line = lambda data: [] if next(came) == lost else [(0, data)]
    bench.driver.stop(bench.now)
    bench.run(300 * MS)
    assert len(bench.all_of(ZeroVerified)) == 1


def test_pressing_stop_at_key_repeat_does_not_keep_it_from_being_verified() -> None:
    bench = running()
    for _ in range(10):
        bench.driver.stop(bench.now)
        bench.run(33 * MS)
    assert len(bench.all_of(ZeroVerified)) >= 1
    bench.run(200 * MS)
    assert bench.driver.state == "zero"


@pytest.mark.hazard("H11")
def test_a_stop_acknowledged_but_not_carried_out_is_not_verified() -> None:
    bench = running()

    def liar(data: bytes) -> list[tuple[int, bytes]]:
        (frame,) = FrameDecoder().feed(data)
        status = encode(frame.packet_number, 63, b"\x00\x03\x06")
        return [(0, status if frame.command == 63 else data)]

    bench.device_line = liar
    bench.driver.stop(bench.now)
    bench.run(500 * MS)
    assert bench.all_of(ZeroVerified) == []
    assert bench.driver.state == "stopping"
    # After that it stops both levels, whatever it believed.
    assert any(commands(data)[:2] == [ML_STOP, LL_STOP] for _, data, _ in bench.host_writes)


def test_a_status_from_before_the_stop_does_not_verify_it() -> None:
    bench = Bench(P24Twin(turnaround_us=30_000))
    bench.driver.connect(bench.now)
    bench.run(1 * S)
    bench.driver.keep_alive(bench.now)
    bench.driver.stop(bench.now)
    bench.run(35 * MS)
    assert of_kind(bench.seen[3:], ZeroVerified) == []


@pytest.mark.parametrize("result", [1, 2, 8, 11, 200])
def test_a_result_that_is_no_stop_is_reported_and_the_stop_repeated(result: int) -> None:
    bench = running()
    refused = [2]

    def line(data: bytes) -> list[tuple[int, bytes]]:
        (frame,) = FrameDecoder().feed(data)
        if frame.command == ML_STOP + 1 and refused[0]:
            refused[0] -= 1
            return [(0, encode(frame.packet_number, frame.command, bytes((result,))))]
        return [(0, data)]

    bench.device_line = line
    bench.driver.stop(bench.now)
    bench.run(500 * MS)
    assert [event.code for event in bench.all_of(Rejected)] == [result] * 2
    assert all(event.retried for event in bench.all_of(Rejected))
    assert len(bench.all_of(ZeroVerified)) == 1


def test_nothing_else_is_accepted_while_stopping() -> None:
    bench = running()
    bench.driver.stop(bench.now)
    with pytest.raises(StateError):
        bench.driver.apply(bench.now, {1: at(500)})
    with pytest.raises(StateError):
        bench.driver.pulse(bench.now, 1, at(500))


def test_after_a_verified_stop_trains_can_be_started_again() -> None:
    bench = running()
    bench.driver.stop(bench.now)
    bench.run(200 * MS)
    bench.driver.apply(bench.now, {2: at(500)})
    bench.run(200 * MS)
    assert bench.twin.state == 3


def test_a_level_that_was_off_before_it_was_stopped_is_told() -> None:
    bench = running()
    bench.twin.power_off(bench.now)
    bench.driver.stop(bench.now)
    bench.run(200 * MS)
    (zero,) = bench.all_of(ZeroVerified)
    assert zero.already_off
    assert zero.reset_seen


def test_a_level_that_a_lost_round_may_have_switched_off_is_perhaps_a_reset() -> None:
    bench = running()
    answers: list[bytes] = []

    def without_the_first(data: bytes) -> list[tuple[int, bytes]]:
        answers.append(data)
        return [(0, data)] if len(answers) > 1 else []

    bench.device_line = without_the_first
    bench.driver.stop(bench.now)
    bench.run(300 * MS)
    (zero,) = bench.all_of(ZeroVerified)
    assert zero.already_off
    assert not zero.reset_seen


def test_a_level_that_was_never_confirmed_can_be_off_without_a_reset() -> None:
    bench = Bench().connected()
    bench.host_line = lambda _data: []  # Ml_init never arrives
    bench.driver.apply(bench.now, {1: at(500)})
    bench.run(20 * MS)
    bench.host_line = lambda data: [(0, data)]
    bench.driver.stop(bench.now)
    bench.run(200 * MS)
    zero = bench.all_of(ZeroVerified)[-1]
    assert zero.already_off
    assert not zero.reset_seen


def test_a_repeated_stop_that_finds_its_own_work_done_is_no_reset() -> None:
    bench = running()
    bench.driver.stop(bench.now)
    bench.driver.stop(bench.now)
    bench.run(200 * MS)
    (zero,) = bench.all_of(ZeroVerified)
    assert not zero.already_off
    assert not zero.reset_seen
