"""One run of a plan: merges timeline and plateaus into what the device is told now.

Everything here happens in RUNNING; the engine begins, stands still and zeroes it. What raises
output waits for its row on the disk; what lowers it goes out at once.
"""

from collections.abc import Callable

from stimctl.codes import Code
from stimctl.devices.events import RaiseDropped, Withheld
from stimctl.session import rows
from stimctl.session.acknowledged import Acknowledged
from stimctl.session.budget import Budget
from stimctl.session.commanded_output import Accepted, is_part
from stimctl.session.config import (
    FADE_NS,
    RAMP_TICK_NS,
    RESUME_RAMP_NS,
    EngineConfig,
)
from stimctl.session.contractions import Contractions
from stimctl.session.fader import Fader
from stimctl.session.finding import Finding, sites_of
from stimctl.session.left import Delivered
from stimctl.session.linking import Links
from stimctl.session.log import EventLog
from stimctl.session.output_adapter import OutputAdapter
from stimctl.session.plateaus import Plateau
from stimctl.session.programme import Programme
from stimctl.session.prompts import Prompts
from stimctl.session.raising import Raising
from stimctl.session.ramp_limiter import FULL
from stimctl.session.reasons import (
    LEFT_OUT,
    NOT_AT_PLATEAU,
    NOT_CONFIRMED,
    RAMPING,
    STANDING,
    STARTING,
    Reason,
)
from stimctl.session.withheld import Withholdings
from stimctl.treatment.consistency import cycle_period_us
from stimctl.treatment.program import AnyPlan

