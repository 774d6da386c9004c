"""The openEMSstim driver stops: verified in any moment, however the line or the board behaves."""

from __future__ import annotations

import itertools

import pytest

from stimctl.devices.events import (
    NoAnswer,
    UnexpectedState,
    ZeroVerified,
)
from tests.support.broad import broad
from tests.support.driver_bench import S
from tests.support.openemsstim_bench import (
    MS,
    STOP_AND_PROBE,
    Bench,
    points,
)


def test_a_stop_is_verified_by_an_answer_that_can_only_come_when_both_relays_are_open() -> None:
    bench = Bench().running(ch1=50, ch2=60)
    since, began = len(bench.writes), bench.now
    bench.driver.stop(bench.now)
    bench.run(300 * MS)
    assert bench.sent(since) == [STOP_AND_PROBE]
    assert bench.writes[since][1].urgent
    (*_, verified) = bench.all_of(ZeroVerified)
    off = [at for at, _, on in bench.relays() if not on]
    assert (began + verified.latency_ns) / MS > max(off)
    assert verified.latency_ns < 300 * MS
    assert bench.driver.state == "zero"


@pytest.mark.parametrize("into_ms", [0, 5, 20, 60, 100])
def test_a_stop_in_the_middle_of_a_message_and_its_echo_is_verified_in_time(into_ms: int) -> None:
    bench = Bench().running(ch1=50)
    bench.run(200 * MS)
    bench.driver.apply(bench.now, points(ch1=51))
    bench.run(into_ms * MS)
    bench.driver.stop(bench.now)
    bench.run(400 * MS)
    assert bench.open == {}
    assert bench.all_of(ZeroVerified)[-1].latency_ns < 350 * MS


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("cut", range(1, 33))
def test_half_a_message_before_it_cannot_swallow_a_stop(cut: int) -> None:
    bench = Bench(strict=False).running(ch1=50)
    bench.run(200 * MS)
    bench.to_device = lambda now, data: data[:cut]
    bench.driver.apply(bench.now, points(ch1=51))
    bench.run(5 * MS)
    bench.to_device = lambda now, data: data
    bench.driver.stop(bench.now)
    bench.run(400 * MS)
    assert bench.open == {}
    assert bench.all_of(ZeroVerified)[-1].latency_ns < 400 * MS
    assert {defect.section for defect in bench.twin.defects} <= {"5.4"}  # half a message is that


def test_a_stop_that_is_not_answered_resets_the_board_and_that_is_zero() -> None:
    bench = Bench().running(ch1=50)
    bench.to_device = lambda now, data: b""
    began = bench.now
    bench.driver.stop(bench.now)
    bench.run(250 * MS)
    resets = [at for at, frame in bench.writes if frame.resets]
    assert [at - began for at in resets] == [200 * MS]
    assert bench.open == {}
    assert bench.all_of(ZeroVerified)[-1].latency_ns >= 200 * MS
    assert bench.driver.latched


def test_a_stop_on_a_dead_line_goes_on_for_ever_and_is_told_as_no_answer() -> None:
    bench = Bench().running(ch1=50)
    bench.to_device = bench.to_host = lambda now, data: b""
    since = len(bench.writes)
    bench.driver.stop(bench.now)
    bench.run(9_500 * MS)
    assert len(bench.all_of(NoAnswer)) == 1
    assert bench.driver.state == "stopping"
    assert len(bench.sent(since)) >= 20
    assert sum(frame.resets for _, frame in bench.writes[since:]) == 4


@pytest.mark.hazard("H11")
def test_stops_said_again_and_again_never_overflow_the_board() -> None:
    bench = Bench().running(ch1=50, ch2=50)
    bench.driver.apply(bench.now, points(ch1=40, ch2=50))
    bench.to_host = lambda now, data: b""
    bench.driver.stop(bench.now)
    for _ in range(3_000):
        bench.run(MS)
        bench.driver.stop(bench.now)
    bench.to_host = lambda now, data: data
    bench.run(2 * S)
    assert bench.twin.defects == ()
    assert bench.all_of(ZeroVerified)


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("into_ms", broad(range(0, 300, 30), every=2))
@pytest.mark.parametrize("every_ms", [0, 1, 10, 60, 110])
def test_a_connection_during_a_stop_loses_no_account_of_what_the_board_has_still_to_answer(
    every_ms: int, into_ms: int
) -> None:
    bench = Bench().running(ch1=50, ch2=50)
    bench.driver.stop(bench.now)
    bench.run(into_ms * MS)
    for _ in range(3):
        bench.driver.connect(bench.now)
        bench.run(every_ms * MS)
    bench.driver.stop(bench.now)
    found = bench.run(800 * MS)
    assert any(isinstance(one, ZeroVerified) for one in found)
    assert bench.twin.defects == ()  # nor has its buffer overflowed
    bench.connected()


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("into_ms", range(0, 130, 10))
def test_a_burst_that_is_under_way_when_connecting_is_no_other_program(into_ms: int) -> None:
    bench = Bench().running(ch1=50)
    bench.driver.apply(bench.now, points(ch1=51))
    bench.run(into_ms * MS)
    bench.driver.connect(bench.now)
    bench.run(900 * MS)
    assert bench.all_of(UnexpectedState) == []
    assert bench.driver.state == "zero"
    assert bench.open == {}
    assert bench.twin.defects == ()


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("every_ms", [551, 631, 771])
@pytest.mark.parametrize("call", ["stop", "connect"])
def test_what_was_sent_while_a_connection_failed_is_still_accounted_for(
    call: str, every_ms: int
) -> None:
    """Its answers are lost, and noise in their place has the stop said again until the end."""
    bench = Bench(strict=False).connected()
    bench.to_host = lambda now, data: b""
    bench.driver.connect(bench.now)
    for ms in itertools.count(1):
        bench.run(MS)
        if bench.driver.state != "clearing":
            break
        if ms % every_ms == 0:
            bench.driver.receive(bench.now, b"\tUSB: received command: xzz\r\n")
    assert bench.all_of(NoAnswer)
    bench.to_host = lambda now, data: data
    getattr(bench.driver, call)(bench.now)
    found = bench.run(S)
    assert any(isinstance(one, ZeroVerified) for one in found)
    assert bench.twin.defects == ()  # what overflows is spliced and executed
