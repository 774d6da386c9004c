"""A RehaMove3 can have every fault that a P24 can have, and be in every scenario."""

from __future__ import annotations

import io
import json

import pytest

from firmware_sim.__main__ import main
from firmware_sim.faults import Fault, FaultyTwin, usable
from firmware_sim.faults.model import Place
from firmware_sim.faults.registry import spec_of
from firmware_sim.firmware.p24 import TURNAROUND_US
from firmware_sim.firmware.p24_commands import Command, State
from firmware_sim.firmware.rehamove3 import RehaMove3Twin
from firmware_sim.firmware.rehamove3_faulty import FaultyRehaMove3
from firmware_sim.scenarios import SCENARIOS, scenario
from tests.support.faulty_host import FaultyHost
from tests.support.frame_host import MS
from tests.support.twin_host import biphasic, pulse, train, update

SECOND = 1000 * MS
FOUR = update(c1=train(biphasic(10)), c4=train(biphasic(8)))
KEEP_ALIVE = b"\2"


def host_of(*faults: Fault) -> FaultyHost:
    device = FaultyRehaMove3(turnaround_us=TURNAROUND_US)
    host = FaultyHost(FaultyTwin(faults, device=device))
    host.say(Command.ML_INIT, b"\0")
    return host


def test_without_a_fault_it_is_the_twin_byte_for_byte() -> None:
    told = []
    for twin in (RehaMove3Twin(3), FaultyTwin(device=FaultyRehaMove3(3, turnaround_us=1_000))):
        host = FaultyHost(twin)
        for command in (50, 52, 54, 56, 60, 62, 64, 68):
            host.say(command, bytes(8))
        host.say(Command.ML_INIT, b"\0")
        host.stimulate(2, FOUR)
        host.say(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE)
        host.say(Command.ML_STOP)
        told.append((host.heard, twin.records()))
    assert told[0] == told[1]


@pytest.mark.no_invariant("faults of the firmware do what no rule allows")
@pytest.mark.parametrize("name", usable("rehamove3"))
def test_every_fault_begins_and_changes_something(name: str) -> None:
    short = {"every_us": SECOND} if name == "low-battery" else {}
    host = host_of(Fault(name, SECOND, short))
    host.stimulate(2, FOUR)
    for _ in range(4):
        host.say(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE)
        host.say(Command.GET_DEVICE_ID)
    host.stimulate(3, FOUR)
    begun = [row for row in host.twin.records() if row["kind"] == "fault"]
    assert begun[0]["event"] == "begins"


@pytest.mark.no_invariant("faults of the firmware do what no rule allows")
@pytest.mark.parametrize(
    "name", [name for name in usable("rehamove3") if spec_of(name).place is Place.DEVICE]
)
def test_what_only_a_p24_knows_stays_unknown_whatever_is_wrong(name: str) -> None:
    host = host_of(Fault(name, SECOND))
    host.run_for(2 * SECOND)
    host.say(Command.GET_EXTENDED_VERSION)
    host.say(Command.SET_POWER, bytes(8))
    host.run_for(2 * SECOND)
    answered = {Command.GET_EXTENDED_VERSION + 1, Command.SET_POWER + 1}
    assert not answered & {one.command for one in host.heard}


@pytest.mark.no_invariant("another channel is driven than was meant")
def test_another_channel_is_one_of_the_four() -> None:
    host = host_of(Fault("wrong-channel", 0, {"by": 2}))
    host.stimulate(1, FOUR)
    assert sorted(host.ledger().channels) == [2, 3]
    host.say(Command.ML_STOP)
    host.say(Command.LL_INIT, b"\0")
    host.say(Command.LL_CHANNEL_CONFIG, pulse(biphasic(9), 3))
    assert host.ledger()[1].runs[-1].peak_ua == 9_000


def test_a_new_firmware_still_speaks_its_own_protocol() -> None:
    host = host_of(Fault("firmware-changes", 0))
    host.run_for(3 * SECOND)
    host.say(Command.GET_VERSION_MAIN)
    assert host.heard[-1].data == bytes((0, 1, 1, 0, 3, 2, 4))


def test_after_a_reset_by_itself_nothing_is_initialised() -> None:
    host = host_of(Fault("reset", SECOND))
    host.stimulate(1, FOUR)
    host.run_for(3 * SECOND)
    assert host.say(Command.GET_STIM_STATUS)[-1].data[1] == State.NOTHING


@pytest.mark.no_invariant("some of what happens breaks the rules, which is why it is there")
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_happen_to_it(name: str) -> None:
    twin = scenario(name).start("rehamove3")
    assert isinstance(twin, FaultyTwin)
    host = FaultyHost(twin)
    host.say(Command.ML_INIT, b"\0")
    host.stimulate(25, FOUR)
    assert twin.records()


def test_lifted_pads_are_left_out_and_come_back_by_themselves() -> None:
    """What no host can prevent: the device tries again before each pulse."""
    host = host_of(Fault("electrode-off", SECOND, {"channel": 1, "for_us": 100 * MS}))
    host.stimulate(2, FOUR)
    log = [row["event"] for row in host.twin.records() if row["kind"] == "log"]
    assert log.count("channel error") == log.count("electrode found again") == 1
    assert host.twin.records()
    ledger = host.ledger()[1]
    assert ledger.peak_between_ua(SECOND + 30 * MS, SECOND + 90 * MS) == 0
    assert ledger.peak_between_ua(SECOND + 150 * MS, SECOND + 200 * MS) == 15_000  # its tests
    assert ledger.peak_ma == 10


def test_faults_and_a_battery_go_together_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    class Stdin:
        buffer = io.BytesIO(b"")

    monkeypatch.setattr("sys.stdin", Stdin())
    assert main(["rehamove3", "--lock-step", "--battery", "15", "--fault", "reset@1s"]) == 0
    assert main(["rehamove3", "--fault", "list"]) == 0
    told = capsysbinary.readouterr().out.decode()
    assert json.loads(told.splitlines()[0])
    capsysbinary.readouterr()
    assert main(["p24", "--fault", "list"]) == 0
    of_p24 = capsysbinary.readouterr().out.decode()
    assert told.count("not for rehamove3") == of_p24.count("not for p24")
