"""When a plan lets a channel be on, and at most how high: a curve of steps, without its ramps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stimctl.report.model import CycleShape

Data = Mapping[str, Any]
Steps = tuple[tuple[float, int], ...]


def cycle_of(cycle: Any) -> CycleShape | None:
    """The on/off cycle of a setup row; None where there is none."""
    if not isinstance(cycle, Mapping):
        return None
    names = ("on_us", "off_us", "ramp_up_us", "ramp_down_us")
    return CycleShape(*(int(cycle.get(name, 0)) for name in names))


def planned_steps(
    maximum: int, begins_s: float, until_s: float, cycle: CycleShape | None, resting: int = 0
) -> Steps:
    """Pairs of time and level (of `maximum`), in s. `resting`: the level in the off times."""
    if not maximum or begins_s >= until_s:
        return ()
    if cycle is None or cycle.on_us + cycle.off_us <= 0:
        return ((begins_s, maximum), (until_s, 0))
    period_s, on_s = (cycle.on_us + cycle.off_us) / 1e6, cycle.on_us / 1e6
    starts = [begins_s + n * period_s for n in range(math.ceil((until_s - begins_s) / period_s))]
    steps = [
        step for at_s in starts for step in ((at_s, maximum), (min(at_s + on_s, until_s), resting))
    ]
    last = ((until_s, 0),) if resting else ()
    return ((0.0, 0), *steps, *last) if begins_s else (*steps, *last)


def staged_steps(stages: Sequence[Data], number: int, maximum: int) -> Steps:
    """The same over the stages of a setup row; a stage begins with its time of zero."""
    steps: list[tuple[float, int]] = []
    for stage, channel in stages_of(stages, number):
        if channel is None:
            continue
        stimulus, step = channel.get("stimulus") or {}, int(channel.get("step_ua") or 1)
        shared = (stage.get("carried") or {}).get(str(number)) or {}
        rest = stimulus.get("rest") or {}
        level = _share(maximum, shared.get("level_permille"), step)
        start_us = int(stage.get("start_us", 0))
        begins_us = start_us + int(stage.get("zero_us", 0)) + int(channel.get("start_after_us", 0))
        steps += planned_steps(
            level,
            begins_us / 1e6,
            (start_us + int(stage.get("duration_us", 0))) / 1e6,
            cycle_of(stimulus.get("cycle")),
            _share(level, rest.get("level_permille"), step) if rest else 0,
        )
    # Each stage that begins later has a first point at zero of its own.
    return tuple(step for place, step in enumerate(steps) if not place or step[0] > 0)


def stages_of(stages: Sequence[Data], number: int) -> Iterator[tuple[Data, Data | None]]:
    """Each stage with what the channel does in it; None where it is off."""
    for stage in stages:
        channels = stage.get("channels") or ()
        yield stage, next((one for one in channels if one.get("channel") == number), None)


def _share(level: int, permille: Any, step: int) -> int:
    shared = level if permille is None else level * int(permille) // 1000
    return shared - shared % step
