"""Devices that measure: contact rules E3-E5, the read-back of parameters, a stop at the device."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.devices.events import (
    ChannelSet,
    ContactRead,
    ParametersRead,
    StatusRead,
    StoppedAtDevice,
    UnexpectedState,
)
from stimctl.devices.p24.driver import P24Driver
from stimctl.errors import StateError
from stimctl.session.alarms import Condition
from stimctl.session.config import MS, SECOND
from stimctl.session.contact import Contact, Contacts
from stimctl.session.events import Kind
from stimctl.session.intents import Acknowledge, Arm, Pause, Raise, Resume, Start, StartFrom
from stimctl.session.readback import judge
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.session_world import alarms, on_electrodes_ua, plan_of, raised, reasons, running

KOHM = 1_000


class MeasuringDriver:
    """The P24's driver, as if the device measured: `told` come out with its next events."""

    def __init__(self) -> None:
        self._driver = P24Driver()
        self.told: list[Any] = []

    def events(self) -> list[Any]:
        told, self.told = self.told, []
        return [*self._driver.events(), *told]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


def measuring(plateau_ua: int = 2_000) -> tuple[Bench, MeasuringDriver]:
    driver = MeasuringDriver()
    return raised(running(plan_of(), driver=driver), plateau_ua), driver


def feel(bench: Bench, driver: MeasuringDriver, *events: Any) -> None:
    driver.told += events
    bench.run_for(600 * MS)


def plateau_read(ohm: int | None, **more: Any) -> ContactRead:
    return ContactRead(1, ohm, at_plateau=True, **more)


def fed(*readings: ContactRead, every_ns: int = SECOND) -> list[Condition | None]:
    contact = Contact()
    return [contact.feed(number * every_ns, one) for number, one in enumerate(readings, start=1)]


# -- the rules by themselves


@pytest.mark.hazard("H12", "H14", "H33")
@pytest.mark.parametrize(
    ("ohm", "condition"),
    [
        (None, Condition.CONTACT_LOST),
        (10_001, Condition.CONTACT_LOST),
        (10_000, None),
        (200, None),
        (199, Condition.SHORT_CIRCUIT),
        (0, Condition.SHORT_CIRCUIT),
    ],
)
def test_outside_200_ohm_to_10_kohm_a_test_pulse_allows_no_output(
    ohm: int | None, condition: Condition | None
) -> None:
    assert fed(ContactRead(1, ohm, at_plateau=False)) == [condition]


@pytest.mark.hazard("H12", "H13", "H14")
@pytest.mark.parametrize(
    ("ohm", "condition"),
    [
        (1_400, None),
        (1_401, Condition.IMPEDANCE_RISING),
        (2_000, Condition.IMPEDANCE_RISING),
        (2_001, Condition.CONTACT_LOST),
        (None, Condition.CONTACT_LOST),
        (500, None),
        (499, Condition.SHORT_CIRCUIT),
    ],
)
def test_at_the_plateau_impedance_is_held_against_its_baseline(
    ohm: int | None, condition: Condition | None
) -> None:
    assert fed(ContactRead(1, KOHM, at_plateau=False), plateau_read(ohm))[-1] is condition


@pytest.mark.hazard("H14")
def test_below_150_ohm_is_a_short_whatever_the_baseline_was() -> None:
    assert fed(plateau_read(250), plateau_read(149))[-1] is Condition.SHORT_CIRCUIT
    assert fed(plateau_read(250), plateau_read(150))[-1] is None


@pytest.mark.hazard("H13")
def test_clipping_is_told_once_and_a_sudden_rise_after_it_is_a_surge() -> None:
    clipped = plateau_read(KOHM, clipping=True, measured_ua=10_000)
    assert fed(clipped, clipped) == [Condition.COMPLIANCE_REACHED, None]
    surged = plateau_read(KOHM, measured_ua=12_001)
    assert fed(clipped, surged)[-1] is Condition.SURGE
    assert fed(clipped, plateau_read(KOHM, measured_ua=12_000))[-1] is None
    assert fed(clipped, surged, every_ns=SECOND + 1)[-1] is None


@pytest.mark.hazard("H13")
def test_a_condition_that_goes_and_comes_back_is_told_again() -> None:
    high = plateau_read(1_500)
    found = fed(plateau_read(KOHM), high, high, plateau_read(KOHM), high)
    assert found == [None, Condition.IMPEDANCE_RISING, None, None, Condition.IMPEDANCE_RISING]


