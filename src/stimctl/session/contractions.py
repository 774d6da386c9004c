"""The contractions of on/off cycles: on the disk before its ramp begins, or left out; and whether
each had output."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stimctl.codes import Code
from stimctl.session import rows
from stimctl.session.log import EventLog, Waiting
from stimctl.session.raising import Raising
from stimctl.session.ramp_limiter import RampLimiter
from stimctl.session.reasons import Reason

_NO_ROW = Reason(Code.ROW_NOT_DURABLE, "its row is not on the disk: this contraction is left out")


@dataclass(slots=True)
class _UnderWay:
    """A contraction that has begun: its plateau then, and the highest output accepted since."""

    plateau: int
    acked: int = 0


class Contractions:
    """The rows of the contractions that are about to begin, and of those that are over."""

    def __init__(self, log: EventLog, *, trains: bool = True) -> None:
        """`trains`: without them nothing contracts by the plan."""
        self._log = log
        self._trains = trains
        self._rows: dict[int, Waiting] = {}
        self._under_way: dict[int, _UnderWay] = {}

    def announce(self, now_ns: int, track: RampLimiter, raising: Raising) -> None:
        """Write the row of a contraction early enough to be durable when its ramp begins."""
        if not self._trains:
            return
        track.contractions += 1
        level, unit = raising.following(track.channel), raising.scale.unit
        row = rows.Contraction(track.channel, track.contractions, level, unit)
        self._rows[track.channel] = self._log.emit_waiting(now_ns, row)

    def begin(
        self, now_ns: int, track: RampLimiter, raising: Raising, *, started_now: bool
    ) -> None:
        """A ramp begins: covered by its row, or left out.

        `started_now`: so early after the start that the start row stands for it.
        """
        if not self._trains:
            track.covered = True
            return
        waiting = self._rows.pop(track.channel, None)
        if waiting is None:
            track.covered = started_now
            # It has no row of its own, and is the first; what is continuous is none.
            track.contractions += started_now and track.cycles
        else:
            track.covered = self._log.has_on_disk(waiting)
        raising.contract(now_ns, track.channel, covered=track.covered)
        if track.cycles:
            self._under_way[track.channel] = _UnderWay(raising.plateau(track.channel))
        if not track.covered:
            self._log.emit(now_ns, rows.Refused("contraction", _NO_ROW, track.channel))

    def acked(self, outputs: Mapping[int, int]) -> None:
        """The device has accepted these outputs."""
        for channel, under_way in self._under_way.items():
            under_way.acked = max(under_way.acked, outputs.get(channel, 0))

    def interrupted(self) -> None:
        """Output is being stopped: nothing can be said of what was under way."""
        self._under_way.clear()

    def over(
        self, now_ns: int, tracks: Iterable[RampLimiter], raising: Raising, *, ended: bool
    ) -> list[rows.Contracted]:
        """Tell of the contractions that are over, with the plan (`ended`) or by themselves; those
        that should have had output and had none, whatever the cause."""
        silent = []
        for track in tracks:
            if track.channel not in self._under_way or not (ended or track.resting):
                continue
            was = self._under_way.pop(track.channel)
            plateau = raising.plateau(track.channel)
            unit = raising.scale.unit
            row = rows.Contracted(track.channel, track.contractions, plateau, was.acked, unit)
            self._log.emit(now_ns, row, durable=was.acked == 0)
            if was.acked == 0 and track.on_grid(min(was.plateau, plateau), track.highest_permille):
                silent.append(row)
        return silent
