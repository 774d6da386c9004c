"""One run of a plan: merges timeline and plateaus into what the device is told now.

Everything here happens in RUNNING; the engine begins, stands still and zeroes it. What raises
output waits for its row on the disk; what lowers it goes out at once.
"""

from collections.abc import Callable

from stimctl.devices.events import RaiseDropped, Withheld
from stimctl.session import rows
from stimctl.session.acknowledged import Acknowledged
from stimctl.session.budget import Budget
from stimctl.session.commanded_output import Accepted, is_part
from stimctl.session.config import FADE_NS, RAMP_TICK_NS, RESUME_RAMP_NS, EngineConfig
from stimctl.session.contractions import Contractions
from stimctl.session.fader import Fader
from stimctl.session.finding import Finding, sites_of
from stimctl.session.ladder import Ladder
from stimctl.session.left import Delivered
from stimctl.session.linking import Links
from stimctl.session.log import EventLog
from stimctl.session.output_adapter import OutputAdapter
from stimctl.session.prompts import Prompts
from stimctl.session.raise_locks import FADING, RaiseLocks
from stimctl.session.raising import Raising
from stimctl.session.reasons import LAST_STAGE, LINE_LATE, STANDING, Reason
from stimctl.session.stages import FADE_TO_NEXT_NS, Stages
from stimctl.session.switched_run import SwitchedRun
from stimctl.session.track import Track
from stimctl.session.withheld import Withholdings
from stimctl.treatment.program import AnyPlan, PlanChannel, Stage
from stimctl.treatment.timeline import contractions_before


