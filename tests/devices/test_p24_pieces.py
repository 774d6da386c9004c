"""The driver's small parts on their own: packet numbers, and the rounds of a stop."""

from __future__ import annotations

import pytest

from stimctl.devices.exchange_rules import REPEAT_NS
from stimctl.devices.p24.stopping import BOTH, Stopping, levels_of_status
from stimctl.devices.pairing import MEMORY_NS, Match, Pairing, match

ML_STOP, LL_STOP, STATUS = 34, 4, 62


def test_packet_numbers_run_from_0_to_63_and_wrap() -> None:
    pairing = Pairing(64)
    numbers = [pairing.sending(36, None, 0).packet_number for _ in range(130)]
    assert numbers == [n % 64 for n in range(130)]


def test_numbers_go_on_after_forgetting_so_that_old_answers_fit_nothing() -> None:
    pairing = Pairing(64)
    pairing.sending(36, None, 0)
    pairing.forget()
    assert pairing.answering(36, 0, 0) is None
    assert pairing.sending(36, None, 0).packet_number == 1


def test_an_answer_belongs_to_its_command_and_number_for_a_while() -> None:
    pairing = Pairing(64)
    sent = pairing.sending(36, None, 1_000)
    assert pairing.answering(36, 0, 1_000 + MEMORY_NS) is sent
    assert pairing.answering(None, 0, 1_000) is sent
    assert pairing.answering(32, 0, 1_000) is None
    assert pairing.answering(36, 1, 1_000) is None
    assert pairing.answering(36, 0, 1_001 + MEMORY_NS) is None


@pytest.mark.hazard("H06", "H09")
def test_an_answer_is_awaited_late_doubled_or_stray() -> None:
    owner, other = object(), object()
    pairing = Pairing(64)
    first, second = pairing.sending(36, owner, 0), pairing.sending(36, other, 0)
    assert match(first, owner) is Match.AWAITED
    assert match(first, owner) is Match.DUPLICATE
    assert match(second, owner) is Match.LATE
    assert match(None, owner) is Match.STRAY


def test_a_stop_asks_for_the_state_only_when_every_level_is_acknowledged() -> None:
    stopping = Stopping(BOTH, 0)
    assert stopping.round(0) == (ML_STOP, LL_STOP)
    assert stopping.next_ns == REPEAT_NS
    assert not stopping.stop_answered(ML_STOP, 0)
    assert not stopping.stop_answered(LL_STOP, 2)
    assert stopping.round(REPEAT_NS) == (ML_STOP, LL_STOP)
    assert stopping.stop_answered(LL_STOP, 7)
    assert not stopping.stop_answered(LL_STOP, 7)
    assert stopping.round(2 * REPEAT_NS) == (ML_STOP, LL_STOP, STATUS)
    stopping.status_answered(0)
    assert stopping.verified


def test_a_state_read_before_the_stop_was_acknowledged_proves_nothing() -> None:
    stopping = Stopping((ML_STOP,), 0)
    stopping.status_answered(0)
    assert not stopping.verified


def test_a_level_found_initialised_after_the_stop_begins_it_again_with_both() -> None:
    stopping = Stopping((ML_STOP,), 0)
    stopping.stop_answered(ML_STOP, 0)
    stopping.status_answered(1)
    assert not stopping.verified
    assert stopping.round(0) == (ML_STOP, LL_STOP)


def test_a_status_that_nobody_documents_stops_both_levels() -> None:
    assert levels_of_status(1) == (LL_STOP,)
    assert levels_of_status(2) == levels_of_status(3) == (ML_STOP,)
    assert levels_of_status(99) == BOTH
