"""Each fault of the device and of its electrodes does what its name says."""

from __future__ import annotations

import pytest

from firmware_sim.faults import Fault, FaultError, FaultyTwin
from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.p24_commands import Command, Result
from firmware_sim.firmware.p24_mid_level import KEEP_ALIVE_US
from firmware_sim.situation import faulty_twin
from tests.support.faulty_host import MS, SECOND, TEN_MA, FaultyHost, host_with
from tests.support.twin_host import biphasic, pulse, train, update

TWENTY_MA = update(c1=train(biphasic(20)))


def running(fault: str, data: bytes = TEN_MA) -> FaultyHost:
    """A host that stimulates up to the fault, which begins at 3 s."""
    host = host_with(fault)
    host.stimulate(2.75, data)
    host.run_until(3 * SECOND)
    return host


def results(host: FaultyHost, command: int, since_us: int) -> set[int]:
    return {one.data[0] for one in host.answers(command, since_us)}


@pytest.mark.parametrize("result", [Result.PARAMETER, Result.TRANSFER, Result.NOT_INITIALISED])
def test_nak_refuses_everything_and_changes_nothing(result: Result) -> None:
    host = running(f"nak@3s,result={result.value}")
    host.stimulate(2, TWENTY_MA)
    for command in (Command.ML_STOP, Command.RESET, Command.GET_STIM_STATUS):
        host.say(command)
    assert {one.data[0] for one in host.heard if one.at_us > 3 * SECOND} == {result}
    assert host.peak_ua(3 * SECOND, 9 * SECOND) == 10_000
    assert host.ledger().last_output_us < 3 * SECOND + KEEP_ALIVE_US


def test_nak_knows_an_unknown_command() -> None:
    host = running("nak@3s")
    assert [one.command for one in host.say(200)] == [67]


def test_acknowledged_is_not_obeyed() -> None:
    host = running("ack-only@3s")
    host.stimulate(3, TWENTY_MA)
    assert results(host, Command.ML_UPDATE, 3 * SECOND) == {0}
    assert host.peak_ua(3 * SECOND, 9 * SECOND) == 10_000
    assert host.ledger().last_output_us < 3 * SECOND + KEEP_ALIVE_US


def test_one_command_alone_can_be_acknowledged_and_not_obeyed() -> None:
    host = running(f"ack-only@3s,command={Command.ML_STOP.value}")
    assert host.say(Command.ML_STOP)[0].data == b"\0"
    host.stimulate(1)
    assert host.peak_ua(4 * SECOND, 5 * SECOND) == 10_000


def test_obeyed_is_not_acknowledged() -> None:
    host = running("no-ack@3s")
    host.stimulate(1, TWENTY_MA)
    host.say(Command.ML_STOP)
    assert [one.command for one in host.heard if one.at_us > 3 * SECOND] == []
    assert host.peak_ua(3 * SECOND, 4 * SECOND) == 20_000
    assert host.status() == 0


def test_twice_means_two_pulses_and_two_answers() -> None:
    host = FaultyHost(faulty_twin("p24", faults=[Fault("twice", SECOND)]))
    host.run_until(2 * SECOND)
    host.say(Command.LL_INIT, b"\0")
    host.say(Command.LL_CHANNEL_CONFIG, pulse(biphasic(10)))
    assert host.ledger()[1].pulses == 2
    assert len(host.answers(Command.LL_CHANNEL_CONFIG)) == 2


def test_the_wrong_channel_is_driven_at_both_levels() -> None:
    host = running("wrong-channel@3s", update(c1=train(biphasic(10)), c8=train(biphasic(5))))
    host.stimulate(1, update(c1=train(biphasic(10)), c8=train(biphasic(5))))
    ledger = host.ledger()
    after = {number: ledger[number].peak_between_ua(3_100 * MS, 4 * SECOND) for number in (1, 2, 8)}
    assert after == {1: 5_000, 2: 10_000, 8: 0}
    host.say(Command.ML_STOP)
    host.say(Command.LL_INIT, b"\0")
    host.say(Command.LL_CHANNEL_CONFIG, pulse(biphasic(15), channel=4))
    assert host.ledger()[5].peak_ma == 15


def test_a_wrong_channel_leaves_nonsense_alone() -> None:
    host = running("wrong-channel@3s")
    assert host.say(Command.ML_UPDATE, b"\x01\x00")[0].data == bytes((Result.PARAMETER,))


def test_stuck_output_outlives_stop_reset_and_dead_man() -> None:
    host = running("stuck-output@3s")
    for command in (Command.ML_UPDATE, Command.ML_STOP, Command.RESET):
        assert host.say(command, b"\0")[0].data == b"\0"
    host.run_until(20 * SECOND)
    assert host.peak_ua(19 * SECOND, 20 * SECOND) == 10_000
    assert host.status() == 3


def test_a_reset_ends_output_and_the_device_is_deaf_while_it_boots() -> None:
    host = running("reset@3s,boot=1s")
    assert host.ledger().last_output_us <= 3 * SECOND
    assert host.say(Command.GET_STIM_STATUS, wait_us=900 * MS) == []
    host.run_until(4 * SECOND)
    assert host.status() == 0


