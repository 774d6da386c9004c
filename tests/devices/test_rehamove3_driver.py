"""The RehaMove3 driver against its twin: where it does otherwise than the P24's, and the stop."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.rehamove3 import BATTERY_LIFE_US, RehaMove3Twin
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, encode
from firmware_sim.ledger import Ledger
from stimctl.devices.events import (
    Acked,
    DeviceError,
    Doing,
    Identified,
    LineError,
    NoAnswer,
    Ready,
    Rejected,
    StatusRead,
    UnexpectedState,
    WrongDevice,
    ZeroVerified,
)
from stimctl.devices.p24.driver import P24Driver
from stimctl.devices.p24.output import OutputEncoder
from stimctl.devices.rehamove3.model import REHAMOVE3
from stimctl.errors import LimitRefusedError, StateError
from stimctl.stimulus import PulseShape
from tests.support.driver_bench import of_kind
from tests.support.p24_bench import MS, Bench, cleared, forged
from tests.support.rehamove3_bench import bench, on_it, point, sent


def keep_alive(of: Bench) -> list[object]:
    of.driver.keep_alive(of.now)
    return list(of.run(50 * MS))


# Identity


@pytest.mark.hazard("H07")
def test_connecting_asks_who_it_is_how_full_it_is_and_ends_at_verified_zero() -> None:
    one = bench(RehaMove3Twin(7)).connected()
    assert [type(event) for event in one.seen] == [Identified, ZeroVerified, Ready]
    (told,) = one.all_of(Identified)
    assert told == Identified("rehamove3", "990000007", "2.1.16", "3.2.4", "")
    assert [frame.command for frame in sent(one)] == [62, 52, 50, 68, 54, 62]


@pytest.mark.hazard("H07")
def test_a_p24_is_refused_by_name_and_never_driven() -> None:
    one = bench(P24Twin())
    one.driver.connect(one.now)
    one.run(200 * MS)
    (wrong,) = one.all_of(WrongDevice)
    assert wrong.expected == "a RehaMove3 (ScienceMode 3)"
    assert "ScienceMode 4" in wrong.found
    assert one.driver.latched
    with pytest.raises(StateError):
        one.driver.apply(one.now, {1: point()})


@pytest.mark.hazard("H07")
def test_a_device_that_knows_the_question_of_a_p24_is_refused() -> None:
    one = bench()
    answered = one.device_line

    def line(data: bytes) -> list[tuple[int, bytes]]:
        (frame,) = FrameDecoder().feed(data)
        assert isinstance(frame, Frame)
        if frame.command == 67:
            return [(0, encode(frame.packet_number, 69, bytes(13)))]
        return answered(data)

    one.device_line = line
    one.driver.connect(one.now)
    one.run(200 * MS)
    (wrong,) = one.all_of(WrongDevice)
    assert "knows Get_extended_version" in wrong.found


@pytest.mark.hazard("H07")
def test_another_sciencemode_is_refused_with_its_version() -> None:
    one = bench()
    one.twin._fixed[Command.GET_VERSION_MAIN] = bytes((0, 1, 0, 0, 4, 0, 0))
    one.driver.connect(one.now)
    one.run(200 * MS)
    assert one.all_of(WrongDevice)[0].found == "it speaks ScienceMode 4.0.0"


@pytest.mark.hazard("H07")
def test_a_p24_driver_refuses_a_rehamove3() -> None:
    one = Bench(RehaMove3Twin(), P24Driver())
    one.driver.connect(one.now)
    one.run(200 * MS)
    assert "RehaMove3" in one.all_of(WrongDevice)[0].found


@pytest.mark.parametrize(
    "level",
    [
        [(0, b"\0")],
        [(30, b"\0")],
        [(30, b"\0"), (32, bytes.fromhex("01 20 0028 0C855000 0644B000 0C841000"))],
    ],
)
@pytest.mark.hazard("H15", "H24")
def test_connecting_ends_in_verified_zero_from_every_level(level: list[tuple[int, bytes]]) -> None:
    one = bench()
    for command, data in level:
        one.twin.receive(one.now, encode(5, command, data))
        one.now += 100 * MS
        one.twin.advance(one.now)
    one.twin.transmit()
    one.driver.connect(one.now)
    one.run(300 * MS)
    assert [type(event) for event in one.seen] == [Identified, ZeroVerified, Ready]
    assert one.twin.state == 0


# Battery


@pytest.mark.hazard("H01")
def test_below_20_percent_nothing_begins() -> None:
    one = bench(RehaMove3Twin(battery_percent=19))
    one.driver.connect(one.now)
    one.run(200 * MS)
    (error,) = one.all_of(DeviceError)
    assert "battery at 19 %" in error.result
    assert not one.all_of(Ready)
    with pytest.raises(StateError):
        one.driver.apply(one.now, {1: point()})
    assert bench(RehaMove3Twin(battery_percent=20)).connected().all_of(Ready)


def test_the_battery_is_read_every_minute_and_ends_the_session_in_time() -> None:
    twin = RehaMove3Twin(battery_percent=100)
    one = bench(twin).running(ch1=point())
    for _ in range(2 * 130):
        keep_alive(one)
        one.run(450 * MS)
    assert [frame.command for frame in sent(one)].count(54) == 1 + 2
    twin.set_battery(10)
    one.forget()
    for _ in range(2 * 61):
        keep_alive(one)
        one.run(450 * MS)
        if one.driver.latched:
            break
    (error,) = one.all_of(DeviceError)
    assert "battery at 10 %" in error.result
    assert one.driver.latched
    one.driver.stop(one.now)
    one.run(300 * MS)
    assert one.all_of(ZeroVerified)


def test_an_empty_battery_is_silence_that_latches() -> None:
    twin = RehaMove3Twin(battery_percent=100)
    one = bench(twin).running(ch1=point())
    twin._empty_us = one.now // 1000 + 1
    one.run(10 * MS)
    keep_alive(one)
    one.run(1_100 * MS)
    assert one.all_of(NoAnswer)
    assert one.driver.latched
    assert BATTERY_LIFE_US


# Trains


def test_trains_on_all_four_channels_reach_their_electrodes() -> None:
    points = {n: point(5_000 * n, frequency_mhz=35_000) for n in range(1, 5)}
    one = bench().running(**{f"ch{n}": one for n, one in points.items()})
    one.run(1_000 * MS)
    assert keep_alive(one)
    (read,) = one.all_of(StatusRead)[-1:]
    assert (read.active, dict(read.errors)) == (frozenset({1, 2, 3, 4}), {})
    ledger = Ledger(one.finish())
    for number in points:
        assert ledger[number].peak_ma == 5 * number
        assert ledger[number].runs[0].period_us == 29_000  # 28.57 ms, rounded up to half ones
        assert ledger[number].test_pulses == ledger[number].pulses


def test_the_keep_alive_is_the_documented_mask_and_nothing_reserved_is_ever_set() -> None:
    one = bench().running(ch1=point(), ch4=point(10_000))
    keep_alive(one)
    frames = {frame.command: frame.data for frame in sent(one)}
    assert frames[36] == b"\2"
    assert frames[30] == b"\0"
    assert frames[32][0] == 0b1001
    assert frames[32][3] & 1 == 0
    words = [frames[32][at : at + 4] for at in range(4, 16, 4)]
    assert all(word[3] == 0 and word[2] & 3 == 0 for word in words)
    assert 58 not in frames


@pytest.mark.parametrize(
    ("channel", "how"),
    [
        (5, {}),
        (0, {}),
        (1, {"width_us": 19}),
        (1, {"width_us": 4_096}),
        (1, {"gap_us": 19}),
        (1, {"frequency_mhz": 1_000_000}),
        (1, {"frequency_mhz": 50}),
        (1, {"amplitude_ua": 10_250}),
    ],
)
@pytest.mark.hazard("H08")
def test_the_gate_refuses_what_the_device_cannot_do(channel: int, how: dict[str, int]) -> None:
    from tests.support.p24_bench import OTHER_DEVICE

    amplitude_ua = how.pop("amplitude_ua", 10_000)
    proof = cleared(amplitude_ua, device=OTHER_DEVICE, **how)  # type: ignore[arg-type]
    one = bench().connected()
    for call in (
        lambda: one.driver.apply(one.now, {channel: proof.point(amplitude_ua)}),
        lambda: one.driver.pulse(one.now, channel, proof.point(amplitude_ua)),
    ):
        with pytest.raises(LimitRefusedError, match=r"RehaMove3|device"):
            call()  # type: ignore[no-untyped-call]
    assert one.driver.state == "zero"


@pytest.mark.hazard("H08")
def test_the_gate_holds_130_ma_even_if_the_safety_model_were_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The library of the maker would let it pass."""
    monkeypatch.setattr("stimctl.devices.output_frame.is_genuine", lambda *_: True)
    for amplitude_ua in (130_500, 150_000, -500):
        wrong = forged(PulseShape.SYMMETRIC, amplitude_ua, 200, 100, 1, 20_000, 1, 0)
        with pytest.raises(LimitRefusedError, match=r"a RehaMove3 gives 0 to 130000 uA"):
            OutputEncoder(REHAMOVE3).frame({1: wrong})


