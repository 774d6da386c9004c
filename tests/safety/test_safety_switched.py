"""Antagonists that inputs switch are kept apart by the engine (W18); all others by their times."""

from __future__ import annotations

import pytest

from stimctl.safety.channel_pairs import Muscle, antagonist_refusal


@pytest.mark.hazard("H82")
@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, True)],
)
def test_antagonists_are_cleared_only_where_inputs_switch_both(
    one: bool, other: bool, refused: bool
) -> None:
    muscles = [
        Muscle(1, "left-quadriceps", None, switched=one),
        Muscle(2, "left-hamstrings", None, switched=other),
    ]
    refusal = antagonist_refusal(muscles)
    assert (refusal is not None) is refused
    assert refusal is None or refusal.limit_id == "W10"
