"""Why nothing may be raised on a channel of a run now, whoever asks."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stimctl.codes import Code
from stimctl.session.plateaus import Plateau
from stimctl.session.ramp_limiter import FULL
from stimctl.session.reasons import (
    LEFT_OUT,
    NOT_AT_PLATEAU,
    NOT_CONFIRMED,
    NOT_FELT,
    OFF_IN_STAGE,
    RAMPING,
    STANDING,
    STARTING,
    Reason,
)

if TYPE_CHECKING:
    from stimctl.session.run import Run

_LINK_NOT_GOOD = Reason(Code.LINK_NOT_GOOD, "raises are locked: the link is not good")
FADING = Reason(Code.FADING, "the output is ramping to zero")


class RaiseLocks:
    """Looks at run, link and contact."""

    def __init__(
        self,
        run: "Run",
        link_good: Callable[[], bool],
        contact_lock: Callable[[int], Reason | None],
    ) -> None:
        self._run = run
        self._link_good = link_good
        self._contact_lock = contact_lock

    def resting(self, plateau: Plateau) -> bool:
        """Whether a channel is in the off time of its cycle (rule A9)."""
        return self._run.running and self._run.track(plateau.channel).resting

    def lock(self, plateau: Plateau, *, at_plateau: bool = True) -> Reason | None:
        """The reason, or None where it may be raised."""
        run = self._run
        track = run.track(plateau.channel)
        drive = track.drive
        if not run.running:
            return STARTING if run.starting else STANDING
        if not track.in_stage:
            return OFF_IN_STAGE
        if not self._link_good():
            return _LINK_NOT_GOOD
        if (reason := self._contact_lock(plateau.channel)) is not None:
            return reason
        if (reason := self._finding_lock(plateau)) is not None:
            return reason
        if not run.switched.felt(plateau.channel):
            return NOT_FELT
        if drive is None or (at_plateau and not drive.may_raise):
            return NOT_AT_PLATEAU
        if run.fader.gain != FULL or run.fader.fading_out:
            return RAMPING if not run.fader.fading_out else FADING
        if run.ladder is not None:
            return run.ladder.lock(plateau)
        if run.single_pulses:
            return None
        if at_plateau and not track.covered:
            return LEFT_OUT
        if at_plateau and not track.is_up:
            return NOT_CONFIRMED
        if not run.output.confirmed(plateau.channel, plateau.now):
            return NOT_CONFIRMED
        return None

    def at_plateau(self, plateau: Plateau) -> bool:
        """Whether the channel is at its plateau, and the device has confirmed it."""
        track = self._run.track(plateau.channel)
        open_now = track.drive is not None and track.drive.may_raise and track.is_up
        return open_now and self._run.output.confirmed(plateau.channel, plateau.now)

    def _finding_lock(self, plateau: Plateau) -> Reason | None:
        """Why channels that are still to be found keep this one from rising (H64)."""
        run, channel = self._run, plateau.channel
        linked = run.links.with_channel(channel)
        return run.finding.lock(channel, plateau.now, run.raising.rising(), linked)
