"""Trains: absolute, the latest wins, what lowers never waits, what raises goes stale."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.sciencemode4_frames import FrameDecoder, encode
from stimctl.devices.events import (
    Acked,
    AckedOvertaken,
    AnswerLate,
    Doing,
    LineError,
    RaiseDropped,
    StatusRead,
    UnexpectedState,
)
from stimctl.errors import LimitRefusedError
from stimctl.stimulus import PulseShape
from tests.support.driver_bench import S, of_kind
from tests.support.p24_bench import MS, Bench, at, forged, lose_answers, point

UPDATE = 32


def updates(bench: Bench) -> int:
    return sum(1 for _, frame in bench.answers if frame.command == UPDATE + 1)


def amplitudes(event: Acked) -> dict[int, int]:
    return {one.channel: one.level for one in event.channels}


def applied(bench: Bench) -> list[Acked]:
    return [event for event in bench.all_of(Acked) if event.what is Doing.APPLY]


def test_the_first_apply_brings_up_the_mid_level_and_then_sends() -> None:
    bench = Bench().connected()
    ticket = bench.driver.apply(bench.now, {1: at(20_000), 5: at(10_000)})
    events = bench.run(100 * MS)
    assert [event.what for event in of_kind(events, Acked)] == [Doing.START, Doing.APPLY]
    assert applied(bench)[0].ticket == ticket
    assert amplitudes(applied(bench)[0]) == {1: 20_000, 5: 10_000}
    assert bench.twin.state == 3


@pytest.mark.hazard("H12")
def test_any_channel_error_stops_every_channel() -> None:
    bench = Bench().running(ch1=at(20_000), ch2=at(20_000))
    bench.twin.set_load(1, None)
    bench.run(100 * MS)
    assert bench.twin.records()[-1]["on"] is False
    bench.driver.keep_alive(bench.now)
    assert of_kind(bench.run(), StatusRead)[0].active == frozenset()


def test_an_empty_apply_arms_the_level_without_output() -> None:
    bench = Bench().connected()
    bench.driver.apply(bench.now, {})
    bench.run(200 * MS)
    assert bench.twin.state == 2
    assert amplitudes(applied(bench)[0]) == {}
    bench.finish()
    assert bench.highest_ua() == 0


def test_channels_that_are_not_named_are_switched_off() -> None:
    bench = Bench().running(ch1=at(20_000), ch2=at(10_000))
    bench.driver.apply(bench.now, {2: at(10_000)})
    bench.run()
    bench.driver.keep_alive(bench.now)
    assert of_kind(bench.run(), StatusRead)[0].active == frozenset({2})


def test_the_ack_tells_the_latency_and_the_period_used() -> None:
    bench = Bench(P24Twin(turnaround_us=7_000)).running(ch1=point(frequency_mhz=33_300))
    ack = applied(bench)[-1]
    assert ack.latency_ns == 7 * MS
    assert ack.channels[0].period_us == 30_250


def test_a_refused_set_point_sends_nothing_and_changes_nothing() -> None:
    bench = Bench().running(ch1=at(20_000))
    sent = len(bench.host_writes)
    with pytest.raises(LimitRefusedError):
        bench.driver.apply(
            bench.now, {1: at(10_000), 2: forged(PulseShape.SYMMETRIC, 1, 1, 1, 1, 1)}
        )
    bench.run(300 * MS)
    assert len(bench.host_writes) == sent
    assert bench.driver.state == "mid"


class TestOneRequestInFlight:
    """The device answers after 60 ms, so that calls meet a request that is still unanswered."""

    def slow(self) -> Bench:
        bench = Bench(P24Twin(turnaround_us=60_000)).connected_slowly()
        bench.forget()
        return bench

    def test_a_raise_waits_and_only_the_latest_one_leaves(self) -> None:
        bench = self.slow()
        bench.driver.apply(bench.now, {1: at(10_500)})
        before = updates(bench)
        for step in range(1, 5):
            bench.run(5 * MS)
            last = bench.driver.apply(bench.now, {1: at(10_500 + 500 * step)})
        bench.run(200 * MS)
        assert updates(bench) - before == 2
        assert [amplitudes(event)[1] for event in applied(bench)] == [10_500, 12_500]
        assert applied(bench)[-1].ticket == last

    def test_a_decrease_overtakes_and_what_it_overtook_is_told_as_such(self) -> None:
        bench = self.slow()
        first = bench.driver.apply(bench.now, {1: at(20_000)})
        bench.run(10 * MS)
        bench.driver.apply(bench.now, {1: at(5_000)})
        bench.run(1)
        assert bench.host_writes[-1][0] == bench.now - 1
        bench.run(200 * MS)
        assert [amplitudes(event)[1] for event in applied(bench)] == [5_000]
        (overtaken,) = bench.all_of(AckedOvertaken)
        assert (overtaken.ticket, overtaken.channels[0].level) == (first, 20_000)
        assert overtaken.latency_ns >= 60 * MS
        assert bench.all_of(LineError) == []
        assert not bench.driver.latched

    def test_only_what_raises_may_be_thrown_away_by_a_writer_that_is_late(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        bench.driver.apply(bench.now, {1: at(5_000)})
        assert bench.driver.transmit()[0].expires_ns is None
        bench.run(200 * MS)
        bench.driver.apply(bench.now, {1: at(15_000)})
        assert bench.driver.transmit()[0].expires_ns == bench.now + 250 * MS

    def test_switching_one_channel_off_overtakes_though_another_is_raised(self) -> None:
        bench = self.slow()
        bench.driver.apply(bench.now, {1: at(20_000)})
        bench.run(10 * MS)
        bench.driver.apply(bench.now, {2: at(5_000)})
        bench.run(1)
        assert bench.host_writes[-1][0] == bench.now - 1
        bench.run(200 * MS)
        assert amplitudes(applied(bench)[-1]) == {2: 5_000}

    def test_a_keep_alive_waits_for_an_update_and_is_not_lost(self) -> None:
        bench = self.slow()
        bench.driver.apply(bench.now, {1: at(20_000)})
        bench.driver.keep_alive(bench.now)
        bench.run(200 * MS)
        assert len(bench.all_of(StatusRead)) == 1

    def test_a_keep_alive_that_was_overtaken_is_asked_again(self) -> None:
        bench = self.slow()
        bench.driver.keep_alive(bench.now)
        bench.run(10 * MS)
        bench.driver.apply(bench.now, {1: at(5_000)})
        bench.run(200 * MS)
        assert [event.active for event in bench.all_of(StatusRead)] == [frozenset({1})]

    def test_two_keep_alives_are_one(self) -> None:
        bench = self.slow()
        bench.driver.keep_alive(bench.now)
        bench.driver.keep_alive(bench.now)
        bench.run(300 * MS)
        assert len(bench.all_of(StatusRead)) == 1


class TestLostAnswers:
    def test_a_lost_ack_is_healed_by_the_same_absolute_content(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        lose_answers(bench, 1)
        bench.driver.apply(bench.now, {1: at(10_500)})
        bench.run(300 * MS)
        assert amplitudes(applied(bench)[-1]) == {1: 10_500}
        bench.finish()
        assert bench.highest_ua() == 10_500

    def test_it_is_sent_again_with_a_new_number_after_150_ms_behind_stop_bytes(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        lose_answers(bench, 1)
        began = bench.now
        bench.driver.apply(bench.now, {1: at(9_500)})
        bench.run(300 * MS)
        first, again = [(at_ns - began, data) for at_ns, data, _ in bench.host_writes][-2:]
        assert (first[0], again[0]) == (0, 150 * MS)
        assert again[1].startswith(b"\x0f\x0f\xf0")
        assert again[1][2:] != first[1]

    def test_the_lateness_is_reported_once_for_each_transmission(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        lose_answers(bench, 1)
        bench.driver.apply(bench.now, {1: at(9_500)})
        bench.run(101 * MS)
        assert [event.what for event in bench.all_of(AnswerLate)] == [Doing.APPLY]
        bench.run(300 * MS)
        assert len(bench.all_of(AnswerLate)) == 1

    def test_an_answer_that_comes_late_is_reported_late_and_counts(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        bench.device_line = lambda data: [(120 * MS, data)]
        bench.driver.apply(bench.now, {1: at(9_500)})
        bench.run(140 * MS)
        assert len(bench.all_of(AnswerLate)) == 1
        assert amplitudes(applied(bench)[-1]) == {1: 9_500}

    def test_a_raise_that_cannot_leave_within_250_ms_is_dropped(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        lose_answers(bench, 3)
        bench.driver.keep_alive(bench.now)
        bench.run(20 * MS)
        ticket = bench.driver.apply(bench.now, {1: at(10_500)})
        events = bench.run(400 * MS)
        assert of_kind(events, RaiseDropped) == [RaiseDropped(ticket, 250 * MS, sent=False)]
        bench.run(400 * MS)
        bench.finish()
        assert bench.highest_ua() == 10_000

    def test_a_raise_is_too_old_even_if_the_line_is_free_again_before_the_timer_ran(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        bench.driver.keep_alive(bench.now)
        number = FrameDecoder().feed(bench.driver.transmit()[0].data)[0].packet_number
        ticket = bench.driver.apply(bench.now, {1: at(10_500)})
        late = bench.now + 300 * MS
        bench.driver.receive(late, encode(number, 37, bytes((0, 4, 1, 0, 0, 0, 0))))
        assert bench.driver.transmit() == []
        dropped = of_kind(bench.driver.events(), RaiseDropped)
        assert dropped == [RaiseDropped(ticket, 300 * MS, sent=False)]

    def test_a_raise_that_is_not_confirmed_in_time_falls_back_to_what_was_before(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        lose_answers(bench, 2)
        ticket = bench.driver.apply(bench.now, {1: at(10_500)})
        bench.run(600 * MS)
        (dropped,) = bench.all_of(RaiseDropped)
        assert (dropped.ticket, dropped.age_ns, dropped.sent) == (ticket, 300 * MS, True)
        assert dropped.falls_to is not None
        assert [(one.channel, one.level) for one in dropped.falls_to] == [(1, 10_000)]
        assert (applied(bench)[-1].ticket, amplitudes(applied(bench)[-1])) == (0, {1: 10_000})

    def test_a_decrease_never_goes_stale(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        lose_answers(bench, 5)
        bench.driver.apply(bench.now, {1: at(2_000)})
        bench.run(900 * MS)
        assert bench.all_of(RaiseDropped) == []
        assert amplitudes(applied(bench)[-1]) == {1: 2_000}

    def test_in_a_stale_mixture_what_was_to_be_lowered_is_lowered(self) -> None:
        bench = Bench().running(ch1=at(10_000), ch2=at(10_000))
        bench.host_line = lambda data: []
        bench.driver.apply(bench.now, {1: at(2_000), 2: at(20_000)})
        bench.run(290 * MS)
        bench.host_line = lambda data: [(0, data)]
        bench.run(300 * MS)
        assert amplitudes(applied(bench)[-1]) == {1: 2_000, 2: 10_000}

    def test_a_raise_waiting_for_the_level_is_dropped_when_the_level_does_not_come(self) -> None:
        bench = Bench().connected()
        lose_answers(bench, 2)
        ticket = bench.driver.apply(bench.now, {1: at(10_000)})
        bench.run(600 * MS)
        assert bench.all_of(RaiseDropped) == [RaiseDropped(ticket, 250 * MS, sent=False)]
        assert bench.driver.state == "mid"
        assert bench.twin.state == 2


class TestKeepAlive:
    def test_the_state_is_read_and_the_watchdog_fed(self) -> None:
        bench = Bench().running(ch1=at(10_000), ch8=at(10_000))
        for _ in range(10):
            bench.driver.keep_alive(bench.now)
            bench.run(500 * MS)
        assert {event.active for event in bench.all_of(StatusRead)} == {frozenset({1, 8})}
        assert bench.twin.state == 3

    def test_without_it_the_device_stops_by_itself_and_that_is_found(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        bench.run(3 * S)
        assert bench.twin.state == 2
        bench.driver.keep_alive(bench.now)
        found = of_kind(bench.run(), UnexpectedState)
        assert found[0].channels_expected == frozenset({1})
        assert found[0].channels_found == frozenset()
        assert bench.driver.latched

    def test_a_train_of_0_ma_lets_the_watchdog_be_observed_without_output(self) -> None:
        bench = Bench().running(ch1=at(0))
        bench.driver.keep_alive(bench.now)
        assert of_kind(bench.run(), StatusRead)[0].active == frozenset({1})
        bench.run(3 * S)
        bench.driver.keep_alive(bench.now)
        assert of_kind(bench.run(), UnexpectedState)
        bench.finish()
        assert bench.highest_ua() == 0

    @pytest.mark.parametrize("level", ["zero", "low"])
    def test_where_no_train_can_run_the_state_of_the_device_is_asked(self, level: str) -> None:
        bench = Bench().connected()
        if level == "low":
            bench.driver.pulse(bench.now, 1, at(10_000))
            bench.run()
        assert bench.driver.state == level
        bench.driver.keep_alive(bench.now)
        assert of_kind(bench.run(), StatusRead)[0].active == frozenset()

    def test_it_is_silent_where_the_device_is_in_doubt(self) -> None:
        bench = Bench().running(ch1=at(10_000))
        bench.driver.stop(bench.now)
        bench.driver.transmit()
        bench.driver.keep_alive(bench.now)
        assert bench.driver.transmit() == []
