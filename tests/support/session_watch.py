"""The invariant hook: what reached the electrodes, held against what the engine had asked for.

It stands outside engine, driver and wire: it sees every set point the engine hands to its driver,
and the twin's own record of every pulse.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from typing import Any

from firmware_sim.ledger import Ledger, Run
from stimctl.devices.p24.driver import P24Driver
from stimctl.safety.cleared import SetPoint
from stimctl.session.config import MS
from stimctl.session.engine import Engine
from stimctl.session.states import State

HOLDS_NS = 250 * MS
"""The electrodes may show what was asked for up to this long ago."""


class WatchedDriver:
    """The real driver, a P24's for None; `asked`: every set point given to it, its time in ns."""

    def __init__(self, driver: Any = None) -> None:
        self._driver = P24Driver() if driver is None else driver
        self.asked: list[tuple[int, Mapping[int, SetPoint]]] = [(0, {})]
        self.engine: Engine | None = None
        self.judged: list[tuple[State, int, int, int]] = []

    def apply(
        self, now_ns: int, set_points: Mapping[int, SetPoint], planned: Collection[int] = ()
    ) -> int:
        if self.engine is not None:
            self.judged += [
                (self.engine.state, channel, point.amplitude_ua, self.engine.plateau(channel))
                for channel, point in set_points.items()
            ]
        ticket = self._driver.apply(now_ns, set_points, planned)
        self.asked.append((now_ns, dict(set_points)))
        return ticket

    def stop(self, now_ns: int) -> None:
        self._driver.stop(now_ns)
        self.asked.append((now_ns, {}))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def in_force(self, from_ns: int, until_ns: int, channel: int) -> list[SetPoint]:
        """The set points of a channel that held at some time of a span."""
        first = max(0, bisect_left(self.asked, from_ns, key=lambda one: one[0]) - 1)
        found = []
        for at_ns, points in self.asked[first:]:
            if at_ns > until_ns:
                break
            if channel in points:
                found.append(points[channel])
        return found

    def never_asked_for(self, ledger: Ledger, lag_ns: int = HOLDS_NS) -> list[str]:
        """Every pulse at the electrodes that was not asked for, or too long ago."""
        return [
            problem
            for channel, one in ledger.channels.items()
            for run in one.runs
            for at_us in {run.start_us, run.last_start_us}
            for problem in self._judge(channel, run, at_us, lag_ns)
        ]

    def _judge(self, channel: int, run: Run, at_us: int, lag_ns: int) -> list[str]:
        asked = self.in_force(at_us * 1_000 - lag_ns, at_us * 1_000, channel)
        where = f"channel {channel} at {at_us} us"
        if not asked:
            return [f"{where}: output that nobody asked for"]
        problems = []
        if run.peak_ua > max(point.amplitude_ua for point in asked):
            problems.append(f"{where}: {run.peak_ua} uA")
        if run.count > 1 and run.period_us < min(point.period_us for point in asked):
            problems.append(f"{where}: every {run.period_us} us")
        widest_us = max(
            point.phase_width_us * (1 + point.second_phase_ratio) + point.interphase_gap_us
            for point in asked
        )
        if run.duration_us > widest_us:
            problems.append(f"{where}: {run.duration_us} us wide")
        return problems