def test_a_reset_can_restore_its_output_and_has_its_dead_man_then() -> None:
    host = running("reset-keeps-output@3s,boot=1s")
    host.run_until(10 * SECOND)
    assert host.peak_ua(3 * SECOND + 1, 4 * SECOND) == 0
    assert host.peak_ua(4 * SECOND, 5 * SECOND) == 10_000
    assert host.ledger().last_output_us < 4 * SECOND + KEEP_ALIVE_US


def test_a_reset_at_rest_restores_nothing() -> None:
    host = host_with("reset-keeps-output@3s")
    host.stimulate(1)
    host.say(Command.ML_STOP)
    host.run_until(10 * SECOND)
    assert host.ledger().last_output_us < 2 * SECOND


def identity(host: FaultyHost) -> tuple[bytes, bytes]:
    return host.ask(Command.GET_DEVICE_ID).data, host.ask(Command.GET_EXTENDED_VERSION).data


@pytest.mark.parametrize(
    ("fault", "id_differs", "version_differs"),
    [("firmware-changes", False, True), ("other-serial", True, False)],
)
def test_after_a_reconnect_it_is_another(
    fault: str, id_differs: bool, version_differs: bool
) -> None:
    host = host_with(f"{fault}@3s")
    before = identity(host)
    host.run_until(3_500 * MS)
    assert host.twin.plugged is False
    host.run_until(6 * SECOND)
    after = identity(host)
    assert (before[0] != after[0], before[1] != after[1]) == (id_differs, version_differs)
    assert host.status() == 0


def test_another_serial_number_is_one_of_a_twin() -> None:
    host = host_with("other-serial@0s")
    host.run_until(6 * SECOND)
    name = host.ask(Command.GET_DEVICE_ID).data
    assert name.startswith(b"\0SIM")
    assert len(name) == 11


def test_a_liar_says_it_is_another_product_and_tells_the_truth_again() -> None:
    host = host_with("lies-on-identify@1s,for=1s")
    truth = identity(host)
    host.run_until(1_500 * MS)
    lie = identity(host)
    assert lie[0][1:] == b"REHASTIM 2"
    assert tuple(lie[1][4:7]) == (2, 0, 0)
    assert len(lie[1]) == len(truth[1])
    host.run_until(3 * SECOND)
    assert identity(host) == truth


def test_a_weak_supply_resets_the_device_under_load_only() -> None:
    host = host_with("low-battery@1s,every=1s,boot=500ms,ppm=0")
    host.run_until(4_100 * MS)
    assert host.twin.changes[0][1] == 0
    host.stimulate(3)
    told = [row["at_us"] for row in host.twin.records() if row.get("event") == "supply too low"]
    assert told == [5 * SECOND]
    assert host.ledger().last_output_us <= 5 * SECOND
    assert host.status() == 0


def test_too_hot_it_stops_says_so_and_does_not_start_until_it_is_cool() -> None:
    host = running("over-temperature@3s,for=10s")
    host.run_for(10 * MS)
    assert host.ledger().last_output_us <= 3 * SECOND
    assert [(one.command, one.data) for one in host.heard[-1:]] == [
        (66, bytes((Result.HIGH_VOLTAGE,)))
    ]
    assert host.ask(Command.ML_INIT, b"\0").data == bytes((Result.HIGH_VOLTAGE,))
    assert host.status() == 0
    host.run_until(14 * SECOND)
    assert host.ask(Command.ML_INIT, b"\0").data == b"\0"


def test_a_wrapped_clock_ends_output_early() -> None:
    host = running("clock-wrap@3s")
    host.run_for(MS)
    assert host.ledger().last_output_us <= 3 * SECOND
    assert host.status() == 2
    host.stimulate(1)
    assert host.peak_ua(3_500 * MS, 4 * SECOND) == 10_000, "it is right again"


def test_a_wrapped_clock_forgets_the_dead_man_until_the_next_keep_alive() -> None:
    host = running("clock-wrap@3s,early=0")
    host.run_until(30 * SECOND)
    assert host.peak_ua(29 * SECOND, 30 * SECOND) == 10_000
    host.say(Command.ML_GET_CURRENT_DATA, b"\4")
    host.run_until(60 * SECOND)
    assert host.ledger().last_output_us < 30 * SECOND + KEEP_ALIVE_US


def test_a_healthy_twin_does_not_mind_when_milliseconds_wrap() -> None:
    wrap_us = 2**32 * MS
    host = FaultyHost(P24Twin())
    host.run_until(wrap_us - SECOND)
    host.ask(Command.ML_INIT, b"\0")
    host.say(Command.ML_UPDATE, TEN_MA)
    host.run_until(wrap_us + 10 * SECOND)
    since = host.ledger()[1].first_output_us
    assert wrap_us - SECOND < since < wrap_us
    assert since + KEEP_ALIVE_US - 20 * MS < host.ledger().last_output_us < since + KEEP_ALIVE_US


