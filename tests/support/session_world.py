"""Plans and benches for session tests: real protocols, the real driver, the twin, no waiting."""

from __future__ import annotations

from functools import cache
from typing import Any

from stimctl.bench import Bench
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.safety import Electrode
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import Arm, Connect, LoadPlan, Raise, Start
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, AnyLevel, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.program import AnyPlan, CurrentPlan, makes_current
from tests.support.paths import ROOT

STEP_UA = P24_SHEET.bounds.amplitude_step_ua

BY_HAND = EngineConfig(watchdog_test=False, attended_by_prompt=False)
BY_SCRIPT = EngineConfig(watchdog_test=False, attended_by_prompt=False, scripted_raise=True)


@cache
def plan_of(
    name: str = "tens-conventional",
    *amplitudes_ua: int,
    duration_s: int | None = None,
    site: str | None = None,
) -> CurrentPlan:
    """A shipped protocol compiled for the P24 on 50 cm2 pads; channels 1, 2, ... in order."""
    text = (ROOT / "protocols" / f"{name}.toml").read_text(encoding="utf-8")
    setups = [
        ChannelSetup(channel, Level(CURRENT, amplitude_ua), Electrode(area_mm2=5_000, site=site))
        for channel, amplitude_ua in enumerate(amplitudes_ua or (5_000,), start=1)
    ]
    plan = compile_plan(
        load_protocol(text, name),
        P24_SHEET,
        setups,
        duration_us=None if duration_s is None else duration_s * 1_000_000,
    )
    assert isinstance(plan, Plan), plan
    assert makes_current(plan)
    return plan


def checked(plan: AnyPlan, config: EngineConfig = BY_HAND, **bench_options: Any) -> Bench:
    """A session in CHECKED."""
    bench = Bench(config, **bench_options, family="p24")
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    bench.command(LoadPlan(plan))
    assert bench.run_to_state(State.CHECKED, within_ns=5 * SECOND)
    return bench


def running(plan: AnyPlan, config: EngineConfig = BY_HAND, **bench_options: Any) -> Bench:
    """A session in RUNNING, the device at its level, every plateau at zero."""
    bench = checked(plan, config, **bench_options)
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=SECOND)
    bench.command(Start())
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    bench.run_for(200 * MS)
    return bench


def is_brought_to_running(bench: Bench, plan: AnyPlan, within_ns: int) -> bool:
    """From connecting to RUNNING, each step within the time; False where one has not come."""
    for intent, state in (
        (Connect(), State.IDENTIFIED),
        (LoadPlan(plan), State.CHECKED),
        (Arm(), State.ARMED),
        (Start(), State.RUNNING),
    ):
        bench.command(intent)
        if not bench.run_to_state(state, within_ns=within_ns):
            return False
    return True


def raised(bench: Bench, plateau_ua: int, channel: int = 1) -> Bench:
    """Raise by hand to a plateau, step by step as the rules allow."""
    while bench.engine.plateau(channel) < plateau_ua:
        before_ua = bench.engine.plateau(channel)
        bench.command(Raise(channel, Level(CURRENT, before_ua + STEP_UA)))
        bench.run_for(260 * MS)
        assert bench.engine.plateau(channel) == before_ua + STEP_UA, bench.events[-3:]
    return bench


def on_electrodes_ua(bench: Bench, for_ns: int = 100 * MS) -> int:
    """The highest current at the electrodes while the next moment passes."""
    from_us = bench.now_ns // 1_000
    bench.run_for(for_ns)
    return bench.ledger().peak_between_ua(from_us, bench.now_ns // 1_000)


def reasons(bench: Bench) -> list[str]:
    """Why things were refused so far."""
    return [str(event.data["reason"]) for event in bench.told(Kind.REFUSED)]


def codes(bench: Bench, kind: Kind = Kind.REFUSED) -> list[str]:
    """The codes of what was refused (or alarmed, or stopped) so far."""
    return [str(event.data["code"]) for event in bench.told(kind)]


def alarms(bench: Bench) -> list[str]:
    """What alarmed so far."""
    return [str(event.data["what"]) for event in bench.told(Kind.ALARM)]


def rises(bench: Bench, channel: int = 1) -> list[tuple[int, int]]:
    """When (us) each change of pulse height at the electrodes upwards came, and by how much."""
    found = []
    last_ua = 0
    for run in sorted(bench.ledger()[channel].runs, key=lambda run: run.start_us):
        if run.peak_ua > last_ua:
            found.append((run.start_us, run.peak_ua - last_ua))
        last_ua = run.peak_ua
    return found


def forged(ua: int) -> AnyLevel:
    """A level past its own checks, which refuse less than zero."""
    level = object.__new__(Level)
    object.__setattr__(level, "scale", CURRENT)
    object.__setattr__(level, "value", ua)
    return level
