"""One pulse to scale: its two phases with the gap between them, and their words."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

_SCALES_US = (250, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
_LEAD = 0.06
"""Share of the width before the pulse."""


@dataclass(frozen=True, slots=True)
class PulseShown:
    """Times in microseconds. `balance_height`: of the second phase, as a share of the first's.

    `amplitude` and `burst` are words, such as "12.0 mA" and "bursts of 7 at 2 Hz".
    """

    phase_us: int
    gap_us: int = 0
    balance_us: int = 0
    balance_height: float = 1.0
    rate_hz: float = 0.0
    amplitude: str = ""
    burst: str = ""
    channel: int = 0

    @property
    def length_us(self) -> int:
        """From the first edge to the last."""
        return self.phase_us + self.gap_us + self.balance_us

    @property
    def scale_us(self) -> int:
        """What the width stands for: the shortest that holds the pulse with air around it."""
        return next((one for one in _SCALES_US if one >= self.length_us * 1.15), self.length_us * 2)

    @property
    def words(self) -> tuple[str, ...]:
        """Rate, amplitude and burst; then the widths."""
        widths = f"{self.phase_us} µs"
        if self.balance_us:
            gap = f" + gap {self.gap_us} µs" if self.gap_us else ""
            widths += f"{gap} + {self.balance_us} µs reversed"
        rate = f"{self.rate_hz:g} Hz" if self.rate_hz else ""
        first = " · ".join(part for part in (self.amplitude, rate, self.burst) if part)
        return (first, widths)


class PulseView(Widget):
    """Draws in box characters in all of its height but the last three rows: axis and words."""

    shown: reactive[PulseShown | None] = reactive(None)

    def show(self, shown: PulseShown | None) -> None:
        """Show this from now on."""
        self.shown = shown

    def render(self) -> Content:
        """Curve, scale, words."""
        shown, width, height = self.shown, self.size.width, self.size.height
        if shown is None or width < 10 or height < 6:
            return Content("" if shown is None else "\n".join(shown.words))
        rows = _curve(shown, width, height - 3)
        scale = shown.scale_us
        unit = f"{scale} µs" if scale < 1_000 else f"{scale / 1_000:g} ms"
        axis = f"0{'─' * (width - len(unit) - 3)} {unit}"
        style = f"$channel-{shown.channel}" if shown.channel else ""
        return Content.assemble(
            ("\n".join("".join(row) for row in rows), style), "\n",
            (axis, "$foreground 80%"), "\n", ("\n".join(shown.words), ""),
        )  # fmt: skip


def _curve(shown: PulseShown, width: int, height: int) -> list[list[str]]:
    """The line through all edges, each where its time puts it."""
    per_us, lead = width * (1 - _LEAD) / shown.scale_us, round(width * _LEAD)
    middle = (height - 1) // 2 if shown.balance_us else height - 1
    times = (0, shown.phase_us, shown.phase_us + shown.gap_us, shown.length_us)
    at = [lead + round(one * per_us) for one in times]
    at[1] = max(at[1], at[0] + 2)
    at[2] = max(at[2], at[1] + (2 if shown.gap_us else 0))
    at[3] = max(at[3], at[2] + 2)
    low = middle + max(1, round(middle * min(1.0, shown.balance_height)))
    levels = [(at[0], 0)]
    if shown.balance_us:
        levels += [(at[1], middle), (at[2], low)] if shown.gap_us else [(at[1], low)]
        levels.append((at[3], middle))
    else:
        levels.append((at[1], middle))
    grid = [[" "] * width for _ in range(height)]
    row, start = middle, 0
    for column, after in [*levels, (width, middle)]:
        column = min(column, width)
        for x in range(start, column):
            grid[row][x] = "─"
        if column < width and after != row:
            down = after > row
            for y in range(min(row, after) + 1, max(row, after)):
                grid[y][column] = "│"
            grid[row][column] = "┐" if down else "┘"
            grid[after][column] = "└" if down else "┌"
            start = column + 1
        row = after
    return grid
