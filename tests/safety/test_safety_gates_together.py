"""Several channels in percent on one device: channels, current paths, antagonists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stimctl.safety import ClearedIntensity, Electrode, PercentBounds, Refusal
from stimctl.safety.intensity import ATTENDED
from stimctl.safety.joint_clearance import IntensityRequest, clear_intensities_together
from stimctl.stimulus import Cycle

GATE = PercentBounds("gate", 2, 1, 100, 1, 200_000)
ACK = frozenset({ATTENDED})
CYCLE = Cycle(on_us=4_000_000, off_us=6_000_000, ramp_up_us=1_000_000, ramp_down_us=1_000_000)


def replace_cycle(**times: Any) -> Cycle:
    return Cycle(**{**CYCLE.model_dump(), **times})


def ask(site: str | None, percent: int = 10, **how: Any) -> IntensityRequest:
    return IntensityRequest(percent, Electrode(2_500, site=site), **how)


def together(*requests: IntensityRequest, **how: Any) -> Any:
    return clear_intensities_together(dict(enumerate(requests, 1)), GATE, ACK, **how)


def refused(*requests: IntensityRequest, **how: Any) -> Refusal:
    answer = together(*requests, **how)
    assert isinstance(answer, Refusal), answer
    return answer


def test_channels_that_do_not_disturb_each_other_are_cleared_each_for_itself() -> None:
    cleared = together(ask("left-quadriceps", 10), ask("right-quadriceps", 20))
    assert {ch: one.percent for ch, one in cleared.items()} == {1: 10, 2: 20}
    assert all(isinstance(one, ClearedIntensity) for one in cleared.values())
    moving = ask(None, motor=True, cycle=CYCLE)
    assert set(together(moving, moving)) == {1, 2}


def test_a_refusal_names_its_channel() -> None:
    no = refused(ask("left-quadriceps"), ask("left-calf", 101))
    assert no.channel == 2
    assert no.message.startswith("channel 2: ")


@pytest.mark.parametrize("channel", [0, 3, True, "1"])
def test_a_channel_that_the_device_has_not_is_refused(channel: Any) -> None:
    answer = clear_intensities_together({channel: ask("left-calf")}, GATE, ACK)
    assert isinstance(answer, Refusal)
    assert (answer.limit_id, answer.allowed) == ("L-DEV", 2)


@pytest.mark.hazard("H42")
def test_a_path_across_the_heart_is_refused() -> None:
    no = refused(ask("left-forearm-flexor"), ask("right-forearm-flexor"))
    assert (no.limit_id, no.channel) == ("C06", 2)


def test_antagonists_take_turns_or_are_asked_for() -> None:
    pair = [ask("left-quadriceps", motor=True), ask("left-hamstrings", motor=True)]
    assert refused(*pair).limit_id == "W10"
    assert refused(*pair, co_contraction=True).limit_id == "W6"
    both = [replace(one, cycle=CYCLE) for one in pair]
    assert set(together(*both, co_contraction=True)) == {1, 2}
    turns = [
        ask("left-quadriceps", motor=True, cycle=CYCLE),
        ask("left-hamstrings", motor=True, cycle=CYCLE, begins_us=5_000_000),
    ]
    assert set(together(*turns)) == {1, 2}
    assert refused(turns[0], ask("left-hamstrings", motor=True, cycle=CYCLE)).limit_id == "W10"


@pytest.mark.hazard("H44")
@pytest.mark.parametrize(
    ("cycle", "says"),
    [
        (None, "a motor programme whose pulse rate is not known needs an on/off cycle with rest"),
        (replace_cycle(off_us=999_999), "at least 1 s off and 2 s together"),
        (replace_cycle(on_us=900_000, off_us=1_000_000, ramp_up_us=500_000, ramp_down_us=0),
         "at least 1 s off and 2 s together"),
        (replace_cycle(off_us=0), "at least 1 s off"),
    ],
)  # fmt: skip
def test_a_muscle_rests_though_nobody_knows_the_rate_of_the_unit(
    cycle: Cycle | None, says: str
) -> None:
    no = refused(ask("left-calf"), ask("left-quadriceps", motor=True, cycle=cycle))
    assert (no.limit_id, no.channel) == ("W6", 2)
    assert says in no.message
    assert set(together(ask("left-quadriceps", cycle=cycle))) == {1}