def test_a_forged_set_point_is_refused() -> None:
    one = bench().connected()
    with pytest.raises(LimitRefusedError, match="not a set point of the safety model"):
        one.driver.apply(
            one.now, {1: forged(PulseShape.SYMMETRIC, 200_000, 200, 100, 1, 20_000, 1, 0)}
        )


def test_the_time_budget_of_330_us_a_pulse_is_kept() -> None:
    proof = on_it(10_000, 85, 500_000, gap_us=0)
    four = dict.fromkeys(range(1, 5), proof.point(10_000))
    with pytest.raises(LimitRefusedError, match="of every second"):
        OutputEncoder(REHAMOVE3).frame(four)
    three = dict(list(four.items())[:3])
    assert OutputEncoder(REHAMOVE3).frame(three).outputs.keys() == {1, 2, 3}


@pytest.mark.hazard("H12")
@pytest.mark.parametrize("amplitude_ua", [500, 20_000])
def test_an_electrode_that_falls_off_is_found_at_any_amplitude(amplitude_ua: int) -> None:
    one = bench().running(ch1=point(amplitude_ua), ch2=point(amplitude_ua))
    one.twin.set_load(2, None)
    one.run(100 * MS)
    keep_alive(one)
    (error,) = one.all_of(DeviceError)
    assert (error.result, error.channels) == ("electrode error", frozenset({2}))
    assert one.all_of(StatusRead)[-1].errors == {2: "electrode error"}
    assert one.driver.latched


