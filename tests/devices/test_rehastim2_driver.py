"""The RehaStim2 driver against its twin: handshake, keep-alive, loss, stop, and what it refuses."""

from __future__ import annotations

import pytest

from stimctl.devices.driver import Driver
from stimctl.devices.events import (
    Acked,
    DeviceError,
    Doing,
    Identified,
    NoAnswer,
    RaiseDropped,
    Ready,
    Rejected,
    StatusRead,
    StoppedAtDevice,
    UnexpectedState,
    ZeroVerified,
)
from stimctl.devices.exchange_rules import Call
from stimctl.devices.registry import family
from stimctl.devices.rehastim2.driver import RehaStim2Driver
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.devices.rehastim2.table import CALLS, State
from stimctl.errors import LimitRefusedError, StateError
from stimctl.wire.sciencemode2 import messages as sm2
from stimctl.wire.sciencemode2.codec import encode
from stimctl.wire.sciencemode2.framing import encode_frame
from tests.support.driver_bench import S
from tests.support.p24_bench import OTHER_DEVICE
from tests.support.p24_bench import cleared as cleared_for
from tests.support.rehastim2_bench import MS, Bench, cleared, point


def names(messages: list[sm2.Message | sm2.UnknownCommand | sm2.Malformed]) -> list[str]:
    return [message.name for message in messages]


def test_the_registry_makes_a_driver_that_keeps_the_contract() -> None:
    assert family("rehastim2").sheet is REHASTIM2_SHEET
    driver = family("rehastim2").new_driver()
    assert isinstance(driver, RehaStim2Driver)
    assert isinstance(driver, Driver)


def test_every_call_has_a_meaning_in_every_state() -> None:
    assert set(CALLS) == set(State)
    assert all(set(row) == set(Call) for row in CALLS.values())


def test_a_device_that_says_init_is_answered_stopped_identified_and_ready() -> None:
    bench = Bench().connected()
    assert [type(one) for one in bench.seen if type(one) in (Identified, ZeroVerified, Ready)] == [
        Identified,
        ZeroVerified,
        Ready,
    ]
    assert bench.twin.connected
    (identified,) = bench.all_of(Identified)
    assert (identified.family, identified.protocol) == ("rehastim2", "1")


def test_only_a_stop_is_said_before_the_device_is_connected() -> None:
    bench = Bench()
    bench.driver.connect(0)
    bench.run(700 * MS)
    before = [row["command"] for row in bench.logged("command before connection")]
    assert set(before) == {sm2.StopChannelListMode.command}


def test_a_device_that_still_stimulates_for_another_host_is_stopped_by_connecting() -> None:
    bench = Bench().running(ch1=point())
    bench.driver = RehaStim2Driver()
    bench.driver.connect(bench.now)
    bench.run(100 * MS)
    assert not bench.twin.stimulating
    assert bench.driver.state == "zero"


def test_a_silent_line_fails_the_connection_within_a_second() -> None:
    bench = Bench()
    bench.to_device = bench.to_host = lambda now, data: []
    bench.driver.connect(0)
    bench.run(1_100 * MS)
    assert bench.all_of(NoAnswer)
    assert bench.driver.state == "unknown"
    assert bench.driver.deadline() is None


def test_another_version_of_the_protocol_is_refused_and_never_driven() -> None:
    bench = Bench()
    bench.to_host = lambda now, data: []
    bench.driver.connect(0)
    bench.run(10 * MS)
    bench.driver.receive(bench.now, encode(sm2.Init(2), 7, invalid=True))
    bench.run(10 * MS)
    acks = [one for one in bench.sent() if isinstance(one, sm2.InitAck)]
    assert acks
    assert all(one.result == -5 for one in acks)
    assert not bench.twin.connected


def test_an_idle_device_is_kept_by_watchdogs_and_its_mode_is_asked_once_a_second() -> None:
    bench = Bench().connected()
    since = len(bench.writes)
    bench.kept(10 * S, 400 * MS)
    told = names(bench.sent(since))
    assert told.count("watchdog") == 25
    assert 10 <= told.count("get_stimulation_mode") <= 15
    assert bench.twin.connected
    assert not bench.logged("connection lost")


def test_a_stimulating_device_is_kept_by_its_set_points_said_once_more() -> None:
    bench = Bench().running(ch1=point(20_000), ch3=point(8_000))
    since = len(bench.writes)
    bench.kept(10 * S)
    told = bench.sent(since)
    assert "watchdog" not in names(told)
    starts = [one for one in told if isinstance(one, sm2.StartChannelListMode)]
    assert len(starts) == 84
    values = tuple((p.pulse_width_us, p.current_ua) for p in starts[0].channels)
    assert values == ((200, 20_000), (200, 8_000))
    assert set(starts) == {starts[0]}
    assert bench.all_of(StatusRead)[-1].active == {1, 3}


