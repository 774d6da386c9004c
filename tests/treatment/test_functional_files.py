"""Files of class "functional": what they may say, what is told against them, what they become."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from stimctl.devices.registry import FAMILIES
from stimctl.errors import ProtocolFileError
from stimctl.safety import Refusal
from stimctl.stimulus.second import worst_second_pulses
from stimctl.treatment.functional_bounds import at_most
from stimctl.treatment.prediction import predict
from stimctl.treatment.program import StageKind
from tests.support.functional_world import (
    ACTIVATION,
    EVENT,
    KEY,
    LEVEL,
    ON_WHILE,
    PHASE,
    STATE,
    channel,
    functional_plan,
    functional_text,
)
from tests.support.staged_samples import compiled, example, staged

QUARTER = ACTIVATION + 'from = "0 deg", to = "90 deg"'
WRONG: dict[str, tuple[str, str, str]] = {
    "a cyclic file with inputs": (
        functional_text({"one": ON_WHILE}).replace('class = "functional"', 'class = "cyclic"'),
        "class", 'need class = "functional"',
    ),
    "an unknown input": (
        functional_text({"one": ON_WHILE.replace('"in"', '"im"')}),
        "inputs[0].name", "is no input of this file",
    ),
    "a key for a state": (
        functional_text({"one": ON_WHILE}, STATE.replace('"udp"', '"key"')),
        "inputs[0].sources", "when a key is released",
    ),
    "a phase without unit": (
        functional_text(
            {"one": QUARTER}, PHASE.replace('unit = "deg",', "")
        ),
        "inputs[0].unit", "a phase counts in",
    ),
    "too fast a phase": (
        functional_text(
            {"one": QUARTER}, PHASE.replace("70 rpm", "130 rpm")
        ),
        "inputs[0].rate", "at most 120 rpm",
    ),
    "keys of another kind": (
        functional_text({"one": ACTIVATION + 'on = "2 s", from = "3 deg"'}, EVENT),
        "stages[1].activation.one.from", "not for an input of the kind event",
    ),
    "nothing that starts it": (
        functional_text({"one": ACTIVATION + 'stop = "fall"'}),
        "stages[1].activation.one.start", "is missing",
    ),
    "no hysteresis": (
        functional_text({"one": ACTIVATION + 'above = "30 %", below = "28 %"'}, LEVEL),
        "stages[1].activation.one.below", "5 %",
    ),
    "ramps that do not fit": (
        functional_text({"one": 'input = "in", on = "200 ms", ramp_up = "150 ms"'}, EVENT),
        "stages[1].activation.one", "W5",
    ),
    "an on time above the duty": (
        functional_text(
            {"one": ON_WHILE + ', longest = "30 s"'}, more='duty = "40 %"'
        ),
        "stages[1].activation.one.longest", "W17",
    ),
    "a plateau of its own": (
        functional_text({"one": ON_WHILE}).replace('plateau = "tune"\n', ""),
        "stages[1].plateau", "where a hand found it",
    ),
    "a latency that nothing keeps": (
        functional_text({"one": ON_WHILE}, latency="10 ms"), "inputs[0].latency", "too small",
    ),
    "a rate that changes": (
        functional_text(
            {"one": ON_WHILE},
            more='waveform = { frequency = { list = ["40 Hz", "20 Hz"], dwell = "1 s" } }',
        ),
        "stages[1].waveform", "constant",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_place(name: str) -> None:
    text, field, says = WRONG[name]
    with pytest.raises(ProtocolFileError) as caught:
        staged(text)
    assert caught.value.field == field, str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("says", "of"),
    [
        (ON_WHILE + ', extend = "200 ms"', STATE),
        (ACTIVATION + 'on = "2 s"', EVENT),
        (ACTIVATION + 'on = "2 s"', KEY),
        (ACTIVATION + 'from = "280 deg", to = "20 deg", lead = "120 ms"', PHASE),
        (ACTIVATION + 'from = "64 %", to = "95 %"', PHASE.replace('"deg"', '"%"')),
        (ACTIVATION + 'above = "30 %", below = "20 %"', LEVEL),
    ],
)
def test_each_kind_of_input_compiles(says: str, of: str) -> None:
    plan = functional_plan({"one": says}, of)
    stage = plan.stages[1]
    assert stage.kind is StageKind.FUNCTIONAL
    assert stage.switching is not None
    assert stage.switching.switches[1].input == "in"


def test_muscle_output_that_inputs_switch_needs_no_cycle() -> None:
    """W17 stands in for W6; the worst second is that of a train that never ends."""
    plan = functional_plan({"one": ON_WHILE})
    one = plan.stages[1].channel(1)
    assert one is not None
    assert one.cycle is None
    assert one.motor
    assert worst_second_pulses(one.stimulus) == 40


def test_starts_that_come_before_a_period_is_over_count_in_the_worst_second() -> None:
    """16 Hz is a pulse each 62.5 ms: a rest of 50 ms lets each start come early."""
    early = functional_text({"one": ON_WHILE + ', refractory = "50 ms"'}).replace("40 Hz", "16 Hz")
    plan = compiled(staged(early), 5_000)
    assert isinstance(plan, Refusal)  # stronger than what was found in the tune stage
    assert plan.limit_id == "A12"
    later: Any = compiled(staged(early.replace('"50 ms"', '"70 ms"')), 5_000)
    assert worst_second_pulses(later.stages[1].channel(1).stimulus) == 16


@pytest.mark.hazard("H82")
def test_a_device_that_is_too_slow_for_the_file_is_refused() -> None:
    """K15: source 20 ms, computer 10 ms, P24 15 ms."""
    plan = compiled(staged(functional_text({"one": ON_WHILE}, latency="40 ms")), 5_000)
    assert isinstance(plan, Refusal)
    assert plan.limit_id == "K15"
    assert "45 ms" in plan.message
    assert not isinstance(
        compiled(staged(functional_text({"one": ON_WHILE}, latency="45 ms")), 5_000), Refusal
    )


def test_the_device_of_one_list_takes_no_quick_ramps_and_counts_its_period() -> None:
    sheet = FAMILIES["rehastim2"].sheet
    quick = compiled(staged(functional_text({"one": ON_WHILE})), 6_000, sheet=sheet)
    assert isinstance(quick, Refusal)
    assert quick.limit_id == "A14"
    slow = ON_WHILE.replace('ramp_up = "100 ms"', 'ramp_up = "200 ms"')
    late = compiled(staged(functional_text({"one": slow}, latency="60 ms")), 6_000, sheet=sheet)
    assert isinstance(late, Refusal)
    assert late.limit_id == "K15"  # 20 + 10 + 24 + 25 ms
    plan = compiled(staged(functional_text({"one": slow}, latency="80 ms")), 6_000, sheet=sheet)
    assert not isinstance(plan, Refusal), plan.message


def test_antagonists_and_named_roles_exclude_each_other() -> None:
    roles = channel("one") + channel("two", 'antagonist_of = "one"') + channel("three")
    text = functional_text(
        {"one": ON_WHILE, "two": ON_WHILE, "three": ON_WHILE},
        channels=roles, more='exclusive = [["one", "three"]]',
        tune='one_at_a_time = true\n'
        'cycle = { on = "4 s", off = "2 s", ramp_up = "1 s", ramp_down = "1 s" }',
    )  # fmt: skip
    plan: Any = compiled(staged(text), 5_000, 5_000, 5_000)
    assert set(plan.stages[1].switching.exclusive) == {(1, 2), (1, 3)}


def test_one_at_a_time_gives_each_role_its_turn() -> None:
    plan: Any = compiled(example("v2-fes-cycling"), *[20_000] * 4)
    tune = plan.stages[0]
    spans = sorted(
        (one.start_after_us, one.start_after_us + one.cycle.on_us) for one in tune.channels
    )
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert {one.cycle.period_us for one in tune.channels} == {48_000_000}


@pytest.mark.hazard("H82")
def test_what_a_functional_stage_gives_is_bounded_beforehand() -> None:
    """N6: 5 min less the second of zero, 50 % duty, 90 starts a minute, 40 Hz."""
    plan = functional_plan({"one": ON_WHILE})
    one = plan.stages[1].channel(1)
    assert one is not None
    bound = at_most(plan.stages[1], one)
    assert bound is not None
    assert (bound.starts, bound.on_us) == (450, 150_000_000)
    assert bound.pulses == 150_000_000 // 25_000 + 450
    (dose,) = predict(plan)
    assert dose.at_most
    assert dose.pulses > bound.pulses  # the tune stage is counted, too
    assert dose.peak_ua <= one.most


@pytest.mark.hazard("H82")
def test_the_digest_knows_inputs_and_bounds() -> None:
    plans = [
        functional_plan({"one": ON_WHILE}),
        functional_plan({"one": ON_WHILE}, latency="90 ms"),
        functional_plan({"one": ON_WHILE}, more='duty = "40 %"'),
        functional_plan({"one": ON_WHILE}, STATE + ', debounce = "10 ms"'),
        functional_plan({"one": ON_WHILE + ', refractory = "250 ms"'}),
    ]
    assert len({plan.digest() for plan in plans}) == len(plans)