@pytest.mark.hazard("H16")
def test_trains_that_do_not_run_are_found() -> None:
    one = bench().running(ch1=point())
    one.run(2_500 * MS)  # the device's own watchdog
    one.forget()
    keep_alive(one)
    (found,) = one.all_of(UnexpectedState)
    assert (found.channels_expected, found.channels_found) == (frozenset({1}), frozenset())
    assert one.driver.latched


@pytest.mark.hazard("H16")
def test_trains_that_run_though_all_are_off_are_found() -> None:
    one = bench().running(ch1=point())
    one.driver.apply(one.now, {})
    one.run(50 * MS)
    update = bytes.fromhex("01 20 0028 0C855000 0644B000 0C841000")
    one.twin.receive(one.now, encode(5, 32, update))
    one.now += 2 * MS
    one.twin.advance(one.now)
    one.twin.transmit()
    one.forget()
    keep_alive(one)
    assert one.all_of(UnexpectedState)
    assert one.driver.latched


def test_an_answer_without_stimulation_data_does_not_count() -> None:
    one = bench().running(ch1=point())
    one.device_line = lambda data: []
    one.driver.keep_alive(one.now)
    one.run(5 * MS)
    number = sent(one)[-1].packet_number
    one.driver.receive(one.now, encode(number, 37, b"\0\1"))
    assert LineError("content") in one.driver.events()
    one.driver.receive(one.now, encode(number, 37, b"\0\2\x10"))
    assert of_kind(one.driver.events(), StatusRead)


def test_a_train_of_0_ma_runs_and_gives_the_test_pulses_alone() -> None:
    """What the check of the watchdog does."""
    one = bench().running(ch1=on_it(20_000).point(0))
    keep_alive(one)
    assert one.all_of(StatusRead)[-1].active == frozenset({1})
    ledger = Ledger(one.finish())
    assert ledger[1].peak_ma == 0
    assert ledger[1].test_pulses > 0


# Single pulses


def test_a_single_pulse_is_given_once_and_acknowledged() -> None:
    one = bench().connected()
    one.driver.pulse(one.now, 3, point(12_000))
    one.run(100 * MS)
    assert [ack.what for ack in one.all_of(Acked)] == [Doing.START, Doing.PULSE]
    (row,) = [row for row in one.finish() if row["kind"] == "pulse"]
    assert (row["channel"], row["points"][0]) == (3, [200, 12_000])  # type: ignore[index]


def test_a_pulse_that_fails_its_test_is_a_rejection() -> None:
    one = bench(RehaMove3Twin(0, None)).connected()
    one.driver.pulse(one.now, 3, point(500))
    one.run(100 * MS)
    (rejected,) = one.all_of(Rejected)
    assert (rejected.code, rejected.result) == (10, "electrode error")
    assert one.driver.latched


# Stop


@pytest.mark.hazard("H15")
def test_a_device_that_was_reset_is_seen() -> None:
    one = bench().running(ch1=point())
    one.twin._begin_anew(one.now // 1000)
    keep_alive(one)
    assert one.all_of(UnexpectedState)
    assert one.driver.latched
