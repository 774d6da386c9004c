"""Plans for a RehaStim2, and the settings that raise by script."""

from __future__ import annotations

from functools import cache

from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.safety import Electrode, Refusal
from stimctl.session.config import EngineConfig
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.program import AnyPlan, CurrentPlan, makes_current
from tests.support.paths import ROOT

SCRIPT = EngineConfig(scripted_raise=True, watchdog_test=False, attended_by_prompt=False)


@cache
def compiled(
    name: str, channels: tuple[int, ...] = (1,), duration_s: int = 60
) -> AnyPlan | Refusal:
    text = (ROOT / "protocols" / f"{name}.toml").read_text(encoding="utf-8")
    setups = [
        ChannelSetup(channel, Level(CURRENT, 12_000), Electrode(area_mm2=9_600))
        for channel in channels
    ]
    protocol = load_protocol(text, name)
    return compile_plan(protocol, REHASTIM2_SHEET, setups, duration_us=duration_s * 1_000_000)


def plan_of(name: str, *channels: int, duration_s: int = 60) -> CurrentPlan:
    plan = compiled(name, channels or (1,), duration_s)
    assert isinstance(plan, Plan), plan
    assert makes_current(plan)
    return plan
