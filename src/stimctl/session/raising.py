"""Who may raise which plateau when: by hand or by the plan's schedule, and only on the record."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from stimctl.codes import Code
from stimctl.session import rows
from stimctl.session.ended_raises import EndedRaises
from stimctl.session.linking import Links, lowered_together, raised_together
from stimctl.session.log import EventLog, Waiting
from stimctl.session.outlook import Outlook
from stimctl.session.plateaus import AskedRaise, PlanViolation, Plateau
from stimctl.session.reasons import (
    BEGUN,
    FOLLOW_LINKED,
    JOURNAL_LATE,
    LOWERED,
    PASSING,
    SETTLING,
    STAGE_BEGUN,
    Reason,
)
from stimctl.session.settling import Settling
from stimctl.stimulus.level import AnyScale
from stimctl.treatment.program import PlanChannel, Stage
from stimctl.treatment.scripted_raise import PlateauStep

if TYPE_CHECKING:
    from stimctl.session.raise_locks import RaiseLocks

_INTERRUPTED = Reason(Code.INTERRUPTED, "the output was interrupted")
_NOT_IN_PLAN = Reason(Code.NOT_IN_PLAN, "the plan does not use this channel")
_UNTIL_ON_RAMP = Reason(Code.UNTIL_ON_RAMP, "until the next on ramp")
_ON_RAMP = Reason(Code.ON_RAMP, "the on ramp begins")
_LINKED_LOWERED = Reason(Code.LINKED_LOWERED, "a linked channel was lowered")
_LEFT_OUT = Reason(Code.LEFT_OUT, "this contraction is left out")
_NO_ROW = Reason(Code.ROW_NOT_DURABLE, "its row is not on the disk")


class Raising:
    """The plateaus of one run. What rises waits for its row; what falls waits for nothing."""

    def __init__(
        self,
        plateaus: Iterable[Plateau],
        scale: AnyScale,
        log: EventLog,
        locks: "RaiseLocks",
        links: Links,
        raised: dict[int, int],
        *,
        scripted: bool,
        by: str = "hand",
        on_lowered: Callable[[int, int, int], None] = lambda _channel, _before, _after: None,
    ) -> None:
        """`on_lowered`: is told the channel, its plateau before, and after."""
        self.scale = scale
        self._on_lowered = on_lowered
        self._by = by
        self._log = log
        self._locks = locks
        self._links = links
        self._scripted = scripted
        self._plateaus = {one.channel: one for one in plateaus}
        self._all = tuple(self._plateaus.values())
        for plateau in self._all:
            plateau.recall(raised)
        self._asked: list[tuple[Plateau, ...]] = []
        self._ended = EndedRaises()

    def plateau(self, channel: int) -> int:
        """The plateau now in force; 0 for a channel the plan does not use."""
        plateau = self._plateaus.get(channel)
        return 0 if plateau is None else plateau.now

    def plateau_of(self, channel: int) -> Plateau:
        """What is allowed to a channel of the plan."""
        return self._plateaus[channel]

    def following(self, channel: int) -> int:
        """The plateau of the next on ramp: with what is pending."""
        return self._plateaus[channel].following

    def snapshot(self) -> dict[int, int]:
        """Every plateau in force."""
        return {plateau.channel: plateau.now for plateau in self._all}

    def rising(self) -> frozenset[int]:
        """The channels with output, and those whose first raise is under way."""
        up = (one for one in self._all if one.now > 0 or one.asked or one.pending)
        return frozenset(one.channel for one in up)

    def begin(self, now_ns: int) -> None:
        """Everything from zero; what was decided before the state of now is over."""
        for plateau in self._all:
            plateau.begin(now_ns)
        self._ended.end(self._plateaus, self._log.newest, BEGUN)

    def end(self, now_ns: int, channels: Iterable[int], why: Reason) -> None:
        """Every raise of these channels that was decided before the event that follows is over:
        what waits is dropped, and who raises step by step is refused the next step."""
        ended = [self._plateaus[channel] for channel in channels]
        for plateau in ended:
            asked, plateau.asked = plateau.asked, None
            if asked is not None and asked.by != "script":
                self._refuse(now_ns, plateau.channel, asked.plateau, why)
            self._discard(now_ns, plateau, why)
        self._ended.end((one.channel for one in ended), self._log.newest + 1, why)

    def follows(self, stage: Stage[PlanChannel]) -> None:
        """This is the stage that is under way, or begins."""
        for plateau in self._all:
            plateau.settling = Settling(stage.channel(plateau.channel))
            plateau.one_waits = stage.switching is not None

    def settle(self, now_ns: int) -> None:
        """Time goes on at the plateaus (A20)."""
        for plateau in self._all:
            there = self._locks.at_plateau(plateau)
            plateau.settling.passes(now_ns, plateau.now, there=there)

    def enter(self, now_ns: int, plateaus: Mapping[int, int]) -> None:
        """Another stage begins, and its channels with these plateaus; what was asked is over."""
        self.forget_asked(now_ns)
        for plateau in self._all:
            before = plateau.now
            plateau.enter(now_ns, plateaus[plateau.channel])
            self._ended.end([plateau.channel], self._log.newest, STAGE_BEGUN)
            if plateau.now != before:
                self._set(now_ns, plateau, "stage")

    def touched(self, now_ns: int) -> None:
        """The run goes on where it stood."""
        for plateau in self._all:
            plateau.touched(now_ns)

    def forget_asked(self, now_ns: int) -> None:
        """Nothing that waits is granted any more."""
        self._asked.clear()
        for plateau in self._all:
            plateau.asked = None
            self._discard(now_ns, plateau, _INTERRUPTED)

    def zero(self, now_ns: int) -> None:
        """A discontinuity."""
        self.forget_asked(now_ns)
        for plateau in self._all:
            plateau.zero()

    def fall_back(self, now_ns: int, plateaus: Mapping[int, int]) -> None:
        """The device never got the last raises: everybody is told what is in force again."""
        self.forget_asked(now_ns)
        for plateau in self._all:
            before = plateau.now
            plateau.fall_back(plateaus.get(plateau.channel, 0))
            if plateau.now != before:
                self._set(now_ns, plateau, "line")

    # -- by hand

    def by_hand(self, now_ns: int, channel: int, level: int, since: int | None) -> None:
        """Ask for one step up; refused with its reason, or asked of the journal."""
        if channel not in self._plateaus:
            self._refuse(now_ns, channel, level, _NOT_IN_PLAN)
            return
        linked = self._links.with_channel(channel)
        over = self._ended.why_over(linked, since)
        if over is not None:
            self._refuse(now_ns, channel, level, over)
            return
        steps = raised_together(self._plateaus, linked, level)
        for plateau, step in steps:
            if plateau.over_ceiling(step):
                self._limit(now_ns, plateau, step, linked=plateau.channel != channel)
                return
        for plateau, step in steps:
            reason = self._reason_against(now_ns, plateau, step)
            if reason is not None:
                self._refuse(now_ns, plateau.channel, step, reason)
                return
        self._ask(now_ns, steps, self._by)

    def _reason_against(self, now_ns: int, plateau: Plateau, step: int) -> Reason | None:
        resting = self._locks.resting(plateau)
        reason = plateau.refusal(now_ns, step, self._by, resting=resting)
        return reason or self._locks.lock(plateau, at_plateau=not resting)

    def by_rule(self, now_ns: int, channel: int, level: int, by: str = "rule") -> Reason | None:
        """Ask for a step of the ladder (A16) or to a target (A21); or why that is not possible."""
        plateau = self._plateaus[channel]
        if len(self._links.with_channel(channel)) > 1:
            return FOLLOW_LINKED
        reason = plateau.refusal(now_ns, level, by) or self._locks.lock(plateau)
        if reason is None:
            self._ask(now_ns, [(plateau, level)], by)
        return reason

    def outlook(self, now_ns: int, channel: int) -> Outlook:
        """Whether the next step of a channel has to be waited for; nothing is recorded of this."""
        named = self._plateaus[channel]
        linked = self._links.with_channel(channel)
        wait, due_ns = "", 0
        for plateau, step in raised_together(self._plateaus, linked, named.now + named.step):
            reason = self._reason_against(now_ns, plateau, step)
            if reason is not None and reason.code not in PASSING:
                return Outlook("", 0)
            wait = wait or (reason.text if reason is not None else "")
            due_ns = max(due_ns, plateau.due_ns(self._by))
        return Outlook(wait, due_ns)

    def _limit(self, now_ns: int, plateau: Plateau, asked: int, *, linked: bool) -> None:
        words = self.scale.limit + (" of a linked channel" if linked else "")
        code = Code.LINKED_ABOVE_CLEARED if linked else Code.ABOVE_CLEARED
        unit, ceiling = self.scale.unit, plateau.ceiling
        limit = rows.Limit(plateau.channel, asked, ceiling, unit, words, code.value)
        self._log.emit(now_ns, limit, durable=True)

    def _refuse(self, now_ns: int, channel: int, asked: int, reason: Reason) -> None:
        self._log.emit(now_ns, rows.Refused("raise", reason, channel, asked, self.scale.unit))

    def _ask(self, now_ns: int, steps: list[tuple[Plateau, int]], by: str) -> None:
        """One row for each; linked ones wait for the last of their rows and rise together."""
        resting = [by != "script" and self._locks.resting(plateau) for plateau, _ in steps]
        for (plateau, step), rests in zip(steps, resting, strict=True):
            row = rows.Raise(plateau.channel, step, plateau.following, self.scale.unit, by, rests)
            waiting = self._log.emit_waiting(now_ns, row)
        for (plateau, step), rests in zip(steps, resting, strict=True):
            asked = AskedRaise(waiting, step, by)
            if rests:
                plateau.wait(now_ns, asked)
                self._tell_pending(now_ns, plateau, step, "taken", _UNTIL_ON_RAMP)
            else:
                plateau.asked = asked
        if not all(resting):
            self._asked.append(tuple(plateau for plateau, _ in steps))

    # -- what waits

    def grant(self, now_ns: int) -> None:
        """Raise what is on the record by now; drop what waited too long or is locked by now."""
        if not self._asked:
            return
        still: list[tuple[Plateau, ...]] = []
        for group in self._asked:
            asked = next((one.asked for one in group if one.asked is not None), None)
            if asked is None:
                continue
            reason = self._reason_to_drop(now_ns, group, asked.waiting)
            if reason is not None and reason.code is Code.NOT_CONFIRMED and asked.by == "script":
                still.append(group)  # another channel's step is under way: a matter of milliseconds
            elif reason is not None:
                self._drop(now_ns, group, reason)
            elif self._log.has_on_disk(asked.waiting):
                self._rise(now_ns, group)
            else:
                still.append(group)
        self._asked = still

    def _reason_to_drop(
        self, now_ns: int, group: tuple[Plateau, ...], waiting: Waiting
    ) -> Reason | None:
        if now_ns > waiting.stale_ns():
            return JOURNAL_LATE
        for plateau in group:
            if plateau.asked is None and plateau.pending is None:
                return _LINKED_LOWERED
            locked = self._locks.lock(plateau) if plateau.asked is not None else None
            if locked is not None:
                return locked
        return None

    def _drop(self, now_ns: int, group: tuple[Plateau, ...], reason: Reason) -> None:
        for plateau in group:
            asked, plateau.asked = plateau.asked, None
            if asked is not None:
                self._refuse(now_ns, plateau.channel, asked.plateau, reason)
            self._discard(now_ns, plateau, reason)

    def _rise(self, now_ns: int, group: tuple[Plateau, ...]) -> None:
        for plateau in group:
            if plateau.asked is not None:
                by = plateau.asked.by
                plateau.grant(now_ns)
                self._set(now_ns, plateau, by)

    def contract(self, now_ns: int, channel: int, *, covered: bool) -> None:
        """The on ramp of a channel begins: what is pending applies now, or not at all."""
        plateau = self._plateaus[channel]
        plateau.touched(now_ns)  # the off time before does not count: raises do not lock in it
        pending = plateau.pending
        if pending is None:
            return
        reason = None if covered else _LEFT_OUT
        if not self._log.has_on_disk(pending.waiting):
            reason = _NO_ROW
        reason = reason or self._locks.lock(plateau, at_plateau=False)
        if reason is not None:
            self._discard(now_ns, plateau, reason)
            return
        plateau.grant(now_ns)
        self._tell_pending(now_ns, plateau, plateau.now, "applied", _ON_RAMP)
        self._set(now_ns, plateau, pending.by)

    def _discard(self, now_ns: int, plateau: Plateau, reason: Reason) -> None:
        pending, plateau.pending = plateau.pending, None
        if pending is not None:
            self._tell_pending(now_ns, plateau, pending.plateau, "discarded", reason)

    def _tell_pending(
        self, now_ns: int, plateau: Plateau, level: int, outcome: str, reason: Reason
    ) -> None:
        row = rows.Pending(plateau.channel, level, self.scale.unit, outcome, reason)
        self._log.emit(now_ns, row)

    def _set(self, now_ns: int, plateau: Plateau, by: str) -> None:
        row = rows.LevelSet(plateau.channel, plateau.now, self.scale.unit, by)
        self._log.emit(now_ns, row, durable=by != "script")

    def unlock(self, now_ns: int, channel: int) -> None:
        """Raises of a channel, and of those linked with it, open again; nothing rises."""
        for one in self._links.with_channel(channel):
            plateau = self._plateaus[one]
            plateau.unlock(now_ns)
            row = rows.Unlocked(one, plateau.now, self.scale.unit)
            self._log.emit(now_ns, row, durable=True)

    def locked(self, now_ns: int) -> tuple[int, ...]:
        """The channels whose raises are locked after 20 s without a change."""
        if self._scripted:
            return ()
        old = (one for one in self._all if one.locked(now_ns))
        return tuple(one.channel for one in old if not self._locks.resting(one))

    def lower(self, now_ns: int, channel: int, level: int, by: str = "") -> None:
        """Down at once, with everything linked; the rows follow."""
        if channel not in self._plateaus:
            return
        linked = self._links.with_channel(channel)
        for plateau, lower in lowered_together(self._plateaus, linked, level):
            self.end(now_ns, [plateau.channel], LOWERED)
            before = plateau.now
            plateau.lower(now_ns, lower, by)
            self._on_lowered(plateau.channel, before, plateau.now)
            self._set(now_ns, plateau, by or self._by)

    # -- by script

    def schedule(self, steps: list[PlateauStep]) -> None:
        """Take what the plan's raise schedule says; PlanViolation where it breaks the rules."""
        for step in steps:
            plateau = self._plateaus.get(step.channel)
            if plateau is None:
                raise PlanViolation(
                    f"the raise schedule names channel {step.channel}, not in the plan"
                )
            plateau.script_says(step.at_us, step.plateau_ua)

    def by_script(self, now_ns: int) -> None:
        """Ask for the next step of every channel that is below its schedule."""
        if not self._scripted:
            return
        for plateau in self._all:
            step = plateau.script_step()
            due = step is not None and now_ns >= plateau.due_ns("script")
            if step is not None and due and not self._locks.lock(plateau):
                reason = plateau.refusal(now_ns, step, "script")
                if reason is SETTLING:
                    continue
                if reason is not None:
                    raise PlanViolation(
                        f"the script may not raise channel {plateau.channel}: {reason}"
                    )
                self._ask(now_ns, [(plateau, step)], "script")

    def script_waits(self, now_ns: int) -> bool:
        """Whether a step of the script is due, and waits for its row or for the device."""
        return self._scripted and any(
            one.asked is not None
            or (one.script_step() is not None and now_ns >= one.due_ns("script"))
            for one in self._all
        )

    def deadline(self, now_ns: int) -> int | None:
        """When a raise that waits goes stale, or the script may raise again; None for neither."""
        due = [
            one.asked.waiting.stale_ns() + 1
            for group in self._asked
            for one in group
            if one.asked is not None
        ]
        if self._scripted:
            due += [
                one.due_ns("script")
                for one in self._all
                if one.script_step() is not None and one.due_ns("script") > now_ns
            ]
            settled = (one.settling.due_ns(one.now) for one in self._all if one.script_step())
            due += [at_ns for at_ns in settled if at_ns is not None]
        return min(due, default=None)
