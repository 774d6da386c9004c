"""What was acknowledged is counted from accepted set points; what was planned is another number."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.devices.events import ChannelSet
from stimctl.records.delivered import Delivered, describe
from stimctl.session.acknowledged import Acknowledged
from stimctl.session.events import Kind
from stimctl.session.intents import Lower, Pause, Resume, Stop
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.gate_world import gate_plan
from tests.support.gate_world import raised as raised_percent
from tests.support.gate_world import running as running_in_percent
from tests.support.session_world import BY_SCRIPT, SECOND, STEP_UA, plan_of, raised, running

MS = 1_000_000


def on(channel: int, level: int, width_us: int, period_us: int) -> ChannelSet:
    return ChannelSet(channel, level, width_us, period_us, period_us)


def of_record(bench: Bench) -> dict[str, dict[str, int]]:
    found = Delivered()
    for event in bench.events:
        found.take(event.kind.value, event.data)
    return found.by_channel


