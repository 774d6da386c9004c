"""The openEMSstim driver against its strict twin: its contract, bursts, and what it refuses."""

from __future__ import annotations

import itertools

import pytest

from stimctl.devices.driver import Driver, Frame
from stimctl.devices.events import (
    Acked,
    ChannelSet,
    Doing,
    RaiseDropped,
    UnexpectedState,
)
from stimctl.devices.openemsstim.driver import OpenEmsStimDriver
from stimctl.devices.openemsstim.sheet import BURST_MS
from stimctl.devices.openemsstim.table import CALLS, Call, State
from stimctl.errors import LimitRefusedError, StateError
from stimctl.safety import Electrode, IntensityPoint, PercentBounds, clear_intensity
from stimctl.safety.intensity import ATTENDED
from stimctl.stimulus.level import PERCENT
from tests.support.driver_bench import S
from tests.support.openemsstim_bench import (
    MS,
    SHEET,
    STOP,
    Bench,
    cleared,
    points,
)

WIPER = {1: 200, 10: 186, 50: 122, 100: 42}
"""What the firmware makes of an intensity, in the emulator."""


def test_it_keeps_the_contract_of_devices_without_current_and_gives_no_pulse() -> None:
    driver = OpenEmsStimDriver()
    assert isinstance(driver, Driver)
    assert (driver.sheet.scale, driver.sheet.point) == (PERCENT, IntensityPoint)
    with pytest.raises(StateError, match="no single pulses"):
        driver.pulse(0, 1, cleared(10).point(10))
    assert not driver.transmit()


def applied(bench: Bench) -> list[Acked]:
    """The answers to whole calls."""
    return [one for one in bench.all_of(Acked) if one.ticket is not None and one.in_force is None]


def test_every_call_has_a_meaning_in_every_state() -> None:
    assert set(CALLS) == set(State)
    assert all(set(row) == set(Call) for row in CALLS.values())


# -- bursts -------------------------------------------------------------------------------------


def test_an_opened_channel_gets_what_was_asked_and_is_acknowledged_by_its_echo() -> None:
    for percent, wiper in WIPER.items():
        bench = Bench().connected()
        ticket = bench.driver.apply(bench.now, points(ch1=percent))
        bench.run(200 * MS)
        assert bench.open == {1: wiper}
        (acked,) = applied(bench)
        assert (acked.ticket, acked.channels) == (ticket, (ChannelSet(1, percent),))
        assert acked.latency_ns < 100 * MS


