"""The activations of a functional stage on record: before their output, and when they are over.

Here is also what of them the device has confirmed: what was late (K15), and what was felt (A18).
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stimctl.codes import Code
from stimctl.session import activation_rows as rows
from stimctl.session.config import SECOND
from stimctl.session.log import EventLog, Waiting
from stimctl.session.raising import Raising
from stimctl.session.ramp_limiter import RampLimiter
from stimctl.session.reasons import Reason
from stimctl.treatment.activation import Ending

ROW_WAIT_NS = 20_000_000
"""Rule K17: the row of an activation is waited for so long (D)."""
LATE_WITHIN_NS = 10 * SECOND
LATE_MOST = 3
_SKIP_EVERY_NS = SECOND
_NO_ROW = Reason(Code.ROW_NOT_DURABLE, "its row is not on the disk: this activation is left out")


@dataclass(slots=True)
class _UnderWay:
    """An activation that has begun."""

    number: int
    input: str
    sample_ns: int
    took_ns: int
    """From the sample to the beginning of the ramp, without the delay that the file asks for."""
    allowed_ns: int
    """That, and what the device takes to accept its first output, at most (K15)."""
    waiting: Waiting
    begun: bool = False
    told: bool = False
    """Output of it was asked of the device."""
    acked: int = 0
    first_ns: int | None = None


class Activations:
    """Writes rows of activations, and remembers what the device has confirmed of them."""

    def __init__(self, log: EventLog, raising: Callable[[], Raising]) -> None:
        self._log = log
        self._raising = raising
        self._under_way: dict[int, _UnderWay] = {}
        self._late: deque[int] = deque()
        self._skipped: dict[int, tuple[int, int]] = {}
        """By channel, when that was told last, and how often since."""
        self._felt: dict[int, int] = {}

    def forget(self) -> None:
        """Another stage, or output after a discontinuity: nothing was felt in it yet."""
        self._felt.clear()
        self._late.clear()

    def felt(self, channel: int, plateau: int) -> bool:
        """Whether the device has confirmed an activation at this plateau."""
        return self._felt.get(channel) == plateau

    @property
    def too_late(self) -> bool:
        """Whether three came too late within 10 s (K15)."""
        return len(self._late) >= LATE_MOST

    def go(self) -> None:
        """Output begins, or a person has resumed it."""
        self._late.clear()

    def announce(
        self, now_ns: int, track: RampLimiter, name: str, sample_ns: int, times_ns: tuple[int, int]
    ) -> None:
        """A ramp begins, at zero: its row is on its way to the disk. `times_ns`: the delay that the
        file asks for, and what it allows besides."""
        delay_ns, allowed_ns = times_ns
        raising = self._raising()
        track.contractions += 1
        level, unit = raising.following(track.channel), raising.scale.unit
        age_us = max(0, now_ns - sample_ns) // 1_000
        row = rows.Activation(track.channel, track.contractions, name, level, unit, age_us)
        self._under_way[track.channel] = _UnderWay(
            track.contractions, name, sample_ns, max(0, now_ns - sample_ns - delay_ns), allowed_ns,
            self._log.emit_waiting(now_ns, row),
        )  # fmt: skip

    def begin(self, now_ns: int, track: RampLimiter) -> bool:
        """The first output is due: whether its row is on the disk. If not it is left out."""
        one = self._under_way[track.channel]
        one.begun = True
        covered = self._log.has_on_disk(one.waiting)
        raising = self._raising()
        raising.contract(now_ns, track.channel, covered=covered)
        if not covered:
            self.skip(now_ns, track.channel, one.input, _NO_ROW)
        return covered

    def has_begun(self, channel: int) -> bool:
        """Whether output of the activation under way was due."""
        one = self._under_way.get(channel)
        return one is not None and one.begun

    def tells(self, outputs: Mapping[int, int]) -> None:
        """The device was told these outputs."""
        for channel, one in self._under_way.items():
            one.told = one.told or outputs.get(channel, 0) > 0

    def acked(
        self, now_ns: int, latency_ns: int, outputs: Mapping[int, int], full: Mapping[int, int]
    ) -> None:
        """The device has accepted these outputs, so long after it was told; `full`: by channel, the
        whole of an activation."""
        for channel, one in self._under_way.items():
            output = outputs.get(channel, 0)
            if output and one.first_ns is None:
                one.first_ns = now_ns
                self._judge(now_ns, one.took_ns + latency_ns, one)
            one.acked = max(one.acked, output)
            if output and output >= full.get(channel, 0):
                self._felt[channel] = self._raising().plateau(channel)

    def _judge(self, now_ns: int, took_ns: int, one: _UnderWay) -> None:
        """Ramps and fades are no delay: they are asked for."""
        if took_ns <= one.allowed_ns:
            return
        self._late.append(now_ns)
        while self._late[0] < now_ns - LATE_WITHIN_NS:
            self._late.popleft()

    def over(self, now_ns: int, track: RampLimiter, ending: Ending, on_us: int) -> None:
        """A channel is off again."""
        one = self._under_way.pop(track.channel, None)
        if one is None:
            return
        if one.told and one.first_ns is None and ending is not Ending.INTERRUPTED:
            self._judge(now_ns, one.allowed_ns + 1, one)  # it never came
        first_us = None if one.first_ns is None else (one.first_ns - one.sample_ns) // 1_000
        unit = self._raising().scale.unit
        row = rows.ActivationEnded(
            track.channel, one.number, ending.value, on_us, one.acked, unit, first_us
        )  # fmt: skip
        self._log.emit(now_ns, row)

    def skip(self, now_ns: int, channel: int, name: str, reason: Reason) -> None:
        """A start gives nothing; told once a second at most, with how many there were."""
        told_ns, times = self._skipped.get(channel, (-_SKIP_EVERY_NS, 0))
        times += 1
        if now_ns - told_ns < _SKIP_EVERY_NS:
            self._skipped[channel] = (told_ns, times)
            return
        self._skipped[channel] = (now_ns, 0)
        self._log.emit(now_ns, rows.ActivationSkipped(channel, name, reason, times))
