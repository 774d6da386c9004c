"""Single pulses of a P24."""

from __future__ import annotations

import pytest

from stimctl.devices.events import (
    Acked,
    Doing,
    RaiseDropped,
)
from stimctl.errors import LimitRefusedError, StateError
from tests.support.driver_bench import S
from tests.support.p24_bench import MS, Bench, at, lose_answers


class TestPulse:
    def test_a_pulse_brings_up_the_low_level_and_is_given_once(self) -> None:
        bench = Bench().connected()
        ticket = bench.driver.pulse(bench.now, 6, at(12_000))
        bench.run()
        acks = bench.all_of(Acked)
        assert [(ack.what, ack.ticket) for ack in acks] == [
            (Doing.START, None),
            (Doing.PULSE, ticket),
        ]
        pulses = [row for row in bench.twin.records() if row["kind"] == "pulse"]
        assert [(row["channel"], row["points"][0]) for row in pulses] == [(6, [200, 12_000])]

    def test_a_pulse_whose_answer_is_lost_is_never_given_again(self) -> None:
        bench = Bench().connected()
        bench.driver.pulse(bench.now, 1, at(12_000))
        bench.run()
        lose_answers(bench, 1)
        bench.driver.pulse(bench.now, 1, at(12_000))
        bench.run(3 * S)
        pulses = [row for row in bench.twin.records() if row["kind"] == "pulse"]
        assert len(pulses) == 2
        assert bench.driver.latched

    def test_a_pulse_sooner_than_the_cleared_period_is_refused(self) -> None:
        bench = Bench().connected()
        bench.driver.pulse(bench.now, 1, at(12_000))
        bench.run(60 * MS)
        bench.driver.pulse(bench.now, 1, at(12_000))
        bench.run(19 * MS)
        with pytest.raises(LimitRefusedError, match="20000 us"):
            bench.driver.pulse(bench.now, 1, at(12_000))
        bench.run(1 * MS)
        bench.driver.pulse(bench.now, 1, at(12_000))

    def test_it_is_refused_while_a_train_runs(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        with pytest.raises(StateError, match="train"):
            bench.driver.pulse(bench.now, 2, at(1_000))

    def test_it_is_refused_while_another_is_unanswered(self) -> None:
        bench = Bench().connected()
        bench.driver.pulse(bench.now, 1, at(1_000))
        with pytest.raises(StateError):
            bench.driver.pulse(bench.now, 2, at(1_000))

    def test_between_the_levels_there_is_a_verified_stop(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        bench.driver.apply(bench.now, {})
        bench.run()
        bench.driver.pulse(bench.now, 1, at(1_000))
        bench.run(200 * MS)
        assert bench.driver.state == "low"
        bench.driver.apply(bench.now, {1: at(2_000)})
        bench.run(200 * MS)
        assert bench.driver.state == "mid"
        answered = [frame.command for _, frame in bench.answers]
        assert answered[-9:] == [33, 35, 63, 1, 3, 5, 63, 31, 33]

    def test_a_pulse_that_cannot_leave_in_time_is_dropped(self) -> None:
        bench = Bench().connected()
        lose_answers(bench, 2)
        ticket = bench.driver.pulse(bench.now, 1, at(12_000))
        bench.run(500 * MS)
        assert bench.all_of(RaiseDropped) == [RaiseDropped(ticket, 250 * MS, sent=False)]
        bench.finish()
        assert bench.highest_ua() == 0
