"""The driver's tables are total: every state answers every call, every answer has a meaning."""

from __future__ import annotations

import pytest

from stimctl.devices.exchange_rules import Act, Call
from stimctl.devices.p24.accepted import ACCEPTED
from stimctl.devices.p24.table import CALLS, EXPECTED_STATUS, WORKING, State
from stimctl.wire.sciencemode4.messages import BY_COMMAND


@pytest.mark.parametrize("state", State)
def test_every_state_answers_every_call(state: State) -> None:
    assert set(CALLS[state]) == set(Call)


@pytest.mark.parametrize("state", State)
def test_stop_and_connect_are_never_refused_nor_ignored(state: State) -> None:
    assert CALLS[state][Call.STOP] in {Act.STOP, Act.STOP_AGAIN}
    assert CALLS[state][Call.CONNECT] is Act.FIND


@pytest.mark.parametrize("state", sorted(set(State) - WORKING))
def test_nothing_stimulates_while_the_device_is_in_doubt(state: State) -> None:
    assert CALLS[state][Call.APPLY] is Act.REFUSE
    assert CALLS[state][Call.PULSE] is Act.REFUSE
    assert CALLS[state][Call.KEEP_ALIVE] is Act.IGNORE


def test_the_watchdog_is_fed_in_mid_level_only() -> None:
    feeding = {state for state in State if CALLS[state][Call.KEEP_ALIVE] is Act.ASK_TRAINS}
    assert feeding == {State.MID}


def test_where_the_status_is_asked_it_is_known_what_to_expect() -> None:
    asking = {state for state in State if CALLS[state][Call.KEEP_ALIVE] is Act.ASK_STATUS}
    assert asking <= set(EXPECTED_STATUS)


def test_every_request_that_can_be_accepted_has_an_acknowledgement() -> None:
    assert all(command + 1 in BY_COMMAND for command in ACCEPTED)
