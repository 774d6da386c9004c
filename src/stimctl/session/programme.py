"""The clock of a stage, and what of it is in force: it looks ahead, but never ahead of time.

Plan time stands still while the session is not running. Moments are absolute, so a late wake-up
goes straight to the last one that is due.
"""

from collections import deque
from collections.abc import Iterator

from stimctl.session.config import CONTRACTION_LEAD_US
from stimctl.session.plan_clock import PlanClock
from stimctl.session.ramp_limiter import RampLimiter
from stimctl.treatment.program import PlanChannel, Stage, of_currents
from stimctl.treatment.scripted_raise import PlateauStep, raise_schedule
from stimctl.treatment.timeline import Moment, moments


class Programme(PlanClock):
    """Moments and raise schedule of one stage, read lazily as plan time goes on."""

    def __init__(
        self, stage: Stage[PlanChannel], tracks: tuple[RampLimiter, ...], from_us: int = 0
    ) -> None:
        """`from_us`: plan time to begin at, where that is within the stage."""
        from_us = max(from_us, stage.start_us)
        super().__init__(from_us)
        self._end_us: int = stage.end_us
        self._from_us = from_us
        self._output_from_us: int = stage.output_from_us
        self._tracks = tracks
        self._moments: Iterator[Moment] = moments(stage, from_us)
        self._schedule: Iterator[PlateauStep] = iter(())
        if of_currents(stage) and from_us == stage.start_us:
            self._schedule = raise_schedule(stage)
        self._next_step: PlateauStep | None = next(self._schedule, None)
        self._ahead: deque[Moment] = deque()
        self._levels = [0] * len(tracks)
        self._starts: deque[tuple[int, int]] = deque()
        self._first = True

    def turn(self, time_us: int) -> list[tuple[RampLimiter, int]]:
        """Put in force what is due; the tracks whose contraction begins, with its plan time."""
        begun: list[tuple[RampLimiter, int]] = []
        self._look_ahead(time_us)
        while self._ahead and self._ahead[0].at_us <= time_us:
            moment = self._ahead.popleft()
            for track, drive in zip(self._tracks, moment.drives, strict=True):
                if track.turn_to(drive, first=self._first, at_ns=self.at_ns(moment.at_us)):
                    begun.append((track, moment.at_us))
            self._first = False
            self._look_ahead(time_us)
        return begun

    def _look_ahead(self, time_us: int) -> None:
        """Read on until the next contraction starts are known early enough to be announced."""
        ahead = self._ahead
        while not ahead or ahead[-1].at_us <= max(time_us, ahead[0].at_us) + CONTRACTION_LEAD_US:
            moment = next(self._moments, None)
            if moment is None:
                return
            for index, drive in enumerate(moment.drives):
                starts = drive.level_permille > 0 and self._levels[index] == 0 and not drive.rests
                if starts and not self.too_early_to_announce(self._tracks[index], moment.at_us):
                    self._starts.append((moment.at_us, index))
                self._levels[index] = drive.level_permille
            ahead.append(moment)

    def announced(self, time_us: int) -> list[tuple[RampLimiter, int]]:
        """Contractions whose row must be written now, each once."""
        starts = self._starts
        due: list[tuple[RampLimiter, int]] = []
        while starts and starts[0][0] - CONTRACTION_LEAD_US <= time_us:
            at_us, index = starts.popleft()
            due.append((self._tracks[index], at_us))
        return due

    def too_early_to_announce(self, track: RampLimiter, at_us: int) -> bool:
        """Whether a contraction begins so soon after the start that the start row covers it; what
        is continuous has no contractions, and the row of its stage covers it."""
        from_us = self._from_us if track.cycles else max(self._from_us, self._output_from_us)
        return at_us <= from_us + CONTRACTION_LEAD_US

    def scripted(self, time_us: int) -> list[PlateauStep]:
        """The steps of the raise schedule that are due, each once."""
        due: list[PlateauStep] = []
        while self._next_step is not None and self._next_step.at_us <= time_us:
            due.append(self._next_step)
            self._next_step = next(self._schedule, None)
        return due

    def finish(self, now_ns: int) -> None:
        """The stage is over before its time."""
        self._end_us = min(self._end_us, self.time_us(now_ns))

    def ended(self, time_us: int) -> bool:
        """Whether the stage is over."""
        return time_us >= self._end_us

    def deadline_us(self, *, scripted: bool) -> int:
        """Plan time of the next thing to do."""
        due = self._ahead[0].at_us if self._ahead else self._end_us
        if self._starts:
            due = min(due, self._starts[0][0] - CONTRACTION_LEAD_US)
        if scripted and self._next_step is not None:
            due = min(due, self._next_step.at_us)
        return min(due, self._end_us)
