"""What a device without current control was told, and what of it its echo has confirmed."""

from collections.abc import Mapping

from stimctl.devices.driver import GateDriver
from stimctl.devices.events import GateAcked
from stimctl.session.budget import flow_of
from stimctl.session.gate_track import GateKey, GateTrack
from stimctl.session.told import Told


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
        return self._driver.gate(now_ns, {key[0]: self._tracks[key[0]].point(key) for key in keys})

    def _flow_of(self, key: GateKey) -> int:
        return flow_of(key[1], 1, 1)

    def echoed(self, now_ns: int, event: GateAcked) -> None:
        """The device has echoed a whole call: exactly its channels are open."""
        outputs = {one.channel: one.intensity_percent for one in event.channels}
        self._accepted_is(now_ns - event.latency_ns, event.ticket, outputs)
