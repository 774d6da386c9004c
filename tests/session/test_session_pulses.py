"""Single pulses: bounded by a plateau that was raised, each on the record before it goes out."""

from __future__ import annotations

import pytest
from session_world import plan_of, raised, reasons, running

from stimctl.bench import Bench
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import Pulse, Stop
from stimctl.session.states import State

SINGLE = EngineConfig(dead_man_trip=False, attended_by_prompt=False, single_pulses=True)
PLAN = plan_of("tens-conventional", 3_000)


def ready(plateau_ua: int = 2_000) -> Bench:
    return raised(running(PLAN, SINGLE), plateau_ua)


def pulse(amplitude_ua: int) -> Pulse:
    return Pulse(1, PLAN.channels[0].cleared.set_point(amplitude_ua))


def test_a_pulse_is_one_pulse():
    bench = ready()
    bench.command(pulse(2_000))
    bench.run_for(SECOND)
    assert [(run.count, run.peak_ua) for run in bench.ledger()[1].runs] == [(1, 2_000)]
    assert bench.told(Kind.PULSE)[-1].durable


def test_raising_alone_drives_nothing():
    bench = ready(3_000)
    bench.run_for(5 * SECOND)
    assert bench.ledger().channels == {}


def test_a_pulse_above_the_plateau_is_refused():
    bench = ready(1_000)
    bench.command(pulse(1_500))
    bench.run_for(SECOND)
    assert reasons(bench) == ["above the plateau raised for this channel"]
    assert bench.ledger().channels == {}


def test_a_set_point_of_nobody_is_refused():
    bench = ready()
    bench.command(Pulse(1, (None, 2_000)))  # type: ignore[arg-type]
    assert "safety model" in reasons(bench)[-1]


def test_a_pulse_waits_for_its_row_and_goes_stale():
    bench = ready()
    bench.journal.delay_ns = 300 * MS
    bench.command(pulse(2_000))
    bench.run_for(SECOND)
    assert any("journal took longer" in one for one in reasons(bench))
    assert bench.ledger().channels == {}


def test_a_stop_drops_a_pulse_that_waits():
    bench = ready()
    bench.journal.delay_ns = 100 * MS
    bench.command(pulse(2_000))
    bench.command(Stop())
    bench.run_for(SECOND)
    assert bench.state is State.STOPPED
    assert bench.ledger().channels == {}


def test_a_session_with_trains_takes_no_single_pulse():
    bench = running(PLAN)
    with pytest.raises(StateError):
        bench.command(pulse(500))