@pytest.mark.hazard("H12")
def test_after_an_interruption_the_next_reading_is_a_new_baseline() -> None:
    contacts = Contacts()
    contacts.feed(0, plateau_read(KOHM))
    contacts.forget()
    assert contacts.feed(SECOND, plateau_read(4 * KOHM)) is None
    assert contacts.lock(1) is None


@pytest.mark.hazard("H33")
@pytest.mark.parametrize(
    ("area_mm2", "ohm", "fits"),
    [
        (2_500, 770, True),  # the golden value of 25 cm2
        (2_500, 257, True),
        (2_500, 256, False),
        (2_500, 3_080, True),
        (2_500, 3_081, False),  # as of 5 cm2: every density is five times what was judged
        (1_000, 1_605, True),
        (50_000, 1_000, False),
        (None, 9_999, True),
    ],
)
def test_an_impedance_that_does_not_fit_the_area_locks_raises(
    area_mm2: int | None, ohm: int, fits: bool
) -> None:
    contacts = Contacts()
    contacts.expect({} if area_mm2 is None else {1: area_mm2})
    found = contacts.feed(0, ContactRead(1, ohm, at_plateau=False))
    assert found is (None if fits else Condition.AREA_IMPLAUSIBLE)
    assert (contacts.lock(1) is None) is fits
    again = contacts.feed(SECOND, plateau_read(ohm))
    assert again is None, "told once"
    assert (contacts.lock(1) is None) is fits


# -- in a session


@pytest.mark.hazard("H33")
def test_a_plan_tells_the_area_that_a_reading_is_held_against() -> None:
    bench, driver = measuring()
    feel(bench, driver, plateau_read(4 * KOHM))  # 50 cm2 were entered
    assert Condition.AREA_IMPLAUSIBLE.words in alarms(bench)[-1]
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    assert reasons(bench)[-1].startswith("raises are locked")
    assert bench.state is State.RUNNING


@pytest.mark.hazard("H12")
@pytest.mark.parametrize("ohm", [None, 20 * KOHM, 100])
def test_a_lost_contact_stops_latches_and_needs_a_fresh_raise(ohm: int | None) -> None:
    bench, driver = measuring()
    feel(bench, driver, plateau_read(KOHM))
    feel(bench, driver, plateau_read(ohm))
    assert bench.state is State.FAULT
    assert bench.told(Kind.ALARM)[-1].data["priority"] == "medium"
    feel(bench, driver, plateau_read(KOHM))
    assert on_electrodes_ua(bench, 10 * SECOND) == 0
    bench.command(Acknowledge())
    bench.command(Arm())
    bench.run_for(SECOND)
    bench.command(Start(StartFrom.BEGINNING))
    bench.run_for(SECOND)
    assert bench.state is State.RUNNING
    assert bench.engine.plateau(1) == 0
    assert on_electrodes_ua(bench, 10 * SECOND) == 0


@pytest.mark.hazard("H12")
def test_a_pause_begins_a_new_baseline_and_a_new_condition() -> None:
    # Pads may have been changed meanwhile: what was 1 kohm before says nothing of what is now.
    bench, driver = measuring()
    feel(bench, driver, plateau_read(KOHM))
    feel(bench, driver, plateau_read(1_500))
    assert [one for one in alarms(bench) if Condition.IMPEDANCE_RISING.words in one]
    bench.command(Pause())
    bench.run_for(SECOND)
    bench.command(Resume())
    bench.run_for(7 * SECOND)
    feel(bench, driver, plateau_read(1_500))
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.run_for(300 * MS)
    assert bench.engine.plateau(1) == 2_500, "no lock is left"
    feel(bench, driver, plateau_read(700))
    assert bench.state is State.FAULT, "under half of the new baseline"


@pytest.mark.hazard("H13")
@pytest.mark.parametrize("bad", [plateau_read(1_500), plateau_read(KOHM, clipping=True)])
def test_rising_impedance_and_clipping_lock_raises_until_they_are_over(bad: ContactRead) -> None:
    bench, driver = measuring()
    feel(bench, driver, plateau_read(KOHM))
    feel(bench, driver, bad)
    assert bench.state is State.RUNNING
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    assert reasons(bench)[-1].startswith("raises are locked")
    feel(bench, driver, plateau_read(KOHM))
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.run_for(300 * MS)
    assert bench.engine.plateau(1) == 2_500


