"""One stop, from the first frame to verified zero: what the next round must send.

A round goes out at once and then every 50 ms. It holds the stop of every level that is or may be
initialised; once all of them are acknowledged (0 done, 7 not initialised), it holds
Get_stim_status as well, and only its answer "nothing initialised" ends the stop.
"""

from __future__ import annotations

from stimctl.devices.exchange_rules import StopRounds
from stimctl.wire.sciencemode4.framing import GET_STIM_STATUS, LL_STOP, ML_STOP

BOTH = (ML_STOP, LL_STOP)
# A status byte that nobody documents is no reason to leave a level out.
_LEVELS_OF_STATUS = {1: (LL_STOP,), 2: (ML_STOP,), 3: (ML_STOP,)}
_NOT_INITIALISED = 7
STOPPED = frozenset({0, _NOT_INITIALISED})
"""Results of a stop that leave the level off: successful, not initialised [IFU]."""


def levels_of_status(status: int) -> tuple[int, ...]:
    """The stop commands for a reported stimulation status."""
    return _LEVELS_OF_STATUS.get(status, BOTH)


class Stopping(StopRounds):
    """The progress of one stop. It is the owner of every frame that it sends."""

    __slots__ = ("_acked", "_confirmed", "_levels", "already_off", "reset_seen", "verified")

    def __init__(self, levels: tuple[int, ...], now_ns: int, *, confirmed: bool = False) -> None:
        """`confirmed`: the device itself has said that this one level is on."""
        super().__init__(now_ns)
        self._levels = levels
        self._acked: set[int] = set()
        self._confirmed = confirmed
        self.verified = False
        self.already_off = False
        """The one level believed to be on was off before this stop is known to have done it."""
        self.reset_seen = False
        """It was off before the first round came: nothing of ours had switched it off."""

    @property
    def acknowledged(self) -> bool:
        """Every level to be stopped has been acknowledged."""
        return self._acked.issuperset(self._levels)

    def round(self, now_ns: int) -> tuple[int, ...]:
        """The commands that must go out now."""
        self.begin_round(now_ns)
        return (*self._levels, GET_STIM_STATUS) if self.acknowledged else self._levels

    def stop_answered(self, command: int, result: int) -> bool:
        """Take the result of a stop; True when the status is to be asked now, for the first time.

        Any other result than 0 and 7 leaves the level as not acknowledged: it is stopped again.
        """
        before = self.acknowledged
        if result in STOPPED:
            one_level = len(self._levels) == 1
            off = result == _NOT_INITIALISED and one_level and not before
            self.already_off |= off
            self.reset_seen |= off and self._confirmed and self.rounds == 1
            self._acked.add(command)
        return self.acknowledged and not before

    def status_answered(self, status: int) -> None:
        """Take the reported stimulation status; anything but 0 begins again with both levels."""
        if not self.acknowledged:
            return
        if status == 0:
            self.verified = True
        else:
            self._levels = BOTH
            self._acked.clear()
