"""The levels of a session over its time: what was set, what was confirmed, and what is planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stimctl.session import rows

if TYPE_CHECKING:
    from stimctl.stimulus.modulation import Cycle

#: Minutes of the plan, and a level.
Point = tuple[float, int]
_US_PER_MIN = 60_000_000
#: A day of ramps, each second told, does not fill more than this for a channel and a line.
_MOST = 4_000
END_RAMP_US = 2_000_000


@dataclass(slots=True)
class Course:
    """The corners of one curve, in order of time."""

    points: list[Point] = field(default_factory=list)

    def add(self, at_min: float, level: int) -> None:
        """A level at a time; what lies on a straight line is not kept."""
        if self.points and self.points[-1][1] != level:
            self.points.append((at_min, self.points[-1][1]))
        elif len(self.points) > 1 and self.points[-2][1] == level:
            self.points.pop()
        self.points.append((at_min, level))
        if len(self.points) > _MOST:
            del self.points[1:-1:2]


class History:
    """By channel; of the session's last run."""

    def __init__(self) -> None:
        self.commanded: dict[int, Course] = {}
        self.confirmed: dict[int, Course] = {}

    def take(self, event: rows.Event | None) -> None:
        """Learn from one event; those of other kinds are nothing to it."""
        match event:
            case rows.Started():
                self.__init__()  # type: ignore[misc]
            case rows.Telemetry():
                at_min = event.plan_time_us / _US_PER_MIN
                for told, courses in ((event.set, self.commanded), (event.acked, self.confirmed)):
                    for number, level in told.items():
                        courses.setdefault(number, Course()).add(at_min, level)


def planned(
    cycle: Cycle | None, start_us: int, from_us: int, until_us: int, level: int
) -> Iterator[Point]:
    """The corners of what comes if the level stays as it is: the cycles that are left."""
    if cycle is None:
        yield from_us / _US_PER_MIN, level
        yield max(from_us, until_us - END_RAMP_US) / _US_PER_MIN, level
        yield until_us / _US_PER_MIN, 0
        return
    corners = (
        (0, 0), (cycle.ramp_up_us, level), (cycle.ramp_up_us + cycle.hold_us, level),
        (cycle.on_us, 0), (cycle.period_us, 0),
    )  # fmt: skip
    first = max(0, (from_us - start_us) // cycle.period_us)
    begin_us = start_us + first * cycle.period_us
    while begin_us < until_us:
        for after_us, height in corners:
            at_us = begin_us + after_us
            if from_us <= at_us <= until_us:
                yield at_us / _US_PER_MIN, height
        begin_us += cycle.period_us
