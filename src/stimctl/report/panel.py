"""One pair of axes in a picture: from values to places; round ticks, and names with units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from stimctl.report.svg import n

_ROUND = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Panel:
    """`left`, `top`, `width`, `height`: of the field between the axes. `until`: where the axis
    across ends; it begins at 0. `low`, `high`: of the axis upwards."""

    left: float
    top: float
    width: float
    height: float
    until: float
    low: float
    high: float

    def across(self, value: float) -> float:
        return self.left + self.width * value / self.until

    def up(self, value: float) -> float:
        return self.top + self.height * (self.high - value) / (self.high - self.low)

    def place(self, value: float, level: float) -> str:
        """A corner of a line."""
        return f"{n(self.across(value))},{n(self.up(level))}"

    def line(self, corners: Iterable[tuple[float, float]], style: str = "drawn") -> str:
        """A line through all corners."""
        points = " ".join(self.place(*corner) for corner in corners)
        return f'<polyline class="{style}" points="{points}"/>'

    def axes(
        self,
        across_name: str,
        up_name: str,
        levels: Sequence[float],
        values: Sequence[float] | None = None,
    ) -> Iterator[str]:
        """Both axes with their names, which have the unit. `levels`: the ticks upwards; `values`:
        those across, round ones from 0 on if left out."""
        low = self.top + self.height
        right = self.left + self.width
        for level in levels:
            y = n(self.up(level))
            yield f'<line class="grid" x1="{n(self.left)}" y1="{y}" x2="{n(right)}" y2="{y}"/>'
            yield (
                f'<text x="{n(self.left - 6)}" y="{y}" dy="4" text-anchor="end">{level:g}</text>'
            )
        for value in round_ticks(self.until) if values is None else values:
            x = n(self.across(value))
            yield f'<line class="axis" x1="{x}" y1="{n(low)}" x2="{x}" y2="{n(low + 4)}"/>'
            yield f'<text x="{x}" y="{n(low + 16)}" text-anchor="middle">{value:g}</text>'
        yield (
            f'<polyline class="frame" points="{n(self.left)},{n(self.top)} {n(self.left)},{n(low)} '
            f'{n(right)},{n(low)}"/>'
        )
        yield f'<text x="{n(self.left - 34)}" y="{n(self.top - 8)}">{escape(up_name)}</text>'
        yield (
            f'<text x="{n(right)}" y="{n(low + 30)}" text-anchor="end">{escape(across_name)}</text>'
        )


def round_ticks(until: float, most: int = 6) -> list[float]:
    """From 0 on, at round distances, at most about so many."""
    ten = 10.0 ** math.floor(math.log10(until / most))
    step = next(one * ten for one in _ROUND if until / (one * ten) <= most)
    return [number * step for number in range(int(until / step * (1 + 1e-9)) + 1)]
