"""The contractions of on/off cycles: on the disk before its ramp begins, or left out."""

from stimctl.session.events import Json, Kind
from stimctl.session.log import EventLog, Waiting
from stimctl.session.raising import Raising
from stimctl.session.ramped import Ramped


class Contractions:
    """The rows of the contractions that are about to begin."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._rows: dict[int, Waiting] = {}

    def announce(self, now_ns: int, track: Ramped, raising: Raising) -> None:
        """Write the row of a contraction early enough to be durable when its ramp begins."""
        track.contractions += 1
        row: dict[str, Json] = {
            "channel": track.channel,
            "number": track.contractions,
            raising.scale.plateau: raising.following(track.channel),
        }
        self._rows[track.channel] = self._log.emit_waiting(now_ns, Kind.CONTRACTION, row)

    def begin(self, now_ns: int, track: Ramped, raising: Raising, *, started_now: bool) -> None:
        """A ramp begins: covered by its row, or left out.

        `started_now`: so early after the start that the start row stands for it.
        """
        waiting = self._rows.pop(track.channel, None)
        if waiting is None:
            track.covered = started_now
        else:
            track.covered = self._log.has_on_disk(waiting)
        raising.contract(now_ns, track.channel, covered=track.covered)
        if not track.covered:
            row: dict[str, Json] = {
                "intent": "contraction",
                "channel": track.channel,
                "reason": "its row is not on the disk: this contraction is left out",
            }
            self._log.emit(now_ns, Kind.REFUSED, row)
