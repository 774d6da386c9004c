"""kill -9 at any time: zero at the electrodes in time, and a journal that holds what was done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.soak.kill_rounds import latest, play_rounds, summary

ROUNDS = 1_000


@pytest.mark.pty
@pytest.mark.hazard("H03", "H51")
def test_five_kills_at_random_times_end_at_zero_with_a_journal_that_verifies(
    record_property: Callable[[str, object], None],
) -> None:
    rounds = play_rounds(5, first=10_000)
    record_property("H03", latest(rounds))
    assert not [one for one in rounds if one.problem], summary(rounds)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.hazard("H03", "H51")
def test_a_thousand_kills_at_random_times_end_at_zero_with_a_journal_that_verifies(
    record_property: Callable[[str, object], None],
) -> None:
    rounds = play_rounds(ROUNDS)
    record_property("H03", latest(rounds))
    print(summary(rounds))
    assert not [one for one in rounds if one.problem], summary(rounds)
