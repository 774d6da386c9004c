"""The final output check holds for a RehaStim2 as for a P24."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest

from stimctl.devices.events import Withheld
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.errors import LimitRefusedError
from stimctl.safety import Cleared, Electrode, Profile, clear, envelope_for
from stimctl.stimulus import Burst, Pulse, PulseShape, Stimulus
from tests.support import rehastim2_bench
from tests.support.driver_bench import S
from tests.support.output_brute import fits, pulses_of, worst
from tests.support.p24_bench import MS

PAD = Electrode(area_mm2=10_000)


def reha_bursts() -> Cleared:
    """Cleared for bursts, which no RehaStim2 counts out: its driver must count all the same."""
    device = replace(REHASTIM2_SHEET.bounds, fixed_rhythm=False)
    pulse = Pulse(shape=PulseShape.SYMMETRIC, amplitude_ua=20_000, phase_width_us=200)
    burst = Burst(pulses_per_burst=5, burst_frequency_mhz=2_000)
    answer = clear(
        Stimulus(pulse=pulse, frequency_mhz=50_000, burst=burst),
        envelope_for(device, PAD, profile=Profile.RESEARCH),
    )
    assert isinstance(answer, Cleared), answer
    return answer


@pytest.mark.hazard("H39")
def test_a_rehastim2_train_is_closed_when_its_second_is_full() -> None:
    proof = reha_bursts()
    bench = rehastim2_bench.Bench().connected()
    bench.driver.apply(bench.now, {1: proof.point(20_000)})
    bench.kept(2 * S)
    (held,) = bench.all_of(Withheld)
    assert held.closed
    pulses = pulses_of(bench.finish())[1]
    assert fits(worst(pulses), proof.second)
    assert len(pulses) == proof.second.pulses == 10


@pytest.mark.parametrize("off_ms", [20, 200, 700])
def test_a_slow_rehastim2_train_is_not_restarted_by_a_stop(off_ms: int) -> None:
    proof = rehastim2_bench.cleared(20_000, 200, 1_000)
    bench = rehastim2_bench.Bench().connected()
    for _ in range(8):
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        bench.kept(60 * MS)
        bench.driver.stop(bench.now)
        bench.run(off_ms * MS)
    bench.kept(S)
    assert fits(worst(pulses_of(bench.finish())[1]), proof.second)
    assert bench.all_of(Withheld)


def test_a_rehastim2_channel_that_joins_a_running_list_keeps_its_rhythm() -> None:
    proof = rehastim2_bench.cleared(20_000, 200, 2_000)
    bench = rehastim2_bench.Bench().connected()
    for _ in range(20):
        bench.driver.apply(bench.now, {1: proof.point(20_000)})
        bench.kept(170 * MS)
        bench.driver.apply(bench.now, {1: proof.point(0)})
        bench.kept(40 * MS)
    assert bench.all_of(Withheld) == []
    assert fits(worst(pulses_of(bench.finish())[1]), proof.second)


@pytest.mark.hazard("H39")
def test_single_pulses_of_a_rehastim2_keep_their_interval() -> None:
    proof = rehastim2_bench.cleared(20_000, 200, 2_000)
    bench = rehastim2_bench.Bench().connected()
    for _ in range(60):
        with suppress(LimitRefusedError):
            bench.driver.pulse(bench.now, 1, proof.point(20_000))
        bench.kept(50 * MS)
    pulses = pulses_of(bench.finish())[1]
    assert len(pulses) == 6
    assert min(b.at_us - a.at_us for a, b in pairwise(pulses)) >= 500_000
