"""Plans and benches for sessions in percent: shipped files, the real driver, the strict twin."""

from __future__ import annotations

from functools import cache
from typing import Any

from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from stimctl.bench import Bench
from stimctl.devices.openemsstim.driver import OpenEmsStimDriver
from stimctl.devices.openemsstim.sheet import OPENEMSSTIM_SHEET
from stimctl.safety import Electrode, LayeredBounds
from stimctl.safety.intensity import ATTENDED
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import Arm, Connect, LoadPlan, Raise, Start
from stimctl.session.states import State
from stimctl.stimulus.level import PERCENT, Level
from stimctl.treatment.load import load_any
from stimctl.treatment.plan import Plan, compile_plan
from stimctl.treatment.program import ChannelSetup, PercentPlan
from stimctl.treatment.schema import PercentProtocol
from tests.support.paths import ROOT

ATTENDED_BY_HAND = EngineConfig()
SHORT_BOOT_US = 300_000


@cache
def gated(name: str) -> PercentProtocol:
    text = (ROOT / "protocols" / "gated" / f"{name}.toml").read_text(encoding="utf-8")
    loaded = load_any(text, f"{name}.toml")
    assert isinstance(loaded, PercentProtocol)
    return loaded


def gate_plan(
    name: str = "gate-tens",
    *percents: int,
    duration_s: int | None = 600,
    bounds: LayeredBounds = LayeredBounds(),  # noqa: B008
) -> PercentPlan:
    """A shipped file compiled for the openEMSstim on 50 cm2 pads; channels 1, 2 in order."""
    setups = [
        ChannelSetup(channel, Level(PERCENT, percent), Electrode(area_mm2=5_000))
        for channel, percent in enumerate(percents or (60,), start=1)
    ]
    plan = compile_plan(
        gated(name),
        OPENEMSSTIM_SHEET,
        setups,
        duration_us=None if duration_s is None else duration_s * 1_000_000,
        bounds=bounds,
        acknowledged=frozenset({ATTENDED}),
    )
    assert isinstance(plan, Plan), plan
    return plan


def bench_of(
    config: EngineConfig = ATTENDED_BY_HAND, *, boot_us: int = SHORT_BOOT_US, **options: Any
) -> Bench:
    """A bench with a strict twin: a defect that is provoked fails the test."""
    twin = OpenEmsStimTwin(boot_us=boot_us, strict=True)
    return Bench(config, twin=twin, driver=OpenEmsStimDriver(), **options)


def checked(plan: PercentPlan, config: EngineConfig = ATTENDED_BY_HAND, **options: Any) -> Bench:
    bench = bench_of(config, **options)
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=20 * SECOND)
    bench.command(LoadPlan(plan))
    assert bench.run_to_state(State.CHECKED, within_ns=SECOND)
    return bench


def running(plan: PercentPlan, config: EngineConfig = ATTENDED_BY_HAND, **options: Any) -> Bench:
    bench = checked(plan, config, **options)
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=2 * SECOND)
    bench.command(Start())
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    bench.run_for(200 * MS)
    return bench


def raised(bench: Bench, percent: int, channel: int = 1, every_ns: int = 450 * MS) -> Bench:
    """Raise by hand, step by step as the rules allow."""
    while (before := bench.engine.plateau(channel)) < percent:
        bench.command(Raise(channel, Level(PERCENT, before + 1)))
        bench.run_for(every_ns)
        assert bench.engine.plateau(channel) == before + 1, bench.events[-3:]
    return bench


def open_channels(bench: Bench) -> dict[int, int]:
    """Channels whose relays are closed, with their wiper values."""
    return {one.number: one.wiper for one in bench.twin.channels if one.on}  # type: ignore[attr-defined]


def relay_rows(bench: Bench) -> list[tuple[int, int, bool]]:
    """(us, channel, on) of every change of a relay."""
    return [
        (row["at_us"], row["channel"], row["on"])
        for row in bench.twin.records()
        if row["kind"] == "relay"
    ]


def reasons(bench: Bench) -> list[str]:
    return [str(event.data["reason"]) for event in bench.told(Kind.REFUSED)]


def alarms(bench: Bench) -> list[str]:
    return [str(event.data["what"]) for event in bench.told(Kind.ALARM)]
