"""Promises about a P24 twin with a person at its leads, by its record and the body's words."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.body.body import Body
from firmware_sim.body.events import LoadEvent, LoadEventKind
from firmware_sim.body.interface import Contact
from firmware_sim.body.load import Resistor
from firmware_sim.body.person import Person, Site
from firmware_sim.body.worn import WornTwin
from firmware_sim.firmware.electrodes import Fault
from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.p24_commands import Command, Result
from tests.support.body_world import MS, SECOND, WHOLE, body, worn
from tests.support.twin_host import Host, biphasic, pulse, train, update

K = LoadEventKind
START = 5 * SECOND
CALM = Person(startle_permille=0)


class Session(Host):
    """A host that stimulates a worn twin and keeps it alive."""

    def __init__(self, the_body: Body, seed: int = 0) -> None:
        self.worn = WornTwin(P24Twin(seed), the_body)
        super().__init__(self.worn)  # type: ignore[arg-type]
        self.mid_level()

    def run(self, until_us: int) -> Session:
        """Let time pass with a keep-alive every 500 ms."""
        while self.now_us < until_us:
            self.send(Command.ML_GET_CURRENT_DATA, b"\4")
            self.run_until(min(until_us, self.now_us + 500 * MS))
        return self

    def stimulate(self, **channels: bytes) -> Session:
        assert self.ask(Command.ML_UPDATE, update(**channels)).data == bytes((Result.OK,))
        return self

    def faults(self) -> bytes:
        """The channel errors as the device reports them."""
        return self.ask(Command.ML_GET_CURRENT_DATA, b"\4").data[3:]


def session(the_body: Body, ma: float = 20, width_us: int = 200) -> Session:
    """A session whose channel 1 stimulates from START on."""
    made = Session(the_body)
    made.run_until(START)
    return made.stimulate(c1=train(biphasic(ma, width_us)))


def lifted(ma: float, kind: LoadEventKind) -> Session:
    events = [LoadEvent(8 * SECOND, kind, 1), LoadEvent(11 * SECOND, K.RECONTACT, 1)]
    made = session(body(events=events, person=Person(startle_permille=1000)), ma)
    return made.run(15 * SECOND)


@pytest.mark.parametrize("kind", [K.LIFT, K.LEAD_OFF])
def test_after_a_lift_the_patient_gets_nothing_within_100_ms_and_nothing_on_re_contact(
    kind: LoadEventKind,
) -> None:
    made = lifted(20, kind)
    ledger = made.ledger()
    assert ledger.peak_between_ua(7 * SECOND, 8 * SECOND) == 20_000
    assert ledger.current_after(8 * SECOND + 100 * MS) == 0
    assert made.faults()[0] & 0x0F in (Fault.ELECTRODE, Fault.LOW_CURRENT)
    told = [event for event in made.worn.body.events() if event.kind == "startle"]
    assert [event.at_us for event in told if event.at_us > START + SECOND] == []


def test_only_a_command_of_the_host_brings_the_current_back() -> None:
    made = lifted(20, K.LIFT)
    made.stimulate(c1=train(biphasic(20)))
    made.run(16 * SECOND)
    assert made.ledger().peak_between_ua(15 * SECOND, 16 * SECOND) == 20_000


def test_an_open_lead_below_15_ma_goes_unnoticed_and_the_current_returns_by_itself() -> None:
    """What a P24 cannot see, the host must live with: the reason for a fresh raise (H12)."""
    made = lifted(10, K.LEAD_OFF)
    ledger = made.ledger()
    assert ledger.peak_between_ua(8 * SECOND + 100 * MS, 11 * SECOND) == 0
    assert ledger.peak_between_ua(12 * SECOND, 13 * SECOND) == 10_000
    assert made.faults() == b"\0\0\0\0"
    startles = [event.at_us for event in made.worn.body.events() if event.kind == "startle"]
    assert startles[-1] == pytest.approx(11 * SECOND, abs=60 * MS)


def test_a_pulse_that_clips_is_recorded_with_its_net_charge_and_the_p24_stops_the_channel() -> None:
    made = session(body(contacts={1: Contact(1000, 10_000, 6_000)}), 80, 300).run(7 * SECOND)
    ledger = made.ledger()[1]
    assert ledger.pulses == 1
    assert ledger.net_charge_uc == pytest.approx(-3.94, rel=0.02)
    assert made.faults()[0] & 0x0F == Fault.LOW_CURRENT


def test_gel_that_dries_under_way_ends_in_clipping_and_a_stop() -> None:
    made = session(body(events=[LoadEvent(8 * SECOND, K.DRIED, 1)]), 80, 300).run(10 * SECOND)
    last_us = made.ledger().last_output_us
    assert last_us is not None
    assert last_us == pytest.approx(8 * SECOND, abs=50 * MS)
    assert made.faults()[0] & 0x0F == Fault.LOW_CURRENT


def test_a_load_that_changes_without_clipping_changes_no_pulse() -> None:
    event = LoadEvent(7_003 * MS, K.CONTACT, 1, duration_us=300 * MS, value=500)
    calm, moved = (session(body(events=events)).run(10 * SECOND) for events in ([], [event]))
    assert calm.ledger()[1].pulses == moved.ledger()[1].pulses
    assert calm.ledger()[1].charge_uc == moved.ledger()[1].charge_uc


def test_pads_that_touch_take_the_current_past_the_body() -> None:
    touching = LoadEvent(8 * SECOND, K.PADS_TOUCHING, 1)
    made = session(body(events=[touching], person=CALM), 20, 300).run(10 * SECOND)
    assert made.ledger().peak_between_ua(9 * SECOND, 10 * SECOND) == 20_000
    words = [dict(event.data) for event in made.worn.body.events() if event.kind == "response"]
    assert words == [{"word": "contraction"}, {"word": "nothing"}]


def test_swapped_leads_act_at_the_next_pulse() -> None:
    sites = {1: Site(), 2: Site(denervated=True)}
    swap = LoadEvent(8 * SECOND, K.SWAPPED, 1, other=2)
    made = session(body(sites, events=[swap], person=CALM), 20, 300).run(10 * SECOND)
    the_body = made.worn.body
    the_body.finish(made.now_us)
    words = [dict(event.data)["word"] for event in the_body.events() if event.kind == "response"]
    assert words == ["contraction", "tingling", "nothing"]
    assert the_body.region(2).muscle.force_n < 1


def test_a_stop_reaches_the_body() -> None:
    made = session(body(person=CALM), 40, 300).run(8 * SECOND)
    region = made.worn.body.region(1)
    assert region.force_n(made.now_us) > 50
    made.ask(Command.ML_STOP)
    made.run_for(3 * SECOND)
    assert region.force_n(made.now_us) < 1
    said = [event for event in made.worn.body.events() if event.kind == "response"]
    assert dict(said[-1].data) == {"word": "nothing"}
    assert said[-1].at_us < 10 * SECOND


def test_a_host_that_goes_silent_leaves_the_body_alone_after_two_seconds() -> None:
    made = session(body(person=CALM), 40, 300)
    made.run_for(30 * SECOND)
    assert made.ledger().current_after(START + 2 * SECOND + 10 * MS) == 0
    assert made.worn.body.region(1).word.text == "nothing"


def test_channels_without_a_site_hang_in_the_air() -> None:
    made = session(body())
    made.stimulate(c3=train(biphasic(20)))
    made.run(7 * SECOND)
    assert made.faults()[1] & 0x0F == Fault.ELECTRODE


def test_low_level_pulses_show_the_voltage_of_the_golden_table() -> None:
    host = Host(worn(body()))  # type: ignore[arg-type]
    host.low_level(measurement=2)
    answer = host.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(20, 200))).data
    assert answer[0] == Result.OK
    samples = [int.from_bytes(answer[5 + 2 * n : 7 + 2 * n], "big") for n in range(128)]
    assert max(samples) / 100 == pytest.approx(15.4, rel=0.02)


def test_a_body_that_does_not_clip_lets_through_what_a_resistance_does() -> None:
    def rows(host: Host) -> list[dict[str, Any]]:
        host.run_until(START)
        host.ask(Command.ML_UPDATE, update(c1=train(biphasic(20), ramp=5)))
        host.run_for(4 * SECOND)
        return [row for row in host.twin.records() if row["kind"] != "log"]

    with_body = Host(worn(body()))  # type: ignore[arg-type]
    assert rows(with_body.mid_level()) == rows(Host(P24Twin()).mid_level())


def test_something_else_can_be_clipped_to_a_channel_and_the_body_back_again() -> None:
    made = session(body(person=CALM), 20, 300)
    made.run(7 * SECOND)
    made.worn.set_load(1, Resistor(500))
    made.run(9 * SECOND)
    assert made.ledger().peak_between_ua(8 * SECOND, 9 * SECOND) == 20_000
    assert made.worn.body.region(1).word.text == "nothing"
    made.worn.set_load(1, made.worn.body.load(1))
    made.run(11 * SECOND)
    assert made.worn.body.region(1).word.text == "contraction"


def test_power_off_lets_the_body_settle() -> None:
    made = session(body(person=CALM), 40, 300).run(8 * SECOND)
    made.worn.power_off(made.now_us * 1000)
    assert made.worn.body.region(1).muscle.force_n > 0
    assert made.ledger().current_after(8 * SECOND) == 0
    assert not made.worn.stimulating


def test_events_can_be_rows_of_the_record() -> None:
    the_body = body(events=[LoadEvent(SECOND, K.LIFT, 1)])
    twin = WornTwin(P24Twin(), the_body, record_events=True)
    twin.advance(2 * SECOND * 1000)
    rows = [row for row in twin.drain() if row["kind"] == "body"]
    assert rows == [{"kind": "body", "at_us": 1_050_000, "channel": 1, "event": "lift"}]
    assert twin.records() == []
    twin.line_lost()


def life(the_body: Body, step_us: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Stimulate for 20 s, looking at the twin every so often."""
    twin = worn(the_body)
    host = Session.__new__(Session)
    Host.__init__(host, twin)  # type: ignore[arg-type]
    host.worn = twin
    host.mid_level()
    for second in range(1, 20):
        host.run_until(second * SECOND)
        ma = (0, 5, 10, 20, 35)[second % 5]
        if second % 7 == 3:
            host.ask(Command.ML_STOP)
            host.mid_level()
        host.send(Command.ML_UPDATE, update(c1=train(biphasic(ma, 250), ramp=second % 4)))
        while host.now_us < (second + 1) * SECOND - step_us:
            host.run_for(step_us)
    host.run_until(25 * SECOND)
    return twin.records(), [event.as_dict() for event in the_body.events()]


