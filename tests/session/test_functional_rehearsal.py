"""Rehearsals of functional stages, with good and broken sensors; refused on hardware (N7, N8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from firmware_sim.hostile_inputs import SPOILED
from firmware_sim.virtual_inputs import KINDS, named
from stimctl.bench.functional_verdict import problems
from stimctl.bench.input_play import InputPlay
from stimctl.bench.rehearsal import rehearse
from stimctl.safety import Refusal
from stimctl.session.alarms import Condition
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.functional_gaps import about_functional
from stimctl.session.needs import Preparation
from tests.support.functional_world import (
    ACTIVATION,
    EVENT,
    LEVEL,
    ON_WHILE,
    STATE,
    Sender,
    channel,
    entered,
    functional_plan,
    functional_text,
    resumed,
)
from tests.support.paths import ROOT
from tests.support.session_world import checked, plan_of
from tests.support.staged_samples import compiled, example, staged


@pytest.mark.hazard("H82")
@pytest.mark.broad
@pytest.mark.parametrize(
    ("says", "of"),
    [
        pytest.param(ON_WHILE + ', extend = "200 ms"', STATE, id="state"),
        pytest.param(ACTIVATION + 'on = "2 s"', EVENT, id="event", marks=pytest.mark.broad),
        pytest.param(
            ACTIVATION + 'above = "30 %", below = "20 %"', LEVEL, id="level",
            marks=pytest.mark.broad,
        ),
    ],
)  # fmt: skip
def test_a_functional_stage_is_rehearsed_with_good_and_broken_sensors(says: str, of: str) -> None:
    text = functional_text({"one": says}, of, lasts="80 s", session='shortest = "2 min", '
                           'longest = "3 min", stretch = "use"')  # fmt: skip
    plan: Any = compiled(staged(text), 4_000)
    assert not isinstance(plan, Refusal)
    rehearsal = rehearse(plan)
    assert rehearsal.ok, rehearsal.problems
    kinds = {row.kind for row in rehearsal.events}
    assert {Kind.ACTIVATION, Kind.ACTIVATION_ENDED, Kind.RESUME} <= kinds
    alarms = {row.data["code"] for row in rehearsal.events if row.kind is Kind.ALARM}
    assert alarms == {Condition.INPUT_LOST}  # N7: by the broken ones


@pytest.mark.broad
def test_the_cycling_file_is_rehearsed_for_four_minutes_of_its_ride() -> None:
    plan: Any = compiled(example("v2-fes-cycling"), 20_000, 20_000, 15_000, 15_000)
    rehearsal = rehearse(plan)
    assert rehearsal.ok, rehearsal.problems
    assert rehearsal.digest == plan.digest()
    for one in rehearsal.report:
        assert one.pulses < one.planned.pulses
    numbers = [row.data["channel"] for row in rehearsal.events if row.kind is Kind.ACTIVATION]
    assert all(numbers.count(channel) > 60 for channel in (1, 2, 3, 4))


def test_the_example_is_the_file_of_the_tests() -> None:
    text = (ROOT / "examples" / "fes-cycling.toml").read_text("utf-8")
    ours = example("v2-fes-cycling")
    theirs: Any = staged(text.replace('id = "fes-cycling"', 'id = "sample"'))
    assert (theirs.inputs, theirs.channels, theirs.stages) == (
        ours.inputs, ours.channels, ours.stages,
    )  # fmt: skip


def test_the_verdict_sees_what_breaks_a_rule() -> None:
    """A record held against a plan that allows less than was done."""
    plan = functional_plan({"one": ON_WHILE + ', longest = "2 s"'})
    bench = entered(plan, tune_ns=30 * SECOND)
    sender = Sender(bench)
    sender.hold(0, SECOND)
    resumed(bench)
    from_us = bench.now_ns // 1_000
    sender.hold(0, 6 * SECOND)
    for _ in range(4):
        sender.hold(1, 1_500 * MS)
        sender.hold(0, 400 * MS)
    stage = plan.stages[1]
    assert list(problems(stage, bench.ledger(), from_us)) == []
    one: Any = stage.channels[0]
    window = one.stimulus.window.__class__(
        longest_us=500_000, refractory_us=1_000_000, duty_permille=50, per_minute=2
    )
    stimulus = one.stimulus.__class__(**dict(one.stimulus) | {"window": window})
    strict = replace(stage, channels=(replace(one, stimulus=stimulus),))
    told = " ".join(problems(strict, bench.ledger(), from_us))
    for says in ("longest", "starts in 60 s", "of 60 s", "between two"):
        assert says in told


@pytest.mark.hazard("H82")
def test_hardware_is_refused_with_its_reason() -> None:
    """N8."""
    known: Any = type("Known", (), {"remote": "over SSH", "simulation": False})()
    gaps = list(about_functional(functional_plan({"one": ON_WHILE}), Preparation(), known))
    assert {gap.need.value for gap in gaps} == {"functional-output"}
    assert "measured on no device" in gaps[0].why
    assert "not at the machine" in gaps[1].what
    assert list(about_functional(plan_of(), Preparation(), known)) == []


def test_made_up_sensors_have_names() -> None:
    for name in KINDS:
        samples = named(f"{name}@1Hz")
        first = [next(samples) for _ in range(500)]
        assert first[-1].at_us == 4_990_000 or name == "button"
    for wrong in ("crank", "crank@0rpm", "crank@99999rpm", "crank@-1Hz", "pedal@1Hz"):
        with pytest.raises(ValueError, match=r"none of|a second"):
            named(wrong)
    assert set(SPOILED) >= {"chatter", "stuck", "silent", "jump", "reverse", "flood"}


def test_of_several_inputs_each_is_played_under_its_own_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two buttons for two muscles that exclude each other: each hears its own."""
    roles = channel("one") + channel("two", 'antagonist_of = "one"')
    text = functional_text(
        {"one": ON_WHILE, "two": ON_WHILE.replace('"in"', '"other"')},
        channels=roles, latency="150 ms",
        tune='one_at_a_time = true\n'
        'cycle = { on = "4 s", off = "1 s", ramp_up = "1 s", ramp_down = "1 s" }',
    )  # fmt: skip
    second = 'inputs = [{ name = "other", latency = "150 ms", ' + STATE + " }, {"
    plan: Any = compiled(staged(text.replace("inputs = [{", second)), 4_000, 4_000)
    bench, heard = checked(plan), Counter[str]()
    monkeypatch.setattr(bench, "notify", lambda sample: heard.update([sample.input]))
    InputPlay(bench, plan).nominal(2_000_000)
    assert set(heard) == {"in", "other"}
    assert min(heard.values()) > 50
