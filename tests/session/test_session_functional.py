"""Functional stages under way: edges, losses, bounds, ramps, raises; judged by the electrodes."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.bench.functional_verdict import on_times_of, problems
from stimctl.bench.parts import BenchJournal
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Lower, Pause, Raise, Resume
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.program import CurrentPlan
from tests.support.functional_world import (
    ACTIVATION,
    EVENT,
    ON_WHILE,
    PHASE,
    STATE,
    Sender,
    channel,
    entered,
    functional_plan,
    functional_text,
    last_pulse_us,
    pulses_between,
    resumed,
)
from tests.support.session_world import alarms, codes
from tests.support.staged_samples import compiled, staged

S = SECOND
HELD = 30 * S
"""So long in the tune stage that its plateau was held for 10 s."""


def going(plan: CurrentPlan, first: Any = 0, **how: Any) -> tuple[Bench, Sender]:
    """In the functional stage, resumed, at full strength; the input says `first` all the time."""
    bench = entered(plan, tune_ns=how.pop("tune_ns", HELD), **how)
    sender = Sender(bench)
    beat = {"beat": True} if first is None else {}
    sender.hold(first, 200 * MS, **beat)
    resumed(bench)
    sender.hold(first, 6 * S, **beat)
    return bench, sender


def warmed(bench: Bench, sender: Sender) -> None:
    """The first activations fade in over 5 s."""
    for _ in range(4):
        sender.hold(1, 1_200 * MS)
        sender.hold(0, 500 * MS)
    bench.run_for(0)


@pytest.mark.hazard("H82")
def test_a_functional_stage_is_entered_by_a_second_key() -> None:
    """N5: the next stage is asked for, and then a person resumes."""
    plan = functional_plan({"one": ON_WHILE})
    bench = entered(plan, tune_ns=HELD)
    sender = Sender(bench)
    began_ns = bench.now_ns
    sender.hold(0, S)
    sender.hold(1, 3 * S)
    assert bench.state is State.PAUSED
    assert codes(bench, Kind.STOPPING)[-1] == "stage-needs-resume"
    assert pulses_between(bench, began_ns) == 0
    sender.hold(0, S)
    resumed(bench)
    sender.hold(0, 2 * S)
    sender.hold(1, 3 * S)
    assert pulses_between(bench, began_ns) > 0


@pytest.mark.hazard("H25")
@pytest.mark.hazard("H82")
def test_what_is_on_already_starts_nothing() -> None:
    """K13: at entry, through a pause, and after a gap."""
    plan = functional_plan({"one": ON_WHILE})
    bench = entered(plan, tune_ns=HELD)
    sender = Sender(bench)
    began_ns = bench.now_ns
    sender.hold(1, S)
    resumed(bench)
    sender.hold(1, 3 * S)
    assert pulses_between(bench, began_ns) == 0
    bench.command(Pause())
    sender.hold(1, 2 * S)
    resumed(bench)
    sender.hold(1, 2 * S)
    bench.run_for(300 * MS)  # stale
    sender.hold(1, 2 * S)
    assert pulses_between(bench, began_ns) == 0
    sender.hold(0, 500 * MS)
    sender.hold(1, S)
    assert pulses_between(bench, began_ns) > 0


@pytest.mark.parametrize("settles", ["", ', debounce = "0 ms"'])
@pytest.mark.hazard("H82")
def test_a_gap_that_nobody_woke_up_for_is_a_gap(settles: str) -> None:
    """K13: off, 139 ms in which neither a sample comes nor this computer runs, then on."""
    bench, sender = going(functional_plan({"one": ON_WHILE}, STATE + settles))
    began_ns = bench.now_ns
    bench.now_ns += 139 * MS
    sender.hold(1, S)
    assert pulses_between(bench, began_ns) == 0
    assert not bench.told(Kind.ACTIVATION)
    sender.hold(0, 200 * MS)
    sender.hold(1, 500 * MS)
    assert len(bench.told(Kind.ACTIVATION)) == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.hazard("H82")
def test_a_dead_sender_is_zero_within_its_time(seed: int) -> None:
    """K11: stale 100 ms, ramp 100 ms at most, and 60 ms to the electrodes; at random times."""
    bench, sender = going(functional_plan({"one": ON_WHILE + ', longest = "8 s"'}))
    warmed(bench, sender)
    sender.hold(1, Random(seed).randrange(100, 3_000) * MS)
    died_us = bench.now_ns // 1_000
    bench.run_for(S)
    assert died_us - 30_000 <= last_pulse_us(bench) <= died_us + 260_000
    assert bench.told(Kind.ACTIVATION_ENDED)[-1].data["why"] == "lost"


def test_an_input_that_is_gone_for_a_second_needs_a_person() -> None:
    """K18."""
    bench, sender = going(functional_plan({"one": ON_WHILE}))
    bench.run_for(1_050 * MS)
    assert bench.state is State.RUNNING
    bench.run_for(100 * MS)
    assert bench.state is State.PAUSED
    assert codes(bench, Kind.STOPPING)[-1] == "input-stale"
    assert alarms(bench)
    sender.hold(0, S)
    sender.hold(1, S)
    assert bench.state is State.PAUSED


@pytest.mark.hazard("H82")
def test_the_third_gap_in_a_minute_needs_a_person() -> None:
    """K18."""
    bench, sender = going(functional_plan({"one": ON_WHILE}))
    for number in range(3):
        assert bench.state is State.RUNNING, number
        bench.run_for(200 * MS)
        sender.hold(0, S)
    assert bench.state is State.PAUSED
    assert "three times" in str(bench.told(Kind.STOPPING)[-1].data["reason"])


def test_no_input_changes_the_amplitude() -> None:
    """A15: whatever is sent, the heights of pulses are those of the plateau and its ramps."""
    bench, sender = going(functional_plan({"one": ACTIVATION + 'above = "30 %", below = "20 %"'},
                                          'kind = "level", sources = ["api"]'))  # fmt: skip
    began_ns, chance = bench.now_ns, Random(3)
    for _ in range(600):
        sender.send(chance.choice([0, 10, 25, 50, 100, 900, 1e9, float("nan"), -5]))
        bench.run_for(10 * MS)
        if bench.state is State.PAUSED and not bench.engine.stopping:
            bench.command(Resume())
    peaks = {run.peak_ua for run in bench.ledger()[1].runs if run.start_us > began_ns // 1_000}
    assert max(peaks, default=0) <= 4_000
    assert bench.engine.plateau(1) == 4_000


@pytest.mark.hazard("H82")
def test_no_plateau_is_no_output() -> None:
    """A15: a start goes to nothing where nothing was raised."""
    bench, sender = going(functional_plan({"one": ON_WHILE}), plateau_ua=0, tune_ns=0)
    began_ns = bench.now_ns
    sender.hold(1, 2 * S)
    assert pulses_between(bench, began_ns) == 0
    assert not bench.told(Kind.ACTIVATION)


@pytest.mark.hazard("H82")
def test_each_on_time_ends_by_itself() -> None:
    """W17: the switch is on for ever."""
    bench, sender = going(functional_plan({"one": ON_WHILE + ', longest = "1.5 s"'}))
    sender.hold(1, 5 * S)
    bench.run_for(0)
    (row,) = bench.told(Kind.ACTIVATION_ENDED)
    assert row.data["why"] == "longest"
    assert row.data["on_us"] <= 1_500_000


@pytest.mark.hazard("H82")
def test_starts_and_duty_of_a_minute_are_never_exceeded() -> None:
    """W17: chatter at 2 Hz for two minutes, against 20 starts and 30 %."""
    plan = functional_plan(
        {"one": ON_WHILE + ', longest = "2 s"'}, more='duty = "30 %"\nper_minute = 20'
    )
    bench, sender = going(plan)
    from_us = bench.now_ns // 1_000
    for _ in range(40):
        sender.hold(1, 700 * MS)
        sender.hold(0, 300 * MS)
    for _ in range(30):
        sender.hold(1, 2_500 * MS)
        sender.hold(0, 300 * MS)
    found = problems(plan.stages[1], bench.ledger(), from_us)
    assert [one for one in found if "W17" in one] == []
    starts = [row.at_ns for row in bench.told(Kind.ACTIVATION)]
    assert len(starts) > 20
    assert {"too-many-starts", "duty-spent"} <= set(codes(bench, Kind.ACTIVATION_SKIPPED))


def taking_turns() -> tuple[Any, Bench, Sender]:
    """Two roles, one switch that is on for both."""
    roles = channel("one") + channel("two", 'antagonist_of = "one"')
    text = functional_text(
        {"one": ON_WHILE, "two": ON_WHILE.replace("rise", "x").replace("fall", "rise")
         .replace('"x"', '"fall"')},
        channels=roles, latency="150 ms",
        tune='one_at_a_time = true\n'
        'cycle = { on = "4 s", off = "1 s", ramp_up = "1 s", ramp_down = "1 s" }',
    )  # fmt: skip
    plan: Any = compiled(staged(text), 5_000, 5_000)
    bench = entered(plan, 2_000)
    sender = Sender(bench)
    sender.hold(0, S)
    resumed(bench)
    return plan, bench, sender


@pytest.mark.parametrize("what", ["link", "time"])
@pytest.mark.hazard("H82")
def test_what_waited_for_another_is_looked_at_again(what: str) -> None:
    """W14 and W18: while the second waits for the ramp of the first, its reason to start goes."""
    _, bench, sender = taking_turns()
    sender.hold(0, 2 * S)
    sender.hold(1, 900 * MS)
    run = bench.engine._core.run
    assert run is not None
    programme: Any = run.switched._programme
    sender.hold(0, 30 * MS)
    assert programme._roles[2].waits_until_us is not None  # the first is on its way down
    if what == "link":
        run.switched._link_good = lambda: False
    else:
        programme._end_us = programme.time_us(bench.now_ns) + 400_000
    begun = len(bench.told(Kind.ACTIVATION))
    sender.hold(0, 300 * MS)
    assert len(bench.told(Kind.ACTIVATION)) == begun
    skipped = codes(bench, Kind.ACTIVATION_SKIPPED)[-1]
    assert skipped == ("link-not-good" if what == "link" else "stage-ends")


@pytest.mark.hazard("H82")
def test_what_excludes_each_other_is_never_on_together() -> None:
    """W18."""
    plan, bench, sender = taking_turns()
    from_us = bench.now_ns // 1_000
    sender.hold(0, S)
    for _ in range(12):
        sender.hold(1, 900 * MS)
        sender.hold(0, 900 * MS)
    ledger = bench.ledger()
    found = problems(plan.stages[1], ledger, from_us)
    assert [one for one in found if "W18" in one] == []
    assert all(on_times_of(ledger[of], 25_000, from_us) for of in (1, 2))


def test_a_start_against_one_that_is_on_is_left_out() -> None:
    """W18: two roles that one switch starts at once."""
    roles = channel("one") + channel("two")
    text = functional_text(
        {"one": ON_WHILE, "two": ON_WHILE}, channels=roles, more='exclusive = [["one", "two"]]'
    )
    plan: Any = compiled(staged(text), 5_000, 5_000)
    bench = entered(plan, 2_000)
    sender = Sender(bench)
    sender.hold(0, S)
    resumed(bench)
    from_us = bench.now_ns // 1_000
    sender.hold(0, 5 * S)
    for _ in range(4):
        sender.hold(1, 2_000 * MS)
        sender.hold(0, 900 * MS)
    assert on_times_of(bench.ledger()[1], 25_000, from_us)
    assert not on_times_of(bench.ledger()[2], 25_000, from_us)
    assert "other-is-on" in codes(bench, Kind.ACTIVATION_SKIPPED)


def rise_ms(bench: Bench, from_us: int, to_ua: int) -> float:
    """From the first pulse after a time to the first of this height."""
    pulses = [pulse for one in on_times_of(bench.ledger()[1], 25_000, from_us)
              for pulse in one.pulses]  # fmt: skip
    return (next(at for at, peak in pulses if peak >= to_ua) - pulses[0][0]) / 1_000


def test_a_fast_ramp_goes_no_higher_than_what_was_held() -> None:
    """A14: 4 mA were held for 10 s; what was raised above it since takes the slow ramp."""
    bench, sender = going(functional_plan({"one": ON_WHILE}))
    warmed(bench, sender)
    from_us = bench.now_ns // 1_000
    sender.hold(1, S)
    assert rise_ms(bench, from_us, 4_000) <= 125
    sender.hold(0, 400 * MS)
    bench.command(Raise(1, Level(CURRENT, 5_000)))
    from_us = bench.now_ns // 1_000
    sender.hold(1, S)
    assert bench.engine.plateau(1) == 5_000
    assert 75 <= rise_ms(bench, from_us, 5_000) <= 300


@pytest.mark.hazard("H82")
def test_what_was_held_is_forgotten_together_with_its_quick_ramp() -> None:
    """A14: after a discontinuity no channel climbs quickly until something was held again."""
    bench, sender = going(functional_plan({"one": ON_WHILE}))
    warmed(bench, sender)
    run: Any = bench.engine._core.run
    (track,) = run._tracks
    assert track.held >= 4_000
    assert track._quick_ppm == 1_000_000
    run.switched.forget()
    assert track.held == 0
    track.climb(bench.now_ns, 4_000, 1_000)
    assert track._quick_ppm == 0


@pytest.mark.hazard("H82")
def test_nothing_held_is_a_slow_ramp() -> None:
    """A14: the tune stage was left before anything was held."""
    bench, sender = going(functional_plan({"one": ON_WHILE}), tune_ns=0)
    for _ in range(2):
        sender.hold(1, 1_000 * MS)
        sender.hold(0, 500 * MS)
    sender.hold(0, 3 * S)
    from_us = bench.now_ns // 1_000
    sender.hold(1, 1_500 * MS)
    assert rise_ms(bench, from_us, 4_000) >= 350


def test_after_a_minute_without_an_activation_the_next_fade_in_and_after_five_it_is_zero() -> None:
    """A14."""
    bench, sender = going(functional_plan({"one": ON_WHILE}, lasts="10 min"))
    warmed(bench, sender)
    sender.hold(0, 61 * S)
    from_us = bench.now_ns // 1_000
    sender.hold(1, 2 * S)
    heights = [peak for one in on_times_of(bench.ledger()[1], 25_000, from_us)
               for _, peak in one.pulses]  # fmt: skip
    assert max(heights) <= 4_000 * 2 / 5
    sender.hold(0, 301 * S)
    assert bench.engine.plateau(1) == 0


@pytest.mark.hazard("H82")
def test_one_raise_waits_for_an_activation_that_was_felt() -> None:
    """A18: a held key at 30 Hz for 10 s, with 30 activations a minute."""
    bench, sender = going(functional_plan({"one": ON_WHILE}))
    warmed(bench, sender)
    before_ua = bench.engine.plateau(1)
    for _ in range(5):
        for value, times in ((0, 40), (1, 20)):
            for _ in range(times):
                sender.send(value)
                bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + 500)))
                bench.run_for(33_333_333)
    assert before_ua < bench.engine.plateau(1) <= before_ua + 5 * 500


@pytest.mark.hazard("H82")
def test_what_no_activation_has_reached_is_not_raised_on() -> None:
    """A18: activations too short for their ramp never give the new step."""
    bench, sender = going(functional_plan({"one": ON_WHILE}))
    warmed(bench, sender)
    for _ in range(4):
        bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + 500)))
        sender.hold(1, 70 * MS)
        sender.hold(0, 500 * MS)
    assert bench.engine.plateau(1) == 4_500
    assert codes(bench)[-1] == "not-felt-yet"


def test_lowering_is_free_at_any_time() -> None:
    """A4."""
    bench, sender = going(functional_plan({"one": ON_WHILE}))
    warmed(bench, sender)
    sender.hold(1, 600 * MS)
    bench.command(Lower(1, Level(CURRENT, 1_000)))
    from_us = bench.now_ns // 1_000 + 60_000
    sender.hold(1, 600 * MS)
    assert 0 < bench.ledger().peak_between_ua(from_us, bench.now_ns // 1_000) <= 1_000


@pytest.mark.hazard("H82")
def test_an_activation_without_its_row_on_the_disk_is_left_out() -> None:
    """K17: a disk that takes 30 ms."""
    journal = BenchJournal()
    bench, sender = going(functional_plan({"one": ON_WHILE}), journal=journal)
    warmed(bench, sender)
    journal.delay_ns = 30 * MS
    began_ns = bench.now_ns
    sender.hold(1, S)
    assert pulses_between(bench, began_ns) == 0
    assert codes(bench, Kind.ACTIVATION_SKIPPED)[-1] == "row-not-durable"
    sender.hold(0, S)
    journal.delay_ns = 5 * MS
    sender.hold(1, S)
    assert pulses_between(bench, began_ns) > 0


@pytest.mark.hazard("H82")
def test_output_that_follows_too_late_needs_a_person() -> None:
    """K15: answers that take 100 ms, of 80 ms that the file allows."""
    bench, sender = going(functional_plan({"one": ON_WHILE}))
    warmed(bench, sender)
    bench.to_host.latency_ns = 90 * MS
    for _ in range(4):
        sender.hold(1, 700 * MS)
        sender.hold(0, 500 * MS)
    assert bench.state is State.PAUSED
    assert codes(bench, Kind.STOPPING)[-1] == "output-too-late"


def test_events_that_cannot_be_obeyed_are_dropped() -> None:
    """K13: ten events within the on time of one start nothing more."""
    bench, sender = going(functional_plan({"one": ACTIVATION + 'on = "1 s"'}, EVENT), None)
    for _ in range(10):
        sender.send()
        sender.beats(50 * MS)
    sender.beats(5 * S)
    assert len(bench.told(Kind.ACTIVATION)) == 1


def test_a_crank_switches_where_the_file_says() -> None:
    """The window is 90 to 180 deg; the muscle is asked 100 ms before."""
    says = ACTIVATION + 'from = "90 deg", to = "180 deg", lead = "100 ms"'
    plan = functional_plan({"one": says}, PHASE)
    bench = entered(plan, tune_ns=HELD)
    sender = Sender(bench)
    angle = sender.turn(S)
    resumed(bench)
    angle = sender.turn(8 * S, start=angle)
    rows = bench.told(Kind.ACTIVATION)
    assert 6 <= len(rows) <= 7  # one in each turn at 50 rpm
    ends = bench.told(Kind.ACTIVATION_ENDED)
    assert all(280_000 <= row.data["on_us"] <= 320_000 for row in ends)  # 90 deg are 300 ms


def test_the_last_on_time_is_over_before_the_stage_is() -> None:
    """W14: nothing is cut."""
    plan = functional_plan({"one": ON_WHILE + ', longest = "2 s"'}, lasts="1 min")
    bench = entered(plan, tune_ns=HELD)
    sender = Sender(bench)
    sender.hold(0, S)
    resumed(bench)
    for _ in range(30):
        sender.hold(1, 1_900 * MS)
        sender.hold(0, 300 * MS)
    assert bench.state is State.STOPPED
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "completed"
    assert all(row.data["why"] != "interrupted" for row in bench.told(Kind.ACTIVATION_ENDED))


def test_a_start_in_the_first_second_of_a_stage_gives_nothing_and_says_why() -> None:
    plan = functional_plan({"one": ON_WHILE})
    bench = entered(plan, tune_ns=HELD)
    sender = Sender(bench)
    sender.hold(0, S)
    resumed(bench)
    began_ns = bench.now_ns
    sender.hold(0, 100 * MS)
    sender.hold(1, 500 * MS)
    assert codes(bench, Kind.ACTIVATION_SKIPPED) == ["stage-begins"]
    assert pulses_between(bench, began_ns) == 0
