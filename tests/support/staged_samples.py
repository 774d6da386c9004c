"""Files with stages for the tests, and plans of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.safety import Electrode, Refusal
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment import ChannelSetup, compile_plan, load_protocol
from stimctl.treatment.program import CurrentPlan
from stimctl.treatment.staged import StagedProtocol

DATA = Path(__file__).resolve().parents[1] / "treatment" / "data"
PULSES = 'shape = "biphasic-symmetric", phase_width = "200 us", frequency = "{rate}"'
CYCLE = '{ on = "4 s", off = "4 s", ramp_up = "1 s", ramp_down = "1 s" }'


def staged_text(
    stages: str,
    channels: str = "",
    *,
    session: str = 'shortest = "10 s", longest = "60 min"',
    more: str = "",
    rate: str = "20 Hz",
) -> str:
    """A file named sample with these stages; one sensory channel where none are given."""
    one = f"""[[channels]]
role = "one"
motor = false
amplitude = {{ target = "strong-comfortable" }}
waveform = {{ {PULSES.format(rate=rate)} }}
"""
    return f"""schema = "treatment-v2"
id = "sample"
version = "1.0"
title = "Sample"
purpose = "Tests."
sources = ["none"]
contraindications = ["C01"]
{more}
session = {{ {session} }}
evidence = {{ grade = "D", lines = ["Made up for a test (D)."] }}
electrodes = {{ minimum_area = "10 cm2", placement = "Anywhere." }}
{channels or one}
{stages}
"""


def stage(name: str, duration: str, more: str = "") -> str:
    return f'[[stages]]\nname = "{name}"\nduration = "{duration}"\n{more}\n'


TWO_ROLES = "".join(
    f"""[[channels]]
role = "{name}"
motor = false
amplitude = {{ target = "strong-comfortable" }}
waveform = {{ shape = "biphasic-symmetric", phase_width = "{width}", frequency = "75 Hz" }}
"""
    for name, width in (("one", "200 us"), ("two", "300 us"))
)


def whole_training() -> CurrentPlan:
    """Warm-up, work with slow pulses in the off time, a pause, cool-down at a share, for two roles
    of which one is off in the warm-up: 70 s."""
    rest = 'rest = { frequency = "4 Hz", level = "60 %" }'
    law = 'waveform = { frequency = { list = ["3 Hz", "5 Hz"], dwell = "2 s" } }'
    stages = (
        stage("warm-up", "15 s", 'roles = ["one"]\nwaveform = { frequency = "5 Hz" }'),
        stage("work", "33 s", f"cycle = {CYCLE[:-2]}, {rest} }}"),
        stage("pause", "6 s", 'kind = "rest"'),
        stage("cool-down", "16 s", f'plateau = "work"\nlevel = "60 %"\n{law}'),
    )
    text = staged_text("".join(stages), TWO_ROLES, session='shortest = "70 s", longest = "70 s"')
    return staged_plan(text, 6_000, 4_000)


def staged(text: str) -> StagedProtocol:
    protocol = load_protocol(text, "sample.toml")
    assert isinstance(protocol, StagedProtocol)
    return protocol


def compiled(protocol: Any, *most_ua: int, **how: Any) -> CurrentPlan | Refusal:
    sheet = how.pop("sheet", P24_SHEET)
    setups = [
        ChannelSetup(channel, Level(CURRENT, ua), Electrode(area_mm2=9_600))
        for channel, ua in enumerate(most_ua or (5_000,), start=1)
    ]
    return compile_plan(protocol, sheet, setups, **how)


def staged_plan(text: str, *most_ua: int, **how: Any) -> CurrentPlan:
    plan = compiled(staged(text), *most_ua, **how)
    assert not isinstance(plan, Refusal), plan.message
    return plan


def example(name: str) -> StagedProtocol:
    protocol = load_protocol((DATA / f"{name}.toml").read_text("utf-8"), f"{name}.toml")
    assert isinstance(protocol, StagedProtocol)
    return protocol
