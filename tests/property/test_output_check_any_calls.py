"""Any calls at any times: no second holds more than was cleared, by the twin's own record."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.errors import StimctlError
from stimctl.safety import Cleared, Electrode, Profile, clear, envelope_for
from stimctl.stimulus import Burst, Cycle, Pulse, PulseShape, Stimulus
from tests.support.driver_bench import S
from tests.support.examples import examples
from tests.support.output_brute import fits, pulses_of, worst, worst_integrals
from tests.support.p24_bench import MS, Bench, cleared

PAD = Electrode(area_mm2=10_000)
TOP_UA = 20_000


def proof(inside_mhz: int, burst: Burst | None = None, cycle: Cycle | None = None) -> Cleared:
    pulse = Pulse(
        shape=PulseShape.SYMMETRIC, amplitude_ua=TOP_UA, phase_width_us=300, interphase_gap_us=100
    )
    stimulus = Stimulus(pulse=pulse, frequency_mhz=inside_mhz, burst=burst, cycle=cycle)
    answer = clear(stimulus, envelope_for(P24_SHEET.bounds, PAD, profile=Profile.RESEARCH))
    assert isinstance(answer, Cleared), answer
    return answer


PROOFS = (
    cleared(TOP_UA, 200, 50_000),
    cleared(TOP_UA, 200, 1_700),
    cleared(TOP_UA, 100, 1_000),
    proof(100_000, Burst(pulses_per_burst=5, burst_frequency_mhz=2_000)),
    proof(200_000, Burst(pulses_per_burst=20, burst_frequency_mhz=1_100)),
    proof(20_000, Burst(pulses_per_burst=2, burst_frequency_mhz=3_300)),
    # Of the device's own.
    proof(200_000, Burst(pulses_per_burst=2, burst_frequency_mhz=20_000, interval_us=5_000)),
    proof(200_000, Burst(pulses_per_burst=4, burst_frequency_mhz=1_700, interval_us=5_000)),
    proof(2_000, cycle=Cycle(on_us=2_000_000, off_us=300_000, ramp_up_us=500_000, ramp_down_us=0)),
)
CHANNELS = st.integers(1, 3)
AMPLITUDES = st.sampled_from([0, 500, 10_000, TOP_UA, TOP_UA, TOP_UA])
WAITS = st.one_of(st.integers(0, 30), st.integers(0, 700))
OPERATIONS = st.one_of(
    st.tuples(st.just("apply"), st.dictionaries(CHANNELS, AMPLITUDES, max_size=3)),
    st.tuples(st.just("apply"), st.dictionaries(CHANNELS, AMPLITUDES, max_size=3)),
    st.tuples(st.just("wait"), WAITS),
    st.tuples(st.just("wait"), WAITS),
    st.tuples(st.just("pulse"), CHANNELS, AMPLITUDES),
    st.tuples(st.just("keep alive")),
    st.tuples(st.just("stop")),
    st.tuples(st.just("connect")),
)


def perform(bench: Bench, proofs: tuple[Cleared, ...], operations: list[tuple]) -> None:
    for name, *args in operations:
        with suppress(StimctlError):
            if name == "apply":
                points = {c: proofs[c - 1].point(ua) for c, ua in args[0].items()}
                bench.driver.apply(bench.now, points)
            elif name == "pulse":
                bench.driver.pulse(bench.now, args[0], proofs[args[0] - 1].point(args[1]))
            elif name == "keep alive":
                bench.driver.keep_alive(bench.now)
            elif name == "stop":
                bench.driver.stop(bench.now)
            elif name == "connect":
                bench.driver.connect(bench.now)
        bench.run(args[0] * MS if name == "wait" else MS)


@pytest.mark.hazard("H39")
@settings(max_examples=examples(150), deadline=None)
@given(
    st.tuples(*[st.sampled_from(PROOFS)] * 3),
    st.lists(OPERATIONS, min_size=4, max_size=50),
)
def test_no_second_of_what_the_device_does_is_above_what_was_cleared(
    proofs: tuple[Cleared, ...],
    operations: list[tuple],
) -> None:
    bench = Bench().connected()
    perform(bench, proofs, operations)
    bench.run(2 * S)
    rows = bench.finish()
    for channel, pulses in pulses_of(rows).items():
        most = proofs[channel - 1].second
        found = worst(pulses)
        assert fits(found, most), (found, most)
    for channel, integrals in worst_integrals(rows).items():
        most = proofs[channel - 1].second
        assert integrals[0] <= most.square_ua2_us
        assert integrals[1] <= most.rectified_ua_us


@settings(max_examples=examples(100), deadline=None)
@given(
    st.tuples(*[st.sampled_from(PROOFS)] * 3),
    st.lists(OPERATIONS, min_size=4, max_size=50),
    st.lists(st.integers(0, 40), min_size=1, max_size=40),
)
def test_on_a_line_that_delays_no_more_than_one_delay_lets_through(
    proofs: tuple[Cleared, ...],
    operations: list[tuple],
    delays_ms: list[int],
) -> None:
    bench = Bench().connected()
    arrived = [0, 0]
    drawn = [0]

    def line(way: int, data: bytes) -> list[tuple[int, bytes]]:
        drawn[0] += 1
        at = bench.now + delays_ms[drawn[0] % len(delays_ms)] * MS
        arrived[way] = max(arrived[way], at)  # no frame overtakes another
        return [(arrived[way] - bench.now, data)]

    bench.host_line = lambda data: line(0, data)
    bench.device_line = lambda data: line(1, data)
    perform(bench, proofs, operations)
    bench.run(2 * S)
    longest_us = max(delays_ms) * 1_000
    for channel, pulses in pulses_of(bench.finish()).items():
        proof_ = proofs[channel - 1]
        more = longest_us // proof_.shortest_period_us + 1
        assert worst(pulses)[0] <= proof_.second.pulses + more
