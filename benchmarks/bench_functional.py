"""How fast the ride of the FES cycling example is rehearsed: four muscles at 60 rpm, 100 samples/s.

Method: engine, driver and simulated P24 under the virtual clock, in one process. The plateaus are
found by script; then two minutes of crank are played, once. Processor time of this process, so that
a busy machine changes little. The promise is 30 times real time.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import takewhile
from pathlib import Path
from typing import Any

from firmware_sim.virtual_inputs import named
from stimctl.bench import Bench
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.safety import Electrode
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.facts import InputSample
from stimctl.session.intents import Arm, Connect, LoadPlan, NextStage, Resume, Start
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment import ChannelSetup, compile_plan, load_protocol

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "fes-cycling.toml"
RPM, WARM_S = 60, 4
_TUNE_NS = 250 * SECOND


def measure(*, quick: bool = False) -> dict[str, Any]:
    """One ride."""
    ride_s = 30 if quick else 120
    bench = _at_the_ride()
    samples = named(f"crank@{RPM}rpm", bench.now_ns // 1_000)
    _play(bench, samples, WARM_S)
    bench.command(Resume())
    begun = time.process_time()
    _play(bench, samples, ride_s)
    took_s = time.process_time() - begun
    return {
        "ride_s": ride_s,
        "activations": len(bench.told(Kind.ACTIVATION)),
        "cpu_s": round(took_s, 2),
        "times_real_time": round(ride_s / took_s, 1),
    }


def _at_the_ride() -> Bench:
    text = EXAMPLE.read_text("utf-8")
    setups = [
        ChannelSetup(channel, Level(CURRENT, 20_000), Electrode(area_mm2=5_000))
        for channel in (1, 2, 3, 4)
    ]
    plan: Any = compile_plan(load_protocol(text, EXAMPLE.name), P24_SHEET, setups)
    config = EngineConfig(scripted_raise=True, watchdog_test=False, attended_by_prompt=False)
    bench = Bench(config, family="p24")
    for intent, state in (
        (Connect(), State.IDENTIFIED), (LoadPlan(plan), State.CHECKED), (Arm(), State.ARMED),
        (Start(), State.RUNNING),
    ):  # fmt: skip
        bench.command(intent)
        if not bench.run_to_state(state, within_ns=5 * SECOND):
            raise RuntimeError(f"the bench did not come to {state}")
    bench.run_for(_TUNE_NS)
    bench.command(NextStage())
    if not bench.run_to_state(State.PAUSED, within_ns=5 * SECOND):
        raise RuntimeError("the ride was not reached")
    bench.run_for(100 * MS)
    return bench


def _play(bench: Bench, samples: Any, for_s: int) -> None:
    until_us = bench.now_ns // 1_000 + for_s * 1_000_000
    for number, one in enumerate(takewhile(lambda each: each.at_us < until_us, samples)):
        bench.run_for(max(0, one.at_us * 1_000 - bench.now_ns))
        bench.notify(InputSample("crank", one.at_us + number, one.value, source="sim"))


def report(result: dict[str, Any]) -> str:
    """In one line."""
    return (
        f"ride of {result['ride_s']} s, {result['activations']} activations: {result['cpu_s']} s "
        f"({result['times_real_time']} times real time; promise: 30)"
    )


if __name__ == "__main__":
    outcome = measure(quick="--quick" in sys.argv)
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