def test_bursts_are_renewed_at_half_their_length_and_only_by_keep_alives() -> None:
    bench = Bench().running(ch1=20)
    since = len(bench.writes)
    bench.kept(10 * S)
    assert set(bench.sent(since)) == {f"C0I20T{BURST_MS}G"}
    times = [at for at, _ in bench.writes[since:]]
    assert {b - a for a, b in itertools.pairwise(times)} == {BURST_MS * MS // 2}
    assert bench.all_of(Acked)[-1].what is Doing.KEEP_ALIVE
    assert len(bench.relays()) == 1  # never a gap
    last = len(bench.writes)
    bench.run(2 * S)
    assert len(bench.writes) - last <= 1  # the renewal that the last keep-alive had allowed
    assert bench.open == {}


@pytest.mark.hazard("H03")
def test_no_host_death_at_any_time_leaves_a_relay_closed_for_a_second() -> None:
    bench = Bench().running(ch1=60, ch2=80)
    worst_ms = 0
    for phase_ms in range(0, 400, 9):
        bench.kept((400 + phase_ms) * MS)
        died_ns = bench.now
        assert list(bench.open) == [1, 2]
        bench.driver = OpenEmsStimDriver()  # from here on nobody speaks
        bench.run(1_000 * MS)
        assert bench.open == {}, phase_ms
        off_ms = max(at for at, _, on in bench.relays() if not on)
        worst_ms = max(worst_ms, off_ms - died_ns // MS)
        bench.twin.reset(bench.now)
        bench.running(ch1=60, ch2=80)
    assert worst_ms < 1_000
    assert bench.twin.defects == ()


def test_two_channels_are_renewed_in_turn_and_the_board_is_never_asked_too_much() -> None:
    bench = Bench().running(ch1=20, ch2=30)
    since = len(bench.writes)
    every = itertools.cycle((450, 470, 500))
    for percent in range(21, 41):
        bench.driver.apply(bench.now, points(ch1=percent, ch2=30))
        bench.kept(next(every) * MS)
    times = [at for at, _ in bench.writes[since:]]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 150 * MS
    assert all(b - a >= S for a, b in zip(times, times[5:], strict=False))
    assert len(bench.relays()) == 2  # both on, once, without a gap
    assert bench.all_of(RaiseDropped) == []
    assert applied(bench)[-1].channels == (ChannelSet(1, 40), ChannelSet(2, 30))


def test_what_lowers_leaves_as_soon_as_the_echo_before_it_is_complete() -> None:
    bench = Bench().running(ch1=50)
    bench.driver.apply(bench.now, points(ch1=51))
    for percent in (40, 30, 10):  # the latest counts, whatever was asked in between
        bench.driver.apply(bench.now, points(ch1=percent))
    bench.run(250 * MS)
    assert bench.sent()[-1] == f"C0I10T{BURST_MS}G"
    assert bench.open == {1: WIPER[10]}


def test_one_channel_is_switched_off_by_the_least_and_shortest_burst_there_is() -> None:
    bench = Bench().running(ch1=50, ch2=50)
    bench.driver.apply(bench.now, points(ch2=50))
    bench.run(300 * MS)
    assert "C0I1T50G" in bench.sent()[-2:]
    assert list(bench.open) == [2]
    assert applied(bench)[-1].channels == (ChannelSet(2, 50),)


def test_all_channels_are_switched_off_by_the_stop_that_opens_nothing() -> None:
    bench = Bench().running(ch1=50, ch2=50)
    bench.driver.apply(bench.now, {})
    bench.run(300 * MS)
    assert bench.sent()[-1] == STOP
    assert bench.open == {}
    assert bench.driver.state == "running"


def test_nothing_asked_of_a_board_at_zero_is_a_question_that_it_answers() -> None:
    bench = Bench().connected()
    ticket = bench.driver.apply(bench.now, {})
    bench.run()
    assert bench.sent()[-1] == "x\n"
    assert applied(bench)[-1].ticket == ticket
    assert bench.relays() == []


def test_a_running_board_with_nothing_on_is_asked_for_a_sign_of_life() -> None:
    bench = Bench().running(ch1=5)
    bench.driver.apply(bench.now, {})
    bench.run()
    since = len(bench.writes)
    bench.kept(3 * S)
    assert set(bench.sent(since)) == {"x\n"}
    assert 2 <= len(bench.sent(since)) <= 3
    bench.to_device = lambda now, data: b""
    bench.kept(2 * S)
    assert bench.driver.latched


@pytest.mark.hazard("H09")
def test_a_raise_that_cannot_leave_in_time_is_dropped_and_never_sent_late() -> None:
    bench = Bench().connected()
    bench.driver.apply(bench.now, points(ch1=1))
    bench.run(160 * MS)
    for percent in (9, 8, 7, 6, 5, 10):  # decreases are not held back, and use up the second
        bench.driver.apply(bench.now, points(ch1=percent))
        bench.run(150 * MS)
    bench.run(400 * MS)
    dropped = bench.all_of(RaiseDropped)
    assert dropped
    assert not any(one.sent for one in dropped)
    assert "C0I10T750G" not in bench.sent()
    assert {one.falls_to for one in dropped} == {(ChannelSet(1, 5),)}, (
        "what the bursts have confirmed"
    )


def test_a_host_that_was_late_does_not_open_a_channel_anew() -> None:
    bench = Bench().running(ch1=70)
    bench.run(BURST_MS * MS)
    bench.driver.keep_alive(bench.now)
    (late,) = bench.all_of(UnexpectedState)
    assert "this host was late" in late.found
    assert bench.driver.latched
    bench.run(S)
    assert [on for _, _, on in bench.relays()] == [True, False]
    with pytest.raises(StateError):
        bench.driver.apply(bench.now, points(ch1=70))


def test_what_opens_or_renews_is_never_written_late() -> None:
    bench = Bench().running(ch1=10)
    bench.kept(S)
    for at, frame in bench.writes:
        if b"WV," in frame.data:
            assert frame.expires_ns is not None
            assert frame.expires_ns - at <= (BURST_MS - 100) * MS


# -- the gate -----------------------------------------------------------------------------------


def test_only_genuine_points_of_this_device_and_its_channels_pass() -> None:
    bench = Bench().connected()
    forged = tuple.__new__(IntensityPoint, (100, object()))
    raised = tuple.__new__(IntensityPoint, (90, cleared(40)))
    other = clear_intensity(
        10, PercentBounds("other", 2, 1, 100, 1, 200_000), Electrode(2_500),
        acknowledged=frozenset({ATTENDED}),
    )  # fmt: skip
    genuine = cleared(40).point(40)
    since = len(bench.writes)
    for channel, point in [
        (1, forged), (1, raised), (1, 40), (1, other.point(10)), (0, genuine), (3, genuine),  # type: ignore[union-attr]
        (True, genuine),
    ]:  # fmt: skip
        with pytest.raises(LimitRefusedError):
            bench.driver.apply(bench.now, {channel: point})  # type: ignore[dict-item]
    assert bench.writes[since:] == []
    assert bench.driver.state == "zero"


def test_zero_percent_is_off_and_never_the_intensity_0_of_the_wire() -> None:
    bench = Bench().running(ch1=30)
    bench.driver.apply(bench.now, points(ch1=0, ch2=0))
    bench.run(300 * MS)
    bench.driver.apply(bench.now, points(ch1=0))
    bench.run(300 * MS)
    assert bench.open == {}
    assert not any("I0" in text for text in bench.sent())


def test_the_sheet_says_how_long_a_burst_and_so_the_output_can_go_on() -> None:
    assert BURST_MS <= 800
    death = SHEET.run_after_host_death
    assert (death.as_shipped_us, death.under_our_rules_us) == (None, 1_000_000)
    assert not SHEET.has_watchdog
    assert not SHEET.calibrated
    with pytest.raises(LimitRefusedError, match="no current control"):
        _ = SHEET.bounds


def test_frames_say_that_they_reset_in_place_of_bytes() -> None:
    assert Frame(b"", resets=True).data == b""


def test_a_raise_that_finds_no_room_does_not_keep_the_host_awake() -> None:
    bench = Bench().running(ch1=2, ch2=1)
    bench.driver.apply(bench.now, points(ch1=2, ch2=2))
    bench.kept(400 * MS)
    bench.driver.apply(bench.now, points(ch1=9, ch2=9))
    for _ in range(300):
        due = bench.driver.deadline()
        assert due is None or due > bench.now, "woken again and again for nothing"
        bench.run(MS)


def test_a_row_of_decreases_on_one_channel_does_not_starve_the_other() -> None:
    bench = Bench().running(ch1=60, ch2=30)
    for percent in range(59, 0, -1):  # a key held down: faster than any message
        bench.driver.apply(bench.now, points(ch1=percent, ch2=30))
        bench.run(33 * MS)
        if percent % 6 == 0:
            bench.driver.keep_alive(bench.now)
    bench.kept(400 * MS)
    assert bench.driver.state == "running"
    assert bench.open == {1: WIPER[1], 2: 154}
    assert len(bench.relays()) == 2  # neither was ever closed


@pytest.mark.parametrize("in_flight", [{"ch1": 39, "ch2": 30}, {"ch1": 40, "ch2": 29}])
@pytest.mark.parametrize("wanted", [{}, {"ch1": 1, "ch2": 1}])
def test_a_channel_that_is_to_be_lowered_is_never_renewed_as_it_was(
    in_flight: dict[str, int], wanted: dict[str, int]
) -> None:
    """However old its burst is when both are lowered, and one message at a time."""
    for wait_ms in range(0, 440, 70):
        bench = Bench().running(ch1=40, ch2=30)
        bench.kept(wait_ms * MS)
        bench.driver.apply(bench.now, points(**in_flight))
        bench.run(MS)  # it leaves
        written = len(bench.writes)
        bench.driver.apply(bench.now, points(**wanted))
        bench.kept(600 * MS)
        said = bench.sent(written)
        assert not [line for line in said if line[2:4] in ("I4", "I3", "I2")], (wait_ms, said)
        assert bench.open == {int(name[2:]): WIPER[1] for name in wanted}
        assert bench.driver.state == "running"


@pytest.mark.hazard("H11")
def test_a_probe_without_its_stop_proves_nothing() -> None:
    bench = Bench().running(ch1=50)
    bench.to_device = lambda now, data: data[data.rindex(b"x") :] if b"\nx" in data else data
    bench.driver.stop(bench.now)
    bench.run(300 * MS)
    assert bench.driver.state == "stopping"


@pytest.mark.hazard("H11")
@pytest.mark.no_invariant("the line makes a message of another one that crashes the board")
def test_a_board_that_crashes_over_a_message_is_reset_within_400_ms_of_it() -> None:
    """It stops in the middle of the first line of its echo, and its relays stay as they are."""
    bench = Bench(strict=False).running(ch1=50)
    bench.run(200 * MS)
    began = bench.now
    bench.to_device = bench.to_host = lambda now, data: b""
    bench.driver.apply(began, points(ch1=51))
    bench.twin.receive(began, b"T5G\n")  # in the older dialect, and so in hex form
    bench.twin.receive(began, b"WV,0000,543547.\n")
    for _ in range(200):
        if any(isinstance(one, UnexpectedState) for one in bench.run(2 * MS)):
            bench.driver.stop(bench.now)
    assert bench.twin.defects
    assert next(at - began for at, frame in bench.writes if frame.resets) <= 400 * MS
    assert bench.open == {}
