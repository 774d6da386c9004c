"""The lead of a hold: exactly one group, at its beginning, on every device that gives it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stimctl.bench.rehearsal import rehearse
from stimctl.devices.registry import FAMILIES
from stimctl.errors import ProtocolFileError
from stimctl.safety import Refusal
from stimctl.treatment.program import CurrentPlan
from tests.support.delivered import check_counted_to_the_last_pulse, started
from tests.support.examples import examples
from tests.support.output_brute import fits, pulses_of, worst
from tests.support.staged_samples import compiled, stage, staged, staged_plan, staged_text

MS, S = 1_000_000, 1_000_000_000
CYCLE = 'cycle = {{ on = "{on} ms", off = "{off} ms", ramp_up = "{up} ms", ramp_down = "500 ms" }}'


def text_of(
    rate: str = "25 Hz", lead: str = '{ pulses = 2, interval = "5 ms" }', *, on: int = 3_000,
    off: int = 1_500, up: int = 600, more: str = "", seconds: int = 20,
) -> str:  # fmt: skip
    wave = f'waveform = {{ frequency = "{rate}", lead = {lead}{more} }}\n'
    return staged_text(
        stage("first", f"{seconds} s", wave + CYCLE.format(on=on, off=off, up=up)),
        session=f'shortest = "{seconds} s", longest = "{seconds} s"',
    )


def record(plan: CurrentPlan, family: str) -> list[dict[str, object]]:
    """What a twin gives while a script raises the plan to its end."""
    bench = started(plan, family=family)
    bench.run_for(plan.duration_us * 1_000 + S)
    bench.twin.power_off(bench.now_ns)
    return bench.twin.records()


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("device", ["p24", "rehamove3"])
@pytest.mark.parametrize(
    ("rate", "pulses", "up"),
    [("50 Hz", 2, 600), ("14286 mHz", 2, 1_000), ("20 Hz", 4, 500)],  # 20, 70 and 50 ms apart
)
def test_each_hold_begins_with_one_group_and_all_is_counted_to_the_last_pulse(
    device: str, rate: str, pulses: int, up: int
) -> None:
    lead = f'{{ pulses = {pulses}, interval = "5 ms" }}'
    plan = staged_plan(text_of(rate, lead, up=up), 3_000, sheet=FAMILIES[device].sheet)
    check_counted_to_the_last_pulse(rehearse(plan))
    starts = [one.at_us for one in pulses_of(record(plan, device))[1]]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    firsts = [n for n in range(1, len(gaps)) if gaps[n] == 5_000 != gaps[n - 1]]
    assert len(firsts) == 3  # of four: in the first one the script has only begun to raise
    assert gaps.count(5_000) == 3 * (pulses - 1)
    assert {starts[b] - starts[a] for a, b in pairwise(firsts)} == {4_500_000}
    # The train of the ramp has ended before: the group stands in no pulse's place.
    assert all(gaps[n - 1] > plan.channels[0].period_us for n in firsts)


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("device", ["p24", "rehamove3"])
@settings(max_examples=examples(3), deadline=None)
@given(
    st.integers(3_000, 50_000), st.integers(2, 4), st.integers(1_000, 9_000),
    st.integers(500, 2_000), st.integers(100, 1_500),
)  # fmt: skip
def test_no_second_holds_more_than_was_cleared_with_its_leads(
    device: str, rate_mhz: int, pulses: int, interval_us: int, up_ms: int, off_ms: int
) -> None:
    lead = f'{{ pulses = {pulses}, interval = "{interval_us} us" }}'
    text = text_of(f"{rate_mhz} mHz", lead, on=up_ms + 1_200, off=off_ms, up=up_ms, seconds=10)
    try:
        plan = compiled(staged(text), 2_000, sheet=FAMILIES[device].sheet)
    except ProtocolFileError:
        assume(False)
    assume(not isinstance(plan, Refusal))
    assert not isinstance(plan, Refusal)
    rows = record(plan, device)
    found = pulses_of(rows)[1]
    (channel,) = plan.channels
    assert fits(worst(found), channel.cleared.second)
    starts = [one.at_us for one in found]
    close = [later - earlier for earlier, later in pairwise(starts)]
    least_us = channel.period_us - (pulses - 1) * interval_us
    assert min(close) in (interval_us, channel.period_us)
    assert all(gap == interval_us or gap >= least_us for gap in close)


@pytest.mark.hazard("H39")
@pytest.mark.parametrize(("pulses", "interval_us"), [(4, 3_100), (2, 9_500)])
def test_a_late_line_makes_no_second_group_of_a_lead_that_is_as_long_as_it_may_be(
    pulses: int, interval_us: int
) -> None:
    lead = f'{{ pulses = {pulses}, interval = "{interval_us} us" }}'
    plan = staged_plan(text_of("50 Hz", lead, off=2_000, seconds=30), 2_000)
    bench = started(plan, "jitter@1s,most=3ms")
    bench.run_for(plan.duration_us * 1_000 + S)
    bench.twin.power_off(bench.now_ns)
    (channel,) = plan.channels
    assert fits(worst(pulses_of(bench.twin.records())[1]), channel.cleared.second)


WRONG = {
    "without a cycle": (text_of().replace(CYCLE.format(on=3_000, off=1_500, up=600), ""), "cycle"),
    "faster than 50 Hz": (text_of("50001 mHz"), "at most 50 Hz"),
    "with groups": (text_of(more=', nlet = { pulses = 2, interval = "4 ms" }'), "single pulses"),
    "of a rate that changes": (
        text_of().replace('"25 Hz"', '{ sweep = ["20 Hz", "25 Hz"], period = "2 s" }'),
        "one frequency",
    ),
    "with active rest": (
        text_of(off=2_500).replace('"500 ms" }', '"500 ms", rest = { frequency = "4 Hz" } }'),
        "active rest",
    ),
    "after a ramp that is too short": (text_of("9 Hz", up=500), "ramp_up must be at least 750 ms"),
    "longer than the period": (
        text_of(lead='{ pulses = 8, interval = "5.8 ms" }'),
        "interval is at most 4.2 ms",
    ),
    "that leaves the host no time": (
        text_of("50 Hz", lead='{ pulses = 4, interval = "6.5 ms" }'),
        "interval is at most 3.2 ms",
    ),
    "that no interval makes short enough": (
        text_of("50 Hz", '{ pulses = 8, interval = "2 ms" }', more=', phase_width = "700 us"'),
        "give fewer pulses",
    ),
    "of nine pulses": (text_of(lead='{ pulses = 9, interval = "2 ms" }'), "too large"),
}


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("name", WRONG)
def test_a_lead_that_cannot_be_certain_is_refused_when_the_file_is_read(name: str) -> None:
    text, why = WRONG[name]
    with pytest.raises(ProtocolFileError, match=why):
        staged(text)


@pytest.mark.hazard("H39")
def test_a_device_that_cannot_change_its_form_for_one_pulse_says_so() -> None:
    no = compiled(staged(text_of()), 2_000, sheet=FAMILIES["rehastim2"].sheet)
    assert isinstance(no, Refusal)
    assert no.limit_id == "W22"
    assert "may be overwritten" in no.message


def test_a_lead_of_too_many_points_is_refused() -> None:
    lead = '{ pulses = 6, interval = "5 ms" }'
    no = compiled(staged(text_of(lead=lead)), 2_000)
    assert isinstance(no, Refusal)
    assert "22 points" in no.message
