"""A functional stage under way: inputs start and end its channels, within what the plan allows.

It has the shape of `Programme`: plan time, turns and deadlines. Each turn looks at the inputs, lets
the activations pass their phases, and gives every track its level.
"""

from collections import deque
from collections.abc import Callable, Mapping

from stimctl.codes import Code
from stimctl.session.activations import Activations
from stimctl.session.inputs import Inputs
from stimctl.session.on_times import OnTimes
from stimctl.session.plan_clock import PlanClock
from stimctl.session.ramp_limiter import RampLimiter
from stimctl.session.reasons import Reason
from stimctl.session.track import Track
from stimctl.session.trigger import Trigger
from stimctl.treatment.activation import Activation, Cue, Ending, Phase
from stimctl.treatment.program import CurrentChannel, PlanChannel, Stage
from stimctl.treatment.ramps import RAMP_TICK_US
from stimctl.treatment.scripted_raise import PlateauStep
from stimctl.treatment.switching import Switch
from stimctl.treatment.timeline import Drive, off_drive

SECOND_US = 1_000_000
LOST_FOR_US = SECOND_US
LOST_TIMES, LOST_WITHIN_US = 3, 60 * SECOND_US
"""Rule K18: lost for so long, or so often within this time, pauses the stage (D)."""
QUIET_US = 60 * SECOND_US
_WAIT_TICK_US = 2_000
FADE_IN_US = 5 * SECOND_US
FORGET_US = 300 * SECOND_US
"""Rule A14: after so long without an activation the next ones fade in, and the plateau is zero."""

_OTHER_IS_ON = Reason(Code.OTHER_IS_ON, "a channel that excludes it is not acknowledged off")
_STAGE_BEGINS = Reason(Code.STAGE_BEGINS, "a stage has no output in its first second")
_STAGE_ENDS = Reason(Code.STAGE_ENDS, "it would not be over before the stage is")


class _Role:
    """One channel that inputs switch."""

    def __init__(self, stage: Stage[PlanChannel], track: Track, switch: Switch) -> None:
        one = stage.channel(track.channel)
        assert isinstance(one, CurrentChannel)
        assert one.stimulus.window is not None
        self.track, self.switch = track, switch
        self.activation = Activation(switch.timing)
        self.trigger = Trigger(switch)
        self.on_times = OnTimes(one.stimulus.window, switch.timing.on_us)
        self.off = off_drive(one)
        self.fades_from_us: int | None = None
        self.quiet_since_us = 0
        self.fresh = True
        """Nothing was on since the stage was entered: what comes first fades in."""
        self.lapsed = False
        self.waits_until_us: int | None = None
        """It was started, and what excludes it is still on its way to zero."""

    def drive(self, now_us: int) -> Drive:
        """What the activation asks for now."""
        if not self.activation.is_on:
            return self.off
        level = self.activation.level_permille(now_us)
        if self.fades_from_us is not None:
            into_us = now_us - self.fades_from_us
            if into_us >= FADE_IN_US:
                self.fades_from_us = None
            else:
                level = level * (into_us - into_us % RAMP_TICK_US) // FADE_IN_US
        off = self.off
        return Drive(off.channel, level, True, False, off.phase_width_us, off.period_us)

    def due_us(self, now_us: int) -> int | None:
        """When its level, or what stands before a start, may change by itself."""
        times = [self.activation.next_change_us(now_us), self.trigger.deadline_us()]
        if self.fades_from_us is not None and self.activation.is_on:
            times.append(now_us - (now_us - self.fades_from_us) % RAMP_TICK_US + RAMP_TICK_US)
        if self.waits_until_us is not None:
            times.append(now_us + _WAIT_TICK_US)
        if not self.lapsed:
            times.append(self.quiet_since_us + FORGET_US)
        return min((one for one in times if one is not None), default=None)


