"""Where a run is in the stages of its plan, and the plateaus that one stage takes from another.

Output is zero between two stages: every channel off and acknowledged, then the time of zero of the
stage that follows. A stage begins with its row on the disk, as whatever raises output does.
"""

from collections.abc import Callable

from stimctl.session import rows
from stimctl.session.log import EventLog, Waiting
from stimctl.session.plateaus import Plateau
from stimctl.treatment.program import AnyPlan, PlanChannel, Stage

FADE_TO_NEXT_NS = 2_000_000_000
"""How long a stage that a person ends early takes to zero: the end ramp of any plan (N1, D)."""


class Stages:
    """The stages of one plan. Plateaus are in its scale."""

    def __init__(self, plan: AnyPlan, log: EventLog) -> None:
        self._stages: tuple[Stage[PlanChannel], ...] = plan.stages
        self._steps = {one.channel: one.step for one in plan.channels}
        self._log = log
        self._found: dict[int, dict[int, int]] = {}
        """By stage, the plateaus that its channels had at its end."""
        self.now = self._stages[0]
        self._waiting: Waiting | None = None

    @property
    def following(self) -> Stage[PlanChannel] | None:
        """The stage after the present one; None in the last."""
        number = self.now.number + 1
        return self._stages[number] if number < len(self._stages) else None

    def begin(self, now_ns: int, from_us: int) -> None:
        """A run begins at this plan time; nothing of an earlier one is carried on (A1). The row of
        the start does not say in which stage that is, so a later one has its own."""
        self.forget()
        self._waiting = None
        self.now = next((one for one in self._stages if from_us < one.end_us), self._stages[-1])
        if self.now.number:
            self._tell(now_ns, from_us)

    def enter(
        self, now_ns: int, stage: Stage[PlanChannel], plateau_of: Callable[[int], Plateau]
    ) -> None:
        """The present stage is over, and the channels had these plateaus; the row of the one that
        follows is on its way to the disk."""
        # What a target of a program has added is of its data: no later stage carries it (A21).
        found = {channel: plateau_of(channel).from_hand for channel in self._steps}
        self._found[self.now.number] = found
        self.now = stage
        self._tell(now_ns, stage.start_us)

    def _tell(self, now_ns: int, from_us: int) -> None:
        stage = self.now
        row = rows.StageBegun(stage.number + 1, stage.name, stage.kind.value, from_us)
        self._waiting = self._log.emit_waiting(now_ns, row)

    @property
    def on_record(self) -> bool:
        """Whether the row of the present stage is on the disk; the first needs none besides that
        of the start."""
        return self._waiting is None or self._log.has_on_disk(self._waiting)

    def plateaus(self) -> dict[int, int]:
        """Those that the channels begin the present stage with."""
        carried = self.now.carried
        return {
            channel: carried[channel].plateau(
                self._found.get(carried[channel].stage, {}).get(channel, 0), step
            )
            if channel in carried
            else 0
            for channel, step in self._steps.items()
        }

    def lowered(self, channel: int, before: int, after: int) -> None:
        """A plateau was lowered: what other stages had of it falls in the same ratio (A12)."""
        if not 0 <= after < before:
            return
        step = self._steps[channel]
        for plateaus in self._found.values():
            less = plateaus.get(channel, 0) * after // before
            plateaus[channel] = less - less % step

    def forget(self) -> None:
        """A discontinuity: no plateau comes back (A1, A12)."""
        self._found.clear()
