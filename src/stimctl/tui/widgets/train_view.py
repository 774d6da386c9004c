"""The pulses of a treatment in time: each channel's on and off over one cycle, to scale."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.reactive import var
from textual.widget import Widget

_STEPS = "▁▂▃▄▅▆▇█"
_LABEL = 12


@dataclass(frozen=True, slots=True)
class TrainShown:
    """One channel: its number, and one cycle in seconds. `on_s` 0 says that it is always on."""

    channel: int
    label: str
    on_s: float = 0.0
    off_s: float = 0.0
    ramp_up_s: float = 0.0
    ramp_down_s: float = 0.0
    start_s: float = 0.0

    @property
    def period_s(self) -> float:
        """On and off together."""
        return self.on_s + self.off_s

    def height(self, at_s: float) -> float:
        """Share of its amplitude at a time of the cycle, 0 to 1."""
        if not self.on_s:
            return 1.0
        at_s = (at_s - self.start_s) % self.period_s
        if at_s >= self.on_s:
            return 0.0
        rise = at_s / self.ramp_up_s if self.ramp_up_s else 1.0
        fall = (self.on_s - at_s) / self.ramp_down_s if self.ramp_down_s else 1.0
        return min(1.0, rise, fall)


@dataclass(frozen=True, slots=True)
class TrainsShown:
    """The pulses in words, and each channel."""

    pulses: str
    channels: tuple[TrainShown, ...]


class TrainView(Widget):
    """The pulses in a line, one line a channel, and when channels are on together."""

    shown: var[TrainsShown | None] = var(None)

    def show(self, shown: TrainsShown | None) -> None:
        """Show this from now on; None hides it."""
        self.shown = shown

    def watch_shown(self, old: TrainsShown | None, new: TrainsShown | None) -> None:
        """Draw again, in another height where that has changed."""
        self.display = new is not None
        if old != new:
            self.refresh(layout=True)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:  # noqa: ARG002
        """Pulses, channels, and the line below them."""
        if self.shown is None:
            return 0
        return len(self.shown.channels) + 2

    def render(self) -> Content:
        """All lines, to the width there is."""
        shown = self.shown
        if shown is None:
            return Content("")
        cells = max(8, self.size.width - _LABEL)
        lines = [Content(shown.pulses)]
        lines += [_row(one, cells) for one in shown.channels]
        lines.append(Content.styled(" " * _LABEL + _below(shown.channels, cells), "$quiet"))
        return Content("\n").join(lines)


def _row(one: TrainShown, cells: int) -> Content:
    bar = "".join(_cell(one.height((2 * x + 1) * one.period_s / (2 * cells))) for x in range(cells))
    label = f"{one.channel} {one.label}"[: _LABEL - 1].ljust(_LABEL)
    return Content.assemble((label, "bold"), (bar, f"$channel-{one.channel}"))


def _cell(height: float) -> str:
    return _STEPS[min(7, int(height * 8))] if height > 0 else "·"


def _below(channels: tuple[TrainShown, ...], cells: int) -> str:
    """The length of the cycle, and how long channels are on at the same time."""
    first = channels[0]
    if not first.on_s:
        return "continuous: on all the time"
    begin, end = "0 s", f"{first.period_s:g} s"
    room = max(1, cells - len(begin) - len(end))
    return f"{begin}{overlap_words(channels)[:room].center(room)}{end}"


def overlap_words(channels: tuple[TrainShown, ...]) -> str:
    """Whether channels are on together, and for how long in each cycle."""
    if len(channels) < 2:
        return f"on {channels[0].on_s:g} s, off {channels[0].off_s:g} s"
    period_s = channels[0].period_s
    steps = 1000
    both = sum(
        sum(one.height(n * period_s / steps) > 0 for one in channels) > 1 for n in range(steps)
    )
    together = both * period_s / steps
    return f"together for {together:.1f} s of each cycle" if both else "never on together"
