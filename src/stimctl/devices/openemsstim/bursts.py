"""The bursts of both channels: what is wanted, what was sent, and which message comes next.

There is one message in flight. What lowers goes before everything but a burst of the other channel
that presses, which goes before a raise, too; a raise that could not leave within 250 ms is given
up. A keep-alive allows one renewal.

One call may raise both channels. Each raise leaves within 250 ms of that call. A raise that would
be late at its turn leaves as soon as the board has echoed, and the first one is given up with the
second one where that one could not follow in time: linked channels change together.

A ramp must not take every message from the other channel. Of decreases, one that somebody asked for
goes first, then one that closes a channel. A step down of a planned ramp, and that alone, takes
turns with a raise of the other channel: the channel whose last message is older goes first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from stimctl.devices.events import Acked, ChannelSet, Doing
from stimctl.devices.openemsstim.request import (
    BOTH_FROM_NS,
    ECHOED_NS,
    LAST_CALL_NS,
    LATEST_NS,
    PRESSING_NS,
    RENEW_FROM_NS,
    STALE_NS,
    Burst,
    Pace,
    Request,
)
from stimctl.devices.openemsstim.sheet import CHANNELS, KEEP_ALIVE_US

_ALLOWED_NS = KEEP_ALIVE_US * 1_000
ALL_OFF = Request(Doing.APPLY)


class Bursts:
    """Both channels. Decides, and is told what was sent and what was echoed."""

    __slots__ = ("_age_ns", "_allowed_ns", "_asked_ns", "_joint_ns", "_looked_ns", "_urgent",
                 "by_channel", "pace", "wanted")  # fmt: skip

    def __init__(self) -> None:
        self.by_channel = {channel: Burst() for channel in range(1, CHANNELS + 1)}
        self.wanted: dict[int, int] = {}
        self.pace = Pace()
        self._asked_ns: dict[int, int] = {}
        self._joint_ns: int | None = None
        """When both channels were last raised by one call."""
        self._urgent: set[int] = set()
        """Channels whose decrease is more than a step of a planned ramp, until it has left."""
        self._allowed_ns: int | None = None
        self._age_ns: int | None = None  # of the raise that was given up, until that is told
        self._looked_ns = 0
        """When it was last decided what follows: no time before that is worth waking up for."""

    def clear(self) -> None:
        """Zero was verified, or everything was given up."""
        for burst in self.by_channel.values():
            burst.clear()
        self.drop()

    def drop(self) -> None:
        """Nothing more is wanted; what was sent may be on."""
        self.wanted = {}
        self._asked_ns.clear()
        self._urgent.clear()
        self._allowed_ns = self._age_ns = None

    def want(
        self, now_ns: int, wanted: Mapping[int, int], planned: Collection[int] = frozenset()
    ) -> None:
        """The latest call of the engine. A raise asked for before keeps its age.

        `planned`: channels on which a decrease is a step of a planned ramp and no more.
        """
        self._age_ns = None
        for channel, burst in self.by_channel.items():
            percent = wanted.get(channel, 0)
            if percent >= burst.percent:
                self._urgent.discard(channel)
            elif channel not in planned:
                self._urgent.add(channel)
            if percent <= burst.percent:
                self._asked_ns.pop(channel, None)
            elif channel not in self._asked_ns or self.wanted.get(channel, 0) != percent:
                self._asked_ns[channel] = now_ns
        if list(self._asked_ns.values()) == [now_ns] * CHANNELS:
            self._joint_ns = now_ns
        self.wanted = dict(wanted)

    def allow(self, now_ns: int) -> None:
        """A keep-alive: one burst may be renewed within the next 200 ms."""
        self._allowed_ns = now_ns

    def acked(self, ticket: int | None, latency_ns: int, *, echoed: bool) -> Acked | None:
        """What is in force of the latest call: the whole of it or, after an echo, a part."""
        if ticket is None or self._age_ns is not None:
            return None  # a raise was given up, and that is still to be told
        in_force = frozenset(
            channel
            for channel, burst in self.by_channel.items()
            if burst.confirmed == burst.percent == self.wanted.get(channel, 0)
        )
        if len(in_force) == CHANNELS:
            return Acked(Doing.APPLY, latency_ns, ticket, self.sets)
        part = Acked(Doing.APPLY, latency_ns, ticket, self.sets, in_force)
        return part if echoed else None

    @property
    def sets(self) -> tuple[ChannelSet, ...]:
        """The channels that the board has echoed as on."""
        return tuple(
            ChannelSet(channel, burst.confirmed)
            for channel, burst in self.by_channel.items()
            if burst.confirmed
        )

    @property
    def on(self) -> frozenset[int]:
        """The channels whose bursts are meant to go on."""
        return frozenset(c for c, burst in self.by_channel.items() if burst.percent)

    def late(self, now_ns: int) -> int | None:
        """A channel whose burst was left to end; None where there is none."""
        for channel, burst in self.by_channel.items():
            if burst.percent and now_ns > burst.last_ns():
                return channel
        return None

    def given_up(self, now_ns: int, *, certain: bool) -> int | None:
        """As `stale`, but told only when no message is in flight, so that what was confirmed is
        what holds."""
        age_ns = self.stale(now_ns)
        self._age_ns = age_ns if age_ns is not None else self._age_ns
        if not certain:
            return None
        age_ns, self._age_ns = self._age_ns, None
        return age_ns

    def stale(self, now_ns: int) -> int | None:
        """Give up raises that could not leave in time; the age of the oldest, None for none."""
        old = [channel for channel, asked in self._asked_ns.items() if now_ns - asked >= STALE_NS]
        if not old:
            return None
        age_ns = max(now_ns - self._asked_ns[channel] for channel in old)
        for channel in old:
            del self._asked_ns[channel]
            percent = self.by_channel[channel].percent
            self.wanted[channel] = percent
            if not percent:
                del self.wanted[channel]
        return age_ns

    def following(self, now_ns: int) -> tuple[Request, int | None] | None:
        """The message that must leave now, and when it expires; None where none may."""
        self._looked_ns = now_ns
        lower, renewal = self._lower(now_ns), self._renewal(now_ns)
        age_ns = 0 if renewal is None else now_ns - self.by_channel[renewal].since_ns
        if lower is not None:
            # A row of decreases on one channel must not starve the other one; it is the oldest
            # burst that is renewed, and each decrease renews its own.
            if renewal is not None and renewal != lower[0].channel and age_ns >= PRESSING_NS:
                return self._renew(renewal)
            raised = self._raised_before(now_ns, lower[0].channel)
            if raised is None:
                return lower
            return self._raise(raised) if now_ns >= self.pace.ready_ns() else None
        last_call = age_ns >= LAST_CALL_NS and now_ns >= self.pace.ready_ns()
        if renewal is not None and last_call:
            return self._renew(renewal)
        free = now_ns >= self.pace.free_ns()
        if free and renewal is not None and age_ns >= PRESSING_NS:
            return self._renew(renewal)
        for channel in self._in_order():
            if self._has_turn(now_ns, channel) and self._leaves_room(now_ns, channel):
                return self._raise(channel)
        return None if renewal is None or not free else self._renew(renewal)

    def _since_ns(self, channel: int) -> int:
        return self.by_channel[channel].since_ns

    def _turn_ns(self, raised: int) -> int:
        """When a raise may leave. What opens a channel is one message of a whole contraction, and
        does not wait until the raises of the other channel leave room in the second. Of a call that
        raises both channels, what would be late at its turn leaves as soon as the board has
        echoed."""
        pace = self.pace
        turn_ns = pace.free_ns() if self.by_channel[raised].percent else pace.ready_ns()
        joint = self._asked_ns[raised] == self._joint_ns and raised == self._in_order()[0]
        return 0 if joint and turn_ns >= self._last_ns(raised) else turn_ns

    def _is_second(self, raised: int) -> bool:
        """Whether the other raise of its call has left."""
        return len(self._asked_ns) == 1 and self._asked_ns[raised] == self._joint_ns

    def _in_order(self) -> list[int]:
        """The channels to be raised, the oldest burst first, because a raise renews it, too; what
        is closed has waited longer."""
        return sorted(self._asked_ns, key=self._since_ns)

    def _last_ns(self, raised: int) -> int:
        """Until when a raise may leave; the first of two leaves time for the second."""
        asked_ns = self._asked_ns[raised]
        waiting = list(self._asked_ns.values()).count(asked_ns)
        return asked_ns + STALE_NS - (waiting - 1) * ECHOED_NS

    def _has_turn(self, now_ns: int, raised: int) -> bool:
        return self._turn_ns(raised) <= now_ns <= self._last_ns(raised)

    def _leaves_room(self, now_ns: int, raised: int) -> bool:
        """Whether the other channel can still be renewed in time when this one is raised now."""
        if self._is_second(raised):
            return True  # the first one has found room for both
        next_ns = self.pace.free_after_ns(now_ns)
        return all(
            next_ns <= burst.since_ns + LAST_CALL_NS
            for channel, burst in self.by_channel.items()
            if burst.percent and channel != raised
        )

    def _raised_before(self, now_ns: int, lowered: int | None) -> int | None:
        """The channel that is raised before the next step of a planned ramp down on another one;
        None where that step goes first. What closes a channel, or was asked for, never waits."""
        if lowered is None or lowered in self._urgent or not self.wanted.get(lowered):
            return None
        for channel in self._asked_ns:
            waits_longer = self._since_ns(channel) < self._since_ns(lowered)
            turns_now = self._turn_ns(channel) <= self.pace.ready_ns()
            if waits_longer and turns_now and self._leaves_room(now_ns, channel):
                return channel
        return None

    def _lower(self, now_ns: int) -> tuple[Request, int | None] | None:
        lower = [c for c, b in self.by_channel.items() if self.wanted.get(c, 0) < b.percent]
        if not lower:
            return None
        if not self.wanted:
            return ALL_OFF, None
        # Like a renewal, a decrease lets a burst go on: what presses goes first.
        pressing = [one for one in lower if now_ns - self._since_ns(one) >= PRESSING_NS]
        channel = min(pressing or lower, key=self._decrease_order)
        expires_ns = self.by_channel[channel].last_ns()
        return Request(Doing.APPLY, channel, self.wanted.get(channel, 0)), expires_ns

    def _decrease_order(self, channel: int) -> tuple[bool, bool, int]:
        """What was asked for, then what closes a channel, then the oldest burst."""
        closes = not self.wanted.get(channel)
        return channel not in self._urgent, not closes, self._since_ns(channel)

    def _renewal(self, now_ns: int) -> int | None:
        """The channel that is due most, where a keep-alive allows one."""
        allowed_ns = self._allowed_ns
        if allowed_ns is None or now_ns - allowed_ns > _ALLOWED_NS:
            return None
        due = [
            (burst.since_ns, channel)
            for channel, burst in self.by_channel.items()
            if burst.percent
            and burst.percent <= self.wanted.get(channel, 0)  # or it is lowered, not renewed
            and now_ns - burst.since_ns >= self._renew_from_ns
        ]
        return min(due)[1] if due else None

    @property
    def _renew_from_ns(self) -> int:
        return BOTH_FROM_NS if len(self.on) == CHANNELS else RENEW_FROM_NS

    def _raise(self, channel: int) -> tuple[Request, int | None]:
        """A raise that has its turn."""
        if self.by_channel[channel].percent:
            return self._renew(channel)
        expires_ns = self._asked_ns[channel] + STALE_NS
        return Request(Doing.APPLY, channel, self.wanted[channel]), expires_ns

    def _renew(self, channel: int) -> tuple[Request, int | None]:
        """The burst once more; a raise that waits for its turn goes with it."""
        burst = self.by_channel[channel]
        asked_ns = self._asked_ns.get(channel)
        if asked_ns is None or self._looked_ns > self._last_ns(channel):
            return Request(Doing.KEEP_ALIVE, channel, burst.percent), burst.last_ns()
        expires_ns = min(burst.last_ns(), asked_ns + STALE_NS)
        return Request(Doing.APPLY, channel, self.wanted[channel]), expires_ns

    def sent(self, now_ns: int, request: Request) -> None:
        """A message leaves."""
        second = request.channel in self._asked_ns and self._is_second(request.channel)
        self.pace.sent(now_ns, counts=not self._is_planned_step(request) and not second)
        if request.doing is Doing.KEEP_ALIVE:
            self._allowed_ns = None
        if request.channel is None:
            if request is ALL_OFF:
                self._urgent.clear()
                for burst in self.by_channel.values():
                    burst.percent = 0
            return
        self._urgent.discard(request.channel)
        burst = self.by_channel[request.channel]
        burst.percent, burst.since_ns = request.percent, now_ns
        if request.doing is not Doing.KEEP_ALIVE:
            self._asked_ns.pop(request.channel, None)

    def _is_planned_step(self, request: Request) -> bool:
        channel = request.channel
        if channel is None or channel in self._urgent:
            return False
        return request.percent < self.by_channel[channel].percent

    def echoed(self, request: Request) -> None:
        """Its echo is complete and right."""
        if request.channel is not None:
            self.by_channel[request.channel].confirmed = request.percent
        elif request is ALL_OFF:
            for burst in self.by_channel.values():
                burst.confirmed = 0

    def deadlines(self, *, free: bool) -> Iterator[int]:
        """When something is due; `free`: no message is in flight."""
        for asked_ns in self._asked_ns.values():
            yield asked_ns + STALE_NS
        for burst in self.by_channel.values():
            if burst.percent:
                yield burst.since_ns + LATEST_NS + 1
        if free:
            yield from (at_ns for at_ns in self._turns() if at_ns > self._looked_ns)

    def _turns(self) -> Iterator[int]:
        """Every time at which what waits may get its turn; what is not sent then waits on."""
        if self._asked_ns:
            yield from (self.pace.free_ns(), self.pace.ready_ns())
        if self._allowed_ns is None:
            return
        until_ns = self._allowed_ns + _ALLOWED_NS
        for burst in self.by_channel.values():
            if burst.percent:
                ages = (self._renew_from_ns, PRESSING_NS, LAST_CALL_NS)
                times = [burst.since_ns + age for age in ages]
                times += [self.pace.free_ns(), self.pace.ready_ns()]
                yield from (at_ns for at_ns in times if at_ns <= until_ns)
