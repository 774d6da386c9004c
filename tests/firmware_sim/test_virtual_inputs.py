"""Made-up sensors: what they say does not hang on the moment at which they begin."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest

from firmware_sim.virtual_inputs import events


@pytest.mark.parametrize("from_us", [0, 1, 9_999, 123_456, 2_005_000_003])
def test_a_button_gives_a_sign_of_life_ten_times_a_second_whenever_it_begins(from_us: int) -> None:
    said = list(islice(events(lambda _: 0.5, from_us), 60))
    assert [one.value for one in said] == [None] * 60
    assert sum(not one.beat for one in said) == 2
    assert max(after.at_us - one.at_us for one, after in pairwise(said)) <= 200_000
