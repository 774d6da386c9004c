"""Rules that choose a level: what they find of a made-up person, and what they never do."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from stimctl.treatment.event_parts import RuleKind
from stimctl.treatment.event_plan import RuleSetup
from stimctl.treatment.rules import Rule, rule_of

GRID_UA, MOST_UA, MOST_EVENTS = 500, 20_000, 300
SPREAD_UA = 150
"""How far the threshold of a made-up person varies from event to event (D)."""


def setup(kind: RuleKind, *steps_ua: int, **how: int) -> RuleSetup:
    none = {"reversals": 0, "discard": 0, "hits": 0, "repeats": 0, "blanks_permille": 0}
    fields = {"up_after": 1, "down_after": 1, **none, **how}
    return RuleSetup(kind=kind, steps_ua=steps_ua, gives="sensory-threshold", **fields)


RULES = {
    "staircase": setup(RuleKind.STAIRCASE, 2_000, 1_000, 500, reversals=8, discard=2),
    "limits": setup(RuleKind.LIMITS, 500, repeats=4, discard=1),
    "limits with shrinking steps": setup(RuleKind.LIMITS, 1_000, 500, repeats=4, discard=1),
    "adaptive": setup(RuleKind.ADAPTIVE, 500),
}


def searched(rule: Rule, threshold_ua: int, chance: Random, most_ua: int = MOST_UA) -> list[int]:
    """The levels of a whole search on the ladder of a device."""
    given: list[int] = []
    reach = 0
    while not rule.done and len(given) < MOST_EVENTS:
        level = max(0, min(rule.wants(), most_ua, reach + 2_000))
        level -= level % GRID_UA
        reach = max(reach, level)
        given.append(level)
        rule.heard(level, felt=level + chance.gauss(0, SPREAD_UA) >= threshold_ua)
    return given


def found_within_a_step(name: str, seeds: range) -> float:
    found = 0
    for seed in seeds:
        chance = Random(seed)
        threshold_ua = chance.randrange(300, 15_000)
        rule = rule_of(RULES[name], GRID_UA, MOST_UA)
        given = searched(rule, threshold_ua, chance)
        assert max(given) <= MOST_UA
        value = rule.value()
        found += value is not None and abs(value - threshold_ua) <= GRID_UA
    return found / len(seeds)


@pytest.mark.parametrize("name", RULES)
def test_a_known_threshold_is_found_within_a_step_of_the_device(name: str) -> None:
    assert found_within_a_step(name, range(40)) >= 0.95


@pytest.mark.soak
@pytest.mark.parametrize("name", RULES)
def test_a_known_threshold_is_found_in_95_of_100_of_a_thousand_seeds(name: str) -> None:
    assert found_within_a_step(name, range(1_000)) >= 0.95


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("felt", [True, False], ids=["always", "never"])
def test_a_rule_ends_or_stays_within_its_bounds_whatever_is_answered(name: str, felt: bool) -> None:
    rule = rule_of(RULES[name], GRID_UA, 5_000)
    given = searched(rule, 0 if felt else 10**9, Random(1), most_ua=5_000)
    assert all(0 <= level <= 5_000 for level in given)
    if felt:
        assert max(given) <= 2_000


def test_n_up_and_m_down_wait_for_as_many_answers() -> None:
    how = {"up_after": 2, "down_after": 3, "reversals": 4}
    rule = rule_of(setup(RuleKind.STAIRCASE, 1_000, **how), GRID_UA, MOST_UA)
    asked = []
    for felt in (False, False, True, True, True, False, False):
        asked.append(rule.wants())
        rule.heard(asked[-1], felt=felt)
    assert asked == [1_000, 1_000, 2_000, 2_000, 2_000, 1_000, 1_000]
    assert rule.wants() == 2_000
    assert rule.reversals == [2_000, 1_000]


def test_a_staircase_ends_at_so_many_hits_of_one_level() -> None:
    rule = rule_of(setup(RuleKind.STAIRCASE, 1_000, hits=3), GRID_UA, MOST_UA)
    searched(rule, 2_500, Random(4))
    assert rule.done
    assert rule.value() == 3_000


def test_steps_shrink_with_each_reversal_and_the_last_one_stays() -> None:
    rule = rule_of(RULES["staircase"], GRID_UA, MOST_UA)
    given = searched(rule, 5_100, Random(1))
    moves = [abs(later - earlier) for earlier, later in pairwise(given)]
    assert moves[:2] == [2_000, 2_000]
    assert moves == sorted(moves, reverse=True)
    assert set(moves[-4:]) == {500}
