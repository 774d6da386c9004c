"""What the device was told, and what of it the device has accepted."""

from collections.abc import Mapping

from stimctl.devices.driver import Driver
from stimctl.devices.events import Acked, ChannelSet, Doing, RaiseDropped
from stimctl.errors import LimitRefusedError, StateError
from stimctl.safety.cleared import SetPoint
from stimctl.session.plateaus import RunFault
from stimctl.session.track import SetPointKey, Track


class Output:
    """Whole-device set points, each state sent once; amplitudes and plateaus as acknowledged."""

    def __init__(self, driver: Driver, tracks: Mapping[int, Track]) -> None:
        self._driver = driver
        self._tracks = tracks
        self.forget()

    def forget(self) -> None:
        """Output is or will be zero; nothing sent before counts."""
        self.told: tuple[SetPointKey, ...] = ()
        self.acked_ua: dict[int, int] = {}
        self._accepted: dict[int, ChannelSet] = {}
        self.plateaus_acked: Mapping[int, int] = {}
        self._ticket: int | None = None
        self._plateaus_sent: Mapping[int, int] = {}

    @property
    def told_ua(self) -> dict[int, int]:
        """The amplitudes asked of the device, channels that are on only."""
        return {key[0]: key[1] for key in self.told}

    def tell(self, now_ns: int, keys: tuple[SetPointKey, ...], plateaus: Mapping[int, int]) -> bool:
        """Send the whole state if it is another than before; True where it was sent."""
        if keys == self.told:
            if self._ticket is None:
                self.plateaus_acked = plateaus
            else:
                self._plateaus_sent = plateaus
            return False
        self._ticket = self._apply(now_ns, keys)
        self._plateaus_sent = plateaus
        self.told = keys
        return True

    def make_ready(self, now_ns: int) -> int:
        """Every channel off, at the level from which trains run; gives the ticket.

        Where the device must know its channels first, they are named, without current.
        """
        if not self._driver.sheet.channels_first:
            return self._apply(now_ns, ())
        return self._apply(now_ns, tuple(track.key_of_zero() for track in self._tracks.values()))

    def _apply(self, now_ns: int, keys: tuple[SetPointKey, ...]) -> int:
        points: dict[int, SetPoint] = {}
        try:
            for key in keys:
                points[key[0]] = self._tracks[key[0]].set_point(key)
            return self._driver.apply(now_ns, points)
        except (LimitRefusedError, StateError) as refused:
            raise RunFault(f"the set points were refused: {refused}") from refused

    def may_be_in_force(self) -> dict[int, tuple[ChannelSet, ...]]:
        """By channel, what the device may be doing: what it accepted, and what it was told since.

        A channel that is off in one of the two may be off.
        """
        told = {key[0]: ChannelSet(key[0], key[1], key[2], key[3], key[3]) for key in self.told}
        may: dict[int, tuple[ChannelSet, ...]] = {}
        for channel in told.keys() | self._accepted.keys():
            accepted = self._accepted.get(channel, ChannelSet(channel, 0, 0, 0, 0))
            asked = told.get(channel, ChannelSet(channel, 0, 0, 0, 0))
            may[channel] = (accepted,) if self._ticket is None else (accepted, asked)
        return may

    def confirmed(self, channel: int, plateau_ua: int) -> bool:
        """Whether the device has what this plateau asks for."""
        return self.plateaus_acked.get(channel, 0) == plateau_ua

    def acked(self, event: Acked) -> None:
        """The device accepted an apply: exactly its channels are on."""
        if event.what is not Doing.APPLY:
            return
        self._accepted = {one.channel: one for one in event.channels}
        self.acked_ua = {one.channel: one.amplitude_ua for one in event.channels}
        if event.ticket == self._ticket:
            self.plateaus_acked = self._plateaus_sent
            self._ticket = None

    def dropped(self, event: RaiseDropped) -> Mapping[int, int] | None:
        """A raise never got through: the plateaus the device last confirmed.

        None where something newer is on its way, which then decides.
        """
        if event.falls_to is not None:
            # Whatever comes next must climb from what the driver falls back to, also what was
            # told since: it was made for a device that had what has been dropped.
            self.acked_ua = {one.channel: one.amplitude_ua for one in event.falls_to}
        elif event.ticket != self._ticket:
            return None
        self._ticket = None
        # Neither the old nor the new state is certain: the next tell() must send.
        self.told = ((-1, 0, 0, 0),)
        return self.plateaus_acked