@pytest.mark.hazard("H13")
def test_a_surge_after_clipping_stops() -> None:
    bench, driver = measuring()
    feel(bench, driver, plateau_read(KOHM, clipping=True, measured_ua=1_000))
    feel(bench, driver, plateau_read(KOHM, measured_ua=2_000))
    assert bench.state is State.FAULT
    assert Condition.SURGE.words in alarms(bench)[-1]


@pytest.mark.hazard("H12")
def test_a_channel_error_in_the_status_is_a_latched_fault() -> None:
    # By itself, too: a driver need not tell it a second time as an error of the device.
    bench, driver = measuring()
    feel(bench, driver, StatusRead(frozenset({1}), {1: "electrode error"}))
    assert bench.state is State.FAULT
    assert alarms(bench)[-1] == "the device reports channel 1: electrode error"
    assert bench.told(Kind.ALARM)[-1].data["channels"] == [1]
    assert on_electrodes_ua(bench, 10 * SECOND) == 0


@pytest.mark.hazard("H15", "H57")
def test_a_state_that_was_not_expected_is_a_latched_fault() -> None:
    # By itself, too: a driver need not tell it a second time as a refusal.
    bench, driver = measuring()
    state = UnexpectedState("running: channel 1", "no channel running", frozenset({1}), frozenset())
    feel(bench, driver, state)
    assert bench.state is State.FAULT
    assert alarms(bench)[-1] == "the device is no channel running, expected running: channel 1"
    assert bench.told(Kind.ALARM)[-1].data["channels"] == [1]
    assert on_electrodes_ua(bench, 10 * SECOND) == 0


# -- what the device says it does


def on(amplitude_ua: int, width_us: int = 200, period_us: int = 10_000) -> ChannelSet:
    return ChannelSet(1, amplitude_ua, width_us, period_us, period_us)


@pytest.mark.hazard("H08", "H16")
@pytest.mark.parametrize(
    ("found", "condition"),
    [
        ([on(2_000)], None),
        ([on(2_500)], Condition.READ_BACK_HIGHER),
        ([on(2_000, width_us=210)], Condition.READ_BACK_HIGHER),
        ([on(2_000, period_us=9_999)], Condition.READ_BACK_HIGHER),
        ([on(1_500)], Condition.READ_BACK_DIFFERS),
        ([on(2_000, period_us=20_000)], Condition.READ_BACK_DIFFERS),
        ([], Condition.READ_BACK_DIFFERS),
        ([on(2_000), ChannelSet(2, 500, 200, 10_000, 10_000)], Condition.CURRENT_AT_ZERO),
        ([on(2_000), ChannelSet(2, 0, 200, 10_000, 10_000)], None),
    ],
)
def test_a_read_back_is_held_against_what_was_told(
    found: list[ChannelSet], condition: Condition | None
) -> None:
    assert judge(found, {1: (on(2_000),)}) is condition


@pytest.mark.hazard("H16")
def test_while_a_change_is_on_its_way_both_values_are_right() -> None:
    both = {1: (on(2_000), on(2_500))}
    assert judge([on(2_000)], both) is None
    assert judge([on(2_500)], both) is None
    assert judge([], {1: (on(0), on(500))}) is None
    assert judge([on(3_000)], both) is Condition.READ_BACK_HIGHER


@pytest.mark.hazard("H08", "H16")
@pytest.mark.parametrize("turned_ua", [0, 1_500, 2_500])
def test_a_knob_turned_at_the_device_stops_the_session(turned_ua: int) -> None:
    bench, driver = measuring(2_000)  # tens-conventional: 100 us at 100 Hz
    feel(bench, driver, ParametersRead((on(2_000, 100),)))
    assert bench.state is State.RUNNING
    feel(bench, driver, ParametersRead((on(turned_ua, 100),)))
    assert bench.state is State.FAULT
    assert on_electrodes_ua(bench, SECOND) == 0


# -- the person's own stop


@pytest.mark.hazard("H57")
def test_a_stop_at_the_device_latches_and_needs_a_reason_to_go_on() -> None:
    bench, driver = measuring()
    feel(bench, driver, StoppedAtDevice("hand switch"))
    assert bench.state is State.FAULT
    assert "hand switch" in alarms(bench)[-1]
    assert on_electrodes_ua(bench, 100 * SECOND) == 0
    for silence in (Acknowledge(), Acknowledge("  ")):
        with pytest.raises(StateError, match="has stopped"):
            bench.command(silence)
    bench.command(Acknowledge("it tickled; wants to go on"))
    assert bench.state is State.STOPPED
    assert "tickled" in bench.told(Kind.STATE)[-1].data["why"]
