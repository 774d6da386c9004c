"""The transition table is total, and says what the safety rules say."""

from typing import get_args

import pytest

from stimctl.errors import StateError
from stimctl.session import intents
from stimctl.session.states import INTENT_TRIGGERS, TRANSITIONS, State, Trigger, next_state

EVERY_CELL = [(state, trigger) for state in State for trigger in Trigger]


def test_the_states_are_the_ten_of_the_safety_rules() -> None:
    assert len(State) == 10


@pytest.mark.parametrize(("state", "trigger"), EVERY_CELL)
def test_every_state_and_trigger_has_an_answer(state: State, trigger: Trigger) -> None:
    following = TRANSITIONS[state, trigger]
    if following is None:
        assert trigger in INTENT_TRIGGERS
        with pytest.raises(StateError) as caught:
            next_state(state, trigger)
        told = caught.value.as_dict()
        assert told["what"]
        assert told["why"]
        assert told["what_to_do"]
    else:
        assert next_state(state, trigger) is following


def test_every_intent_has_a_row_of_the_table() -> None:
    assert set(intents.TRIGGER_OF) == set(get_args(intents.Intent))
    assert set(intents.TRIGGER_OF.values()) == INTENT_TRIGGERS


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("state", State)
def test_stop_is_allowed_in_every_state(state: State) -> None:
    assert TRANSITIONS[state, Trigger.STOP] is state


@pytest.mark.hazard("H30")
def test_only_a_start_or_a_resume_leads_to_running() -> None:
    ways = {
        (state, trigger)
        for (state, trigger), following in TRANSITIONS.items()
        if following is State.RUNNING and state is not State.RUNNING
    }
    assert ways == {(State.ARMED, Trigger.STARTED), (State.PAUSED, Trigger.RESUMED)}


def test_only_a_verified_zero_leads_to_armed() -> None:
    ways = {
        trigger
        for (state, trigger), following in TRANSITIONS.items()
        if following is State.ARMED and state is not State.ARMED
    }
    assert ways == {Trigger.ZERO_FOR_ARM}


def test_unknown_is_left_only_by_a_verified_zero() -> None:
    ways = {
        (trigger, following)
        for (state, trigger), following in TRANSITIONS.items()
        if state is State.UNKNOWN and following not in (None, State.UNKNOWN)
    }
    assert ways == {
        (Trigger.ZERO_VERIFIED, State.STOPPED),
        (Trigger.ZERO_AFTER_FAULT, State.FAULT),
    }


def test_fault_is_left_only_by_the_operator_or_towards_unknown() -> None:
    ways = {
        (trigger, following)
        for (state, trigger), following in TRANSITIONS.items()
        if state is State.FAULT and following not in (None, State.FAULT)
    }
    assert ways == {
        (Trigger.ACKNOWLEDGE, State.STOPPED),
        (Trigger.CLOSE, State.CLOSED),
        (Trigger.STOP_OVERDUE, State.UNKNOWN),
        (Trigger.LINK_LOST, State.UNKNOWN),
    }


def test_nothing_leaves_closed() -> None:
    assert all(
        following in (None, State.CLOSED)
        for (state, _), following in TRANSITIONS.items()
        if state is State.CLOSED
    )
