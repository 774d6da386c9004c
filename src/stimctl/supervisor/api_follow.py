"""What a program lets follow its data: single targets, and a callback in a loop of its own.

The rule is the engine's (A21, A22). Here is only how often it is asked, and of when the data are.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from stimctl.codes import Code
from stimctl.errors import StateError, UsageError
from stimctl.quantity import parse_duration_us
from stimctl.stimulus.level import CURRENT, AnyLevel, Level
from stimctl.supervisor.api_requests import Requests
from stimctl.supervisor.view import Reading

_FASTEST_HZ = 100.0
_SLOWEST_HZ = 10.0
"""A slower one would have no fresh data in between."""
#: A turn that came too late is none; the rule of the engine counts how long that goes on.
_PASSING = frozenset({Code.FOLLOW_OLD})

Targets: TypeAlias = Mapping[int, str]
"""By channel, what it is to follow; a channel that is left out gets no data in this turn."""


@dataclass(frozen=True, slots=True)
class FollowRange:
    """How far a channel may follow a target now: around the level that was reached by hand."""

    lowest: AnyLevel
    highest: AnyLevel
    step_ua: int

    def nearest(self, milliampere: float) -> str:
        """The level of the device inside the range that is nearest below this, as a target.

        A target outside of the range is refused, so a controller that may go beyond it asks here.

        Args:
            milliampere: what the controller wants.

        Raises:
            UsageError: it is not a number.
        """
        if not math.isfinite(milliampere):
            raise UsageError(f"{milliampere} is not a target", why="a number is expected")
        wanted = min(max(round(milliampere * 1_000), self.lowest.value), self.highest.value)
        return str(Level(self.highest.scale, wanted - wanted % self.step_ua))


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a loop. `at_ns`: when it began (`time.monotonic_ns()`), which is the time of the
    data of its targets. `late_s`: how much later that was than planned. `refused`: by channel, why
    a target of the turn before was none."""

    number: int
    at_ns: int
    late_s: float
    readings: Mapping[int, Reading]
    ranges: Mapping[int, FollowRange]
    refused: Mapping[int, str]


class Follows(Requests):
    """These methods of a `Device`."""

    def follow(self, channel: int, target: str, *, at_ns: int | None = None) -> None:
        """Let a channel follow a target; only in a session of `connect(..., follow=True)`.

        A target lowers at once, as far as it says. It raises by at most 1 mA/s, only within a fifth
        of the level that was reached by `raise_to`, and never above the maximum. Once 100 ms have
        gone without a new one the lower of the present level and that by hand is kept, for 2 s;
        then the channel ramps to zero within 1 s, and `raise_to` has to begin again. A `raise_to`
        or `lower_to` ends it at any time, and moves what may be followed. It renews no hold.

        Args:
            channel: a channel of the plan, from 1.
            target: "12 mA".
            at_ns: of when the data are, by `time.monotonic_ns()`; now, where it is not given.

        Raises:
            QuantityError, UsageError: a value cannot be read, or the channel is not in the plan.
            StateError: the session was not opened for it, the target is outside of what may be
                followed, its data are too old, or nothing was reached by hand.
        """
        now_ns = time.monotonic_ns() if at_ns is None else at_ns
        number, level = self._reach.channel(channel), str(self._reach.scale.level(target))
        self._ask("follow", channel=number, level=level, at_ns=now_ns)

    def follow_range(self, channel: int) -> FollowRange:
        """How far a channel may follow a target now.

        Args:
            channel: a channel of the plan, from 1.

        Raises:
            UsageError: there is no such channel.
            StateError: the session is not open.
        """
        number = self._reach.channel(channel)
        told = self._ask("readings")["channels"][str(number)]
        return self._range_of(number, told)

    def _range_of(self, channel: int, told: Mapping[str, Any]) -> FollowRange:
        scale = self._reach.scale
        lowest, highest = (Level(scale, told[f"{name}_followed"]) for name in ("lowest", "highest"))
        return FollowRange(lowest, highest, self._reach.steps[channel])

    def loop(
        self,
        callback: Callable[[Turn], Targets],
        *,
        rate_hz: float,
        duration: str | float,
    ) -> None:
        """Call a function many times a second, and let the channels follow what it returns.

        The function is its own dead-man: while it does not return nothing is followed and no hold
        is renewed, so that the channels go to zero by the rule of `follow`. A turn that is missed
        is not made up for. The hold is renewed after each turn, by the duration that it had last.
        When the loop has ended its channels go to zero in the same way, unless `raise_to` or
        `lower_to` takes them over before.

        Args:
            callback: gets a `Turn`, and returns a target for each channel ({1: "12 mA"}).
            rate_hz: how often, 10 to 100 times a second.
            duration: how long ("20 s"), or seconds; it ends sooner where the plan has ended.

        Raises:
            UsageError: the rate is not one of these.
            StateError: a target was refused for another reason than its age, or the session no
                longer runs. What the function raises comes out as it is.
        """
        for turn in self._turns(rate_hz, duration):
            self._take_targets(turn, callback(turn))

    def _turns(self, rate_hz: float, duration: str | float) -> Iterator[_LoopTurn]:
        """One turn after the other, each at its time; both forms of the API go through it."""
        if not _SLOWEST_HZ <= rate_hz <= _FASTEST_HZ:  # a NaN is not, either
            raise UsageError(f"a loop of {rate_hz} Hz is not possible", why="10 to 100 Hz are")
        seconds = parse_duration_us(duration) / 1e6 if isinstance(duration, str) else duration
        if self._reach.scale is not CURRENT:
            raise StateError(
                "loop refused",
                code=Code.FOLLOW_OFF,
                why="the device knows no current",
                what_to_do="use raise_to and lower_to",
            )
        every_ns = round(1e9 / rate_hz)
        due_ns = time.monotonic_ns()
        end_ns, number = due_ns + round(seconds * 1e9), 0
        refused: Mapping[int, str] = {}
        while due_ns < end_ns:
            self.wait(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
            if self._view.model.plan_ended and self.state == "stopped":
                return
            self._still("running", "paused")
            told = self._ask("readings")["channels"]
            now_ns = time.monotonic_ns()
            turn = _LoopTurn(
                number,
                now_ns,
                max(0, now_ns - due_ns) / 1e9,
                self._reach.readings(told, now_ns),
                {int(channel): self._range_of(int(channel), one) for channel, one in told.items()},
                refused,
                {},
            )
            yield turn
            refused, number = turn.failed, number + 1
            due_ns = max(due_ns + every_ns, time.monotonic_ns())

    def _take_targets(self, turn: _LoopTurn, targets: Targets) -> None:
        for channel, target in targets.items():
            try:
                self.follow(channel, target, at_ns=turn.at_ns)
            except StateError as refused:
                if refused.code not in _PASSING:
                    raise
                turn.failed[channel] = refused.why
        self._renew()


@dataclass(frozen=True, slots=True)
class _LoopTurn(Turn):
    """A turn, and what came of its targets."""

    failed: dict[int, str]
