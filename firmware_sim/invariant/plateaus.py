"""What the host wants of all channels: plateaus, stops, pauses, and orders judged by them."""

from __future__ import annotations

from collections.abc import Mapping

from .orders import Order, Train
from .rules import Pattern, Rules
from .slew_rules import SlewRules, Wrong
from .verdict import Verdict

_SLOWEST_US = 10**12


class Plateaus:
    """The climbs of all channels; what is wrong goes to the verdict. Times us, levels in
    the unit of the rules."""

    def __init__(self, rules: Rules, verdict: Verdict) -> None:
        self._limits_rise = rules.limits_rise
        self._verdict = verdict
        self._slew_rules = {number: SlewRules(rules) for number in range(1, rules.channels + 1)}
        self.resuming = False
        """A pause is over, and no output was ordered since."""

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels there are."""
        return tuple(self._slew_rules)

    def plateau(self, channel: int) -> int:
        """What has been raised on a channel."""
        return self._slew_rules[channel].plateau

    def in_force(self, at_us: int, channel: int, slack_us: int) -> int:
        """The highest plateau that an order on the line may rest on."""
        return self._slew_rules[channel].in_force(at_us, slack_us)

    def pattern(self, channel: int, pattern: Pattern) -> None:
        """Say what belongs to the pattern of a channel."""
        self._slew_rules[channel].pattern = pattern

    def declare(self, at_us: int, channel: int, plateau: int) -> bool:
        """The session says which plateau is in force; returns whether it rises."""
        rises = plateau > self.plateau(channel)
        self._wrong(at_us, channel, self._slew_rules[channel].declare(at_us, plateau))
        return rises

    def climb(self, at_us: int, channel: int, plateau: int) -> None:
        """A rule of a procedure makes a step."""
        self._wrong(at_us, channel, self._slew_rules[channel].climb(at_us, plateau))

    def take_again(self, at_us: int, channel: int, plateau: int) -> None:
        """A part of the treatment begins with a plateau of an earlier one."""
        self._wrong(at_us, channel, self._slew_rules[channel].take_again(at_us, plateau))

    def switched(self, at_us: int, channel: int) -> None:
        """An input switches a channel on."""
        self._slew_rules[channel].switched(at_us)

    def resume(self, at_us: int) -> None:
        """A pause is over: the plateaus are kept, and the device is made ready again."""
        self.resuming = True
        for climb in self._slew_rules.values():
            climb.resume(at_us)

    def interrupt(self, channels: tuple[int, ...], why: str) -> None:
        """Nothing of what was raised on these channels counts any more."""
        self.resuming = False
        for number in channels:
            self._slew_rules[number].interrupt(why)

    def ordered(self, at_us: int, order: Order, slack_us: int) -> None:
        """Judge an order that gives output or switches; slack_us: how much the line may blur."""
        for number, pulse in (order.pulses or {}).items():
            self._verdict.ceiling(at_us, number, pulse.level, "ordered")
            self._wrong(at_us, number, self._slew_rules[number].pulse(at_us, pulse, slack_us))
        if order.stops or order.initialises:
            for climb in self._slew_rules.values():
                climb.off(at_us)
        if order.trains is not None:
            self._trains(at_us, order.trains, slack_us)

    def loses_all(self, order: Order, *, paused: bool) -> bool:
        """Whether an order is a stop after which everything is raised afresh: not one of a pause,
        nor one on the way back from a pause, before there was any output."""
        return order.stops and not paused and not self.resuming

    def train(self, at_us: int, channel: int, train: Train, slack_us: int) -> None:
        """Judge what is ordered for one channel, where an order says nothing of the others."""
        self.resuming = False
        self._verdict.ceiling(at_us, channel, train.level, "ordered")
        self._wrong(at_us, channel, self._slew_rules[channel].order(at_us, train, slack_us))

    def off(self, at_us: int, channel: int) -> None:
        """One channel is off."""
        self._slew_rules[channel].off(at_us)

    def at_electrodes(self, at_us: int, channel: int, peak_ua: int) -> None:
        """Judge what came out, where no orders can be read."""
        # Width and rate are not judged there: as narrow and as slow as none that is told.
        wrong = self._slew_rules[channel].order(at_us, Train(peak_ua, 1, _SLOWEST_US), 0)
        self._wrong(at_us, channel, wrong)

    def _trains(self, at_us: int, trains: Mapping[int, Train], slack_us: int) -> None:
        for number, climb in self._slew_rules.items():
            train = trains.get(number)
            if train is None or not train.level:
                climb.off(at_us)
            else:
                self.train(at_us, number, train, slack_us)

    def _wrong(self, at_us: int, channel: int, wrong: Wrong | None) -> None:
        if wrong is not None and self._limits_rise:
            self._verdict.fail(wrong.rule, at_us, channel, wrong.words)
