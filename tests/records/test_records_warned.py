"""Warnings are counted and what was waved through is named: many of both are a sign of habit."""

from __future__ import annotations

import pytest

from stimctl.records.rows import Row
from stimctl.records.warned import warned


def row(kind: str, **data: object) -> Row:
    return Row(0, "", "2026-01-01T00:00:00Z", 0, kind, data, "")


@pytest.mark.hazard("H58")
def test_alarms_prompts_refusals_and_acknowledgements_of_a_session_are_counted() -> None:
    found = warned(
        [
            row("alarm", priority="medium"),
            row("alarm", priority="medium"),
            row("alarm", priority="low"),
            row("prompt", prompt="skin_check"),
            row("attendance", prompt=True),
            row("attendance", answered=True),
            row("refused", intent="raise"),
            row("limit", channel=1),
            row("note", topic="acknowledged", text="H25 E6"),
            row("note", topic="screening", text="C01=no"),
            row("telemetry", plan_time_us=5),
        ]
    )
    assert found.as_dict() == {
        "alarms": {"medium": 2, "low": 1},
        "prompts": 2,
        "refused": 2,
        "acknowledged": ["E6", "H25"],
    }
    assert found.text == ("3 alarms (1 low, 2 medium), 2 prompts, 2 refusals; acknowledged: E6 H25")


def test_a_quiet_session_warned_of_nothing() -> None:
    assert warned([]).text == "0 alarms, 0 prompts, 0 refusals"
