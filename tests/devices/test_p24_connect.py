"""Connecting ends in verified zero and a known device, whatever state the device was left in."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, encode
from stimctl.devices.events import (
    Identified,
    LineError,
    NoAnswer,
    Ready,
    Rejected,
    StrayAnswer,
    WrongDevice,
    ZeroVerified,
)
from stimctl.errors import StateError
from tests.support.driver_bench import S, of_kind
from tests.support.p24_bench import MS, Bench, point

GET_DEVICE_ID, GET_EXTENDED_VERSION = 52, 68
INIT = {
    "nothing initialised": [],
    "low level": [(0, b"\x00")],
    "mid level": [(30, b"\x01")],
    "mid level running": [
        (30, b"\x01"),
        (32, bytes.fromhex("01 20 0028 0C855000 0644B000 0C841000")),
    ],
}


def left_in(state: str) -> Bench:
    """A bench whose device another host has left in this state."""
    bench = Bench()
    for command, data in INIT[state]:
        bench.twin.receive(bench.now, encode(5, command, data))
        bench.now += 100 * MS
        bench.twin.advance(bench.now)
    bench.twin.transmit()
    return bench


@pytest.mark.hazard("H15", "H24")
@pytest.mark.parametrize("state", INIT)
def test_connecting_ends_in_verified_zero_from_every_state(state: str) -> None:
    bench = left_in(state)
    bench.driver.connect(bench.now)
    bench.run(200 * MS)
    kinds = [type(event) for event in bench.seen]
    assert kinds == [Identified, ZeroVerified, Ready]
    assert bench.twin.state == 0
    assert bench.high_voltage in (1, None)


def test_a_device_left_running_is_stopped_before_it_is_asked_for_its_name() -> None:
    bench = left_in("mid level running")
    bench.driver.connect(bench.now)
    began_us = bench.now // 1000
    bench.run(200 * MS)
    ends = [row["at_us"] for row in bench.twin.records() if row["kind"] == "output"]
    assert ends[-1] - began_us < 5_000


def test_the_names_are_what_the_device_says() -> None:
    found = Bench().connected().all_of(Identified)[0]
    assert found.family == "p24"
    assert found.serial.startswith("SIM")
    assert found.protocol == "4.0.0"
    assert len(found.firmware_hash) == 8


def not_knowing(command: int) -> Bench:
    """A device that answers Unknown_cmd to this command."""
    bench = Bench()
    asked: dict[int, int] = {}

    def host_line(data: bytes) -> list[tuple[int, bytes]]:
        asked.update({f.packet_number: f.command for f in FrameDecoder().feed(data)})
        return [(0, data)]

    def device_line(data: bytes) -> list[tuple[int, bytes]]:
        (frame,) = FrameDecoder().feed(data)
        unknown = asked.get(frame.packet_number) == command
        return [(0, encode(frame.packet_number, 67, b"\x0b") if unknown else data)]

    bench.host_line, bench.device_line = host_line, device_line
    return bench


@pytest.mark.hazard("H07")
def test_a_device_that_does_not_know_the_question_of_sciencemode_4_is_refused_by_name() -> None:
    bench = not_knowing(GET_EXTENDED_VERSION)
    bench.driver.connect(bench.now)
    bench.run(3 * S)
    (found,) = bench.all_of(WrongDevice)
    assert "RehaMove3" in found.found
    assert not bench.all_of(Identified)
    assert not bench.all_of(Ready)
    assert bench.driver.latched


@pytest.mark.hazard("H07")
@pytest.mark.parametrize("version", [(3, 2, 4), (2, 1, 24), (0, 0, 0), (5, 0, 0), (255, 4, 0)])
def test_a_device_of_another_sciencemode_is_refused_with_its_version(
    version: tuple[int, int, int],
) -> None:
    bench = Bench()

    def device_line(data: bytes) -> list[tuple[int, bytes]]:
        (frame,) = FrameDecoder().feed(data)
        assert isinstance(frame, Frame)
        if frame.command != GET_EXTENDED_VERSION + 1:
            return [(0, data)]
        told = frame.data[:4] + bytes(version) + frame.data[7:]
        return [(0, encode(frame.packet_number, frame.command, told))]

    bench.device_line = device_line
    bench.driver.connect(bench.now)
    bench.run(3 * S)
    (found,) = bench.all_of(WrongDevice)
    assert "ScienceMode {}.{}.{}".format(*version) in found.found
    assert not bench.all_of(Ready)
    assert bench.driver.latched


def test_a_device_that_does_not_tell_its_name_is_refused() -> None:
    bench = not_knowing(GET_DEVICE_ID)
    bench.driver.connect(bench.now)
    bench.run(3 * S)
    assert [event.result for event in bench.all_of(Rejected)] == ["invalid command"]
    assert not bench.all_of(Ready)
    assert bench.driver.latched


def test_a_half_frame_of_the_host_before_swallows_nothing() -> None:
    bench = Bench()
    bench.twin.receive(bench.now, encode(5, 32, bytes(9))[:-3])
    bench.connected()
    assert bench.all_of(Ready)


def test_answers_left_over_from_the_host_before_are_ignored() -> None:
    bench = Bench()
    bench.driver.connect(bench.now)
    bench.driver.transmit()
    for stale in (encode(9, 33, b"\x00"), encode(9, 63, b"\x00\x03\x06"), b"\x0f\x55garbage"):
        bench.driver.receive(bench.now, stale)
    assert bench.driver.events() == []
    assert bench.driver.state == "finding"


def test_half_an_answer_left_over_does_not_swallow_the_next() -> None:
    bench = Bench()
    bench.driver.connect(bench.now)
    bench.driver.receive(bench.now, encode(9, 63, b"\x00\x03\x06")[:-4])
    bench.run()
    assert bench.all_of(Ready)
    assert bench.all_of(LineError) == [LineError("restart")]


@pytest.mark.parametrize("lost", range(4))
def test_each_answer_of_the_sequence_may_be_lost_once(lost: int) -> None:
    bench = Bench()
    came = iter(range(100))
    bench.device_line = lambda data: [] if next(came) == lost else [(0, data)]
    bench.driver.connect(bench.now)
    bench.run(500 * MS)
    assert len(bench.all_of(Ready)) == 1


def test_a_silent_device_is_reported_after_a_second_and_not_asked_for_ever() -> None:
    bench = Bench()
    bench.host_line = lambda data: []
    bench.driver.connect(bench.now)
    bench.run(10 * S)
    silence = bench.all_of(NoAnswer)
    assert len(silence) == 1
    assert silence[0].since_ns == 0
    assert bench.driver.state == "unknown"
    assert bench.driver.deadline() is None
    assert max(at for at, _, _ in bench.host_writes) < 1 * S


def test_connecting_again_after_silence_works() -> None:
    bench = Bench()
    bench.host_line = lambda data: []
    bench.driver.connect(bench.now)
    bench.run(2 * S)
    bench.host_line = lambda data: [(0, data)]
    bench.driver.connect(bench.now)
    assert of_kind(bench.run(), Ready)


def test_connecting_anew_while_trains_run_stops_them() -> None:
    bench = Bench().running(ch1=point())
    bench.driver.connect(bench.now)
    bench.run(300 * MS)
    assert bench.driver.state == "zero"
    assert bench.twin.state == 0


def test_nothing_stimulates_before_the_device_is_known() -> None:
    bench = Bench()
    for _ in range(2):
        with pytest.raises(StateError):
            bench.driver.apply(bench.now, {1: point()})
        with pytest.raises(StateError):
            bench.driver.pulse(bench.now, 1, point())
        bench.driver.keep_alive(bench.now)
        bench.driver.connect(bench.now)
    assert all(b"\x00\x20" not in frame.data for frame in bench.driver.transmit())


@pytest.mark.hazard("H06")
def test_an_answer_to_a_question_never_asked_is_reported_while_connecting() -> None:
    bench = Bench()
    bench.driver.connect(bench.now)
    bench.run(2 * MS)
    bench.driver.receive(bench.now, encode(50, 33, b"\x00"))
    bench.run()
    assert bench.all_of(StrayAnswer) == [StrayAnswer(33, 50)]
    assert bench.all_of(Ready)
