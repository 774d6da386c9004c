"""The comparison reports nothing on what a twin itself has said."""

from __future__ import annotations

from random import Random

import pytest

from stimctl.bench.capture_compare import compare
from tests.support.captures import FAMILIES, seen_from_host, session_of, until, usual_session

BEGINNING_NS = 20_000_000_000


@pytest.mark.parametrize("family", FAMILIES)
def test_no_difference_is_reported_on_a_whole_session_of_the_twin(family: str) -> None:
    compared = compare(usual_session(family), tolerance_ns=1_000_000)
    assert compared.same, str(compared)
    assert compared.compared > 100
    assert compared.later_ns == (0, 0)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("number", [1, 2])
def test_nor_as_a_busy_computer_sees_it(family: str, number: int) -> None:
    beginning = until(usual_session(family), BEGINNING_NS)
    compared = compare(seen_from_host(beginning, Random(f"{family} {number}")))
    assert compared.same, str(compared)
    median_ns, largest_ns = compared.later_ns
    assert 0 < median_ns <= largest_ns


@pytest.mark.soak
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("number", range(10))
def test_nor_with_any_seed_and_length(family: str, number: int) -> None:
    chance = Random(f"{family} {number}")
    seed, duration_s = chance.randrange(10_000_000), chance.randrange(60, 600)
    session = session_of(family, seed, duration_s)
    for capture in (session, seen_from_host(session, chance)):
        compared = compare(capture)
        assert compared.same, f"seed {seed}, {duration_s} s: {compared}"
