"""The openEMSstim driver hears the board: what differs, is missing or comes unasked ends all."""

from __future__ import annotations

import pytest

from stimctl.devices.events import (
    AnswerLate,
    UnexpectedState,
    ZeroVerified,
)
from stimctl.errors import StateError
from tests.support.driver_bench import S
from tests.support.openemsstim_bench import (
    MS,
    STOP_AND_PROBE,
    Bench,
    points,
)


@pytest.mark.hazard("H08")
def test_an_echo_that_differs_in_one_character_ends_everything() -> None:
    bench = Bench().running(ch1=20)
    bench.to_host = lambda now, data: data.replace(b"7", b"8")
    bench.kept(800 * MS)
    (other,) = bench.all_of(UnexpectedState)
    assert "echo" in other.expected
    assert bench.driver.latched
    since = len(bench.writes)
    bench.kept(S)
    assert bench.writes[since:] == []
    bench.driver.stop(bench.now)
    bench.run(300 * MS)
    assert "\n" + STOP_AND_PROBE in bench.sent()[-2:]


def test_an_answer_that_nobody_asked_for_ends_everything() -> None:
    bench = Bench().running(ch1=20)
    bench.run(200 * MS)
    bench.driver.receive(bench.now, b"\tEMS: Channel 1 active\r\n")
    bench.run(1)
    assert bench.all_of(UnexpectedState)[-1].expected == "nothing to be said"
    assert bench.driver.latched


def test_a_lost_message_is_noticed_within_300_ms_by_its_missing_echo() -> None:
    bench = Bench().running(ch1=20)
    bench.to_device = lambda now, data: b""
    bench.kept(800 * MS)
    (late,) = bench.all_of(AnswerLate)
    assert late.latency_ns == 200 * MS
    assert bench.all_of(UnexpectedState)[-1].found == "silent"
    assert bench.driver.latched


def test_an_echo_that_breaks_off_is_noticed() -> None:
    bench = Bench().running(ch1=20)
    heard = bytearray()

    def breaks_off(now: int, data: bytes) -> bytes:
        heard.extend(data)
        return data if len(heard) < 90 else b""

    bench.to_host = breaks_off
    bench.kept(S)
    assert "in the middle" in bench.all_of(UnexpectedState)[-1].found


def test_a_board_that_restarts_is_a_loss_that_only_a_new_connection_mends() -> None:
    bench = Bench().running(ch1=20)
    bench.twin.reset(bench.now)
    bench.run(20 * MS)
    anew = bench.all_of(UnexpectedState)[-1]
    assert anew.restarted
    assert (anew.channels_expected, anew.channels_found) == ({1}, frozenset())
    bench.driver.stop(bench.now)  # it is still starting: all its pins are low
    bench.run(1)
    assert bench.all_of(ZeroVerified)[-1].rounds == 0
    bench.run(S)
    bench.driver.stop(bench.now)  # by now it answers
    bench.run(300 * MS)
    assert bench.all_of(ZeroVerified)[-1].rounds == 1
    assert bench.driver.state == "restarted"
    with pytest.raises(StateError):
        bench.driver.apply(bench.now, points(ch1=1))
    bench.connected()
