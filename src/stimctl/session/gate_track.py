"""One channel of a device without current control: what is in force, and the points for it."""

from stimctl.safety.intensity import ClearedIntensity, IntensityPoint
from stimctl.session.ramp_limiter import FULL, RampLimiter
from stimctl.treatment.program import PercentChannel

GateKey = tuple[int, int]
"""Channel and intensity_percent: equal keys need not be sent twice."""


class GateTrack(RampLimiter):
    """The level of one channel that is in force, and what the device should be told for it."""

    def __init__(self, plan_channel: PercentChannel) -> None:
        super().__init__(plan_channel.channel, cycles=plan_channel.cycle is not None)
        self.cleared: ClearedIntensity = plan_channel.cleared
        self._step = plan_channel.step
        self._plateau = self._gain = 0
        self.asked_down = False
        """Somebody, not the plan alone, wants less than the device was told last."""

    def climb(self, now_ns: int, plateau: int, gain: int) -> bool:
        """As every track, and notes who lowers: the plan alone moves neither plateau nor gain."""
        self.asked_down |= plateau < self._plateau or gain < self._gain
        self._plateau, self._gain = plateau, gain
        return super().climb(now_ns, plateau, gain)

    def key(self, plateau: int) -> GateKey | None:
        """What the device should be told; None for off. Rounded down to its scale."""
        drive = self.drive
        if drive is None or not self.covered or not drive.gate_open:
            return None
        percent = self.on_grid(plateau, self.reach_permille)
        return (self.channel, percent) if percent else None

    def on_grid(self, plateau: int, permille: int) -> int:
        percent = plateau * permille // FULL
        percent -= percent % self._step
        return percent if percent >= self.cleared.bounds.lowest_percent else 0

    def point(self, key: GateKey) -> IntensityPoint:
        """The genuine point for a key."""
        return self.cleared.point(key[1])