def test_without_a_keep_alive_nothing_is_sent_and_the_loss_is_noticed() -> None:
    bench = Bench().running(ch1=point())
    since = len(bench.writes)
    bench.run(3 * S)
    assert bench.writes[since:] == []
    assert bench.driver.latched
    (lost,) = bench.all_of(UnexpectedState)
    assert lost.channels_expected == {1}
    assert lost.channels_found == frozenset()
    with pytest.raises(StateError):
        bench.driver.apply(bench.now, {1: point()})


def test_an_idle_connection_that_nobody_keeps_is_let_go_quietly_and_a_stop_takes_it_up() -> None:
    bench = Bench().connected()
    bench.seen.clear()
    bench.run(3 * S)
    assert bench.seen == []
    assert bench.driver.state == "dropped"
    bench.driver.stop(bench.now)
    bench.run(100 * MS)
    assert bench.all_of(ZeroVerified)
    assert bench.driver.state == "zero"


def test_a_device_that_was_switched_off_and_on_is_a_loss_and_stays_at_zero() -> None:
    bench = Bench().running(ch1=point())
    bench.twin.power_off(bench.now)
    bench.twin.power_on(bench.now)
    bench.run(50 * MS)
    assert bench.all_of(UnexpectedState)
    bench.driver.keep_alive(bench.now)
    bench.driver.stop(bench.now)
    bench.run(100 * MS)
    assert bench.all_of(ZeroVerified)[-1].latency_ns < 100 * MS
    assert not bench.twin.stimulating


def test_a_stop_is_verified_by_its_acknowledgement_and_then_by_the_mode() -> None:
    bench = Bench().running(ch1=point())
    since = len(bench.writes)
    bench.driver.stop(bench.now)
    bench.run(100 * MS)
    assert names(bench.sent(since)) == ["stop_channel_list_mode", "get_stimulation_mode"]
    assert bench.writes[since][2]  # urgent
    assert bench.writes[since][1].startswith(b"\x0f\x0f")
    assert bench.driver.state == "zero"
    assert not bench.twin.stimulating


def test_a_stop_is_verified_though_every_frame_comes_twice() -> None:
    """To the second of two questions the device says first that it is busy with the first."""
    bench = Bench().running(ch1=point())
    bench.to_device = bench.to_host = lambda now, data: [(0, data), (0, data)]
    bench.driver.stop(bench.now)
    bench.run(100 * MS)
    assert bench.driver.state == "zero"
    assert not bench.twin.stimulating


def test_a_stop_on_a_dead_line_is_repeated_every_50_ms_for_ever() -> None:
    bench = Bench().running(ch1=point())
    bench.to_device = bench.to_host = lambda now, data: []
    since = len(bench.writes)
    bench.driver.stop(bench.now)
    bench.run(1_990 * MS)
    assert names(bench.sent(since)) == ["stop_channel_list_mode"] * 40
    assert bench.all_of(NoAnswer)
    assert bench.driver.state == "stopping"


def test_the_emergency_switch_latches_and_is_told_as_a_stop_at_the_device() -> None:
    bench = Bench().running(ch1=point())
    bench.twin.set_emergency(True)
    bench.run(50 * MS)
    (told,) = bench.all_of(StoppedAtDevice)
    assert "emergency" in told.by
    assert bench.driver.latched
    since = len(bench.writes)
    bench.kept(1 * S)
    assert bench.writes[since:] == []


def test_an_open_electrode_is_reported_and_latches() -> None:
    bench = Bench().running(ch1=point())
    bench.twin.set_load(1, None)
    bench.run(50 * MS)
    assert bench.all_of(DeviceError)[0].result == "electrode error"
    assert bench.driver.latched


def test_a_decrease_leaves_at_once_whatever_is_in_flight() -> None:
    bench = Bench().running(ch1=point(20_000))
    high = cleared(20_000)
    bench.driver.keep_alive(bench.now)
    bench.run(1 * MS)
    since = len(bench.writes)
    bench.driver.apply(bench.now, {1: high.point(4_000)})
    assert bench.driver.transmit()
    assert len(bench.writes) == since


def test_a_raise_that_cannot_leave_in_250_ms_is_dropped_and_told() -> None:
    bench = Bench().running(ch1=point(2_000))
    bench.to_host = lambda now, data: []
    bench.driver.keep_alive(bench.now)
    bench.run(1 * MS)
    bench.driver.apply(bench.now, {1: cleared(20_000).point(4_000)})
    bench.run(400 * MS)
    (dropped,) = bench.all_of(RaiseDropped)
    assert not dropped.sent
    assert all(
        one.channels[0].current_ua == 2_000
        for one in bench.sent()
        if isinstance(one, sm2.StartChannelListMode)
    )


def test_a_raise_that_left_and_was_not_confirmed_falls_back_to_the_lowest() -> None:
    bench = Bench().running(ch1=point(2_000))
    bench.to_device = lambda now, data: []
    bench.driver.apply(bench.now, {1: cleared(20_000).point(4_000)})
    bench.run(310 * MS)
    (dropped,) = bench.all_of(RaiseDropped)
    assert dropped.sent
    assert dropped.falls_to is not None
    assert [(one.channel, one.level) for one in dropped.falls_to] == [(1, 2_000)]
    last = bench.sent()[-1]
    assert isinstance(last, sm2.StartChannelListMode)
    assert last.channels[0].current_ua == 2_000


