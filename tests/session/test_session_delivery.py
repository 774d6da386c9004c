"""What `check` clears is delivered, or it says why not; a contraction without output alarms."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from stimctl.bench import Bench, rehearse
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import Lower, Pause
from stimctl.session.ramp_limiter import RampLimiter
from stimctl.session.states import State
from stimctl.session.track import Track
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.plan import Plan
from stimctl.treatment.prediction import predict
from tests.support.broad import broad
from tests.support.delivery_grid import Cycle, Point, Shape, plan_for
from tests.support.session_world import BY_SCRIPT, alarms, plan_of, raised, rises, running


def one_channel(
    rate_hz: int,
    burst: tuple[int, float, float] | None,
    cycle: tuple[int, int, int, int] | None,
    amplitude_ua: int,
    *,
    seconds: int,
    width_us: int = 200,
    device: str = "p24",
) -> Plan[Any]:
    """The plan of one channel; `cycle` in ms: on, off, up, down."""
    shape = Shape(rate_hz, burst, width_us, Cycle(*cycle) if cycle else None, amplitude_ua)
    plan = plan_for(Point(0, (shape,), 50, seconds * 1000), device)
    assert isinstance(plan, Plan), plan
    return plan


BURSTS = {
    "doublets at 20 Hz": (200, (2, 200, 20), (4000, 12000, 500, 500), 2_000),
    "doublets, one device step": (200, (2, 200, 20), (4000, 12000, 1000, 500), 500),
    "doublets at 1 Hz": (200, (2, 200, 1), (8000, 12000, 5000, 500), 3_000),
    "triplets": (200, (3, 200, 10), (5000, 11000, 2000, 1000), 1_000),
    "bursts with a long gate": (100, (7, 100, 2), (5700, 10300, 2777, 650), 6_000),
    "single pulses as bursts": (100, (1, 100, 5), (2500, 13500, 1010, 510), 1_500),
    "a burst longer than the first step": (100, (20, 100, 2.3), (4500, 8000, 2250, 1200), 500),
}


@pytest.mark.hazard("H12")
@pytest.mark.parametrize("name", broad(BURSTS, every=2))
def test_bursts_in_cycles_ramp_as_single_pulses_do(name: str) -> None:
    rate_hz, burst, cycle, amplitude_ua = BURSTS[name]
    period_s = (cycle[0] + cycle[1]) / 1000
    plan = one_channel(rate_hz, burst, cycle, amplitude_ua, seconds=int(6 * period_s))
    rehearsal = rehearse(plan)
    assert rehearsal.problems == ()
    (report,) = rehearsal.report
    assert len(report.contractions) == 6
    assert all(report.contractions[1:])
    assert report.contractions == pytest.approx(report.planned.contractions, abs=1)
    assert report.peak_ua == report.planned.plateau_ua


HOLDS = {
    "1.3 s on, 1.3 s off": (20, (1300, 1300, 500, 500), 10_000, 52),
    "a hold of one raise step": (50, (1250, 2750, 500, 500), 3_000, 40),
    "two steps in each hold": (35, (1700, 2300, 600, 650), 8_000, 60),
    "three steps, one just fits": (80, (1800, 1200, 500, 500), 12_000, 60),
    "a slow rate": (4, (3700, 1300, 510, 500), 20_000, 60),
}


@pytest.mark.parametrize("device", ["p24", "rehastim2"])
@pytest.mark.parametrize("name", broad(HOLDS, every=3))
def test_the_script_raises_in_short_holds_as_planned(name: str, device: str) -> None:
    rate_hz, cycle, amplitude_ua, seconds = HOLDS[name]
    step_ua = 500 if device == "p24" else 2_000
    plan = one_channel(
        rate_hz, None, cycle, amplitude_ua // step_ua * step_ua, seconds=seconds, device=device
    )
    rehearsal = rehearse(plan)
    assert rehearsal.problems == ()
    (report,) = rehearsal.report
    assert report.peak_ua == report.planned.plateau_ua
    sets = [one.at_ns for one in rehearsal.events if one.kind is Kind.SET]
    apart_ns = 250 * MS if device == "p24" else SECOND
    assert all(later - sooner >= apart_ns for sooner, later in pairwise(sets))


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("late_ms", [120, 400, 900])
def test_what_the_script_could_not_raise_is_made_up_for_no_faster_than_the_rules_allow(
    late_ms: int,
) -> None:
    bench = running(plan_of("tens-conventional", 10_000, duration_s=60), BY_SCRIPT)
    bench.run_for(SECOND)
    # Answers are held up: meanwhile nothing is raised, and afterwards nothing is hurried.
    held: list[bytes] = []
    bench.to_host.hook = lambda _now, data: held.append(data) or b""
    bench.run_for(late_ms * MS)
    bench.to_host.hook = lambda _now, data: b"".join((*held, data))
    bench.run_for(2 * MS)
    bench.to_host.hook = None
    bench.run_for(20 * SECOND)
    times = [at_us for at_us, _ in rises(bench)]
    assert all(later - sooner >= 240_000 for sooner, later in pairwise(times))
    assert all(rise == 500 for _, rise in rises(bench))
    assert bench.state is State.RUNNING
    assert bench.engine.plateau(1) == 10_000


def test_a_plan_says_where_the_script_does_not_reach_the_amplitude() -> None:
    plan = one_channel(20, None, (1300, 1300, 500, 500), 10_000, seconds=26)
    (dose,) = predict(plan)
    assert dose.plateau_ua == 5_000
    assert any("raise to 5 mA of the 10 mA in this session" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("rate_hz", "burst", "on_ms", "needs"),
    [
        (1, None, 1500, "on must be at least 2 s"),
        (2, None, 1400, "on must be at least 1.5 s"),
        (200, (2, 200, 1), 2000, "on must be at least 2.12 s"),
        (100, (7, 100, 2), 1600, "on must be at least 1.62 s"),
    ],
)
def test_a_hold_too_short_for_a_pulse_or_burst_is_refused(
    rate_hz: int, burst: tuple[int, float, float] | None, on_ms: int, needs: str
) -> None:
    shape = Shape(rate_hz, burst, 200, Cycle(on_ms, 3000, 500, 500), 5_000)
    refused = plan_for(Point(0, (shape,), 50, 2 * (on_ms + 3000)), "p24")
    assert isinstance(refused, str)
    assert "W11" in refused
    assert needs in refused


@pytest.mark.parametrize(
    ("device", "rate_hz", "seconds"),
    [("rehastim2", 2, 20), ("rehastim2", 1, 10), ("rehastim2", 3, 33), ("p24", 1, 10),
     ("p24", 2, 20), ("rehastim2", 7, 12)],
)  # fmt: skip
def test_slow_rates_are_predicted_to_the_pulse(device: str, rate_hz: int, seconds: int) -> None:
    plan = one_channel(rate_hz, None, None, 4_000, seconds=seconds, device=device)
    rehearsal = rehearse(plan)
    assert rehearsal.problems == ()
    (report,) = rehearsal.report
    assert abs(report.pulses - report.planned.pulses) <= 1


@pytest.mark.hazard("H12")
@pytest.mark.parametrize(
    ("burst", "up_ms", "needs_s"),
    [((2, 200, 1), 3000, "5"), ((7, 100, 2), 2000, "2.5"), ((2, 50, 5), 999, "1"),
     ((3, 200, 7), 740, "0.75")],
)  # fmt: skip
def test_a_ramp_too_short_for_its_bursts_is_refused(
    burst: tuple[int, float, float], up_ms: int, needs_s: str
) -> None:
    shape = Shape(burst[1], burst, 200, Cycle(up_ms + 3000, 6000, up_ms, 500), 5_000)
    refused = plan_for(Point(0, (shape,), 50, 2 * (up_ms + 9000)), "p24")
    assert isinstance(refused, str)
    assert "W12" in refused
    needed = f"{needs_s} s" if needs_s != "0.75" else "750 ms"
    assert f"ramp_up must be at least {needed}" in refused


# -- a contraction without output


def silent(bench: Bench) -> list[str]:
    return [what for what in alarms(bench) if what.startswith("a contraction had no output")]


def in_second_rest(config: EngineConfig = BY_SCRIPT) -> Bench:
    """nmes-tka in the rest after its first contraction, raised by the script in its hold."""
    bench = running(plan_of("nmes-tka", 4_000, duration_s=180), config)
    bench.run_for(20 * SECOND)
    assert bench.engine.plateau(1) == 4_000
    return bench


def slow_journal(bench: Bench, _monkeypatch: pytest.MonkeyPatch) -> None:
    bench.journal.delay_ns = 600 * MS


def never_covered(_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Track, "key", lambda _self, _plateau: None)


def limited_to_zero(_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RampLimiter, "reach_permille", 0)


def level_lost(_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Track, "output", lambda _self, _plateau: 0)


@pytest.mark.hazard("H12", "H22")
@pytest.mark.parametrize("cause", [slow_journal, never_covered, limited_to_zero, level_lost])
def test_a_contraction_without_output_is_an_alarm_whatever_its_cause(
    cause: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = in_second_rest()
    cause(bench, monkeypatch)
    bench.run_for(60 * SECOND)
    assert silent(bench) == ["a contraction had no output: channel 1, number 2"]
    assert bench.told(Kind.ALARM)[-1].data["channels"] == [1]
    row = bench.told(Kind.CONTRACTED)[-1]
    assert row.data == {"channel": 1, "number": 2, "level": 4_000, "acked": 0, "unit": "uA"}
    assert row.durable
    assert bench.state is State.RUNNING


def test_each_contraction_tells_the_highest_output_that_was_accepted() -> None:
    bench = in_second_rest()
    bench.run_for(60 * SECOND)
    rows = [event.data for event in bench.told(Kind.CONTRACTED)]
    assert [row["number"] for row in rows] == [1, 2]
    assert [row["acked"] for row in rows] == [4_000, 4_000]
    assert silent(bench) == []


@pytest.mark.parametrize("deed", ["lowered", "paused", "never raised"])
def test_nothing_alarms_where_no_output_was_wanted(deed: str) -> None:
    bench = running(plan_of("nmes-tka", 4_000, duration_s=180))
    bench.run_for(4 * SECOND)
    if deed != "never raised":
        raised(bench, 1_000)
    bench.run_for(58 * SECOND)
    if deed == "lowered":
        bench.command(Lower(1, Level(CURRENT, 0)))
    elif deed == "paused":
        bench.command(Pause())
    bench.run_for(70 * SECOND)
    assert silent(bench) == []


def test_the_last_contraction_is_judged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Shape(50, None, 200, Cycle(2000, 1000, 500, 500, 1000), 2_000)
    plan = plan_for(Point(0, (shape,), 50, 12_000), "p24")
    assert isinstance(plan, Plan)
    bench = running(plan, BY_SCRIPT)
    bench.run_for(8 * SECOND)
    never_covered(bench, monkeypatch)
    bench.run_to_state(State.STOPPED, within_ns=20 * SECOND)
    assert silent(bench)[-1] == "a contraction had no output: channel 1, number 4"
