"""What the device was told, and what of it the device has accepted; the same for every scale.

Whole-device states, each sent once, as keys that begin with the channel and its output.
"""

from collections.abc import Mapping
from typing import Any

from stimctl.codes import Code
from stimctl.devices.driver import AnyDriver
from stimctl.devices.events import (
    Acked,
    AckedOvertaken,
    ChannelSet,
    Doing,
    RaiseDropped,
)
from stimctl.errors import LimitRefusedError, StateError
from stimctl.safety.sealed import is_genuine
from stimctl.session.plateaus import PlanViolation
from stimctl.session.track import Key, Track

Accepted = Acked | AckedOvertaken


def _raise_to(highest: dict[int, int], levels: Mapping[int, int]) -> None:
    for channel, level in levels.items():
        highest[channel] = max(level, highest.get(channel, 0))


class CommandedOutput:
    """Outputs and plateaus, as told and as acknowledged, in the scale of the run."""

    def __init__(self, driver: AnyDriver, tracks: Mapping[int, Track]) -> None:
        self._driver = driver
        self._tracks = tracks
        self.forget()

    def forget(self) -> None:
        """Output is or will be zero; nothing sent before counts."""
        self._told: tuple[Key, ...] | None = ()
        self.acked: dict[int, int] = {}
        self._highest: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.plateaus_acked: Mapping[int, int] = {}
        self._ticket: int | None = None
        self.kept_off: set[int] = set()
        """Channels that the driver keeps off although they were told otherwise."""
        self._plateaus_sent: Mapping[int, int] = {}
        self._reaches: dict[int, dict[int, int]] = {}
        self._accepted: dict[int, ChannelSet] = {}

    @property
    def settled(self) -> bool:
        """The device has confirmed what it was told last."""
        return self._ticket is None

    @property
    def ticket(self) -> int:
        """Of what was told last, until it is confirmed."""
        return self._ticket or 0

    def sets_told(self) -> list[ChannelSet]:
        """What was told last."""
        return [_set_of(*key) for key in self._told or ()]

    @property
    def told(self) -> dict[int, int]:
        """The outputs asked of the device, channels that are on only."""
        return {key[0]: key[1] for key in self._told or ()}

    def tell(self, now_ns: int, keys: tuple[Key, ...], plateaus: Mapping[int, int]) -> bool:
        """Send the whole state if it is another than before; True where it was sent."""
        if keys == self._told:
            if self._ticket is None:
                self.plateaus_acked = plateaus
            else:
                self._plateaus_sent = plateaus
            return False
        self.kept_off.clear()
        self._ticket = self._sent(now_ns, keys)
        self._plateaus_sent = plateaus
        self._told = keys
        _raise_to(self._highest[0], self.told)
        on = {key[0] for key in keys}
        # A track that is on, at zero on the device's grid, is at what is asked, too.
        self._reaches[self._ticket] = {
            channel: track.reach_ppm
            for channel, track in self._tracks.items()
            if channel in on or track.is_open
        }
        return True

    def _has(self, acked: dict[int, int]) -> None:
        self.acked = acked
        _raise_to(self._highest[1], acked)

    def take_highest(self) -> dict[str, dict[int, int]]:
        """Outputs told and acknowledged since this was last asked that were above those of now, as
        bursts are that have ended; what was neither is left out."""
        now = (self.told, self.acked)
        above = {
            name: found
            for name, then, at in zip(("set", "acked"), self._highest, now, strict=True)
            if (found := {one: level for one, level in then.items() if level > at.get(one, 0)})
        }
        self._highest = (dict(now[0]), dict(now[1]))
        return above

    def keep_off(self, channel: int) -> None:
        """The driver keeps a channel off: no answer confirms what was told of it."""
        self.kept_off.add(channel)
        for reaches in self._reaches.values():
            reaches.pop(channel, None)

    def tell_again(self) -> None:
        """The next `tell` sends, also what was told before."""
        self._told = None

    @property
    def flow(self) -> int:
        """What passes with what was told (`budget.flow_of`); where nothing is certain, nothing."""
        return sum(self._tracks[key[0]].flow(key) for key in self._told or ())

    def make_ready(self, now_ns: int) -> int:
        """Every channel off, at the level from which the plan runs; gives the ticket.

        Where the device must know its channels first, they are named, without current.
        """
        first = self._driver.sheet.channels_first
        named = [track for track in self._tracks.values() if first and track.in_stage]
        return self._sent(now_ns, tuple(track.key_of_zero() for track in named))

    def _sent(self, now_ns: int, keys: tuple[Key, ...]) -> int:
        try:
            return self._send(now_ns, keys)
        except (LimitRefusedError, StateError) as refused:
            raise PlanViolation(f"the set points were refused: {refused}") from refused

    def _send(self, now_ns: int, keys: tuple[Key, ...]) -> int:
        """Hand the state to the driver; its ticket."""
        tracks, driver = self._tracks, self._driver
        points: dict[int, Any] = {key[0]: tracks[key[0]].point(key) for key in keys}
        kind = driver.sheet.point
        if not all(is_genuine(one, kind) for one in points.values()):
            raise not_genuine()
        planned = frozenset(channel for channel, one in tracks.items() if not one.asked_down)
        ticket = driver.apply(now_ns, points, planned)
        for track in tracks.values():
            track.asked_down = False
        return ticket

    def confirmed(self, channel: int, plateau: int) -> bool:
        """Whether the device has what this plateau asks for."""
        return channel not in self.kept_off and self.plateaus_acked.get(channel, 0) == plateau

    def may_be_in_force(self) -> dict[int, tuple[ChannelSet, ...]]:
        """By channel, what the device may be doing: what it accepted, and what it was told since.

        A channel that is off in one of the two may be off.
        """
        told = {one.channel: one for one in self.sets_told()}
        may: dict[int, tuple[ChannelSet, ...]] = {}
        for channel in told.keys() | self._accepted.keys():
            accepted = self._accepted.get(channel, ChannelSet(channel, 0, 0, 0, 0))
            asked = told.get(channel, ChannelSet(channel, 0, 0, 0, 0))
            may[channel] = (accepted,) if self._ticket is None else (accepted, asked)
        return may

    def accepted(self, now_ns: int, event: Accepted) -> None:
        """The device accepted a call: exactly its channels are on."""
        sent_ns = now_ns - event.latency_ns
        if isinstance(event, AckedOvertaken):
            self._had(sent_ns, event.ticket)
        elif event.in_force is not None:
            self._accepted_in_part(sent_ns, event, event.in_force)
        elif event.what is Doing.APPLY:
            self._accepted = {one.channel: one for one in event.channels}
            self._had(sent_ns, event.ticket)
            self._has({one.channel: one.level for one in event.channels})
            if event.ticket == self._ticket:
                self.plateaus_acked = self._plateaus_sent
                self._ticket = None
                self._reaches.clear()

    def _accepted_in_part(self, sent_ns: int, event: Acked, in_force: frozenset[int]) -> None:
        """A part of a call: of its other channels nothing new is known.

        A ramp of one channel must not keep what the other one has from being known until it ends.
        """
        self._has({one.channel: one.level for one in event.channels})
        ticket = self._ticket
        if ticket is None or event.ticket != ticket:
            return
        reaches = self._reaches[ticket]
        self._reaches = {ticket: reaches}
        known = in_force & self._tracks.keys()
        for channel in known & reaches.keys():
            self._tracks[channel].confirmed(sent_ns, reaches[channel])
        plateaus = {channel: self._plateaus_sent.get(channel, 0) for channel in known}
        self.plateaus_acked = {**self.plateaus_acked, **plateaus}

    def _had(self, sent_ns: int, ticket: int | None) -> None:
        """The device has, or had until it was told anew, what was sent under this ticket."""
        for channel, reach_ppm in self._reaches.get(ticket or 0, {}).items():
            self._tracks[channel].confirmed(sent_ns, reach_ppm)

    def dropped(self, event: RaiseDropped) -> Mapping[int, int] | None:
        """A raise never got through: the plateaus the device last confirmed.

        None where something newer is on its way, which then decides.
        """
        if event.falls_to is not None:
            # Whatever comes next must climb from what the driver falls back to, also what was
            # told since: it was made for a device that had what has been dropped.
            self._has({one.channel: one.level for one in event.falls_to})
        elif event.ticket != self._ticket:
            return None
        self._ticket = None
        self._reaches.clear()
        # Neither the old nor the new state is certain: the next tell() must send.
        self._told = None
        return self.plateaus_acked


def _set_of(
    channel: int, level: int, width_us: int = 0, period_us: int = 0, pulses: int = 1, *_: int
) -> ChannelSet:
    return ChannelSet(channel, level, width_us, period_us, period_us, pulses)


def is_part(event: Accepted) -> bool:
    """Whether more of the same call is to follow."""
    return isinstance(event, Acked) and event.in_force is not None


def not_genuine() -> LimitRefusedError:
    """The refusal of set points that no clearance made: asked before a driver sees them."""
    return LimitRefusedError(
        "the set points are refused",
        why="one of them does not come from the safety model",
        code=Code.NOT_GENUINE.value,
    )
