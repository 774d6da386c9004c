"""Doublets and triplets of a RehaStim2: what it makes by itself, exactly, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stimctl.devices.events import Withheld
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.errors import LimitRefusedError
from stimctl.safety import (
    Cleared,
    Electrode,
    Profile,
    Refusal,
    clear,
    clear_together,
    envelope_for,
)
from stimctl.stimulus import Burst, Pulse, PulseShape, Stimulus, worst_second
from stimctl.wire.sciencemode2 import messages as sm2
from tests.support.driver_bench import S
from tests.support.output_brute import fits, pulses_of, worst
from tests.support.rehastim2_bench import MS, Bench

BOX = envelope_for(REHASTIM2_SHEET.bounds, Electrode(area_mm2=10_000), profile=Profile.RESEARCH)


def bursts(pulses: int, bursts_mhz: int, inside_mhz: int, ua: int = 20_000) -> Stimulus:
    return Stimulus(
        pulse=Pulse(shape=PulseShape.SYMMETRIC, amplitude_ua=ua, phase_width_us=200),
        frequency_mhz=inside_mhz,
        burst=Burst(pulses_per_burst=pulses, burst_frequency_mhz=bursts_mhz),
    )


def cleared(*numbers: int) -> Cleared:
    answer = clear(bursts(*numbers), BOX)
    assert isinstance(answer, Cleared), answer
    return answer


@pytest.mark.parametrize(
    ("pulses", "bursts_mhz", "inside_mhz", "period_us", "gap_us"),
    [
        (2, 20_000, 100_000, 50_000, 10_000),
        (3, 5_000, 125_000, 200_000, 8_000),
        (2, 1_000, 10_000, 1_000_000, 100_000),
        (3, 3_300, 80_000, 303_500, 12_500),
        (2, 62_500, 125_000, 16_000, 8_000),
    ],
)
def test_the_device_makes_them_and_no_second_holds_more_than_was_cleared(
    pulses: int, bursts_mhz: int, inside_mhz: int, period_us: int, gap_us: int
) -> None:
    proof = cleared(pulses, bursts_mhz, inside_mhz)
    assert proof.period_us == period_us
    assert proof.group == (pulses, gap_us)
    bench = Bench().connected()
    bench.driver.apply(bench.now, {1: proof.point(20_000)})
    bench.kept(4 * S)
    (setup,) = [one for one in bench.sent() if isinstance(one, sm2.InitChannelListMode)]
    assert (setup.main_interval_us, setup.inter_pulse_interval_us) == (period_us, gap_us)
    assert bench.all_of(Withheld) == []
    assert bench.logged("intervals raised") == []
    found = pulses_of(bench.finish())[1]
    assert [found[n].at_us - found[n - 1].at_us for n in range(1, pulses)] == [gap_us] * (
        pulses - 1
    )
    assert found[pulses].at_us - found[0].at_us == period_us
    assert fits(worst(found), proof.second)
    rounding = period_us * bursts_mhz != 10**9
    assert worst(found)[0] == proof.second.pulses or rounding


def test_single_pulses_and_groups_share_a_list() -> None:
    single = Stimulus(pulse=bursts(2, 20_000, 100_000).pulse, frequency_mhz=20_000)
    found = clear_together({1: (bursts(2, 20_000, 100_000), BOX), 2: (single, BOX)})
    assert not isinstance(found, Refusal), found
    bench = Bench().connected()
    bench.driver.apply(bench.now, {1: found[1].point(20_000), 2: found[2].point(10_000)})
    bench.kept(2 * S)
    record = pulses_of(bench.finish())
    assert len(record[1]) == 2 * len(record[2])
    assert worst(record[2])[0] == 20


@pytest.mark.hazard("H39")
@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ((4, 5_000, 100_000), "makes groups of 2 to 3 pulses, not of 4"),
        ((20, 1_100, 200_000), "makes groups of 2 to 3 pulses"),
        ((2, 20_000, 200_000), "sets 8 ms to 129 ms between the pulses of a group"),
        ((2, 20_000, 90_000), "90 Hz inside a burst is none of these"),
        ((2, 1_000, 5_000), "sets 8 ms to 129 ms"),
        ((2, 900, 100_000), "below the device minimum"),
        ((3, 40_000, 100_000), "do not fit a burst period"),
        ((1, 2_000, 100_000), "makes groups of 2 to 3 pulses, not of 1"),
    ],
)
def test_what_the_device_does_not_make_is_refused_with_the_true_reason(
    numbers: tuple[int, int, int], why: str
) -> None:
    answer = clear(bursts(*numbers), BOX)
    assert isinstance(answer, Refusal)
    assert why in answer.message


def test_one_gap_for_all_channels_and_a_longer_one_for_both_modules() -> None:
    one, other = bursts(2, 10_000, 100_000), bursts(2, 10_000, 80_000)
    no = clear_together({1: (one, BOX), 2: (other, BOX)})
    assert isinstance(no, Refusal)
    assert "one gap between the pulses of all groups, 10 ms" in no.message
    no = clear_together({1: (one, BOX), 5: (one, BOX)})
    assert isinstance(no, Refusal)
    assert "at least 16 ms" in no.message
    slow = bursts(2, 10_000, 62_500)
    assert not isinstance(clear_together({1: (slow, BOX), 5: (slow, BOX)}), Refusal)


@pytest.mark.hazard("H39")
def test_the_gate_judges_groups_once_more() -> None:
    """What was cleared for another device need not suit a RehaStim2."""
    other = replace(REHASTIM2_SHEET.bounds, pulses_per_group_max=9, period_min_us=1_000)
    box = envelope_for(other, Electrode(area_mm2=10_000), profile=Profile.RESEARCH)
    for numbers in ((4, 5_000, 100_000), (2, 20_000, 200_000), (2, 20_000, 250_000)):
        proof = clear(bursts(*numbers), box)
        assert isinstance(proof, Cleared), proof
        bench = Bench().connected()
        with pytest.raises(LimitRefusedError):
            bench.driver.apply(bench.now, {1: proof.point(20_000)})


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("numbers", [(2, 1_000, 100_000), (3, 2_000, 125_000)])
def test_groups_are_not_restarted_by_a_stop(numbers: tuple[int, int, int]) -> None:
    proof = cleared(*numbers)
    bench = Bench().connected()
    for _ in range(12):
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        bench.kept(130 * MS)
        bench.driver.stop(bench.now)
        bench.run(30 * MS)
    found = worst(pulses_of(bench.finish())[1])
    assert fits(found, proof.second)
    assert proof.second == worst_second(bursts(*numbers))


def test_amplitudes_of_groups_ramp_as_those_of_pulses_do() -> None:
    proof = cleared(2, 20_000, 100_000)
    bench = Bench().connected()
    for step in range(1, 11):
        bench.driver.apply(bench.now, {1: proof.point(step * 2_000)})
        bench.kept(240 * MS)
    assert bench.all_of(Withheld) == []
    heights = [one.square for one in pulses_of(bench.finish())[1]]
    assert heights == sorted(heights)
    assert len(set(heights)) == 10
