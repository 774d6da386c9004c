"""What the plot of a session shows."""

from __future__ import annotations

from dataclasses import dataclass

Points = tuple[tuple[float, float], ...]
"""Minutes and levels at the corners of a curve, in order of time."""

_ENDS = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 120.0, 150.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """One channel. `planned` goes on to the end of the session."""

    channel: int
    confirmed: Points = ()
    commanded: Points = ()
    planned: Points = ()

    @property
    def highest(self) -> tuple[float, ...]:
        """The highest of each line."""
        lines = (self.confirmed, self.commanded, self.planned)
        return tuple(max(level for _, level in line) for line in lines if line)


@dataclass(frozen=True, slots=True)
class PlotShown:
    """Curves in `unit` over `length_min` minutes. The axis ends above the highest of them."""

    curves: tuple[Curve, ...] = ()
    now_min: float = 0.0
    length_min: float = 30.0
    unit: str = "mA"

    @property
    def top(self) -> float:
        """Where the axis ends."""
        highest = max((level for one in self.curves for level in one.highest), default=0.0)
        return next((end for end in _ENDS if end > highest), highest)