class Run:
    """The channels of one plan, from zero to zero."""

    def __init__(
        self,
        plan: AnyPlan,
        plan_digest: str,
        adapter: OutputAdapter,
        config: EngineConfig,
        log: EventLog,
        link_good: Callable[[], bool],
        contact_lock: Callable[[int], Reason | None],
        budget: Budget,
        raised: dict[int, int],
        delivered: Delivered,
        ladder: Ladder | None = None,
    ) -> None:
        self.plan = plan
        self.plan_digest = plan_digest
        self.scale = adapter.scale
        self._adapter = adapter
        self._config = config
        self._log = log
        self.ladder = ladder  # of a procedure, whose events are single pulses
        self.single_pulses = config.single_pulses or ladder is not None
        self._locks = RaiseLocks(self, link_good, contact_lock)
        self._budget = budget
        self._raised = raised
        self.delivered = delivered
        self._began_us = 0
        budget.allow(adapter.most())
        self.prompts = Prompts(plan.duration_us, adapter.scale, plan.remind)
        self.fader = Fader()
        self._tracks = adapter.tracks
        self._by_channel = {track.channel: track for track in self._tracks}
        self.links = Links(self._by_channel)
        self.finding = Finding(sites_of(plan) if config.find_channels else {})
        self.output = adapter.output
        self._stages = Stages(plan, log)
        self.switched = SwitchedRun(self, adapter.tracks, log, link_good)
        self._programme = self.switched.programme(self._stages.now)
        self.raising = self._new_raising()
        self._contractions = Contractions(log, trains=not self.single_pulses)
        self._withholdings = Withholdings(log)
        self.running = False
        self._catch_up_ns: int | None = None
        self._confirmed_ns: int | None = None
        """An answer came that the script's next step has waited for."""
        self._ready_ticket: int | None = None
        self._ready = False
        """The device has acknowledged that all is off; the row of the stage is awaited."""
        self._leaves = False
        """A person ends the stage before its time."""
        self._soft = False
        self.acknowledged = Acknowledged.of(plan)
        """What the device has acknowledged in this run."""
        self.acked_ns: int | None = None
        """When the device accepted something last, since the output was zero."""

    @property
    def starting(self) -> bool:
        """The device is being made ready for output."""
        return self._ready_ticket is not None or self._ready

    @property
    def contractions(self) -> int:
        """How many have begun, of the channel that has had most."""
        return max(track.contractions for track in self._tracks)

    def track(self, channel: int) -> Track:
        """What a channel of the plan does now."""
        return self._by_channel[channel]

    @property
    def stage(self) -> Stage[PlanChannel]:
        """The present stage."""
        return self._stages.now

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels of the plan."""
        return tuple(self._by_channel)

    def has_confirmed(self, channel: int) -> bool:
        """Whether the device has what the plateau of this channel asks for."""
        plateau = self.raising.plateau(channel)
        return self.single_pulses or self.output.confirmed(channel, plateau)

    def _new_raising(self) -> Raising:
        scripted = self._config.scripted_raise
        plateaus = self._adapter.plateaus(scripted=scripted)
        return Raising(
            plateaus, self.scale, self._log, self._locks, self.links, self._raised,
            scripted=scripted, by=self._config.operated_by, on_lowered=self._stages.lowered,
        )  # fmt: skip

    # -- beginning, standing, ending

    def begin(self, now_ns: int, from_us: int = 0) -> None:
        """The start row is durable: from the plan's beginning, or from this time of it on; always
        every plateau at zero."""
        self._began_us = self.delivered.until_us = from_us
        self._stages.begin(now_ns, from_us)
        self.acknowledged = Acknowledged.of(self.plan)
        for track in self._tracks:
            track.rewind(contractions_before(self.plan, track.channel, from_us))
        self.raising = self._new_raising()
        self._follow(from_us)
        self.raising.begin(now_ns)
        self.finding.begin()
        self.prompts = Prompts(self.plan.duration_us, self.scale, self.plan.remind)
        self._contractions = Contractions(self._log, trains=not self.single_pulses)
        self._make_ready(now_ns, soft=False)

    def _follow(self, from_us: int = 0) -> None:
        """Read the present stage of the plan from now on."""
        stage = self._stages.now
        for track in self._tracks:
            track.enter(stage.channel(track.channel))
        self._programme = self.switched.programme(stage, from_us)
        self.raising.follows(stage)
        self._leaves = False

    def _enter(self, now_ns: int, stage: Stage[PlanChannel]) -> None:
        """The stage before is over: all off, and what was found in it where this one asks for it.

        Plan time stands until the device has acknowledged that, and the row is on the disk.
        """
        self.running = False
        self._programme.stand(now_ns)
        self.fader.full()
        self._stages.enter(now_ns, stage, self.raising.plateau_of)
        self._follow()
        self._forget(now_ns)
        if not self.switched.enter():
            self._make_ready(now_ns, soft=False)
        self.raising.enter(now_ns, self._stages.plateaus())

    def finish_stage(self, now_ns: int) -> None:
        """The events of the present stage are over."""
        self._programme.finish(now_ns)

    def next_stage(self, now_ns: int) -> Reason | None:
        """End the present stage early, by a ramp to zero; or why that is not possible."""
        if self._stages.following is None:
            return LAST_STAGE
        if not self.running or self.fader.fading_out:
            return STANDING if not self.running else FADING
        self._leaves = True
        self.fader.fade_out(now_ns, FADE_TO_NEXT_NS)
        return None

    def resume(self, now_ns: int, *, from_zero: bool) -> None:
        """The resume row is durable: soft ramp to the plateaus, or everything from zero."""
        self.switched.resume(from_zero=from_zero)
        if from_zero:
            self._stages.forget()
            self.raising.begin(now_ns)
            self.finding.begin()
        else:
            self.raising.touched(now_ns)
        self._make_ready(now_ns, soft=not from_zero)

    def _make_ready(self, now_ns: int, *, soft: bool) -> None:
        """Bring the device to its level with every channel off; plan time goes on from there."""
        self._forget(now_ns)
        self._soft = soft
        if self.single_pulses:
            self._go(now_ns)
        else:
            self._ready_ticket = self.output.make_ready(now_ns)

    def _go(self, now_ns: int) -> None:
        self._ready_ticket, self._ready = None, False
        self.running = True
        if self._soft:
            self.fader.fade_in(now_ns, RESUME_RAMP_NS)
        else:
            self.fader.full()
        self._programme.go(now_ns)
        self._programme.turn(self._programme.time_us(now_ns))
        for track in self._tracks:
            # The start, resume or stage row stands for the contraction that is under way.
            track.covered = True
            track.climb(now_ns, 0, 0)

    def silent_contractions(self, now_ns: int, *, ended: bool = False) -> list[rows.Contracted]:
        """Contractions that are over and should have had output, and had none."""
        if not self.running or self.single_pulses:
            return []
        return self._contractions.over(now_ns, self._tracks, self.raising, ended=ended)

    def _forget(self, now_ns: int) -> None:
        self._contractions.interrupted()
        self.switched.off(now_ns)
        self.output.forget()
        self.acked_ns = None
        self._budget.flows(now_ns, 0)
        self.raising.forget_asked(now_ns)
        self._catch_up_ns = None
        self._withholdings.forget()
        for track in self._tracks:
            track.zero()

    @property
    def left_us(self) -> int:
        """What a start may go on with; 0 where it can only begin anew."""
        until_us = self.delivered.until_us
        return self.plan.duration_us - until_us if until_us else 0

    def over(self, now_ns: int) -> None:
        """The run is over, whatever the reason: what was delivered of it is kept."""
        self.delivered.run_over(self.plan, self.time_us(now_ns), self._began_us)

    def stand(self, now_ns: int, why: Reason) -> None:
        """Output is being stopped for a pause; plateaus are kept for a soft return."""
        self.raising.end(now_ns, self._by_channel, why)
        if self.running:
            self._programme.stand(now_ns)
        self.running = False
        self._ready_ticket, self._ready = None, False
        self._forget(now_ns)

    def zero(self, now_ns: int, why: Reason) -> None:
        """A discontinuity: nothing of this comes back."""
        self.stand(now_ns, why)
        self._stages.forget()
        self.switched.forget()
        self.raising.zero(now_ns)

    def fade_out(self, now_ns: int) -> None:
        """Ramp everything to zero; nothing is raised meanwhile, and it is not taken back."""
        if not self.fader.fading_out or self._leaves:
            self.fader.fade_out(now_ns, FADE_NS)
        self._leaves = False

    @property
    def fading_out(self) -> bool:
        """The output is on its way to zero for good."""
        return self.fader.fading_out and not self._leaves

    @property
    def faded_out(self) -> bool:
        """The fade has reached zero."""
        return self.fader.faded_out and not self._leaves

    def ended(self, now_ns: int) -> bool:
        """The plan is over."""
        return self._stages.following is None and self._programme.ended(self.time_us(now_ns))

    def time_us(self, now_ns: int) -> int:
        """Plan time."""
        return self._programme.time_us(now_ns)

    # -- time

    def advance(self, now_ns: int) -> None:
        """Do what is due. PlanViolation where plan or driver break the rules."""
        if self._ready and self._stages.on_record:
            self._go(now_ns)
        if not self.running:
            return
        self._confirmed_ns = None
        time_us = self._programme.time_us(now_ns)
        self.fader.advance(now_ns)
        following = self._stages.following
        left = self._leaves and self.fader.faded_out
        if following is not None and (left or self._programme.ended(time_us)):
            self._enter(now_ns, following)
            return
        for track, _ in self._programme.announced(time_us):
            self._contractions.announce(now_ns, track, self.raising)
        for track, at_us in self._programme.turn(time_us):
            early = self._programme.too_early_to_announce(track, at_us)
            self._contractions.begin(now_ns, track, self.raising, started_now=early)
        self.switched.turned(now_ns)
        self.raising.schedule(self._programme.scripted(time_us))
        self.raising.grant(now_ns)
        if self._withholdings.due(now_ns):
            self.output.tell_again()
        self._tell(now_ns)
        self.raising.settle(now_ns)
        self.raising.by_script(now_ns)

    def _tell(self, now_ns: int) -> None:
        """Tell the device what it should do now, where that is something new."""
        gain = self.fader.gain
        lagging = False
        plateaus = self.raising.snapshot()
        for track in self._tracks:
            lagging |= track.climb(now_ns, plateaus[track.channel], gain)
        self._catch_up_ns = now_ns + RAMP_TICK_NS if lagging else None
        if self.single_pulses:
            return
        if self._adapter.tell(now_ns, plateaus):
            self.acknowledged.asks(now_ns, self.output.ticket, self.output.sets_told())
        elif self.output.settled:
            for track in self._tracks:
                if track.channel not in self.output.kept_off:
                    track.settled(now_ns)
        self._budget.flows(now_ns, self.output.flow)

    def lower(self, now_ns: int, channel: int, plateau: int, by: str = "") -> None:
        """Down at once, without waiting for anything."""
        self.raising.lower(now_ns, channel, plateau, by)
        if self.running:
            self._tell(now_ns)

    def acked(self, now_ns: int, event: Accepted) -> None:
        """The device accepted something; reported where a plateau is now confirmed by it."""
        self.acked_ns = now_ns
        sets = self._adapter.sets(event)
        if sets is not None:
            self.acknowledged.accepts(now_ns, sets, event.ticket, whole=not is_part(event))
        self.acknowledged.confirms(now_ns - event.latency_ns)
        if event.ticket is not None and event.ticket == self._ready_ticket:
            self._ready_ticket, self._ready = None, True
            if self._stages.on_record:
                self._go(now_ns)
            return
        before = self.output.plateaus_acked
        self.output.accepted(now_ns, event)
        self._contractions.acked(self.output.acked)
        self.switched.acked(now_ns, event.latency_ns)
        if self.running and any(self.output.acked.values()):
            self.delivered.output_at(self.time_us(now_ns))
        if self.running and self.raising.script_waits(now_ns):
            self._confirmed_ns = now_ns
        if self.running and self.output.plateaus_acked != before:
            outputs = dict(self.output.acked)
            self._log.emit(now_ns, rows.Acknowledged(outputs, self.scale.unit))

    def dropped(self, now_ns: int, event: RaiseDropped) -> None:
        """A raise did not reach the device in time: it is not made up for."""
        self.acknowledged.dropped(now_ns, event.ticket, sent=event.sent)
        plateaus = self.output.dropped(event)
        if plateaus is None or not self.running:
            return
        self.raising.fall_back(now_ns, plateaus)
        for track in self._tracks:
            plateau = self.raising.plateau(track.channel)
            track.fall_back(now_ns, self.output.acked.get(track.channel, 0), plateau)
        self._log.emit(now_ns, rows.Refused("raise", LINE_LATE, sent=event.sent))
        self._tell(now_ns)

    def withheld(self, now_ns: int, event: Withheld) -> None:
        """The final output check keeps a channel off; it is asked for again when it may be."""
        if self.running:
            track = self._by_channel[event.channel]
            self.output.keep_off(event.channel)
            if event.closed:
                track.closed(now_ns)
                self.acknowledged.closed(now_ns, event.channel)
            again = track.may_open_late
            self._withholdings.take(now_ns, event, again=again)

    def deadline(self, now_ns: int) -> int | None:
        """When advance() has something to do; None while the run stands."""
        if not self.running:
            return None
        others = (
            self._catch_up_ns, self._confirmed_ns, self._withholdings.again_ns,
            self.fader.deadline(now_ns), self.raising.deadline(now_ns),
        )  # fmt: skip
        plan_us = self._programme.deadline_us(scripted=self._config.scripted_raise)
        return min([self._programme.at_ns(plan_us), *(one for one in others if one is not None)])
