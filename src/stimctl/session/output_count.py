"""Counts what one channel gives, from set points and the times at which they hold."""

from dataclasses import dataclass
from typing import NamedTuple

_NS_IN_US = 1_000


class Output(NamedTuple):
    """What a channel does: its level, and of a current its pulse width, its period, and how many
    pulses come in it."""

    level: int = 0
    width_us: int = 0
    period_us: int = 0
    pulses: int = 1

    @property
    def charge_pc(self) -> int:
        """Of the first phases of what comes in a period."""
        return self.level * self.width_us * self.pulses

    @property
    def on(self) -> bool:
        """Its timer runs, or it lets something through."""
        return bool(self.level or self.period_us)

    def at_most(self, other: "Output") -> "Output":
        """No more than either: off where one of them is off."""
        if not (self.on and other.on):
            return OFF
        return Output(
            min(self.level, other.level),
            min(self.width_us, other.width_us),
            max(self.period_us, other.period_us),
            min(self.pulses, other.pulses),
        )

    def at_least(self, other: "Output") -> "Output":
        """No less than either."""
        if not (self.on and other.on):
            return self if self.on else other
        return Output(
            max(self.level, other.level),
            max(self.width_us, other.width_us),
            min(self.period_us, other.period_us),
            max(self.pulses, other.pulses),
        )


OFF = Output()


@dataclass(slots=True)
class OutputCount:
    """One channel so far.

    A pulse, or a group of them, comes with the set point that switches the channel on, and after
    each whole period. A new set point of a channel that is on has effect from the next pulse, which
    is due one new period after the last one.
    """

    unit: str
    output: Output = OFF
    since_ns: int = 0
    next_ns: int | None = None
    pulses: int = 0
    charge_pc: int = 0
    peak: int = 0
    on_ns: int = 0
    sure_peak: int = 0
    """The highest level of a pulse that came for certain: not the only one beside a step."""
    _here: int = 0
    """Pulses since the last set point, those that are not certain taken off."""

    def advance(self, now_ns: int) -> None:
        """Count up to now."""
        if now_ns <= self.since_ns:
            return
        output = self.output
        if output.level:
            self.on_ns += now_ns - self.since_ns
        self.since_ns = now_ns
        period_ns = output.period_us * _NS_IN_US
        if not period_ns or self.next_ns is None or now_ns <= self.next_ns:
            return
        times = (now_ns - self.next_ns - 1) // period_ns + 1
        self.next_ns += times * period_ns
        if output.level:
            self.give(output, times)

    def turn(self, now_ns: int, output: Output) -> None:
        """From now on the channel does this."""
        self.advance(now_ns)
        if not output.period_us:
            self.next_ns = None
        elif self.next_ns is None:
            self.next_ns = now_ns
        elif output.period_us != self.output.period_us:
            longer_ns = (output.period_us - self.output.period_us) * _NS_IN_US
            self.next_ns = max(now_ns, self.next_ns + longer_ns)
        self._here = 0 if self.output.on else 1  # switched on it pulses at once
        self.output = output
        self.peak = max(self.peak, output.level)
        if not output.period_us:  # no pulses of its own: what is let through is there at once
            self.sure_peak = max(self.sure_peak, output.level)

    def beside_step_to(self, output: Output, sign: int) -> None:
        """One pulse more (or less) of what a step up adds: where it is not certain to within a
        pulse when the step comes."""
        before = self.output
        if before.period_us and output.period_us:
            if output.level:
                here = before.pulses if before.level else 0
                self.pulses += sign * max(0, output.pulses - here)
            self.charge_pc += sign * max(0, output.charge_pc - before.charge_pc)

    def give(self, output: Output, times: int = 1) -> None:
        """Its pulses so many times, now."""
        self.pulses += times * output.pulses
        self.charge_pc += times * output.charge_pc
        self._here += times
        if self._here > 1:
            self.sure_peak = max(self.sure_peak, output.level)

    def told(self) -> dict[str, int]:
        """The numbers of a row; those of a device that knows no current have no charge."""
        told = {f"peak_{self.unit}": self.peak, "on_ms": self.on_ns // 1_000_000}
        if self.unit == "ua":
            told |= {"pulses": max(0, self.pulses), "charge_nc": max(0, self.charge_pc // 1_000)}
        return told
