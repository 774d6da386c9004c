"""What a source of current was told, and what of it the device has accepted."""

from collections.abc import Mapping

from stimctl.devices.driver import Driver
from stimctl.devices.events import Acked, AckedOvertaken, ChannelSet, Doing
from stimctl.safety.cleared import SetPoint
from stimctl.safety.sealed import is_genuine
from stimctl.session.budget import flow_of
from stimctl.session.told import Told, not_genuine
from stimctl.session.track import SetPointKey, Track


class Output(Told[SetPointKey]):
    """Whole-device set points, each state sent once; amplitudes and plateaus as acknowledged."""

    def __init__(self, driver: Driver, tracks: Mapping[int, Track]) -> None:
        self._driver = driver
        self._tracks = tracks
        super().__init__(tracks)

    def forget(self) -> None:
        """Output is or will be zero; nothing sent before counts."""
        super().forget()
        self._accepted: dict[int, ChannelSet] = {}

    def make_ready(self, now_ns: int) -> int:
        """Every channel off, at the level from which trains run; gives the ticket.

        Where the device must know its channels first, they are named, without current.
        """
        if not self._driver.sheet.channels_first:
            return self._sent(now_ns, ())
        return self._sent(now_ns, tuple(track.key_of_zero() for track in self._tracks.values()))

    def _send(self, now_ns: int, keys: tuple[SetPointKey, ...]) -> int:
        points = {key[0]: self._tracks[key[0]].point(key) for key in keys}
        if not all(is_genuine(one, SetPoint) for one in points.values()):
            raise not_genuine()
        return self._driver.apply(now_ns, points)

    def _flow_of(self, key: SetPointKey) -> int:
        channel, amplitude_ua, width_us, period_us = key
        group = self._tracks[channel].cleared.group
        return flow_of(amplitude_ua, width_us, period_us) * (1 if group is None else group.pulses)

    def may_be_in_force(self) -> dict[int, tuple[ChannelSet, ...]]:
        """By channel, what the device may be doing: what it accepted, and what it was told since.

        A channel that is off in one of the two may be off.
        """
        told = {
            key[0]: ChannelSet(key[0], key[1], key[2], key[3], key[3]) for key in self._told or ()
        }
        may: dict[int, tuple[ChannelSet, ...]] = {}
        for channel in told.keys() | self._accepted.keys():
            accepted = self._accepted.get(channel, ChannelSet(channel, 0, 0, 0, 0))
            asked = told.get(channel, ChannelSet(channel, 0, 0, 0, 0))
            may[channel] = (accepted,) if self._ticket is None else (accepted, asked)
        return may

    def accepted(self, now_ns: int, event: Acked) -> None:
        """The device accepted an apply: exactly its channels are on."""
        if event.what is not Doing.APPLY:
            return
        self._accepted = {one.channel: one for one in event.channels}
        sent_ns = now_ns - event.latency_ns
        outputs = {one.channel: one.amplitude_ua for one in event.channels}
        self._accepted_is(sent_ns, event.ticket, outputs)

    def overtaken(self, now_ns: int, event: AckedOvertaken) -> None:
        """The device had taken an apply before the one that has overtaken it."""
        self._had(now_ns - event.latency_ns, event.ticket)