def test_packet_number_zero_after_63_is_ignored() -> None:
    host = host_with("number-wrap@0s")
    for _ in range(140):
        host.say(Command.GET_STIM_STATUS, wait_us=5 * MS)
    numbers = [one.number for one in host.answers(Command.GET_STIM_STATUS)]
    assert numbers.count(0) == 0
    assert numbers.count(63) == 2


@pytest.mark.parametrize(
    ("fault", "limit_us"),
    [("dead-man-late", 3 * KEEP_ALIVE_US), ("dead-man-short", KEEP_ALIVE_US // 4)],
)
def test_the_dead_man_comes_when_it_is_told_to(fault: str, limit_us: int) -> None:
    host = host_with(f"{fault}@0s")
    host.say(Command.ML_UPDATE, TEN_MA)
    began_us = host.ledger()[1].first_output_us
    host.run_for(20 * SECOND)
    assert limit_us - 20 * MS <= host.ledger().last_output_us - began_us <= limit_us


def test_without_a_dead_man_output_goes_on() -> None:
    host = host_with("dead-man-missing@0s,for=1min")
    host.say(Command.ML_UPDATE, TEN_MA)
    host.run_until(59 * SECOND)
    assert host.peak_ua(58 * SECOND, 59 * SECOND) == 10_000
    host.run_until(61 * SECOND)
    assert host.ledger().last_output_us <= 60 * SECOND, "it is back, and overdue"


@pytest.mark.parametrize(
    ("parameters", "after"),
    [
        ("channel=1", {1: 0, 2: 6_000}),
        ("channel=1,permille=500", {1: 5_000, 2: 6_000}),
        ("permille=1500", {1: 15_000, 2: 9_000}),
        ("permille=10000", {1: 100_000, 2: 60_000}),
        ("permille=0", {1: 0, 2: 0}),
    ],
)
def test_somebody_at_the_device_changes_the_current(parameters: str, after: dict[int, int]) -> None:
    host = running(
        f"local-knob@3s,{parameters}", update(c1=train(biphasic(10)), c2=train(biphasic(6)))
    )
    host.run_for(SECOND)
    ledger = host.ledger()
    assert {n: ledger[n].peak_between_ua(3_100 * MS, 4 * SECOND) for n in after} == after
    mask = host.ask(Command.ML_GET_CURRENT_DATA, b"\4").data[2]
    assert mask == sum(1 << (n - 1) for n, current in after.items() if current)


def test_nobody_turns_the_current_of_a_device_at_rest() -> None:
    host = host_with("local-knob@3s,permille=2000")
    host.run_until(5 * SECOND)
    assert host.ledger().last_output_us is None
    assert host.status() == 2


def test_an_electrode_comes_off_and_back_and_a_channel_that_noticed_stays_off() -> None:
    host = running("electrode-off@3s,channel=1,for=1s", TWENTY_MA)
    host.run_for(50 * MS)
    assert host.ask(Command.ML_GET_CURRENT_DATA, b"\4").data[2:4] == b"\0\1"
    host.run_until(4_500 * MS)
    assert host.ledger().last_output_us <= 3 * SECOND


def test_below_15_ma_nobody_notices_and_the_current_comes_back() -> None:
    host = running("electrode-off@3s,for=500ms")
    host.stimulate(1)
    assert host.peak_ua(3_050 * MS, 3_450 * MS) == 0
    assert host.peak_ua(3_550 * MS, 4 * SECOND) == 10_000


def test_a_short_passes_everything() -> None:
    host = host_with("electrode-short@0s,channel=1", load_ohm=20_000)
    host.stimulate(1)
    assert host.peak_ua(0, SECOND) == 10_000
    assert [row["ohm"] for row in host.twin.records() if row.get("event") == "load changed"] == [30]


def test_rising_impedance_ends_in_low_current() -> None:
    host = host_with("impedance-rising@0s,channel=1,over=4s")
    host.stimulate(5)
    assert host.ask(Command.ML_GET_CURRENT_DATA, b"\4").data[2:4] == b"\0\3"
    errors = [row["error"] for row in host.twin.records() if row.get("event") == "channel error"]
    assert errors
    assert set(errors) == {3}
    ohm = [row["ohm"] for row in host.twin.records() if row.get("event") == "load changed"]
    assert ohm == sorted(ohm)
    assert (ohm[0], ohm[-1]) == (500, 20_000)
    assert len(set(ohm)) == 21


def test_an_open_channel_has_no_impedance_to_rise() -> None:
    host = host_with("impedance-rising@0s,over=1s,for=2s", load_ohm=None)
    host.run_until(5 * SECOND)
    assert host.twin.changes[0][1] == 0


def test_faults_of_the_firmware_need_a_firmware_that_has_them() -> None:
    with pytest.raises(FaultError, match="line"):
        FaultyTwin([Fault("nak", 0)], device=faulty_twin("p24"))


def test_power_off_ends_everything_and_later_faults_never_begin() -> None:
    host = running("reset-keeps-output@4s")
    host.twin.power_off(host.now_us * 1000)
    host.run_until(20 * SECOND)
    assert host.ledger().last_output_us <= 3 * SECOND
    assert host.twin.active == ()
