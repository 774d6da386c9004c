"""Which amplitudes a person has held in this session (A14): a fast ramp goes no higher.

Held is an amplitude after 10 s of on time at it or above, acknowledged by the device, in a stage
whose waveform is nowhere weaker.
"""

from collections.abc import Iterable, Mapping

from stimctl.session.config import HELD_NS


class Held:
    """Acknowledged on time, by stage, channel and output in the scale of the run."""

    def __init__(self) -> None:
        self._for_ns: dict[tuple[int, int], dict[int, int]] = {}
        self._now: dict[int, int] = {}
        self._stage = 0
        self._since_ns = 0

    def forget(self) -> None:
        """A discontinuity: what was held counts no more."""
        self._for_ns.clear()
        self._now = {}

    def acked(self, now_ns: int, stage: int, outputs: Mapping[int, int]) -> None:
        """From now on the device does this, in this stage."""
        passed_ns = now_ns - self._since_ns
        for channel, output in self._now.items():
            if output and passed_ns > 0:
                held = self._for_ns.setdefault((self._stage, channel), {})
                held[output] = held.get(output, 0) + passed_ns
        self._now, self._stage, self._since_ns = dict(outputs), stage, now_ns

    def most(self, channel: int, stages: Iterable[int]) -> int:
        """The highest output of a channel that was held in these stages; 0 for none."""
        found: dict[int, int] = {}
        for stage in stages:
            for output, for_ns in self._for_ns.get((stage, channel), {}).items():
                found[output] = found.get(output, 0) + for_ns
        total_ns = 0
        for output in sorted(found, reverse=True):
            total_ns += found[output]
            if total_ns >= HELD_NS:
                return output
        return 0