class SwitchedProgramme(PlanClock):
    """Reads inputs in place of a timeline."""

    def __init__(
        self,
        stage: Stage[PlanChannel],
        tracks: tuple[Track, ...],
        inputs: Inputs,
        activations: Activations,
        may_start: Callable[[int], Reason | None],
        may_be_on: Callable[[int], bool],
        held: Callable[[int], int],
        from_us: int = 0,
    ) -> None:
        """`may_start`: why a channel may not start now. `may_be_on`: whether the device may have
        output on it. `held`: what was held of it (A14)."""
        super().__init__(max(from_us, stage.start_us))
        assert stage.switching is not None
        self._end_us = stage.end_us
        self._output_from_us = stage.output_from_us
        self._tracks = tracks
        self._inputs = inputs
        self._activations = activations
        self._may_start, self._may_be_on, self._held = may_start, may_be_on, held
        self._switching = stage.switching
        self._roles = {
            track.channel: _Role(stage, track, self._switching.switches[track.channel])
            for track in tracks
            if track.channel in self._switching.switches
        }
        self._lost: dict[str, tuple[int, deque[int]]] = {}
        self._went_us = self._now_us = 0
        self._first = True
        self.pause: Reason | None = None
        """Why a person has to resume before anything more starts."""

    # -- the shape of a programme

    def go(self, now_ns: int) -> None:
        """Let plan time run; what an input says at first is where it stands (K13)."""
        super().go(now_ns)
        self._went_us = now_ns // 1_000
        self.pause = None
        self._activations.go()
        self._lost = {one.spec.name: (one.lost, deque()) for one in self._inputs}
        for role in self._roles.values():
            role.trigger.forget()
            role.waits_until_us = None
            role.quiet_since_us, role.lapsed = self._went_us, False

    def stand(self, now_ns: int) -> None:
        """Output ends: no activation goes on."""
        super().stand(now_ns)
        for role in self._roles.values():
            self._end(now_ns, role, Ending.INTERRUPTED)
            role.activation.reset(now_ns // 1_000)

    def turn(self, time_us: int) -> list[tuple[Track, int]]:
        """Look at the inputs, and put in force what follows; contractions of a plan begin none."""
        now_ns = self.at_ns(time_us)
        now_us = self._now_us = now_ns // 1_000
        self._inputs.advance(now_us)
        self._watch(now_us)
        self._look(now_ns)
        for track in self._tracks:
            role_of = self._roles.get(track.channel)
            if role_of is None:
                track.turn_to(Drive(track.channel, 0, False, False), first=self._first)
            else:
                self._put_in_force(now_ns, role_of)
        self._first = False
        return []

    def announced(self, time_us: int) -> list[tuple[Track, int]]:  # noqa: ARG002
        """Nothing is known ahead of time."""
        return []

    def too_early_to_announce(self, track: RampLimiter, at_us: int) -> bool:  # noqa: ARG002
        """No row of a start stands for an activation."""
        return False

    def finish(self, now_ns: int) -> None:
        """Its events are over: it has none, and ends by its time."""

    def scripted(self, time_us: int) -> list[PlateauStep]:  # noqa: ARG002
        """No script raises here."""
        return []

    def ended(self, time_us: int) -> bool:
        """Whether the stage is over."""
        return time_us >= self._end_us

    def deadline_us(self, *, scripted: bool) -> int:  # noqa: ARG002
        """Plan time of the next thing to do."""
        now_us = self._now_us
        times = [self._inputs.deadline_us(), self._lost_due_us()]
        times += [role.due_us(now_us) for role in self._roles.values()]
        due = min((one for one in times if one is not None and one > now_us), default=None)
        return self._end_us if due is None else min(self._end_us, self.plan_us_at(due * 1_000))

    def lapsed(self) -> list[int]:
        """Channels without an activation for 5 min, each once: their plateau is zero (A14)."""
        found = []
        for channel, role in self._roles.items():
            quiet_us = self._now_us - role.quiet_since_us
            if not role.lapsed and not role.activation.is_on and quiet_us >= FORGET_US:
                role.lapsed = True
                found.append(channel)
        return found

    def full_outputs(self, plateaus: Mapping[int, int]) -> dict[int, int]:
        """By channel, what an activation comes to."""
        return {
            channel: role.track.on_grid(plateaus[channel], role.switch.timing.level_permille)
            for channel, role in self._roles.items()
        }

    # -- inside

    def _look(self, now_ns: int) -> None:
        """What ends comes first, so that it stands in the way of nothing that begins now."""
        now_us = now_ns // 1_000
        starts = []
        for role in self._roles.values():
            self._pass(now_ns, role)
            cue = role.trigger.look(now_us, self._inputs[role.switch.input].said)
            if cue is Cue.START:
                starts.append(role)
            elif cue is not None:
                role.waits_until_us = None
                role.activation.cue(now_us, cue)
        for role in starts:
            self._start(now_ns, role)
        for role in self._roles.values():
            if role.waits_until_us is not None:
                self._wait(now_ns, role)
            self._pass(now_ns, role)

    def _pass(self, now_ns: int, role: _Role) -> None:
        """Let the phases pass that are over, and note what begins and ends with them."""
        activation = role.activation
        activation.advance(now_ns // 1_000)
        if activation.is_on and not role.on_times.is_on:
            self._begin(now_ns, role)
        elif role.on_times.is_on and not activation.is_on:
            self._end(now_ns, role, activation.ending)

    def _start(self, now_ns: int, role: _Role) -> None:
        now_us = now_ns // 1_000
        if role.activation.phase in (Phase.DELAY, Phase.UP, Phase.HOLD):
            return  # it is under way
        reason = self._against(now_us, role)
        if reason is not None:
            self._activations.skip(now_ns, role.track.channel, role.switch.input, reason)
            return
        role.waits_until_us = now_us + self._inputs[role.switch.input].spec.latency_us

    def _wait(self, now_ns: int, role: _Role) -> None:
        """W18: it begins once whatever excludes it is acknowledged off; and within its latency.

        Whether it may is looked at again: meanwhile the link may have gone, or the time (W14)."""
        now_us = now_ns // 1_000
        excluded = self._excluded(role)
        if excluded and now_us < (role.waits_until_us or 0):
            return
        role.waits_until_us = None
        reason = _OTHER_IS_ON if excluded else self._against(now_us, role)
        if reason is None:
            role.activation.cue(now_us, Cue.START)
        else:
            self._activations.skip(now_ns, role.track.channel, role.switch.input, reason)

    def _against(self, now_us: int, role: _Role) -> Reason | None:
        """Why a start gives nothing now."""
        timing = role.switch.timing
        reason = self._may_start(role.track.channel) or role.on_times.against(
            now_us, role.activation.phase
        )
        if reason is not None:
            return reason
        over_us = now_us + timing.delay_us + timing.on_us
        if self.plan_us_at(over_us * 1_000) > self._end_us:
            return _STAGE_ENDS
        if self.time_us(now_us * 1_000) < self._output_from_us:
            return _STAGE_BEGINS
        # One that is on its way down is waited for; one that is on or about to be is not.
        others = (self._roles[one] for one in self._switching.against(role.track.channel))
        going = (Phase.DELAY, Phase.UP, Phase.HOLD)
        taken = any(one.activation.phase in going or one.waits_until_us for one in others)
        return _OTHER_IS_ON if taken else None

    def _excluded(self, role: _Role) -> bool:
        """Whether one that excludes this channel is on, or not acknowledged off."""
        return any(
            self._roles[other].activation.is_on or self._may_be_on(other)
            for other in self._switching.against(role.track.channel)
        )

    def _begin(self, now_ns: int, role: _Role) -> None:
        now_us = now_ns // 1_000
        of = self._inputs[role.switch.input]
        if role.fresh or now_us - role.quiet_since_us >= QUIET_US:
            role.fades_from_us = now_us
        role.fresh = role.lapsed = False
        role.on_times.begins(now_us)
        role.track.held = self._held(role.track.channel)
        times_ns = (role.switch.timing.delay_us * 1_000, of.spec.latency_us * 1_000)
        sample_ns = min(now_ns, of.sample_us * 1_000) if of.sample_us else now_ns
        self._activations.announce(now_ns, role.track, role.switch.input, sample_ns, times_ns)

    def _end(self, now_ns: int, role: _Role, ending: Ending) -> None:
        if role.on_times.ends(now_ns // 1_000):
            role.quiet_since_us = now_ns // 1_000
            self._activations.over(now_ns, role.track, ending, role.on_times.last_us)

    def _put_in_force(self, now_ns: int, role: _Role) -> None:
        drive, track = role.drive(now_ns // 1_000), role.track
        if drive.level_permille >= role.switch.timing.level_permille:
            role.on_times.up(now_ns // 1_000)
        if drive is track.drive:
            return  # off, as before
        begins = drive.level_permille > 0 and not self._activations.has_begun(track.channel)
        if begins and not self._activations.begin(now_ns, track):
            self._end(now_ns, role, Ending.INTERRUPTED)
            role.activation.reset(now_ns // 1_000)
            drive = role.off
            begins = False
        track.turn_to(drive, first=self._first, at_ns=now_ns)
        if drive.level_permille:
            track.covered = track.covered or begins

    def _watch(self, now_us: int) -> None:
        """K15 and K18: what makes a person come first."""
        if self._activations.too_late:
            self.pause = Reason(Code.INPUT_LATE, "three activations came too late within 10 s")
        for one in self._inputs:
            name = one.spec.name
            known, times = self._lost[name]
            if one.lost > known:
                times.append(now_us)
                self._lost[name] = (one.lost, times)
            while times and times[0] < now_us - LOST_WITHIN_US:
                times.popleft()
            gone = one.said is None and now_us - max(one.since_us, self._went_us) >= LOST_FOR_US
            if gone or len(times) >= LOST_TIMES:
                how = "for 1 s" if gone else "three times within 60 s"
                words = f'the input "{name}" was lost {how}: {one.why or "it came back"}'
                self.pause = Reason(Code.INPUT_STALE, words)

    def _lost_due_us(self) -> int | None:
        gone = [max(one.since_us, self._went_us) for one in self._inputs if one.said is None]
        return min(gone) + LOST_FOR_US if gone else None
