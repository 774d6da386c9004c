"""When a plan lets a channel be on, and at most how high: a curve of steps, without its ramps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stimctl.report.model import CycleShape

Data = Mapping[str, Any]
Steps = tuple[tuple[float, int], ...]


def cycle_of(cycle: Any, rest: Any = None) -> CycleShape | None:
    """The on/off cycle of a setup row, with what is given in its off time; None: there is none."""
    if not isinstance(cycle, Mapping):
        return None
    on, off, up, down = (
        int(cycle.get(name, 0)) for name in ("on_us", "off_us", "ramp_up_us", "ramp_down_us")
    )
    resting = int(rest.get("level_permille", 0)) if isinstance(rest, Mapping) else 0
    return CycleShape(on, off, up, down, resting)


def planned_steps(maximum: int, begins_s: float, until_s: float, cycle: CycleShape | None) -> Steps:
    """Pairs of time and level (of `maximum`), in s."""
    if not maximum or begins_s >= until_s:
        return ()
    if cycle is None or cycle.on_us + cycle.off_us <= 0:
        return ((begins_s, maximum), (until_s, 0))
    period_s, on_s = (cycle.on_us + cycle.off_us) / 1e6, cycle.on_us / 1e6
    starts = [begins_s + n * period_s for n in range(math.ceil((until_s - begins_s) / period_s))]
    steps = [step for at_s in starts for step in ((at_s, maximum), (min(at_s + on_s, until_s), 0))]
    return ((0.0, 0), *steps) if begins_s else tuple(steps)


def _stage_steps(
    maximum: int, begins_us: int, until_us: int, cycle: CycleShape | None, resting: int
) -> Steps:
    """Of a stage: no contraction that would not be over in it (W14), and `resting`, the level of
    the off times, only before another contraction (W19)."""
    if not maximum or begins_us >= until_us:
        return ()
    if cycle is None:
        return ((begins_us / 1e6, maximum), (until_us / 1e6, 0))
    period_us = cycle.on_us + cycle.off_us
    starts = range(begins_us, until_us - cycle.on_us + 1, period_us)
    return tuple(
        step
        for at_us in starts
        for step in (
            (at_us / 1e6, maximum),
            ((at_us + cycle.on_us) / 1e6, resting if at_us != starts[-1] else 0),
        )
    )


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
        cycle = cycle_of(stimulus.get("cycle"), rest)
        start_us = int(stage.get("start_us", 0))
        begins_us = start_us + int(stage.get("zero_us", 0)) + int(channel.get("start_after_us", 0))
        resting = _share(level, cycle.rest_permille, step) if cycle else 0
        until_us = start_us + int(stage.get("duration_us", 0))
        steps += _stage_steps(level, begins_us, until_us, cycle, resting)
    return ((0.0, 0), *steps) if steps and steps[0][0] else tuple(steps)


def staged_cycles(stages: Sequence[Data], number: int) -> tuple[tuple[str, CycleShape], ...]:
    """The cycles of a channel over the stages, each once, with the names of its stages."""
    found: dict[CycleShape, dict[str, None]] = {}
    for stage, channel in stages_of(stages, number):
        stimulus = (channel or {}).get("stimulus") or {}
        cycle = cycle_of(stimulus.get("cycle"), stimulus.get("rest"))
        if cycle is not None:
            found.setdefault(cycle, {})[str(stage.get("name", ""))] = None
    return tuple((", ".join(names), cycle) for cycle, names in found.items())


def stages_of(stages: Sequence[Data], number: int) -> Iterator[tuple[Data, Data | None]]:
    """Each stage with what the channel does in it; None where it is off."""
    for stage in stages:
        channels = stage.get("channels") or ()
        yield stage, next((one for one in channels if one.get("channel") == number), None)


def _share(level: int, permille: Any, step: int) -> int:
    shared = level if permille is None else level * int(permille) // 1000
    return shared - shared % step
