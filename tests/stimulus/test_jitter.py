"""Intervals of chance: the same from one seed, within what was asked for, given by the device."""

from __future__ import annotations

from itertools import accumulate, groupby, pairwise

import pytest

from stimctl.devices.registry import FAMILIES
from stimctl.errors import ProtocolFileError
from stimctl.safety import Refusal
from stimctl.stimulus import Pulse, PulseShape, Stimulus, worst_second
from stimctl.stimulus.jitter import Jitter
from stimctl.stimulus.stream import seed_for
from stimctl.treatment.timeline import moments
from tests.support.delivered import started
from tests.support.output_brute import fits, pulses_of, worst
from tests.support.staged_samples import compiled, stage, staged, staged_plan, staged_text

S = 1_000_000_000
LAW = '{ interval = "42 ms", jitter = "5 ms" }'
GOLDEN = [47_000, 40_000, 46_000, 42_500, 42_500, 45_000, 38_500, 40_000]


def text_of(law: str = LAW, *, seed: str = "seed = 7", more: str = "", channels: str = "") -> str:
    return staged_text(
        stage("first", "10 s", f"waveform = {{ frequency = {law}{more} }}"), channels,
        session='shortest = "10 s", longest = "10 s"', more=seed,
    )  # fmt: skip


def law_of(seed: int = 7, interval_us: int = 42_000, jitter_us: int = 5_000) -> Jitter:
    return Jitter(interval_us=interval_us, jitter_us=jitter_us, seed=seed)


def test_the_sequence_of_a_seed_is_always_the_same() -> None:
    law = law_of(seed_for(7, "first", "0", "one", "frequency"))
    assert [law.interval(number) for number in range(8)] == GOLDEN
    told = [moment.drives[0].period_us for moment in moments(staged_plan(text_of()))]
    assert [one for one, _ in groupby(told)][:6] == [one for one, _ in groupby(GOLDEN)][:6]
    other = staged_plan(text_of(seed="seed = 8"))
    assert [moment.drives[0].period_us for moment in moments(other)][:8] != told[:8]


def test_every_interval_is_as_likely_as_any_other() -> None:
    law = law_of(interval_us=4_000, jitter_us=1_000)
    found = [law.interval(number) for number in range(5_000)]
    assert set(found) == {3_000, 3_500, 4_000, 4_500, 5_000}
    assert all(900 < found.count(one) < 1_100 for one in set(found))


def test_the_course_is_looked_up_at_any_time_as_if_it_had_been_followed() -> None:
    law = law_of()
    times = [law.shortest_us // 2, *(law.interval(n) for n in range(50))]
    said = list(accumulate(times))
    assert law.interval_at(0) == law.interval(0)
    for number, at_us in enumerate(said[:-1]):
        assert law.interval_at(at_us) == law.interval(number)
        assert law.interval_at(at_us - 1) == law.interval(max(0, number - 1))
        assert law.next_change_us(at_us) == said[number + 1]


def test_what_is_told_as_a_rate_is_the_interval_rounded_up_and_within_both_ends() -> None:
    law = law_of()
    for at_us in range(0, 3_000_000, 17_000):
        rate_mhz, interval_us = law.held_at(at_us), law.interval_at(at_us)
        assert rate_mhz == law.value_at(at_us)
        assert rate_mhz - 1 < 1e9 / interval_us <= rate_mhz
        assert law.lowest <= rate_mhz <= law.highest
    # A plateau rises by 2 mA in so long (A20): as many values were met as the rule asks for.
    assert law.round_us == 10 * law.interval_us


@pytest.mark.hazard("H79")
def test_no_second_of_any_seed_holds_more_than_is_counted() -> None:
    pulse = Pulse(shape=PulseShape.SYMMETRIC, amplitude_ua=20_000, phase_width_us=200)
    for seed in range(300):
        law = law_of(
            seed, interval_us=(20_000, 42_000)[seed % 2], jitter_us=(10_000, 500)[seed % 2]
        )
        stimulus = Stimulus(pulse=pulse, frequency_mhz=law.highest, frequency_sweep=law)
        starts = list(accumulate((law.interval(n) for n in range(200)), initial=0))
        most = max(
            sum(at <= other < at + 1_000_000 for other in starts[n : n + 110])
            for n, at in enumerate(starts[:90])
        )
        assert most <= worst_second(stimulus).pulses


@pytest.mark.parametrize("device", ["p24", "rehamove3"])
def test_the_device_gives_the_intervals_that_were_drawn(device: str) -> None:
    plan = staged_plan(text_of(), 2_000, sheet=FAMILIES[device].sheet)
    bench = started(plan, family=device)
    bench.run_for(8 * S)
    bench.twin.power_off(bench.now_ns)
    found = pulses_of(bench.twin.records())[1]
    given = [later.at_us - earlier.at_us for earlier, later in pairwise(found)]
    assert all(37_000 <= one <= 47_000 for one in given)
    law = plan.channels[0].stimulus.frequency_sweep
    assert isinstance(law, Jitter)
    drawn = [law.interval(number) for number in range(400)]
    settled = given[-100:]  # a train that begins between two of them may take one of them twice
    assert any(drawn[n : n + 100] == settled for n in range(300))
    assert fits(worst(found), plan.channels[0].cleared.second)


def test_a_device_of_one_rhythm_says_why_it_does_not() -> None:
    no = compiled(staged(text_of()), 2_000, sheet=FAMILIES["rehastim2"].sheet)
    assert isinstance(no, Refusal)
    assert "cannot change its pulse rate while it stimulates" in no.message


@pytest.mark.hazard("H79")
def test_the_host_tells_fifty_intervals_a_second_at_most() -> None:
    role = """[[channels]]
role = "{role}"
motor = false
amplitude = {{ target = "strong-comfortable" }}
waveform = {{ shape = "biphasic-symmetric", phase_width = "200 us", frequency = "20 Hz" }}
"""
    channels = "".join(role.format(role=name) for name in ("one", "two"))
    found = compiled(staged(text_of(channels=channels)), 2_000, 2_000)
    assert not isinstance(found, Refusal), found.message
    faster = text_of('{ interval = "39 ms", jitter = "5 ms" }', channels=channels)
    no = compiled(staged(faster), 2_000, 2_000)
    assert isinstance(no, Refusal)
    assert no.limit_id == "W23"
    alone = compiled(staged(text_of('{ interval = "19.5 ms", jitter = "5 ms" }')), 2_000)
    assert isinstance(alone, Refusal)
    assert alone.limit_id == "W23"


WRONG = {
    "no seed": (text_of(seed=""), "seed"),
    "more than half": (text_of('{ interval = "40 ms", jitter = "20.5 ms" }'), "half"),
    "off the steps": (text_of('{ interval = "40.2 ms", jitter = "5 ms" }'), "steps of 500 us"),
    "with groups": (text_of(more=', nlet = { pulses = 2, interval = "5 ms" }'), "cannot change"),
    "no jitter": (text_of('{ interval = "40 ms" }'), "jitter"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_drawn_is_refused_when_the_file_is_read(name: str) -> None:
    text, why = WRONG[name]
    with pytest.raises(ProtocolFileError, match=why):
        staged(text)


@pytest.mark.parametrize(
    ("interval_us", "jitter_us", "why"),
    [(42_100, 5_000, "steps of 500 us"), (42_000, 4_999, "steps of 500 us"),
     (42_000, 21_500, "half of the interval")],
)  # fmt: skip
def test_an_interval_off_the_grid_or_with_more_chance_than_half_is_refused(
    interval_us: int, jitter_us: int, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        law_of(interval_us=interval_us, jitter_us=jitter_us)
