"""What one site may get in a day, from however many sessions."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from stimctl.safety.day_budget import (
    DAY_US,
    MOST_NC,
    MUSCLE_MOST_US,
    MUSCLE_WARN_US,
    OTHER_MOST_US,
    OTHER_WARN_US,
    REST_AFTER_US,
    REST_US,
    WARN_NC,
    Asked,
    Given,
    Weight,
    as_given,
    judge_day,
)
from stimctl.safety.limits import Profile
from stimctl.stimulus import Cycle

MIN_US = 60_000_000
HALF = Cycle(on_us=10_000_000, off_us=10_000_000, ramp_up_us=1_000_000, ramp_down_us=1_000_000)


def asks(
    minutes: int = 30,
    *,
    site: str | None = "left-quadriceps",
    moves: bool = True,
    cycle: Cycle | None = HALF,
) -> Asked:
    return Asked(1, site, moves, cycle, minutes * MIN_US)


def had(
    minutes: int,
    *,
    region: str = "left-thigh",
    moves: bool = True,
    nc: int = 0,
    ago_us: int = 2 * REST_US,
) -> Given:
    return Given(region, moves, int(minutes * MIN_US), nc, ago_us)


def weights(asked: Asked, *given: Given, profile: Profile = Profile.CLINIC) -> list[Weight]:
    return [found.weight for found in judge_day((asked,), given, profile)]


@pytest.mark.hazard("H67")
@pytest.mark.parametrize(
    ("spent_min", "weight"),
    [(0, []), (44, []), (46, [Weight.WARN]), (104, [Weight.WARN]), (106, [Weight.REFUSE])],
)
def test_what_earlier_sessions_gave_is_added_to_what_the_plan_would_give(
    spent_min: int, weight: list[Weight]
) -> None:
    assert asks().on_us == 15 * MIN_US  # half of 30 min
    assert weights(asks(), had(spent_min)) == weight


@pytest.mark.hazard("H67")
def test_many_short_sessions_count_as_one_long_one() -> None:
    short = [had(5) for _ in range(22)]
    assert weights(asks(), *short) == [Weight.REFUSE]


def test_another_region_another_day_and_sensory_minutes_are_not_the_muscles() -> None:
    assert weights(asks(), had(115, region="right-thigh")) == []
    assert weights(asks(), had(115, ago_us=DAY_US)) == []
    assert weights(asks(), had(115, moves=False)) == []
    sensory = asks(moves=False, cycle=None, minutes=60)
    assert weights(sensory, had(115)) == []
    assert weights(sensory, had(200), had(30, moves=False)) == [Weight.WARN]
    assert weights(sensory, had(430, moves=False)) == [Weight.REFUSE]


def test_each_pad_of_a_channel_is_a_place_of_its_own() -> None:
    apart = asks(site="left-quadriceps/left-gluteal")
    assert weights(apart, had(115, region="left-hip")) == [Weight.REFUSE]
    assert weights(apart, had(115), had(115, region="left-hip")) == [Weight.REFUSE] * 2
    assert weights(asks(site=None), had(115)) == []


@pytest.mark.hazard("H67")
def test_charge_has_a_budget_too() -> None:
    assert weights(asks(), had(1, nc=WARN_NC)) == []
    assert weights(asks(), had(1, nc=WARN_NC + 1)) == [Weight.WARN]
    assert weights(asks(), had(1, nc=WARN_NC), had(1, nc=WARN_NC + 1)) == [Weight.REFUSE]
    assert MOST_NC == 2 * WARN_NC


@pytest.mark.hazard("H67")
def test_a_muscle_that_has_worked_rests() -> None:
    worked = REST_AFTER_US // MIN_US
    assert weights(asks(), had(worked, ago_us=REST_US - 1)) == [Weight.WARN]
    assert weights(asks(), had(worked, ago_us=0)) == [Weight.WARN]
    assert weights(asks(), had(worked, ago_us=REST_US)) == []
    assert weights(asks(), had(worked - 1, ago_us=0)) == []  # a session that was broken off
    assert weights(asks(moves=False), had(worked, ago_us=0)) == []


def test_in_the_research_profile_everything_can_be_meant() -> None:
    assert weights(asks(), had(119), profile=Profile.RESEARCH) == [Weight.WARN]


def test_every_finding_says_what_was_given_and_what_is_the_most() -> None:
    (found,) = judge_day((asks(),), (had(110),), Profile.CLINIC)
    assert found.channel == 1
    assert "110 min" in found.what
    assert "125 min" in found.what
    assert "2 h is the most" in found.why
    (rest,) = judge_day((asks(),), (had(6, ago_us=1),), Profile.CLINIC)
    assert "less than a minute ago" in rest.what


@for_all(st.lists(st.integers(0, 600), max_size=8), st.integers(1, 120), st.booleans())
def test_no_day_goes_beyond_the_most(spent: list[int], minutes: int, moves: bool) -> None:
    asked = asks(minutes, moves=moves)
    given = [had(one, moves=moves) for one in spent]
    warn_us, most_us = (MUSCLE_WARN_US, MUSCLE_MOST_US) if moves else (OTHER_WARN_US, OTHER_MOST_US)
    total_us = sum(spent) * MIN_US + asked.on_us
    found = weights(asked, *given)
    if sum(spent) and total_us > most_us:
        assert Weight.REFUSE in found
    elif sum(spent) and total_us > warn_us:
        assert found == [Weight.WARN]
    else:
        assert found == []


def test_a_channel_that_gave_nothing_is_nothing() -> None:
    regions = {1: (frozenset({"left-thigh"}), True), 2: (frozenset({"left-hip"}), True)}
    assert list(as_given(regions, {1: (0, 0), 2: (5, 7)}, 9)) == [Given("left-hip", True, 5, 7, 9)]
    assert list(as_given(regions, {}, 9)) == []
