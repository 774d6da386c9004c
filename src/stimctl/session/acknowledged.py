"""What a device has acknowledged in one run, over time: never what was planned.

No device tells how many pulses it gave. It does tell which set points it has accepted, and when.
From these the pulses are counted as its timers make them: one with the set point that switches a
channel on, and one for each whole period after it, until the channel is off or zero is verified.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stimctl.devices.events import ChannelSet
from stimctl.session.events import Json

_NS = 1_000


@dataclass(slots=True)
class _Count:
    """One channel so far. `flow` is what was accepted last: output, width, period (ns), pulses."""

    unit: str
    output: int = 0
    width_us: int = 0
    period_ns: int = 0
    each: int = 1
    since_ns: int = 0
    next_ns: int = 0
    pulses: int = 0
    charge_pc: int = 0
    peak: int = 0
    on_ns: int = 0

    def advance(self, now_ns: int) -> None:
        """Count up to now."""
        if self.output:
            self.on_ns += max(0, now_ns - self.since_ns)
        self.since_ns = now_ns
        if not self.period_ns or now_ns <= self.next_ns:
            return
        times = (now_ns - self.next_ns - 1) // self.period_ns + 1
        self.next_ns += times * self.period_ns
        if self.output:
            self.pulses += times * self.each
            self.charge_pc += times * self.each * self.output * self.width_us

    def told(self) -> dict[str, Json]:
        """The numbers of a row; those of a device that knows no current have no charge."""
        told: dict[str, Json] = {f"peak_{self.unit}": self.peak, "on_ms": self.on_ns // 1_000_000}
        if self.unit == "ua":
            told |= {"pulses": self.pulses, "charge_nc": self.charge_pc // 1_000}
        return told


class Acknowledged:
    """The channels of one run."""

    def __init__(self, each: Mapping[int, int], unit: str) -> None:
        """`each`: by channel, how many pulses the device gives in each period."""
        self._counts = {channel: _Count(unit, each=one) for channel, one in each.items()}

    def accepts(self, now_ns: int, sets: Iterable[ChannelSet]) -> None:
        """From now on the device does exactly this; the channels that are not named are off."""
        by_channel = {one.channel: one for one in sets}
        for channel, count in self._counts.items():
            count.advance(now_ns)
            point = by_channel.get(channel)
            if point is None:
                count.output = count.period_ns = 0
                continue
            if not count.period_ns:
                count.next_ns = now_ns  # its timer starts; a new set point of a train waits for it
            count.output, count.width_us = point.level, point.phase_width_us
            count.period_ns = point.period_us * _NS
            count.peak = max(count.peak, point.level)

    def gives(self, channel: int, output: int, width_us: int) -> None:
        """One single pulse was acknowledged."""
        count = self._counts[channel]
        count.pulses += 1
        count.charge_pc += output * width_us
        count.peak = max(count.peak, output)

    def peak(self, channel: int) -> int:
        """The highest output that was accepted on a channel."""
        return self._counts[channel].peak

    def ends(self, now_ns: int) -> None:
        """Zero was verified, or what the device does is not known from now on."""
        self.accepts(now_ns, ())

    def told(self, now_ns: int) -> Mapping[str, Json]:
        """By channel, for a row."""
        for count in self._counts.values():
            count.advance(now_ns)
        return {str(channel): count.told() for channel, count in self._counts.items()}
