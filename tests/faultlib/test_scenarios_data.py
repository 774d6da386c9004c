"""Every named scenario: there, deterministic, cheap, and what its name says."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from firmware_sim.body.worn import WornTwin
from firmware_sim.faults import Fault, FaultError, FaultyTwin
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.ledger import Ledger
from firmware_sim.scenarios import EVENT_US, SCENARIOS, Scenario, listing, scenario
from tests.support.broad import broad
from tests.support.faulty_host import MS, SECOND, FaultyHost
from tests.support.twin_host import biphasic, train, update

NAMED = [
    "normal-tens",
    "normal-nmes",
    "high-Z",
    "dry-gel",
    "lift-and-return",
    "lead-off",
    "shorted",
    "pads-touching",
    "sweat-bridge",
    "wet-electrodes",
    "clip-and-imbalance",
    "damaged-pad",
    "usb-unplug",
    "freeze-host",
    "watchdog-short",
    "lost-acks",
    "duplicate-frames",
    "corrupt",
    "reboot-restores-amp",
    "local-knob",
    "battery-low",
    "battery-dead",
    "slow-device",
    "clock-jump",
    "fatigued",
    "sensitive-patient",
    "insensate-patient",
    "bp-rise",
    "obese-high-threshold",
    "denervated-no-response",
    "cross-channel-current",
    "two-programs",
    "wrong-device",
    "stop-fails",
    "noisy-impedance",
]
TEN_MINUTES_US = 600 * SECOND
TWO_MINUTES_US = 120 * SECOND
#: Turns of a machine's heart that ten minutes may cost: counted, so that no clock decides.
MOST_WAKINGS = 20_000


class Run:
    """80 mA on channel 1, kept alive twice a second by a host that never reacts."""

    def __init__(self, twin: FaultyTwin, span_us: int = TEN_MINUTES_US) -> None:
        host = FaultyHost(twin)
        self.wakings = 0
        host.say(Command.ML_INIT, b"\0")
        while host.now_us < span_us:
            host.say(Command.ML_UPDATE, update(c1=train(biphasic(80, 300))), wait_us=500 * MS)
        twin.power_off(host.now_us * 1000)
        self.host = host
        self.twin = twin
        self.rows = twin.records()
        self.text = json.dumps(self.rows)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.rows, TEN_MINUTES_US)

    def body(self) -> set[str]:
        return {row["event"] for row in self.rows if row["kind"] == "body"}


@cache
def run(name: str) -> Run:
    return Run(scenario(name).start("p24"))


def test_every_name_is_there() -> None:
    assert list(SCENARIOS) == NAMED
    assert [line.split()[0] for line in listing().splitlines()] == NAMED
    with pytest.raises(FaultError, match="normal-tens"):
        scenario("nix")


@pytest.mark.parametrize("name", broad(NAMED))
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    """Within two minutes, what a scenario is about has begun."""
    one, again = (Run(scenario(name).start("p24"), TWO_MINUTES_US) for _ in range(2))
    assert again.text == one.text
    assert again.host.bytes == one.host.bytes


@pytest.mark.parametrize("name", broad(NAMED))
def test_ten_minutes_cost_little(name: str) -> None:
    # A record row or an answer is what costs; a pulse must cost nothing.
    assert len(run(name).rows) + len(run(name).host.bytes) < MOST_WAKINGS


@pytest.mark.parametrize("name", broad([name for name in NAMED if SCENARIOS[name].faults], every=4))
def test_the_faults_of_a_scenario_change_something(name: str) -> None:
    assert all(count for _, count in run(name).twin.changes)


def test_another_seed_is_another_person() -> None:
    people = set()
    for seed in range(5):
        device = scenario("normal-tens").start("p24", seed).device
        assert isinstance(device, WornTwin)
        people.add(str(device.body.person))
    assert len(people) == 5


def peak(name: str, from_s: float, until_s: float) -> int:
    return run(name).ledger.peak_between_ua(round(from_s * SECOND), round(until_s * SECOND))


@pytest.mark.parametrize("name", ["normal-tens", "normal-nmes", "wet-electrodes"])
def test_nothing_happens_to_the_current(name: str) -> None:
    ledger = run(name).ledger
    assert ledger[1].pulses == 30_000
    assert peak(name, 1, 599) == 80_000
    assert abs(ledger[1].net_charge_uc) < 1e-6


@pytest.mark.parametrize("name", ["lift-and-return", "lead-off"])
def test_a_contact_lost_above_15_ma_is_noticed(name: str) -> None:
    errors = [row for row in run(name).rows if row.get("event") == "channel error"]
    assert errors[0]["error"] in (1, 3)  # edges lift first: less current before none
    assert EVENT_US <= errors[0]["at_us"] < EVENT_US + 100 * MS


@pytest.mark.parametrize("name", ["shorted", "pads-touching", "sweat-bridge"])
def test_what_bypasses_the_skin_is_told_by_the_body(name: str) -> None:
    told = {"shorted": "lead-short"}.get(name, name)
    assert told in run(name).body()


@pytest.mark.parametrize("name", ["clip-and-imbalance", "dry-gel"])
def test_dry_pads_clip_and_leave_charge_behind(name: str) -> None:
    errors = {row["error"] for row in run(name).rows if row.get("event") == "channel error"}
    assert errors == {3}
    assert run(name).ledger[1].net_charge_uc != 0


@pytest.mark.parametrize(
    ("name", "off_from_s", "off_until_s"),
    [("usb-unplug", 22.5, 25), ("freeze-host", 22.5, 24.9), ("battery-dead", 20.1, 600)],
)
def test_without_a_host_there_is_no_output(
    name: str, off_from_s: float, off_until_s: float
) -> None:
    assert peak(name, 19, 20) == 80_000
    assert peak(name, off_from_s, off_until_s) == 0


def test_a_reboot_restores_the_amplitude() -> None:
    assert peak("reboot-restores-amp", 20.1, 21.4) == 0
    assert peak("reboot-restores-amp", 21.5, 21.6) == 80_000


def test_a_stop_fails() -> None:
    host = FaultyHost(scenario("stop-fails").start("p24"))
    host.say(Command.ML_INIT, b"\0")
    host.run_until(19 * SECOND)
    host.say(Command.ML_UPDATE, update(c1=train(biphasic(10))))
    host.run_until(21 * SECOND)
    assert host.ask(Command.ML_STOP).data == b"\0"
    host.run_until(60 * SECOND)
    assert host.peak_ua(59 * SECOND, 60 * SECOND) == 10_000


def test_another_device_is_there_after_the_reconnect() -> None:
    host = FaultyHost(scenario("wrong-device").start("p24"))
    before = host.ask(Command.GET_DEVICE_ID).data
    host.run_until(30 * SECOND)
    assert host.ask(Command.GET_DEVICE_ID).data != before


def test_a_slow_device_answers_late() -> None:
    host = FaultyHost(scenario("slow-device").start("p24"))
    assert host.ask(Command.GET_STIM_STATUS).at_us == 120 * MS


def test_pressure_rises() -> None:
    assert "dysreflexia" in run("bp-rise").body()


@pytest.mark.parametrize("name", ["two-programs", "duplicate-frames"])
def test_there_are_more_answers_than_questions(name: str) -> None:
    assert len(run(name).host.heard) > 1.5 * len(run("normal-tens").host.heard)


def test_lost_answers_are_three_of_ten() -> None:
    lost = len(run("normal-tens").host.heard) - len(run("lost-acks").host.heard)
    assert 300 < lost < 400


def test_faults_come_on_top_of_those_of_a_scenario() -> None:
    twin = scenario("usb-unplug").start("p24", faults=[Fault("mute", 0)])
    assert [fault.name for fault, _ in twin.changes] == ["unplug", "mute"]


def test_electrode_faults_work_on_a_body_and_give_it_back() -> None:
    host = FaultyHost(
        scenario("normal-tens").start(
            "p24", faults=[Fault("electrode-off", SECOND, {"for_us": SECOND})]
        )
    )
    host.say(Command.ML_INIT, b"\0")
    host.stimulate(3)
    assert host.peak_ua(1_100 * MS, 1_900 * MS) == 0
    assert host.peak_ua(2_100 * MS, 3 * SECOND) == 10_000
    ohms: list[Any] = [
        row["ohm"] for row in host.twin.records() if row.get("event") == "load changed"
    ]
    assert ohms[8:16] == [None] * 8
    assert None not in ohms[16:]


def test_a_scenario_is_data_that_can_be_made_anew() -> None:
    made = Scenario("mine", "a test", turnaround_us=5_000, faults=(Fault("mute", SECOND),))
    host = FaultyHost(made.start("p24", 3))
    assert host.ask(Command.GET_DEVICE_ID) == (5_000, 1, 53, b"\0SIM0000003")