@pytest.mark.parametrize("step_us", [777_777, 13_331])
def test_record_and_life_do_not_depend_on_how_often_the_twin_is_asked(step_us: int) -> None:
    def make() -> Body:
        events = [
            LoadEvent(6 * SECOND, K.SWEAT_BRIDGE, 1),
            LoadEvent(9 * SECOND, K.INTERMITTENT, 1, duration_us=3 * SECOND),
            LoadEvent(14 * SECOND, K.LIFT, 1, duration_us=400 * MS),
            LoadEvent(15 * SECOND, K.RECONTACT, 1),
        ]
        return body(events=events, drifting=True, contacts={1: WHOLE})

    assert life(make(), step_us) == life(make(), SECOND)


@pytest.mark.broad
def test_an_hour_of_nmes_on_the_twin_costs_few_evaluations() -> None:
    the_body = body({1: Site(), 2: Site()}, drifting=True)
    made = Session(the_body)
    for cycle in range(60):
        start_us = START + cycle * 60 * SECOND
        for step in range(1, 21):
            made.run_until(start_us + step * 100 * MS)
            both = train(biphasic(2 * step, 300))
            made.send(Command.ML_UPDATE, update(c1=both, c2=both))
        made.run(start_us + 10 * SECOND)
        for step in range(9, -1, -1):
            made.run_until(made.now_us + 100 * MS)
            both = train(biphasic(4 * step, 300))
            made.send(Command.ML_UPDATE, update(c1=both, c2=both) if step else b"\0")
        made.run(start_us + 60 * SECOND)
        made.worn.drain()
    # 33000 pulses a channel, but 1900 trains and 3600 seconds.
    assert the_body.evaluations < 30_000
    assert the_body.region(1).muscle.fitness < 0.95
    assert made.ledger().running is False
