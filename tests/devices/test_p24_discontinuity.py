"""What shows that the device is not as it was left ends in a latch: no stimulation by itself."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.sciencemode4_frames import FrameDecoder, encode
from stimctl.devices.events import (
    Acked,
    AnswerLate,
    DeviceError,
    Doing,
    LineError,
    NoAnswer,
    Rejected,
    StatusRead,
    StrayAnswer,
    UnexpectedState,
    ZeroVerified,
)
from stimctl.errors import StateError
from stimctl.safety import SetPoint
from tests.support.driver_bench import S, of_kind
from tests.support.p24_bench import MS, Bench, cleared

LADDER = cleared(60_000, 200, 50_000)


def at(amplitude_ua: int) -> SetPoint:
    return LADDER.point(amplitude_ua)


def running() -> Bench:
    bench = Bench().running(ch1=at(20_000))
    bench.forget()
    return bench


def answer_instead(bench: Bench, command: int, data: bytes, *, times: int = 1) -> None:
    """The next `times` answers with this command number carry other data."""
    left = [times]

    def line(wire: bytes) -> list[tuple[int, bytes]]:
        (frame,) = FrameDecoder().feed(wire)
        if frame.command == command and left[0]:
            left[0] -= 1
            return [(0, encode(frame.packet_number, command, data))]
        return [(0, wire)]

    bench.device_line = line


def assert_latched_until_stopped(bench: Bench) -> None:
    assert bench.driver.latched
    sent = len(bench.host_writes)
    with pytest.raises(StateError):
        bench.driver.apply(bench.now, {1: at(500)})
    bench.driver.keep_alive(bench.now)
    bench.run(1_500 * MS)
    assert len(bench.host_writes) == sent, "something was sent by itself"
    bench.driver.stop(bench.now)
    bench.run(300 * MS)
    assert bench.all_of(ZeroVerified)
    assert not bench.driver.latched


@pytest.mark.hazard("H15")
def test_a_reset_is_found_by_the_keep_alive() -> None:
    bench = running()
    bench.twin.receive(bench.now, encode(0, 58, b""))
    bench.twin.advance(bench.now + MS)
    bench.twin.transmit()
    bench.run(2 * MS)
    bench.driver.keep_alive(bench.now)
    bench.run(2 * MS)
    assert bench.all_of(UnexpectedState)
    assert [event.code for event in bench.all_of(Rejected)] == [7]
    assert_latched_until_stopped(bench)


@pytest.mark.hazard("H15")
def test_a_reset_is_found_by_an_update_which_is_not_repeated() -> None:
    bench = running()
    bench.twin.power_off(bench.now)
    bench.driver.apply(bench.now, {1: at(20_500)})
    bench.run(2 * MS)
    assert bench.all_of(UnexpectedState)
    assert_latched_until_stopped(bench)


def test_a_reset_is_found_where_nothing_was_initialised_by_a_level_that_appears() -> None:
    bench = Bench().connected()
    answer_instead(bench, 63, b"\x00\x03\x06")
    bench.driver.keep_alive(bench.now)
    bench.run(2 * MS)
    found = bench.all_of(UnexpectedState)[0]
    assert (found.expected, found.found) == ("nothing initialized", "mid level running")
    assert_latched_until_stopped(bench)


@pytest.mark.parametrize(("code", "word"), [(8, "high voltage error"), (200, "unknown(200)")])
def test_a_general_error_is_named_and_latches(code: int, word: str) -> None:
    bench = running()
    bench.driver.receive(bench.now, encode(0, 66, bytes((code,))))
    bench.run(2 * MS)
    assert bench.all_of(DeviceError) == [DeviceError(word, code)]
    assert_latched_until_stopped(bench)


def test_a_general_error_about_a_damaged_frame_is_the_lines_and_does_not_latch() -> None:
    bench = running()
    bench.driver.receive(bench.now, encode(0, 66, b"\x01"))
    bench.run()
    assert bench.seen == [LineError("transfer")]
    assert not bench.driver.latched


def test_a_general_error_does_not_keep_a_stop_from_being_verified() -> None:
    bench = running()
    bench.driver.stop(bench.now)
    bench.driver.receive(bench.now, encode(0, 66, b"\x08"))
    bench.run(200 * MS)
    assert bench.all_of(DeviceError)
    assert bench.all_of(ZeroVerified)


def test_an_unknown_command_is_a_rejection_of_the_request_with_its_number() -> None:
    bench = running()
    bench.device_line = lambda wire: [
        (0, encode(FrameDecoder().feed(wire)[0].packet_number, 67, b"\x0b"))
    ]
    bench.driver.keep_alive(bench.now)
    bench.run(2 * MS)
    assert [event.result for event in bench.all_of(Rejected)] == ["invalid command"]
    bench.device_line = lambda wire: [(0, wire)]
    assert_latched_until_stopped(bench)


@pytest.mark.parametrize(
    ("nibble", "word"), [(1, "electrode error"), (2, "pulse timeout"), (3, "pulse low current")]
)
def test_a_channel_error_is_reported_by_channel_and_latches(nibble: int, word: str) -> None:
    bench = running()
    answer_instead(bench, 37, bytes((0, 4, 0, nibble, nibble << 4, 0, 0)))
    bench.driver.keep_alive(bench.now)
    bench.run(2 * MS)
    assert bench.all_of(StatusRead)[0].errors == {1: word, 4: word}
    assert bench.all_of(DeviceError) == [DeviceError(word, nibble, frozenset({1, 4}))]
    assert_latched_until_stopped(bench)


@pytest.mark.hazard("H12")
def test_an_electrode_that_falls_off_is_found() -> None:
    bench = running()
    bench.twin.set_load(1, None)
    bench.run(100 * MS)
    bench.driver.keep_alive(bench.now)
    bench.run(2 * MS)
    assert [event.result for event in bench.all_of(DeviceError)] == ["electrode error"]
    assert_latched_until_stopped(bench)


@pytest.mark.hazard("H16")
def test_a_channel_more_than_was_applied_is_found() -> None:
    bench = running()
    answer_instead(bench, 37, bytes((0, 4, 0b11, 0, 0, 0, 0)))
    bench.driver.keep_alive(bench.now)
    bench.run(2 * MS)
    found = bench.all_of(UnexpectedState)[0]
    assert found.channels_expected == frozenset({1})
    assert found.channels_found == frozenset({1, 2})
    assert_latched_until_stopped(bench)


@pytest.mark.parametrize("result", [2, 10, 16, 28, 99])
def test_a_rejected_update_names_the_result_and_latches(result: int) -> None:
    bench = running()
    answer_instead(bench, 33, bytes((result,)))
    ticket = bench.driver.apply(bench.now, {1: at(20_500)})
    bench.run(2 * MS)
    assert [(event.code, event.ticket) for event in bench.all_of(Rejected)] == [(result, ticket)]
    assert_latched_until_stopped(bench)


def test_an_update_that_was_damaged_on_the_way_is_sent_again_at_once() -> None:
    bench = running()
    answer_instead(bench, 33, b"\x01", times=2)
    bench.driver.apply(bench.now, {1: at(20_500)})
    bench.run(10 * MS)
    assert [event.retried for event in bench.all_of(Rejected)] == [True, True]
    assert bench.all_of(Acked)
    assert not bench.driver.latched


def test_an_update_that_is_damaged_every_time_is_given_up() -> None:
    bench = running()
    answer_instead(bench, 33, b"\x01", times=1000)
    bench.driver.apply(bench.now, {1: at(19_500)})
    bench.run(500 * MS)
    assert [event.retried for event in bench.all_of(Rejected)] == [True] * 5 + [False]
    assert_latched_until_stopped(bench)


class TestSecondWriter:
    def test_an_answer_to_nothing_we_asked_latches(self) -> None:
        bench = running()
        bench.twin.receive(bench.now, encode(41, 36, b"\x04"))
        bench.run(2 * MS)
        assert bench.all_of(StrayAnswer) == [StrayAnswer(37, 41)]
        assert_latched_until_stopped(bench)

    def test_the_right_number_with_the_wrong_command_is_a_stray_too(self) -> None:
        bench = running()
        bench.driver.keep_alive(bench.now)
        number = FrameDecoder().feed(bench.driver.transmit()[0].data)[0].packet_number
        bench.driver.receive(bench.now, encode(number, 33, b"\x00"))
        bench.run(2 * MS)
        assert bench.all_of(StrayAnswer) == [StrayAnswer(33, number)]

    def test_the_memory_of_requests_ends_so_that_an_old_number_explains_nothing(self) -> None:
        bench = running()
        bench.driver.keep_alive(bench.now)
        bench.run(2 * MS)
        last = bench.answers[-1][1]
        bench.run(1_000 * MS)
        bench.driver.keep_alive(bench.now)
        bench.run(1_500 * MS)
        bench.driver.keep_alive(bench.now)
        bench.run(1_000 * MS)
        bench.driver.receive(bench.now, encode(*last))
        bench.run(2 * MS)
        assert bench.all_of(StrayAnswer)


class TestBadLine:
    def test_every_answer_twice_changes_nothing(self) -> None:
        bench = Bench()
        bench.device_line = lambda wire: [(0, wire), (0, wire)]
        bench.running(ch1=at(20_000))
        bench.driver.keep_alive(bench.now)
        bench.run()
        bench.driver.stop(bench.now)
        bench.run(200 * MS)
        assert set(bench.all_of(LineError)) == {LineError("duplicate")}
        assert bench.driver.state == "zero"
        assert not bench.all_of(StrayAnswer)

    def test_every_request_twice_changes_nothing(self) -> None:
        bench = Bench()
        bench.host_line = lambda wire: [(0, wire), (0, wire)]
        bench.running(ch1=at(20_000))
        bench.driver.keep_alive(bench.now)
        bench.run()
        bench.driver.stop(bench.now)
        bench.run(300 * MS)
        assert bench.driver.state == "zero"
        assert not bench.all_of(StrayAnswer)

    def test_a_late_answer_of_an_overtaken_request_is_no_news(self) -> None:
        bench = running()
        bench.device_line = lambda wire: [(40 * MS, wire)]
        bench.driver.apply(bench.now, {1: at(20_500)})
        bench.run(20 * MS)
        bench.driver.apply(bench.now, {1: at(5_000)})
        bench.run(200 * MS)
        assert [event.channels[0].level for event in bench.all_of(Acked)] == [5_000]
        assert not bench.driver.latched

    def test_a_late_refusal_of_an_overtaken_request_is_news(self) -> None:
        bench = running()
        answer_instead(bench, 33, b"\x0a")
        bench.driver.apply(bench.now, {1: at(20_500)})
        bench.driver.apply(bench.now, {1: at(5_000)})
        bench.run(2 * MS)
        assert [event.result for event in bench.all_of(Rejected)] == ["electrode error"]
        assert_latched_until_stopped(bench)

    def test_damaged_answers_are_line_errors_and_the_request_is_sent_again(self) -> None:
        bench = running()
        damaged = [1]

        def line(wire: bytes) -> list[tuple[int, bytes]]:
            if damaged.pop() if damaged else 0:
                return [(0, wire[:-3] + bytes((wire[-3] ^ 1,)) + wire[-2:])]
            return [(0, wire)]

        bench.device_line = line
        bench.driver.keep_alive(bench.now)
        bench.run(300 * MS)
        assert bench.all_of(LineError) == [LineError("crc")]
        assert bench.all_of(StatusRead)

    @pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x04\x01", b"\x00\x03\x10\x10"])
    def test_an_answer_without_the_content_asked_for_does_not_count(self, data: bytes) -> None:
        bench = running()
        answer_instead(bench, 37, data)
        bench.driver.keep_alive(bench.now)
        bench.run(300 * MS)
        assert bench.all_of(LineError) == [LineError("content")]
        assert len(bench.all_of(StatusRead)) == 1

    def test_a_frame_whose_bytes_stop_coming_is_given_up_after_50_ms(self) -> None:
        bench = running()
        bench.driver.receive(bench.now, encode(1, 33, b"\x00")[:7])
        assert bench.driver.deadline() == bench.now + 50 * MS
        bench.run(60 * MS)
        assert bench.all_of(LineError) == [LineError("timeout")]

    @pytest.mark.parametrize("size", [1, 2, 5])
    def test_answers_may_come_in_any_portions(self, size: int) -> None:
        bench = Bench()
        bench.device_line = lambda wire: [
            (at_byte * 10_000, wire[at_byte : at_byte + size])
            for at_byte in range(0, len(wire), size)
        ]
        bench.running(ch1=at(20_000))
        bench.driver.keep_alive(bench.now)
        assert of_kind(bench.run(), StatusRead)

    def test_a_late_answer_is_reported_even_where_the_caller_did_not_wake_in_time(self) -> None:
        bench = running()
        bench.driver.keep_alive(bench.now)
        number = FrameDecoder().feed(bench.driver.transmit()[0].data)[0].packet_number
        bench.driver.receive(bench.now + 140 * MS, encode(number, 37, bytes((0, 4, 1, 0, 0, 0, 0))))
        late = of_kind(bench.driver.events(), AnswerLate)
        assert [(event.what, event.latency_ns) for event in late] == [(Doing.KEEP_ALIVE, 140 * MS)]

    def test_silence_for_a_second_latches_and_names_since_when(self) -> None:
        bench = running()
        bench.host_line = lambda wire: []
        began = bench.now
        bench.driver.keep_alive(began)
        bench.run(5 * S)
        assert [event.since_ns for event in bench.all_of(NoAnswer)] == [began]
        assert bench.driver.latched
        assert bench.driver.deadline() is None

    def test_silence_while_changing_the_level_goes_on_stopping(self) -> None:
        bench = Bench().connected()
        bench.driver.pulse(bench.now, 1, at(500))
        bench.run()
        bench.host_line = lambda wire: []
        bench.driver.apply(bench.now, {1: at(20_000)})
        bench.run(2 * S)
        assert bench.driver.state == "stopping"
        bench.host_line = lambda wire: [(0, wire)]
        bench.run(300 * MS)
        assert bench.driver.state == "zero"
        bench.finish()
        assert bench.highest_ua() == 500


def test_the_deadline_is_exact_before_it_nothing_happens_and_at_it_something_does() -> None:
    bench = running()
    bench.host_line = lambda wire: []
    bench.driver.keep_alive(bench.now)
    bench.run(0)
    woken = []
    while (due := bench.driver.deadline()) is not None:
        bench.driver.advance(due - 1)
        assert (bench.driver.transmit(), bench.driver.events()) == ([], [])
        bench.driver.advance(due)
        assert bench.driver.transmit() or bench.driver.events()
        woken.append(due - bench.now)
    sends = [150 * MS * n for n in range(1, 7)]
    lates = [150 * MS * n + 100 * MS + 1 for n in range(7)]
    assert woken == sorted([*sends, *lates[:6], 1_000 * MS])
