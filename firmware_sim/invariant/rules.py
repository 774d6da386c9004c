"""What may not be broken, in numbers, and how a violation is told.

Every number is a decision of this project's safety rules (D) unless it is marked with its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Rule(StrEnum):
    """What a violation broke."""

    DEVICE = "device limits"
    CEILING = "ceiling"
    START = "arming and start"
    DEAD_MAN = "dead-man"
    LIFE = "heartbeats"
    RISE = "rise"
    RETURN = "return after an interruption"
    ASKED = "output that no command asked for"


@dataclass(frozen=True, slots=True)
class Violation:
    """The first thing that went wrong; times in us of the twin's clock, channel None = all."""

    rule: Rule
    at_us: int
    channel: int | None
    words: str

    def __str__(self) -> str:
        where = "" if self.channel is None else f", channel {self.channel}"
        return f"[{self.rule.value}] at {self.at_us / 1e6:.6f} s{where}: {self.words}"


class InvariantBrokenError(AssertionError):
    """Raised at the first instant where a rule is broken; `violation` says which."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(str(violation))
        self.violation = violation


@dataclass(frozen=True, slots=True)
class Pattern:
    """What belongs to the pattern of a channel, and so is neither a rise nor an interruption.

    gap_us: how long the gate of a burst may be shut before opening to the same level counts as a
    ramp of an on/off cycle. modulated_from_permille: within an amplitude modulation, from this
    part of the plateau on the level may jump. widest_us, fastest_us: the widest first phase and the
    shortest period of a sweep; None = what the channel began with.
    """

    gap_us: int = 0
    modulated_from_permille: int = 1_000
    widest_us: int | None = None
    fastest_us: int | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What is judged; the defaults are the strict ones.

    unit: of every level, and so of ceiling (on every channel [IFU]) and step (one device step
    [IFU]); the defaults are those of the finest source of current. increment: the most that a
    plateau rises at once, where a step is not more; raise_every_us: one increment in this time, and
    raise_per_s: never faster than this. ramp_us: from zero to a plateau that was raised before;
    ramp_burst_us: how much of that time a ramp may make up for at once (two ticks of 50 ms).
    quick_ramp_us, quick_burst_us: the same where inputs switch the channel, up to the highest level
    that has lasted for held_us in all since it began at zero.
    resume_us: the same after a pause of up to longest_pause_us; after a longer one everything is
    raised afresh. dead_man_us: from the last keep-alive to zero [IFU]; margin_us on top of it.
    rest_gain: the most that a plateau rises in the off time of a cycle, as fast as by hand, before
    the ramp that brings it. ladder_gain: the most that it rises between two single pulses of a
    procedure, once the pulse before was given at it. line_us: how late
    a byte may arrive, and how early a line that was late may make the next raise seem. notice_us:
    how soon a host must know that the device stopped by itself: it asks each 500 ms, and 1 s
    without an answer is a loss. signs_us: how old a sign of life
    may be, by name, before the keep-alive must cease.

    family: whose wire is read; `families.fitted` names it and puts its numbers in. Rules that name
    none can judge at the electrodes only (line=False). keep_alive: the device has a dead-man for
    all of its channels, which a keep-alive puts off; where it has none each channel is on until the
    end of its last order, and dead_man_us is from the last order of a host of ours. line: there are
    bytes to read (a record without them is judged at the electrodes alone).
    needs_start: output needs arming and start, told by marks. limits_rise: plateaus, ramps and
    returns are judged.
    """

    unit: str = "uA"
    ceiling: int = 130_000
    channels: int = 8
    step: int = 500
    increment: int = 1_000
    raise_every_us: int = 250_000
    raise_per_s: int = 4_000
    rest_gain: int = 2_000
    ladder_gain: int = 2_000
    ramp_us: int = 500_000
    ramp_burst_us: int = 100_000
    quick_ramp_us: int = 100_000
    quick_burst_us: int = 40_000
    held_us: int = 10_000_000
    resume_us: int = 5_000_000
    longest_pause_us: int = 60_000_000
    dead_man_us: int = 2_000_000
    margin_us: int = 50_000
    line_us: int = 250_000
    notice_us: int = 1_500_000
    signs_us: Mapping[str, int] = field(
        default_factory=lambda: {"face": 500_000, "journal": 2_000_000}
    )
    family: str = ""
    keep_alive: bool = True
    line: bool = True
    needs_start: bool = True
    limits_rise: bool = True

    @property
    def largest(self) -> int:
        """The most that a plateau rises at once: whole steps, and one at least."""
        return max(self.step, self.increment - self.increment % self.step)

    @property
    def largest_every_us(self) -> int:
        """The time that belongs to it."""
        return max(self.raise_every_us, self.largest * 1_000_000 // self.raise_per_s)


#: Everything; a session that tells its marks. Both name no family yet: `fitted` does.
STRICT = Rules()
#: A twin with whoever talks to it: the limits of the device, ceilings if told, the dead-man.
BARE = Rules(needs_start=False, limits_rise=False)
