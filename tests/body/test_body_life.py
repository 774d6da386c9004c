"""Promises about a person over time: told from trains, the same however often one looks, cheap."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.body.battery import LITHIUM_CELL, Battery
from firmware_sim.body.events import LoadEvent, LoadEventKind
from firmware_sim.body.interface import Contact
from firmware_sim.body.person import Person, Site
from tests.support.body_world import MINUTE, MS, SECOND, WHOLE, Output, biphasic, body


def nmes_hour(output: Output, looks: int = 1) -> Output:
    """2 s up, 8 s hold, 1 s down, 49 s rest; 80 mA, 300 us, 50 Hz; ramps in steps of 50 ms."""
    for _ in range(60):
        for step in range(1, 40):
            output.train(biphasic(2 * step, 300), 50, 50 * MS)
        output.train(biphasic(80, 300), 50, 8050 * MS, looks=looks)
        for step in range(19, 0, -1):
            output.train(biphasic(4 * step, 300), 50, 50 * MS)
        output.rest(48_950 * MS + 50 * MS, looks=looks)
    return output


def test_an_hour_of_nmes_costs_few_evaluations() -> None:
    output = nmes_hour(Output(body()))
    assert output.now_us == pytest.approx(3600 * SECOND, abs=20 * SECOND)
    # 33000 pulses, 3600 trains and 3600 seconds: a few evaluations for each of the latter.
    assert output.body.evaluations < 20_000
    assert output.body.region(1).muscle.fitness < 0.9


def test_an_hour_of_tens_is_evaluated_by_the_second_not_by_the_pulse() -> None:
    output = Output(body()).train(biphasic(7, 200), 100, 3600 * SECOND).end()
    assert output.body.evaluations < 4_000
    assert output.words() == ["tingling"]


def test_the_response_rises_with_the_current_and_fades_after_it() -> None:
    output = Output(body(person=Person(startle_permille=0)))
    for ma in (2, 5, 8, 15, 30, 41, 52):
        output.train(biphasic(ma, 300), 50, SECOND)
    output.rest(3 * SECOND).end()
    assert output.words() == [
        "tingling",
        "contraction",
        "strong",
        "uncomfortable",
        "stop",
        "nothing",
    ]
    assert [event.at_us for event in output.of("response")][:2] == [SECOND, 3 * SECOND]


def test_bursts_twice_a_second_are_one_sensation() -> None:
    output = Output(body(person=Person(startle_permille=0)))
    for _ in range(60):
        output.train(biphasic(7, 200), 100, 100 * MS).rest(400 * MS)
    output.rest(2 * SECOND).end()
    assert output.words() == ["tingling", "nothing"]


def test_what_was_noxious_once_moves_what_is_strong() -> None:
    output = Output(body())
    region = output.body.region(1)
    output.train(biphasic(10, 300), 50, SECOND)
    assert not region.sense.exposed
    output.train(biphasic(60, 300), 50, SECOND).end()
    assert region.sense.exposed


def test_current_that_jumps_after_a_pause_startles_and_one_that_is_raised_does_not() -> None:
    sure = Person(startle_permille=1000)
    jump = Output(body(person=sure)).rest(2 * SECOND).train(biphasic(20, 200), 50, SECOND).end()
    assert [(event.at_us, dict(event.data)) for event in jump.of("startle")] == [
        (2 * SECOND, {"rise_ua": 20_000})
    ]
    raised = Output(body(person=sure))
    for step in range(1, 41):
        raised.train(biphasic(step / 2, 200), 50, 250 * MS)
    assert not raised.end().of("startle")
    numb = Output(body(person=Person(sensate=False, startle_permille=1000)))
    assert not numb.rest(2 * SECOND).train(biphasic(20, 200), 50, SECOND).end().of("startle")


def test_four_of_five_jumps_startle() -> None:
    output = Output(body(seed=11))
    for _ in range(400):
        output.rest(2 * SECOND).train(biphasic(20, 200), 50, 500 * MS)
    assert len(output.end().of("startle")) == pytest.approx(320, abs=35)


@pytest.mark.parametrize("rest_us", [0, 5 * SECOND])
def test_a_fatigued_person_begins_tired(rest_us: int) -> None:
    tired = body(person=Person(fitness_permille=600))
    assert tired.region(1).muscle.fitness == pytest.approx(0.6)
    fresh = body()
    for one in (tired, fresh):
        Output(one).rest(rest_us).train(biphasic(60, 300), 50, 2 * SECOND).end()
    assert 0 < tired.region(1).muscle.force_n < 0.7 * fresh.region(1).muscle.force_n


def test_force_can_be_asked_for_between_the_boundaries() -> None:
    output = Output(body()).rest(SECOND).train(biphasic(60, 300), 50, 900 * MS)
    region = output.body.region(1)
    early, late = region.force_n(SECOND + 50 * MS), region.force_n(SECOND + 600 * MS)
    assert 0 < early < late
    assert region.force_n(SECOND + 50 * MS) == early


def test_the_research_muscle_can_be_worn() -> None:
    output = Output(body({1: Site(ding=True)})).train(biphasic(90, 300), 33, SECOND, looks=7).end()
    assert output.body.region(1).muscle.force_n > 200


def test_a_clipped_train_burns_by_its_direct_current() -> None:
    dry = {1: Contact(1000, 10_000, 6_000)}
    sites = {1: Site(area_mm2=2_500)}
    output = Output(body(sites, contacts=dry)).train(biphasic(80, 300), 50, 10 * MINUTE).end()
    assert not output.of("blister")  # 0.2 mA over 25 cm2 is far below 0.5 mA/cm2
    torn = LoadEvent(0, LoadEventKind.DAMAGED_PAD, 1)
    spot = Output(body(sites, contacts={1: WHOLE}, events=[torn]))
    spot.rest(SECOND).train(biphasic(130, 500), 50, 10 * MINUTE).end()
    assert [event.at_us // SECOND for event in spot.of("blister")] == [302]
    whole = Output(body(sites)).train(biphasic(130, 500), 50, 10 * MINUTE).end()
    assert not whole.of("blister")


def test_direct_current_burns_under_a_small_pad() -> None:
    pulse = ((1000, 20_000),)  # 4 mA over 5 cm2
    output = Output(body({1: Site(area_mm2=500)})).train(pulse, 200, 5 * MINUTE).end()
    assert [event.at_us // SECOND for event in output.of("blister")] == [121]


def test_skin_reddens_by_points() -> None:
    output = Output(body({1: Site(area_mm2=500)}))
    output.train(biphasic(130, 500), 50, 60 * MINUTE).end()
    scores = [dict(event.data)["score"] for event in output.of("redness")]
    assert scores == sorted(set(scores))
    assert scores[0] == 1


def test_strong_contractions_raise_the_pressure_of_a_dysreflexic_only() -> None:
    person = Person(dysreflexic=True)
    output = Output(body(person=person))
    for _ in range(20):
        output.train(biphasic(85, 300), 50, 6 * SECOND).rest(2 * SECOND)
    kinds = [event.kind for event in output.end().events]
    assert kinds.count("dysreflexia") == kinds.count("headache") == 1
    assert output.body.pressure_rise_mmhg > 10
    for other, site in ((Person(), Site()), (person, Site(below_lesion=False))):
        calm = Output(body({1: site}, person=other))
        for _ in range(20):
            calm.train(biphasic(85, 300), 50, 6 * SECOND).rest(2 * SECOND)
        assert not calm.end().of("dysreflexia")
        assert calm.body.pressure_rise_mmhg == 0


def test_a_battery_runs_down_and_tells_it_once_each() -> None:
    battery = Battery(LITHIUM_CELL, charge_permille=215)
    output = Output(body(battery=battery))
    output.train(biphasic(60, 300), 50, 4 * 60 * MINUTE)
    told = [event.kind for event in output.end().events if event.kind.startswith("battery")]
    assert told == ["battery-low", "battery-critical", "battery-empty"]


def test_single_pulses_count_by_their_distance() -> None:
    the_body = body(person=Person(startle_permille=0))
    output = Output(the_body)
    for number in range(100):
        output.now_us = number * 20 * MS
        the_body.load(1).through(biphasic(15, 300), 150_000)
        points = [list(point) for point in biphasic(15, 300)]
        the_body.observe(
            {"kind": "pulse", "channel": 1, "start_us": output.now_us, "points": points}
        )
        output.rest(700)
    output.rest(2 * SECOND).end()
    # The first has nothing before it, and stands alone.
    assert output.words() == ["twitch", "contraction", "nothing"]


def test_the_current_of_unknown_or_other_rows_does_not_reach_the_body() -> None:
    the_body = body()
    for row in (
        {"kind": "state", "at_us": 0},
        {"kind": "train", "id": 99, "channel": 1, "start_us": 0, "period_us": 1, "count": 1},
        {"kind": "train_open", "id": 7, "channel": 8, "start_us": 0, "period_us": 9, "points": []},
    ):
        the_body.observe(row)
    the_body.finish(5 * SECOND)
    assert the_body.events() == []


def test_a_train_that_never_began_was_not_felt() -> None:
    the_body = body()
    row = {"id": 1, "channel": 1, "start_us": 5 * SECOND, "period_us": 20_000}
    points = [list(point) for point in biphasic(40, 300)]
    the_body.observe({**row, "kind": "train_open", "points": points})
    the_body.advance(2 * SECOND)
    the_body.observe({**row, "kind": "train", "count": 0, "points": points})
    the_body.finish(9 * SECOND)
    assert the_body.events() == []
    assert the_body.region(1).muscle.fitness == pytest.approx(1)


def test_a_look_in_the_middle_of_a_pulse_changes_nothing() -> None:
    def lived(*looks_us: int) -> tuple[object, ...]:
        the_body = body()
        for look_us in looks_us:
            the_body.advance(look_us)
        # A single pulse is on record when it is over: 700 us after it began.
        points = [list(point) for point in biphasic(60, 300)]
        row = {"kind": "pulse", "channel": 1, "start_us": SECOND - 100, "points": points}
        the_body.observe(row)
        the_body.finish(3 * SECOND)
        region = the_body.region(1)
        return the_body.events(), region.muscle.fitness, region.skin.redness

    assert lived(SECOND + 600) == lived()


def test_a_train_that_is_cut_lasted_until_the_cut() -> None:
    the_body = body()
    points = [list(point) for point in biphasic(7, 300)]
    row = {"id": 1, "channel": 1, "start_us": 0, "period_us": 500 * MS, "points": points}
    the_body.observe({**row, "kind": "train_open"})
    the_body.advance(2 * SECOND + 200)
    the_body.observe({**row, "kind": "train", "count": 4})
    cut = {"kind": "pulse", "channel": 1, "start_us": 2 * SECOND, "cut": True}
    the_body.observe({**cut, "points": [[250, 7_000]]})
    the_body.finish(5 * SECOND)
    assert the_body.region(1).sense.stimulated_us == 2 * SECOND + 250


def life(seed: int, script: list[tuple[int, int, int]], looks: int) -> tuple[object, ...]:
    the_body = body({1: Site(), 2: Site(area_mm2=1_000)}, seed=seed, battery=Battery())
    output = Output(the_body)
    for ma, hz, ms in script:
        channel = 1 + ma % 2
        output.train(biphasic(ma, 250), hz, ms * MS, channel=channel, looks=looks)
        output.rest(3 * ms * MS, looks=looks)
    output.end()
    state = [(the_body.region(n).muscle.fitness, the_body.region(n).skin.redness) for n in (1, 2)]
    return [event.as_dict() for event in output.events], state, the_body.battery.charge_permille


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000),
    script=st.lists(
        st.tuples(st.integers(0, 130), st.integers(1, 100), st.integers(1, 3_000)),
        min_size=1,
        max_size=8,
    ),
    looks=st.integers(2, 40),
)
def test_the_outcome_does_not_depend_on_how_often_one_looks(
    seed: int, script: list[tuple[int, int, int]], looks: int
) -> None:
    assert life(seed, script, looks) == life(seed, script, 1)


def test_the_same_seed_lives_the_same_life_and_another_does_not() -> None:
    script = [(40, 50, 1_000)] * 12
    assert life(1, script, 3) == life(1, script, 3)
    assert life(1, script, 3)[0] != life(2, script, 3)[0]
