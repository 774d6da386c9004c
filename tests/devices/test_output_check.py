"""The final output check: no second holds more than was cleared, whoever asks and however."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmware_sim.firmware.p24 import P24Twin
from stimctl.devices.events import Acked, Doing, Withheld
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.errors import LimitRefusedError
from stimctl.safety import Cleared, Electrode, Profile, clear, clear_together, envelope_for
from stimctl.stimulus import Burst, Pulse, PulseShape, Stimulus
from stimctl.wire.sciencemode4.framing import FrameDecoder, RawFrame
from stimctl.wire.sciencemode4.messages import MlUpdate
from tests.support.driver_bench import S
from tests.support.output_brute import fits, pulses_of, worst
from tests.support.p24_bench import MS, Bench
from tests.support.p24_bench import cleared as cleared_p24

PAD = Electrode(area_mm2=10_000)


def stimulus(
    pulses: int = 5, bursts_mhz: int = 2_000, inside_mhz: int = 100_000, *, ua: int = 20_000
) -> Stimulus:
    pulse = Pulse(
        shape=PulseShape.SYMMETRIC, amplitude_ua=ua, phase_width_us=200, interphase_gap_us=100
    )
    burst = Burst(pulses_per_burst=pulses, burst_frequency_mhz=bursts_mhz)
    return Stimulus(pulse=pulse, frequency_mhz=inside_mhz, burst=burst)


def bursts(*numbers: int, ua: int = 20_000) -> Cleared:
    """A clearance for bursts: pulses, bursts a second (mHz), rate inside (mHz)."""
    envelope = envelope_for(P24_SHEET.bounds, PAD, profile=Profile.RESEARCH)
    answer = clear(stimulus(*numbers, ua=ua), envelope)
    assert isinstance(answer, Cleared), answer
    return answer


def withheld(bench: Bench) -> list[Withheld]:
    return bench.all_of(Withheld)


def kept(bench: Bench, span_ns: int) -> None:
    """Let time pass with a keep-alive every half second."""
    for _ in range(span_ns // (500 * MS)):
        bench.driver.keep_alive(bench.now)
        bench.run(500 * MS)


def settled(bench: Bench) -> None:
    """Let pass what the device needs to change its level."""
    bench.run(5 * MS)
    while bench.driver.state not in ("zero", "mid", "low"):
        bench.run(5 * MS)


def sm4_update(data: bytes) -> dict[int, tuple[int, ...]]:
    """By channel, the currents above zero of the Ml_update in this write."""
    frames = [one for one in FrameDecoder().feed(data) if isinstance(one, RawFrame)]
    (frame,) = [one for one in frames if one.command == MlUpdate.command]
    return {
        one.index + 1: tuple(at.current_ua for at in one.points if at.current_ua > 0)
        for one in MlUpdate.unpack(frame.data).channels
    }


def within(bench: Bench, proof: Cleared, channel: int = 1) -> None:
    """What the twin has recorded is within what was cleared."""
    found = worst(pulses_of(bench.finish()).get(channel, []))
    assert fits(found, proof.second), (found, proof.second)


@pytest.mark.hazard("H39")
def test_a_train_cleared_for_bursts_is_closed_when_its_second_is_full() -> None:
    proof = bursts()
    bench = Bench().connected()
    bench.driver.apply(0 + bench.now, {1: proof.point(20_000)})
    kept(bench, 2 * S)
    (held,) = withheld(bench)
    assert (held.channel, held.closed, held.until_ns) == (1, True, None)
    assert len(pulses_of(bench.finish())[1]) == proof.second.pulses == 10
    assert [one.channels for one in bench.all_of(Acked) if one.ticket == 0] == [()]


def test_it_opens_again_after_it_was_off_once_and_gives_no_more_than_is_left() -> None:
    proof = bursts()
    bench = Bench().connected()
    for _ in range(12):
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        bench.run(170 * MS)
        bench.driver.apply(bench.now, {})
        bench.run(30 * MS)
    assert withheld(bench)
    within(bench, proof)


@pytest.mark.parametrize(
    "numbers", [(5, 2_000, 100_000), (20, 1_100, 200_000), (3, 7_000, 250_000), (10, 1_000, 90_000)]
)
def test_bursts_as_they_were_cleared_pass_untouched(numbers: tuple[int, int, int]) -> None:
    proof = bursts(*numbers)
    count, bursts_mhz, _ = numbers
    period_ns = proof.period_us * 1_000
    bench = Bench().connected()
    bench.driver.apply(bench.now, {})
    bench.run(100 * MS)
    begun = bench.now
    for number in range(3 * bursts_mhz // 1_000):
        bench.run(begun + -(-number * 10**9 // bursts_mhz) * 1_000 - bench.now)
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        bench.run(count * period_ns - period_ns // 2)
        bench.driver.apply(bench.now, {})
    bench.run(100 * MS)
    assert withheld(bench) == []
    pulses = pulses_of(bench.finish())[1]
    assert len(pulses) == count * (3 * bursts_mhz // 1_000)
    assert worst(pulses) == tuple(proof.second)


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("off_ms", [10, 30, 250, 900])
def test_a_slow_train_that_is_switched_off_and_on_again_waits_for_its_period(off_ms: int) -> None:
    proof = cleared_p24(20_000, 200, 1_000)
    bench = Bench().connected()
    for _ in range(8):
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        bench.run(50 * MS)
        bench.driver.apply(bench.now, {})
        bench.run(off_ms * MS)
    pulses = pulses_of(bench.finish())[1]
    assert all(b.at_us - a.at_us >= 1_000_000 for a, b in pairwise(pulses))
    held = withheld(bench)
    assert held
    assert not any(one.closed for one in held)
    assert all(one.until_ns is not None for one in held)


def test_a_stop_and_a_new_start_are_no_way_round_it() -> None:
    proof = cleared_p24(20_000, 200, 2_000)
    bench = Bench().connected()
    for _ in range(10):
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        settled(bench)
        bench.run(20 * MS)
        bench.driver.stop(bench.now)
        settled(bench)
    within(bench, proof)


def test_nor_is_a_new_connection() -> None:
    proof = cleared_p24(20_000, 200, 2_000)
    bench = Bench().connected()
    for _ in range(8):
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        bench.run(100 * MS)
        bench.driver.connect(bench.now)
        settled(bench)
    within(bench, proof)


def test_amplitudes_and_widths_of_a_running_train_change_freely() -> None:
    proof = cleared_p24(20_000, 200, 50_000)
    bench = Bench().connected()
    for step in range(40):
        bench.driver.apply(bench.now, {1: proof.point(500 + step % 10 * 500)})
        bench.run(37 * MS)
    assert withheld(bench) == []
    within(bench, proof)


def test_the_other_channels_go_on_while_one_is_kept_off() -> None:
    short, steady = bursts(), cleared_p24(10_000, 200, 20_000)
    bench = Bench().connected()
    bench.driver.apply(bench.now, {1: short.point(20_000), 2: steady.point(10_000)})
    kept(bench, 2 * S)
    pulses = pulses_of(bench.finish())
    assert len(pulses[1]) == 10
    gaps = [b.at_us - a.at_us for a, b in pairwise(pulses[2])]
    assert set(gaps) == {50_000}


@pytest.mark.hazard("H39")
def test_what_closes_one_channel_never_brings_back_a_raise_that_was_taken_back() -> None:
    envelope = envelope_for(P24_SHEET.bounds, PAD, profile=Profile.RESEARCH)
    steady = Stimulus(pulse=stimulus().pulse, frequency_mhz=20_000)
    plan = clear_together({1: (stimulus(), envelope), 2: (steady, envelope)})
    short, other = plan[1], plan[2]  # type: ignore[index]
    bench = Bench().connected()
    low = {1: short.point(20_000), 2: other.point(10_000)}
    bench.driver.apply(bench.now, low)
    while bench.driver.state != "mid" or len(bench.all_of(Acked)) < 2:
        bench.run(1 * MS)
    bench.device_line = lambda data: []
    bench.driver.apply(bench.now, {**low, 2: other.point(14_000)})
    bench.run(1 * MS)
    bench.driver.apply(bench.now, low)
    taken_back = len(bench.host_writes)
    bench.run(120 * MS)
    assert [(one.channel, one.closed) for one in withheld(bench)] == [(1, True)]
    after = [sm4_update(data) for _, data, _ in bench.host_writes[taken_back:]]
    assert after
    assert {ua for update in after for ua in update.get(2, ())} == {10_000}


@pytest.mark.hazard("H43")
def test_two_plans_share_no_second_where_one_source_serves_them() -> None:
    def plan(channel: int) -> Cleared:
        envelope = envelope_for(P24_SHEET.bounds, PAD, profile=Profile.RESEARCH)
        found = clear_together({channel: (stimulus(), envelope)})
        return found[channel]  # type: ignore[index]

    one, other = plan(1), plan(2)
    bench = Bench().connected()
    bench.driver.apply(bench.now, {1: one.point(20_000)})
    settled(bench)
    bench.run(45 * MS)
    bench.driver.stop(bench.now)
    settled(bench)
    for _ in range(30):
        bench.driver.apply(bench.now, {2: other.point(20_000)})
        bench.run(45 * MS)
        bench.driver.apply(bench.now, {})
        bench.run(5 * MS)
    pulses = pulses_of(bench.finish())
    assert pulses[2][0].at_us - pulses[1][-1].at_us >= 1_000_000
    assert fits(worst(pulses[1] + pulses[2]), one.second)


def test_channels_of_one_plan_share_a_second() -> None:
    envelope = envelope_for(P24_SHEET.bounds, PAD, profile=Profile.RESEARCH)
    plan = clear_together({1: (stimulus(), envelope), 2: (stimulus(), envelope)})
    assert plan[1].together is plan[2].together  # type: ignore[index]
    assert plan[1].together.pulses == 20  # type: ignore[index]
    bench = Bench().connected()
    bench.driver.apply(bench.now, {1: plan[1].point(20_000)})  # type: ignore[index]
    bench.run(45 * MS)
    bench.driver.apply(bench.now, {2: plan[2].point(20_000)})  # type: ignore[index]
    bench.run(45 * MS)
    assert withheld(bench) == []


@pytest.mark.hazard("H39")
def test_single_pulses_are_counted_however_far_apart_they_may_be() -> None:
    proof = bursts(5, 2_000, 100_000)  # ten in a second, although 10 ms apart
    bench = Bench().connected()
    given, reasons = 0, set()
    while bench.now < 3 * S:
        try:
            bench.driver.pulse(bench.now, 1, proof.point(20_000))
            given += 1
        except LimitRefusedError as refused:
            reasons.add(refused.why)
        settled(bench)
        bench.run(6 * MS)
    assert any("this second holds as much" in one for one in reasons)
    assert 28 <= given <= 32
    within(bench, proof)


@pytest.mark.hazard("H39")
def test_a_pulse_after_a_train_counts_with_it() -> None:
    proof = cleared_p24(20_000, 200, 2_000)
    bench = Bench().connected()
    bench.driver.apply(bench.now, {1: proof.point(20_000)})
    settled(bench)
    bench.run(50 * MS)
    bench.driver.stop(bench.now)
    settled(bench)
    with pytest.raises(LimitRefusedError, match="after the last"):
        bench.driver.pulse(bench.now, 1, proof.point(20_000))
    bench.run(500 * MS)
    bench.driver.pulse(bench.now, 1, proof.point(20_000))
    bench.run(100 * MS)
    within(bench, proof)


def test_a_frame_that_is_sent_again_is_not_counted_twice() -> None:
    proof = cleared_p24(20_000, 200, 50_000)
    bench = Bench().connected()
    bench.driver.apply(bench.now, {1: proof.point(10_000)})
    bench.run(100 * MS)
    bench.device_line = lambda _data: []
    bench.driver.apply(bench.now, {1: proof.point(5_000)})
    bench.run(400 * MS)
    bench.device_line = lambda data: [(0, data)]
    bench.run(200 * MS)
    bench.driver.apply(bench.now, {1: proof.point(5_500)})
    bench.run(100 * MS)
    assert withheld(bench) == []
    assert bench.driver.state == "mid"


@pytest.mark.hazard("H39")
def test_a_closing_frame_that_is_lost_counts_until_one_is_acknowledged() -> None:
    proof = bursts(20, 1_100, 200_000)
    bench = Bench().connected()
    bench.driver.apply(bench.now, {1: proof.point(20_000)})
    bench.run(97 * MS)
    bench.host_line = lambda _data: []
    bench.driver.apply(bench.now, {})
    bench.run(60 * MS)
    bench.host_line = lambda data: [(0, data)]
    bench.run(900 * MS - 157 * MS)
    bench.driver.apply(bench.now, {1: proof.point(20_000)})
    bench.run(97 * MS)
    bench.driver.apply(bench.now, {})
    bench.run(300 * MS)
    assert withheld(bench)
    found = worst(pulses_of(bench.finish())[1])
    assert found[0] <= proof.second.pulses + 1


@pytest.mark.parametrize("late_ms", [1, 3, 40])
def test_bursts_on_a_line_that_always_takes_as_long_pass_untouched(late_ms: int) -> None:
    proof = bursts(20, 1_100, 200_000)
    bench = Bench(P24Twin())
    bench.host_line = lambda data: [(late_ms * MS // 2, data)]
    bench.device_line = lambda data: [(late_ms * MS // 2, data)]
    bench.driver.connect(bench.now)
    settled(bench)
    bench.driver.apply(bench.now, {})
    bench.run(200 * MS)
    begun = bench.now
    for number in range(4):
        bench.run(begun + number * 909_091_000 - bench.now)
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        bench.run(97_500_000)
        bench.driver.apply(bench.now, {})
    bench.run(200 * MS)
    assert withheld(bench) == []
    assert len(pulses_of(bench.finish())[1]) == 80
    assert bench.all_of(Acked)[-1].what is Doing.APPLY