_LINK_NOT_GOOD = Reason(Code.LINK_NOT_GOOD, "raises are locked: the link is not good")
_FADING = Reason(Code.FADING, "the output is ramping to zero")
_LINE_LATE = Reason(Code.LINE_LATE, "the line took longer than 250 ms")


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
    ) -> None:
        self.plan = plan
        self.plan_digest = plan_digest
        self.scale = adapter.scale
        self._adapter = adapter
        self._config = config
        self._log = log
        self._link_good = link_good
        self._contact_lock = contact_lock
        self._budget = budget
        self._raised = raised
        self.delivered = delivered
        self._began_us = 0
        budget.allow(adapter.most())
        self.prompts = Prompts(plan.duration_us, adapter.scale)
        self._fader = Fader()
        self._tracks = adapter.tracks
        self._by_channel = {track.channel: track for track in self._tracks}
        self.links = Links(self._by_channel)
        self.finding = Finding(sites_of(plan) if config.find_channels else {})
        self.raising = self._new_raising()
        self.output = adapter.output
        self._programme = Programme(plan, self._tracks)
        self._contractions = Contractions(log)
        self._withholdings = Withholdings(log)
        self._running = False
        self._catch_up_ns: int | None = None
        self._confirmed_ns: int | None = None
        """An answer came that the script's next step has waited for."""
        self._ready_ticket: int | None = None
        self._soft = False
        self.acknowledged = self._nothing_yet()
        """What the device has acknowledged in this run."""
        self.acked_ns: int | None = None
        """When the device accepted something last, since the output was zero."""

    def _nothing_yet(self) -> Acknowledged:
        return Acknowledged.of(self.plan, {track.channel: track.each for track in self._tracks})

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels of the plan."""
        return tuple(self._by_channel)

    def has_confirmed(self, channel: int) -> bool:
        """Whether the device has what the plateau of this channel asks for."""
        plateau = self.raising.plateau(channel)
        return self._config.single_pulses or self.output.confirmed(channel, plateau)

    def _new_raising(self) -> Raising:
        scripted = self._config.scripted_raise
        plateaus = self._adapter.plateaus(scripted=scripted)
        return Raising(
            plateaus,
            self.scale,
            self._log,
            self,
            self.links,
            self._raised,
            scripted=scripted,
            by=self._config.operated_by,
        )

    # -- beginning, standing, ending

    def begin(self, now_ns: int, from_us: int = 0) -> None:
        """The start row is durable: from the plan's beginning, or from this time of it on; always
        every plateau at zero."""
        self._began_us = self.delivered.until_us = from_us
        self._programme = Programme(self.plan, self._tracks, from_us)
        period_us = cycle_period_us(self.plan.protocol)
        self.acknowledged = self._nothing_yet()
        for track in self._tracks:
            track.rewind(from_us // period_us if period_us else 0)
        self.raising = self._new_raising()
        self.raising.begin(now_ns)
        self.finding.begin()
        self.prompts = Prompts(self.plan.duration_us, self.scale)
        self._contractions = Contractions(self._log)
        self._make_ready(now_ns, soft=False)

    def resume(self, now_ns: int, *, from_zero: bool) -> None:
        """The resume row is durable: soft ramp to the plateaus, or everything from zero."""
        if from_zero:
            self.raising.begin(now_ns)
            self.finding.begin()
        else:
            self.raising.touched(now_ns)
        self._make_ready(now_ns, soft=not from_zero)

    def _make_ready(self, now_ns: int, *, soft: bool) -> None:
        """Bring the device to its level with every channel off; plan time goes on from there."""
        self._forget(now_ns)
        self._soft = soft
        if self._config.single_pulses:
            self._go(now_ns)
        else:
            self._ready_ticket = self.output.make_ready(now_ns)

    def _go(self, now_ns: int) -> None:
        self._ready_ticket = None
        self._running = True
        if self._soft:
            self._fader.fade_in(now_ns, RESUME_RAMP_NS)
        else:
            self._fader.full()
        self._programme.go(now_ns)
        self._programme.turn(self._programme.time_us(now_ns))
        for track in self._tracks:
            # The start or resume row stands for the contraction that is under way.
            track.covered = True
            track.climb(now_ns, 0, 0)

    def silent_contractions(self, now_ns: int, *, ended: bool = False) -> list[rows.Contracted]:
        """Contractions that are over and should have had output, and had none."""
        if not self._running or self._config.single_pulses:
            return []
        return self._contractions.over(now_ns, self._tracks, self.raising, ended=ended)

    def _forget(self, now_ns: int) -> None:
        self._contractions.interrupted()
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
        if self._running:
            self._programme.stand(now_ns)
        self._running = False
        self._ready_ticket = None
        self._forget(now_ns)

    def zero(self, now_ns: int, why: Reason) -> None:
        """A discontinuity: nothing of this comes back."""
        self.stand(now_ns, why)
        self.raising.zero(now_ns)

    def fade_out(self, now_ns: int) -> None:
        """Ramp everything to zero; nothing is raised meanwhile, and it is not taken back."""
        if not self._fader.fading_out:
            self._fader.fade_out(now_ns, FADE_NS)

    @property
    def fading_out(self) -> bool:
        """The output is on its way to zero for good."""
        return self._fader.fading_out

    @property
    def faded_out(self) -> bool:
        """The fade has reached zero."""
        return self._fader.faded_out

    def ended(self, now_ns: int) -> bool:
        """The plan is over."""
        return self._programme.ended(self.time_us(now_ns))

    def time_us(self, now_ns: int) -> int:
        """Plan time."""
        return self._programme.time_us(now_ns)

    # -- time

    def advance(self, now_ns: int) -> None:
        """Do what is due. PlanViolation where plan or driver break the rules."""
        if not self._running:
            return
        self._confirmed_ns = None
        time_us = self._programme.time_us(now_ns)
        self._fader.advance(now_ns)
        for track, _ in self._programme.announced(time_us):
            self._contractions.announce(now_ns, track, self.raising)
        for track, at_us in self._programme.turn(time_us):
            early = self._programme.too_early_to_announce(at_us)
            self._contractions.begin(now_ns, track, self.raising, started_now=early)
        self.raising.schedule(self._programme.scripted(time_us))
        self.raising.grant(now_ns)
        if self._withholdings.due(now_ns):
            self.output.tell_again()
        self._tell(now_ns)
        self.raising.by_script(now_ns)

    def resting(self, plateau: Plateau) -> bool:
        """Whether a channel is in the off time of its cycle (rule A9)."""
        return self._running and self._by_channel[plateau.channel].resting

    def lock(self, plateau: Plateau, *, at_plateau: bool = True) -> Reason | None:
        """Why nothing may be raised on this channel now, whoever asks; see `raising.Locks`."""
        track = self._by_channel[plateau.channel]
        drive = track.drive
        if not self._running:
            return STARTING if self._ready_ticket is not None else STANDING
        if not self._link_good():
            return _LINK_NOT_GOOD
        if (reason := self._contact_lock(plateau.channel)) is not None:
            return reason
        if (reason := self._finding_lock(plateau)) is not None:
            return reason
        if drive is None or (at_plateau and not drive.may_raise):
            return NOT_AT_PLATEAU
        if self._fader.gain != FULL or self._fader.fading_out:
            return RAMPING if not self._fader.fading_out else _FADING
        if self._config.single_pulses:
            return None
        if at_plateau and not track.covered:
            return LEFT_OUT
        if at_plateau and not track.is_up:
            return NOT_CONFIRMED
        if not self.output.confirmed(plateau.channel, plateau.now):
            return NOT_CONFIRMED
        return None

    def _finding_lock(self, plateau: Plateau) -> Reason | None:
        """Why channels that are still to be found keep this one from rising (H64)."""
        channel = plateau.channel
        linked = self.links.with_channel(channel)
        return self.finding.lock(channel, plateau.now, self.raising.rising(), linked)

    def _tell(self, now_ns: int) -> None:
        """Tell the device what it should do now, where that is something new."""
        gain = self._fader.gain
        lagging = False
        plateaus = self.raising.snapshot()
        for track in self._tracks:
            lagging |= track.climb(now_ns, plateaus[track.channel], gain)
        self._catch_up_ns = now_ns + RAMP_TICK_NS if lagging else None
        if self._config.single_pulses:
            return
        if self._adapter.tell(now_ns, plateaus):
            self.acknowledged.asks(now_ns, self.output.ticket, self.output.sets_told())
        elif self.output.settled:
            for track in self._tracks:
                if track.channel not in self.output.kept_off:
                    track.settled(now_ns)
        self._budget.flows(now_ns, self.output.flow)

    def lower(self, now_ns: int, channel: int, plateau: int) -> None:
        """Down at once, without waiting for anything."""
        self.raising.lower(now_ns, channel, plateau)
        if self._running:
            self._tell(now_ns)

    def acked(self, now_ns: int, event: Accepted) -> None:
        """The device accepted something; reported where a plateau is now confirmed by it."""
        self.acked_ns = now_ns
        sets = self._adapter.sets(event)
        if sets is not None:
            self.acknowledged.accepts(now_ns, sets, event.ticket, whole=not is_part(event))
        self.acknowledged.confirms(now_ns - event.latency_ns)
        if event.ticket is not None and event.ticket == self._ready_ticket:
            self._go(now_ns)
            return
        before = self.output.plateaus_acked
        self.output.accepted(now_ns, event)
        self._contractions.acked(self.output.acked)
        if self._running and any(self.output.acked.values()):
            self.delivered.output_at(self.time_us(now_ns))
        if self._running and self.raising.script_waits(now_ns):
            self._confirmed_ns = now_ns
        if self._running and self.output.plateaus_acked != before:
            outputs = dict(self.output.acked)
            self._log.emit(now_ns, rows.Acknowledged(outputs, self.scale.unit))

    def dropped(self, now_ns: int, event: RaiseDropped) -> None:
        """A raise did not reach the device in time: it is not made up for."""
        self.acknowledged.dropped(now_ns, event.ticket, sent=event.sent)
        plateaus = self.output.dropped(event)
        if plateaus is None or not self._running:
            return
        self.raising.fall_back(now_ns, plateaus)
        for track in self._tracks:
            plateau = self.raising.plateau(track.channel)
            track.fall_back(now_ns, self.output.acked.get(track.channel, 0), plateau)
        self._log.emit(now_ns, rows.Refused("raise", _LINE_LATE, sent=event.sent))
        self._tell(now_ns)

    def withheld(self, now_ns: int, event: Withheld) -> None:
        """The final output check keeps a channel off; it is asked for again when it may be."""
        if self._running:
            track = self._by_channel[event.channel]
            self.output.keep_off(event.channel)
            if event.closed:
                track.closed(now_ns)
                self.acknowledged.closed(now_ns, event.channel)
            again = track.may_open_late
            self._withholdings.take(now_ns, event, again=again)

    def telemetry(self, now_ns: int, link: str) -> rows.Telemetry:
        """What is set, what is acknowledged, what is measured (by no device yet): never mixed."""
        return rows.Telemetry(
            plan_time_us=self.time_us(now_ns),
            set=dict(self.output.told),
            acked=dict(self.output.acked),
            measured=None,
            levels=self.raising.snapshot(),
            unit=self.scale.unit,
            link=link,
            acknowledged=self.acknowledged.told(now_ns),
            locked=self.raising.locked(now_ns),
            highest=self.output.take_highest() or None,
        )

    def deadline(self, now_ns: int) -> int | None:
        """When advance() has something to do; None while the run stands."""
        if not self._running:
            return None
        scripted = self._config.scripted_raise
        due = self._programme.at_ns(self._programme.deadline_us(scripted=scripted))
        for other in (
            self._catch_up_ns,
            self._confirmed_ns,
            self._withholdings.again_ns,
            self._fader.deadline(now_ns),
            self.raising.deadline(now_ns),
        ):
            if other is not None and other < due:
                due = other
        return due
