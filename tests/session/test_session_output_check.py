"""The final output check in a session: bursts on a bad line, plans it never touches, its rows."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from firmware_sim.faults import Fault
from firmware_sim.situation import faulty_twin
from stimctl.bench import Bench, rehearse
from stimctl.devices.events import Withheld
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.safety import Electrode
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Lower, Pause, Raise, Resume
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from tests.support.broad import broad_rows
from tests.support.output_brute import pulses_of, worst
from tests.support.session_world import BY_HAND, BY_SCRIPT, ROOT, plan_of, raised, running


@cache
def bursts(pulses: int, bursts_hz: str, inside_hz: str, duration_s: int = 30) -> Plan:
    """tens-burst with another rhythm, 5 mA on channel 1."""
    text = (ROOT / "protocols" / "tens-burst.toml").read_text(encoding="utf-8")
    text = text.replace('frequency = "100 Hz"', f'frequency = "{inside_hz}"')
    text = text.replace("pulses = 10", f"pulses = {pulses}")
    text = text.replace('frequency = "2 Hz"', f'frequency = "{bursts_hz}"')
    plan = compile_plan(
        load_protocol(text, "tens-burst"),
        P24_SHEET,
        [ChannelSetup(1, Level(CURRENT, 5_000), Electrode(area_mm2=5_000))],
        duration_us=duration_s * 1_000_000,
    )
    assert isinstance(plan, Plan), plan
    return plan


RHYTHMS = [(20, "1.1 Hz", "200 Hz"), (10, "2 Hz", "100 Hz"), (5, "4.7 Hz", "80 Hz")]


def seen(bench: Bench) -> list:
    bench.twin.power_off(bench.now_ns)
    return pulses_of(bench.twin.records()).get(1, [])


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_a_burst_plan_is_rehearsed_without_being_touched(rhythm: tuple[int, str, str]) -> None:
    found = rehearse(bursts(*rhythm))
    assert found.problems == ()


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("rhythm", RHYTHMS)
@pytest.mark.parametrize("jitter_ms", [8, 20, 60, 100])
def test_on_a_jittery_line_a_second_holds_no_more_than_one_delay_lets_through(
    rhythm: tuple[int, str, str], jitter_ms: int
) -> None:
    plan = bursts(*rhythm)
    twin = faulty_twin(
        "p24", faults=[Fault("jitter", 4_000_000, {"most_us": jitter_ms * 1_000})], seed=jitter_ms
    )
    bench = running(plan, BY_SCRIPT, twin=twin)
    bench.run_for(26 * SECOND)
    second, period_us = plan.channels[0].cleared.second, plan.channels[0].period_us
    most = second.pulses + jitter_ms * 1_000 // period_us + 1
    pulses = seen(bench)
    assert len(pulses) > 100
    assert worst(pulses)[0] <= most


@pytest.mark.parametrize("late_ms", [8, 20])
@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_a_line_that_is_slow_and_steady_loses_no_pulse(
    rhythm: tuple[int, str, str], late_ms: int
) -> None:
    plan = bursts(*rhythm)
    twin = faulty_twin("p24", faults=[Fault("latency", 0, {"delay_us": late_ms * 1_000})])
    bench = running(plan, BY_SCRIPT, twin=twin)
    bench.run_for(20 * SECOND)
    assert bench.told(Kind.WITHHELD) == []
    assert worst(seen(bench))[0] == plan.channels[0].cleared.second.pulses


@pytest.mark.hazard("H39")
def test_what_was_kept_off_is_on_record_with_its_reason() -> None:
    plan = bursts(20, "1.1 Hz", "200 Hz")
    twin = faulty_twin("p24", faults=[Fault("jitter", 4_000_000, {"most_us": 60_000})], seed=1)
    bench = running(plan, BY_SCRIPT, twin=twin)
    bench.run_for(26 * SECOND)
    rows = bench.told(Kind.WITHHELD)
    assert rows
    assert all(row.data["reason"] and row.data["channel"] == 1 for row in rows)
    apart = [b.at_ns - a.at_ns for a, b in pairwise(rows)]
    assert min(apart, default=SECOND) >= SECOND


def test_a_slow_train_lowered_to_zero_and_raised_again_comes_back_after_its_period() -> None:
    plan = bursts(1, "1 Hz", "100 Hz")
    bench = raised(running(plan, BY_HAND), 2_000)
    for _ in range(6):
        bench.command(Lower(1, Level(CURRENT, 0)))
        bench.run_for(100 * MS)
        bench.command(Raise(1, Level(CURRENT, 500)))
        bench.run_for(260 * MS)
    bench.run_for(3 * SECOND)
    pulses = seen(bench)
    assert pulses[-1].at_us > bench.now_ns // 1_000 - 1_100_000
    assert worst(pulses)[0] <= plan.channels[0].cleared.second.pulses


def test_pause_and_resume_at_once_are_not_touched() -> None:
    bench = raised(running(plan_of("tens-conventional", 5_000, 5_000), BY_HAND), 2_000)
    raised(bench, 2_000, 2)
    for _ in range(3):
        bench.command(Pause())
        bench.run_for(150 * MS)
        bench.command(Resume())
        bench.run_for(6 * SECOND)
    assert bench.told(Kind.WITHHELD) == []
    assert bench.engine.state.value == "running"


# -- doublets and triplets that a RehaStim2 makes by itself


@cache
def groups(pulses: int, bursts_hz: str, inside_hz: str, cycle: str = "") -> Plan:
    name = "nmes-tka" if cycle else "tens-burst"
    text = (ROOT / "protocols" / f"{name}.toml").read_text(encoding="utf-8")
    rhythm = (
        f'frequency = "{inside_hz}"\nburst = {{ pulses = {pulses}, frequency = "{bursts_hz}" }}'
    )
    lines = [line for line in text.splitlines() if not line.startswith("burst = ")]
    text = "\n".join(rhythm if line.startswith("frequency = ") else line for line in lines)
    plan = compile_plan(
        load_protocol(text, name),
        REHASTIM2_SHEET,
        [ChannelSetup(1, Level(CURRENT, 8_000), Electrode(area_mm2=9_600))],
        duration_us=None if cycle else 30_000_000,
    )
    assert isinstance(plan, Plan), plan
    return plan


@pytest.mark.broad
@pytest.mark.parametrize(
    ("rhythm", "cycle"),
    broad_rows(
        [
            ((2, "2 Hz", "100 Hz"), ""),
            ((3, "2 Hz", "80 Hz"), ""),
            ((2, "10 Hz", "125 Hz"), ""),
            ((2, "20 Hz", "100 Hz"), "yes"),
            ((3, "10 Hz", "100 Hz"), "yes"),
        ],
        every=4,
    ),
)
def test_groups_on_a_rehastim2_are_delivered_as_planned(
    rhythm: tuple[int, str, str], cycle: str
) -> None:
    plan = groups(*rhythm, cycle)
    assert plan.channels[0].cleared.group is not None
    found = rehearse(plan)
    assert found.problems == ()
    assert found.report[0].pulses % rhythm[0] == 0
    assert found.report[0].pulses > 20


@pytest.mark.hazard("H39")
def test_what_was_kept_off_is_not_taken_for_confirmed_and_climbs_anew() -> None:
    """A burst is lost on the line, so the next one is kept off: the one after it starts low."""
    bench = raised(running(plan_of("tens-burst", 4_000, duration_s=60), BY_HAND), 4_000)
    last_us = max(run.start_us for run in bench.ledger()[1].runs)
    bench.run_for((last_us + 450_000) * 1_000 - bench.now_ns)
    bench.to_device.hook = lambda _now, _data: b""
    bench.run_for(200 * MS)
    bench.to_device.hook = None
    lost_us = bench.now_ns // 1_000
    bench.run_for(10 * SECOND)
    assert bench.told(Kind.WITHHELD)
    heights = [run.peak_ua for run in bench.ledger()[1].runs if run.start_us >= lost_us]
    assert max(b - a for a, b in pairwise([0, *heights])) <= 1_000
    assert heights[-1] == 4_000


@pytest.mark.hazard("H12")
def test_a_channel_that_was_switched_off_in_a_session_climbs_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = raised(running(plan_of("tens-conventional", 5_000), BY_HAND), 5_000)
    events, closed = bench.driver.events, [Withheld(1, None, "this second is full", closed=True)]
    monkeypatch.setattr(
        type(bench.driver), "events", lambda _self: events() + [closed.pop() for _ in closed]
    )
    closed_us = bench.now_ns // 1_000
    bench.run_for(10 * SECOND)
    assert bench.told(Kind.WITHHELD)
    runs = [run for run in bench.ledger()[1].runs if run.start_us > closed_us]
    full_us = min(run.start_us for run in runs if run.peak_ua == 5_000)
    assert runs[0].peak_ua <= 1_500
    assert full_us - closed_us >= 500_000
