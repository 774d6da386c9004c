"""What of a run inputs switch: what they said, what was held, when a person has to come first."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stimctl.codes import Code
from stimctl.session.activations import Activations
from stimctl.session.held import Held
from stimctl.session.inputs import Inputs
from stimctl.session.log import EventLog
from stimctl.session.programme import Programme
from stimctl.session.reasons import FADING, NEEDS_RESUME, Reason
from stimctl.session.switched import SwitchedProgramme
from stimctl.session.track import Track
from stimctl.treatment.program import PlanChannel, Stage

if TYPE_CHECKING:
    from stimctl.session.run import Run

_NO_PLATEAU = Reason(Code.NOT_AT_PLATEAU, "its plateau is zero")
_LINK = Reason(Code.LINK_NOT_GOOD, "the link is not good")


class SwitchedRun:
    """Belongs to one run, through all of its stages."""

    def __init__(
        self,
        run: "Run",
        tracks: tuple[Track, ...],
        log: EventLog,
        link_good: Callable[[], bool],
    ) -> None:
        self._run, self._tracks, self._link_good = run, tracks, link_good
        specs = {
            one.name: one
            for stage in run.plan.stages
            if stage.switching is not None
            for one in stage.switching.inputs
        }
        self.inputs = Inputs(specs.values())
        self._held = Held()
        self._activations = Activations(log, lambda: run.raising)
        self._stage: Stage[PlanChannel] | None = None
        self._programme: SwitchedProgramme | None = None
        self._entered = False
        self._not_off: set[int] = set()
        """Channels that were told to be on, and are not acknowledged off since (W18)."""

    @property
    def pause_asked(self) -> Reason | None:
        """Why output has to wait for a person; None where it has not."""
        if self._entered:
            return NEEDS_RESUME
        return None if self._programme is None else self._programme.pause

    def programme(
        self, stage: Stage[PlanChannel], from_us: int = 0
    ) -> Programme | SwitchedProgramme:
        """What drives this stage."""
        self._stage, self._programme, self._entered = stage, None, False
        if stage.switching is None:
            return Programme(stage, self._tracks, from_us)
        self._activations.forget()
        self._programme = SwitchedProgramme(
            stage, self._tracks, self.inputs, self._activations,
            may_start=self._may_start, may_be_on=self._may_be_on, held=self._most_held,
            from_us=from_us,
        )  # fmt: skip
        return self._programme

    def enter(self) -> bool:
        """A stage is entered from the one before: whether a person has to come first (N5)."""
        self._entered = self._programme is not None
        return self._entered

    def resume(self, *, from_zero: bool) -> None:
        """A person has come."""
        self._entered = False
        if self._programme is not None:
            self._programme.pause = None
        if from_zero:
            self.forget()

    def forget(self) -> None:
        """A discontinuity: what was held and felt counts no more (A14)."""
        self._held.forget()
        self._activations.forget()
        for track in self._tracks:
            track.held = 0

    def acked(self, now_ns: int, latency_ns: int) -> None:
        """The device has accepted something."""
        if self._stage is None:
            return
        outputs = self._run.output.acked
        self._held.acked(now_ns, self._stage.number, outputs)
        self._not_off |= self._run.output.told.keys()
        if self._run.output.settled:
            self._not_off &= outputs.keys()
        if self._programme is not None:
            full = self._programme.full_outputs(self._run.raising.snapshot())
            self._activations.acked(now_ns, latency_ns, outputs, full)

    def off(self, now_ns: int) -> None:
        """Output is being stopped: nothing is held any longer."""
        if self._stage is not None:
            self._held.acked(now_ns, self._stage.number, {})
        self._not_off.clear()  # zero is verified before anything starts again

    def turned(self, now_ns: int) -> None:
        """A channel that was not used for long begins at zero again (A14)."""
        told = self._run.output.told
        self._not_off |= told.keys()
        self._activations.tells(told)
        for channel in () if self._programme is None else self._programme.lapsed():
            if self._run.raising.plateau(channel):
                self._run.raising.lower(now_ns, channel, 0)

    def felt(self, channel: int) -> bool:
        """Whether an activation at the present plateau was confirmed, or there is none (A18)."""
        plateau = self._run.raising.plateau(channel)
        return self._programme is None or not plateau or self._activations.felt(channel, plateau)

    # -- what a start needs

    def _may_start(self, channel: int) -> Reason | None:
        run = self._run
        if run.fader.fading_out:
            return FADING
        if not self._link_good():
            return _LINK
        return None if run.raising.following(channel) else _NO_PLATEAU

    def _may_be_on(self, channel: int) -> bool:
        output = self._run.output
        return channel in self._not_off or channel in output.told or channel in output.acked

    def _most_held(self, channel: int) -> int:
        stage = self._stage
        if stage is None or stage.switching is None:
            return 0
        return self._held.most(channel, (*stage.switching.held_in[channel], stage.number))
