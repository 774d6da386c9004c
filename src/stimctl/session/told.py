"""What the device was told, and what of it the device has accepted; the same for every kind.

Whole-device states, each sent once, as keys that begin with the channel and its output.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

from stimctl.codes import Code
from stimctl.devices.events import ChannelSet, GateSet, RaiseDropped
from stimctl.errors import LimitRefusedError, StateError
from stimctl.session.plateaus import PlanViolation
from stimctl.session.ramp_limiter import RampLimiter

Key = TypeVar("Key", bound=tuple[int, ...])


class Told(ABC, Generic[Key]):
    """Outputs and plateaus, as told and as acknowledged, in the scale of the run."""

    def __init__(self, ways: Mapping[int, RampLimiter]) -> None:
        self._ways = ways
        self.forget()

    def forget(self) -> None:
        """Output is or will be zero; nothing sent before counts."""
        self._told: tuple[Key, ...] | None = ()
        self.acked: dict[int, int] = {}
        self.plateaus_acked: Mapping[int, int] = {}
        self._ticket: int | None = None
        self.kept_off: set[int] = set()
        """Channels that the driver keeps off although they were told otherwise."""
        self._plateaus_sent: Mapping[int, int] = {}
        self._reaches: dict[int, dict[int, int]] = {}

    @property
    def settled(self) -> bool:
        """The device has confirmed what it was told last."""
        return self._ticket is None

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
        on = {key[0] for key in keys}
        # A way whose gate is open at zero on the device's grid is at what is asked, too.
        self._reaches[self._ticket] = {
            channel: way.reach_ppm
            for channel, way in self._ways.items()
            if channel in on or way.is_open
        }
        return True

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
        return sum(self._flow_of(key) for key in self._told or ())

    @abstractmethod
    def _flow_of(self, key: Key) -> int:
        """What passes on one channel."""

    @abstractmethod
    def make_ready(self, now_ns: int) -> int:
        """Every channel off, at the level from which the plan runs; gives the ticket."""

    @abstractmethod
    def _send(self, now_ns: int, keys: tuple[Key, ...]) -> int:
        """Hand the state to the driver; its ticket."""

    def _sent(self, now_ns: int, keys: tuple[Key, ...]) -> int:
        try:
            return self._send(now_ns, keys)
        except (LimitRefusedError, StateError) as refused:
            raise PlanViolation(f"the set points were refused: {refused}") from refused

    def confirmed(self, channel: int, plateau: int) -> bool:
        """Whether the device has what this plateau asks for."""
        return channel not in self.kept_off and self.plateaus_acked.get(channel, 0) == plateau

    def _accepted_is(self, sent_ns: int, ticket: int | None, outputs: dict[int, int]) -> None:
        self._had(sent_ns, ticket)
        self.acked = outputs
        if ticket == self._ticket:
            self.plateaus_acked = self._plateaus_sent
            self._ticket = None
            self._reaches.clear()

    def _had(self, sent_ns: int, ticket: int | None) -> None:
        """The device has, or had until it was told anew, what was sent under this ticket."""
        for channel, reach_ppm in self._reaches.get(ticket or 0, {}).items():
            self._ways[channel].confirmed(sent_ns, reach_ppm)

    def dropped(self, event: RaiseDropped) -> Mapping[int, int] | None:
        """A raise never got through: the plateaus the device last confirmed.

        None where something newer is on its way, which then decides.
        """
        if event.falls_to is not None:
            # Whatever comes next must climb from what the driver falls back to, also what was
            # told since: it was made for a device that had what has been dropped.
            self.acked = {one.channel: _output_of(one) for one in event.falls_to}
        elif event.ticket != self._ticket:
            return None
        self._ticket = None
        self._reaches.clear()
        # Neither the old nor the new state is certain: the next tell() must send.
        self._told = None
        return self.plateaus_acked


def not_genuine() -> LimitRefusedError:
    """The refusal of set points that no clearance made: asked before a driver sees them."""
    return LimitRefusedError(
        "the set points are refused",
        why="one of them does not come from the safety model",
        code=Code.NOT_GENUINE.value,
    )


def _output_of(one: ChannelSet | GateSet) -> int:
    return one.intensity_percent if isinstance(one, GateSet) else one.amplitude_ua
