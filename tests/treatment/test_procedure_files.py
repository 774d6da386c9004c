"""Files of class procedure: what may be written, what is refused with its place, what is drawn."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from stimctl.devices.registry import FAMILIES
from stimctl.errors import ProtocolFileError
from stimctl.safety import Profile, Refusal
from stimctl.treatment.event_plan import StageEvents
from stimctl.treatment.prediction import predict
from tests.support.procedures import LADDER, SKIN, STAIRS, curve, procedure, procedure_text, ruled
from tests.support.staged_samples import compiled, example, stage, staged, staged_plan, staged_text

S = 1_000_000
RANDOM = 'every = "1 s", levels = ["20 %", "60 %", "100 %"], repeats = 4, order = "random"'


def problem_of(text: str) -> ProtocolFileError:
    with pytest.raises(ProtocolFileError) as caught:
        staged(text)
    return caught.value


def in_curve(events: str, **how: str) -> str:
    return procedure_text(LADDER, curve(events), **how)


def in_rule(words: str, events: str = 'every = "1 s"') -> str:
    return procedure_text(ruled(f"rule = {{ {words} }}", events))


LIMITS = (
    'kind = "limits", answer = "felt", wait = "400 ms", steps = ["1 mA"], repeats = 4, '
    'gives = "sensory-threshold"'
)
CYCLIC = 'waveform = { shape = "biphasic-symmetric", phase_width = "200 us"'

WRONG = {
    "a program stage": (
        procedure_text(stage("a", "1 min")), "stages[0].kind", 'of class "procedure"',
    ),
    "an events stage in a cyclic file": (
        staged_text(stage("a", "1 min", 'kind = "events"'),
                    session='shortest = "1 min", longest = "1 min"'),
        "stages[0].kind", 'of class "cyclic"',
    ),
    "events in a cyclic file": (
        staged_text(stage("a", "1 min", 'events = { every = "1 s" }'),
                    session='shortest = "1 min", longest = "1 min"'),
        "stages[0].events", 'class = "procedure"',
    ),
    "no rate in a cyclic file": (
        staged_text(stage("a", "1 min"), SKIN, session='shortest = "1 min", longest = "1 min"'),
        "channels[0].waveform.frequency", "is missing",
    ),
    "a rate in a procedure": (
        procedure_text(LADDER, channels=SKIN.replace('"200 us"', '"200 us", frequency = "2 Hz"')),
        "channels[0].waveform.frequency", "events.every says",
    ),
    "a cycle in a procedure": (
        procedure_text(LADDER, channels=SKIN + 'cycle = { on = "4 s", off = "4 s", '
                       'ramp_up = "1 s", ramp_down = "1 s" }\n'),
        "channels[0].cycle", "a procedure has none",
    ),
    "two roles at once": (
        procedure_text(LADDER, channels=SKIN + SKIN.replace('"one"', '"two"')),
        "stages[0].roles", "one role",
    ),
    "no events": (
        procedure_text(stage("a", "1 min", 'kind = "tune"')), "stages[0].events", "is missing",
    ),
    "a level above the plateau": (
        in_curve('every = "1 s", levels = ["120 %"]'), "stages[1].events.levels", "A13",
    ),
    "more jitter than half": (
        in_curve('every = "1 s", jitter = "600 ms"'), "stages[1].events.jitter", "half",
    ),
    "a count that is no product": (
        in_curve('every = "1 s", levels = ["50 %", "100 %"], repeats = 3, count = 5'),
        "stages[1].events.count", "come to 6",
    ),
    "too many for the stage": (
        procedure_text(LADDER, curve('every = "10 s", count = 60', "1 min")),
        "stages[1].duration", "up to 602.2 s",
    ),
    "pulses within an event": (
        in_curve('every = "1 s", pulses = 2, interval = "50 ms"'), "stages[1].events.pulses",
        "one pulse",
    ),
    "chance without a seed": (
        in_curve(RANDOM, more=""), "stages[1].events.order", "seed",
    ),
    "a group that does not fit": (
        in_curve('every = "1 s", group = 5, group_every = "3 s"'), "stages[1].events.group_every",
        "up to 5 s",
    ),
    "an own plateau without a rule": (
        procedure_text(stage("a", "1 min", 'kind = "events"\nevents = { every = "1 s" }')),
        "stages[0].plateau", "tune stage",
    ),
    "a rule on a plateau": (
        procedure_text(LADDER, ruled(f'plateau = "ladder"\n{STAIRS}')), "stages[1].plateau",
        "begins at 0 mA",
    ),
    "a rule in a tune stage": (
        procedure_text(LADDER + STAIRS),
        "stages[0].rule", "a hand raises",
    ),
    "an answer by too much": (
        in_rule(LIMITS.replace('"felt"', '"too-much"')), "stages[0].rule.answer", "too much ends",
    ),
    "no time for the answer": (
        in_rule(LIMITS.replace("400 ms", "800 ms")), "stages[0].rule.wait", "before the next event",
    ),
    "a step above 2 mA": (
        in_rule(LIMITS.replace('["1 mA"]', '["4 mA", "1 mA"]')), "stages[0].rule.steps", "A16",
    ),
    "steps that grow": (
        in_rule(LIMITS.replace('["1 mA"]', '["1 mA", "2 mA"]')), "stages[0].rule.steps", "smaller",
    ),
    "no end": (
        in_rule(LIMITS.replace(", repeats = 4", "")), "stages[0].rule", "ends by repeats",
    ),
    "an end of another rule": (
        in_rule(LIMITS + ", hits = 3"), "stages[0].rule.hits", 'not of the rule "limits"',
    ),
    "nothing left to count": (
        in_rule(LIMITS + ", discard = 4"), "stages[0].rule.discard", "less than 4",
    ),
    "twitches that fuse": (
        procedure_text(stage("a", "1 min", 'kind = "tune"\nevents = { every = "100 ms", '
                             'jitter = "50 ms" }'), channels=SKIN.replace("false", "true")),
        "stages[0].events.every", "W16",
    ),
    "a current to go to": (
        in_curve('every = "1 s", levels = ["5 mA"]'), "stages[1].events.levels[0]", "5 mA",
    ),
}  # fmt: skip


@pytest.mark.hazard("H81")
@pytest.mark.parametrize("name", WRONG)
def test_what_makes_no_sense_is_refused_with_its_place(name: str) -> None:
    text, field, words = WRONG[name]
    problem = problem_of(text)
    assert problem.field == field, problem
    assert re.search(re.escape(words), str(problem)), problem


@pytest.mark.parametrize("name", ["v2-recruitment-curve", "v2-sensory-staircase"])
@pytest.mark.parametrize("family", ["p24", "rehamove3"])
def test_the_examples_compile_on_every_device_with_fine_steps(name: str, family: str) -> None:
    plan = compiled(example(name), 10_000, sheet=FAMILIES[family].sheet)
    assert not isinstance(plan, Refusal), plan.message
    assert all(stage.events is not None for stage in plan.stages)


def test_every_level_comes_as_often_as_asked_and_in_its_order() -> None:
    def levels(order: str) -> tuple[int, ...]:
        words = RANDOM.replace('"random"', f'"{order}"')
        events = procedure(LADDER, curve(words)).stages[1].events
        assert events is not None
        return events.levels

    assert levels("listed") == (200, 600, 1000) * 4
    assert levels("ascending") == (200,) * 4 + (600,) * 4 + (1000,) * 4
    assert levels("descending") == (1000,) * 4 + (600,) * 4 + (200,) * 4
    drawn = levels("random")
    assert sorted(drawn) == sorted(levels("listed"))
    assert drawn not in (levels("listed"), levels("ascending"), levels("descending"))


def test_a_range_of_levels_holds_both_its_ends() -> None:
    words = 'every = "1 s", levels = { from = "10 %", to = "100 %", steps = 16 }'
    events = procedure(LADDER, curve(words)).stages[1].events
    assert events is not None
    assert (events.levels[0], events.levels[-1], len(events.levels)) == (100, 1000, 16)
    assert {later - earlier for earlier, later in pairwise(events.levels)} == {60}


def _with_seed(seed: int) -> StageEvents:
    text = in_curve(f'jitter = "400 ms", {RANDOM}', more=f"seed = {seed}")
    text = text.replace('every = "700 ms"', 'every = "600 ms"')
    events = staged_plan(text, 5_000).stages[1].events
    assert events is not None
    return events


def test_the_same_seed_draws_the_same_and_another_one_another_order_and_other_times() -> None:
    one, same, other = _with_seed(1), _with_seed(1), _with_seed(2)
    assert one == same
    assert one.levels != other.levels
    times = [[each.interval_us(number) for number in range(20)] for each in (one, other)]
    assert times[0] != times[1]
    assert all(600_000 <= one <= 1_400_000 for drawn in times for one in drawn)


@pytest.mark.hazard("H81")
def test_no_time_holds_more_events_than_the_plan_says_it_may() -> None:
    for seed in range(1, 40):
        events = _with_seed(seed)
        for seconds in (2, 3, 5, 9):
            at_us, count = 0, 0
            while (at_us := events.next_us(count, at_us, 0)) <= seconds * S:
                count += 1
            assert count <= by_time(events, seconds * S)


def by_time(events: StageEvents, duration_us: int) -> int:
    """The bound by time alone: there the count of the file is not what holds."""
    most = events.most_in(duration_us)
    return most if most < events.count else 10**9


def test_groups_come_at_their_own_distance() -> None:
    words = 'every = "1 s", group = 3, group_every = "10 s", count = 7'
    events = procedure(LADDER, curve(words)).stages[1].events
    assert events is not None
    at_us = group_us = 0
    found = []
    for number in range(7):
        at_us = events.next_us(number, at_us, group_us)
        group_us = at_us if number % 3 == 0 else group_us
        found.append(at_us // S)
    assert found == [1, 2, 3, 11, 12, 13, 21]


def test_the_dose_of_a_procedure_is_the_most_that_may_come() -> None:
    plan = procedure(LADDER, curve('every = "1 s", count = 30'))
    (dose,) = predict(plan)
    assert dose.pulses == 120 * 10 // 7 + 30
    assert dose.charge_uc == dose.pulses * 10_000 * 200 / 1_000_000
    assert dose.peak_ua == 10_000


@pytest.mark.hazard("H81")
def test_what_decides_a_procedure_is_in_its_digest() -> None:
    words = [
        in_curve(RANDOM), in_curve(RANDOM, more="seed = 2"), in_curve(RANDOM.replace("1 s", "2 s")),
        in_curve(RANDOM.replace("20 %", "30 %")), in_curve(RANDOM.replace("s = 4", "s = 3")),
        procedure_text(ruled()), procedure_text(ruled(STAIRS.replace("s = 6", "s = 8"))),
    ]  # fmt: skip
    digests = [staged_plan(text, 5_000).digest() for text in words]
    assert len(set(digests)) == len(words)


@pytest.mark.hazard("H81")
@pytest.mark.parametrize("mark", ["pain-threshold", "reflex-threshold"])
def test_thresholds_that_hurt_are_for_the_research_profile(mark: str) -> None:
    by_rule = staged(procedure_text(ruled(STAIRS.replace("sensory-threshold", mark))))
    by_hand = staged(procedure_text(LADDER + f'marks = ["{mark}"]\n', curve('every = "1 s"')))
    for protocol in (by_rule, by_hand):
        refusal = compiled(protocol, 5_000)
        assert isinstance(refusal, Refusal)
        assert refusal.limit_id == "N9"
        assert not isinstance(compiled(protocol, 5_000, profile=Profile.RESEARCH), Refusal)


def test_a_plateau_of_slow_events_is_no_plateau_of_fast_ones() -> None:
    text = procedure_text(LADDER, curve('every = "100 ms", count = 50'))
    refusal = compiled(staged(text), 5_000)
    assert isinstance(refusal, Refusal)
    assert refusal.limit_id == "A12"
