"""What two faults excuse together that neither excuses alone."""

from __future__ import annotations

import pytest

from firmware_sim.invariant.fault_exemptions import FaultExemptions
from firmware_sim.invariant.rules import Rule

TO_DEVICE, TO_HOST, BOTH = 1, 2, 3
OTHER_PROGRAM: dict[str, object] = {
    "fault": "second-writer",
    "event": "begins",
    "parameters": {"command": 62},
}


def line_fault(name: str, direction: int, event: str = "begins") -> dict[str, object]:
    return {"fault": name, "event": event, "parameters": {"direction": direction}}


def with_rows(*rows: dict[str, object]) -> FaultExemptions:
    excuses = FaultExemptions()
    for row in rows:
        excuses.row(row)
    return excuses


@pytest.mark.parametrize("name", ["baud-mismatch", "break", "drop", "flip"])
@pytest.mark.parametrize("rule", [Rule.START, Rule.LIFE])
@pytest.mark.parametrize("direction", [TO_DEVICE, BOTH])
def test_output_that_another_program_keeps_alive_is_not_the_host_s_while_the_line_keeps_it_back(
    name: str, rule: Rule, direction: int
) -> None:
    for rows in (
        (OTHER_PROGRAM, line_fault(name, direction)),
        (line_fault(name, direction), OTHER_PROGRAM),
    ):
        excuses = with_rows(*rows)
        assert excuses.excuse(rule)
        assert excuses.used == ["second-writer"]


@pytest.mark.parametrize(
    "rows",
    [
        (OTHER_PROGRAM,),
        (line_fault("baud-mismatch", BOTH),),
        (OTHER_PROGRAM, line_fault("baud-mismatch", TO_HOST)),
        (OTHER_PROGRAM, {"fault": "local-knob", "event": "begins", "parameters": {}}),
    ],
    ids=["another program alone", "a deaf line alone", "only answers are lost", "no line fault"],
)
def test_a_host_that_is_heard_must_end_output_whoever_else_writes(
    rows: tuple[dict[str, object], ...],
) -> None:
    excuses = with_rows(*rows)
    assert not excuses.excuse(Rule.START)
    assert not excuses.excuse(Rule.LIFE)


@pytest.mark.parametrize("rule", sorted(set(Rule) - {Rule.START, Rule.LIFE}))
def test_another_program_on_a_line_that_keeps_the_host_back_excuses_nothing_else(
    rule: Rule,
) -> None:
    assert not with_rows(OTHER_PROGRAM, line_fault("break", BOTH)).excuse(rule)


@pytest.mark.parametrize("over", ["second-writer", "baud-mismatch"])
def test_once_the_device_begins_again_after_either_is_over_nothing_is_excused(over: str) -> None:
    excuses = with_rows(
        OTHER_PROGRAM, line_fault("baud-mismatch", BOTH), line_fault(over, BOTH, "ends")
    )
    assert excuses.excuse(Rule.START), "what is on the electrodes was ordered before"
    excuses.initialised()
    assert not excuses.excuse(Rule.START)
