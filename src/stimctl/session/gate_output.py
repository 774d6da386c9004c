"""What a device without current control was told, and what of it its echo has confirmed."""

from collections.abc import Mapping

from stimctl.devices.driver import GateDriver
from stimctl.devices.events import GateAcked, GatePartAcked
from stimctl.safety.intensity import IntensityPoint
from stimctl.safety.sealed import is_genuine
from stimctl.session.budget import flow_of
from stimctl.session.gate_track import GateKey, GateTrack
from stimctl.session.told import Told, not_genuine


class GateOutput(Told[GateKey]):
    """Whole-device intensities, each state sent once; in percent."""

    def __init__(self, driver: GateDriver, tracks: Mapping[int, GateTrack]) -> None:
        self._driver = driver
        self._tracks = tracks
        super().__init__(tracks)

    def make_ready(self, now_ns: int) -> int:
        """Every channel off, and the device answers; gives the ticket."""
        return self._sent(now_ns, ())

    def _send(self, now_ns: int, keys: tuple[GateKey, ...]) -> int:
        tracks = self._tracks
        points = {key[0]: tracks[key[0]].point(key) for key in keys}
        if not all(is_genuine(one, IntensityPoint) for one in points.values()):
            raise not_genuine()
        planned = frozenset(channel for channel, one in tracks.items() if not one.asked_down)
        ticket = self._driver.gate(now_ns, points, planned)
        for track in tracks.values():
            track.asked_down = False
        return ticket

    def _flow_of(self, key: GateKey) -> int:
        return flow_of(key[1], 1, 1)

    def echoed(self, now_ns: int, event: GateAcked) -> None:
        """The device has echoed a whole call: exactly its channels are open."""
        outputs = {one.channel: one.intensity_percent for one in event.channels}
        self._accepted_is(now_ns - event.latency_ns, event.ticket, outputs)

    def echoed_in_part(self, now_ns: int, event: GatePartAcked) -> None:
        """The device has echoed a part of a call: of its other channels nothing new is known.

        A ramp of one channel must not keep what the other one has from being known until it ends.
        """
        self.acked = {one.channel: one.intensity_percent for one in event.channels}
        if event.ticket != self._ticket:
            return
        sent_ns = now_ns - event.latency_ns
        reaches = self._reaches[event.ticket]
        self._reaches = {event.ticket: reaches}
        known = event.in_force & self._tracks.keys()
        for channel in known & reaches.keys():
            self._tracks[channel].confirmed(sent_ns, reaches[channel])
        plateaus = {channel: self._plateaus_sent.get(channel, 0) for channel in known}
        self.plateaus_acked = {**self.plateaus_acked, **plateaus}