def test_a_list_that_was_perhaps_initialised_is_ended_and_initialised_anew() -> None:
    bench = Bench().connected()
    lost = iter([True])
    bench.to_host = lambda now, data: [] if next(lost, False) else [(0, data)]
    bench.driver.apply(bench.now, {1: point(0)})
    since = len(bench.writes)
    bench.run(400 * MS)
    assert names(bench.sent(since)) == [
        "init_channel_list_mode",
        "stop_channel_list_mode",
        "init_channel_list_mode",
        "start_channel_list_mode",
    ]
    assert bench.driver.state == "running"


def test_the_first_apply_chooses_channels_and_rhythm_and_a_later_one_keeps_within_them() -> None:
    bench = Bench().running(ch1=point(0), ch2=point(0))
    bench.driver.apply(bench.now, {2: point(20_000)})
    bench.run()
    with pytest.raises(LimitRefusedError, match="set up for channels"):
        bench.driver.apply(bench.now, {3: point()})
    with pytest.raises(LimitRefusedError, match="set up for channels"):
        bench.driver.apply(bench.now, {1: point(frequency_mhz=40_000)})
    rows = [row for row in bench.finish() if row["kind"] == "train"]
    assert {row["channel"] for row in rows} == {2}


def test_channels_of_both_modules_need_16_ms() -> None:
    bench = Bench().connected()
    with pytest.raises(LimitRefusedError, match="16000 us"):
        bench.driver.apply(
            bench.now, {1: point(frequency_mhz=100_000), 5: point(frequency_mhz=100_000)}
        )
    bench.driver.apply(bench.now, {1: point(frequency_mhz=62_500), 5: point(frequency_mhz=62_500)})
    bench.run()
    assert bench.driver.state == "running"
    assert not bench.logged("intervals raised")


def test_a_single_pulse_is_given_once_in_the_start_mode_and_refused_while_a_list_is_up() -> None:
    bench = Bench().connected()
    bench.driver.pulse(bench.now, 3, point(10_000))
    bench.run()
    assert [one.what for one in bench.all_of(Acked)][-1] is Doing.PULSE
    with pytest.raises(LimitRefusedError, match="a pulse"):
        bench.driver.pulse(bench.now, 3, point(10_000, frequency_mhz=1_000))
    bench.driver.apply(bench.now, {1: point(0)})
    bench.run()
    with pytest.raises(StateError):
        bench.driver.pulse(bench.now, 3, point(10_000))
    pulses = [row for row in bench.finish() if row["kind"] in ("pulse", "train")]
    assert [row["channel"] for row in pulses] == [3]


def test_a_pulse_that_waits_for_a_keep_alive_is_not_lost_to_the_next_one() -> None:
    bench = Bench().connected()
    bench.driver.keep_alive(bench.now)
    first = bench.driver.pulse(bench.now, 1, point(10_000))
    with pytest.raises(StateError, match="unanswered"):
        bench.driver.pulse(bench.now, 2, point(10_000))
    bench.run()
    assert [one.ticket for one in bench.all_of(Acked) if one.what is Doing.PULSE] == [first]


def test_a_pulse_that_was_not_answered_is_never_given_again() -> None:
    bench = Bench().connected()
    bench.to_host = lambda now, data: []
    since = len(bench.writes)
    bench.driver.pulse(bench.now, 1, point(10_000))
    bench.run(900 * MS)
    assert names(bench.sent(since)) == ["single_pulse"]


def test_a_refused_request_is_told_and_latches() -> None:
    bench = Bench().running(ch1=point())
    # Somebody else has ended the list: the next refresh meets the wrong mode.
    bench.twin.receive(bench.now, encode(sm2.StopChannelListMode(), 200))
    bench.to_host = lambda now, data: [] if b"\xdd" in data else [(0, data)]
    bench.twin.advance(bench.now + 20 * MS)
    bench.twin.transmit()
    bench.now += 20 * MS
    bench.driver.keep_alive(bench.now)
    bench.run()
    assert any(one.code == -3 for one in bench.all_of(Rejected))
    assert bench.driver.latched


def test_what_a_trainer_says_on_the_same_line_is_passed_over() -> None:
    bench = Bench().running(ch1=point())
    before = len(bench.seen)
    for command in (58, 60, 89, 90):
        bench.driver.receive(bench.now, encode_frame(3, command, bytes(6)))
    assert bench.seen[before:] == []
    assert not bench.driver.latched


@pytest.mark.parametrize(("amplitude_ua", "width_us"), [(4_000, 501), (3_000, 200), (4_000, 19)])
def test_what_the_device_cannot_do_is_refused_by_the_gate(amplitude_ua: int, width_us: int) -> None:
    bench = Bench().connected()
    other = cleared_for(amplitude_ua, width_us, gap_us=0, device=OTHER_DEVICE)
    with pytest.raises(LimitRefusedError):
        bench.driver.apply(bench.now, {1: other.point(amplitude_ua)})
    assert bench.driver.transmit() == []
