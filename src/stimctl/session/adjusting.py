"""What the operator does to the plateaus of a run: up, down, together, and what is felt of it."""

from collections.abc import Callable, Mapping
from typing import Any

from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.session import intents, rows
from stimctl.session.core import Core
from stimctl.session.finding import Mismatch
from stimctl.session.log import EventLog
from stimctl.session.procedure import Procedure
from stimctl.session.reasons import LAST_STAGE, LINKED, RULE_RAISES, Reason
from stimctl.session.run import Run
from stimctl.session.supervision import Supervision
from stimctl.stimulus.level import AnyLevel, AnyScale
from stimctl.treatment.program import StageKind


def check_scale(what: str, level: AnyLevel, scale: AnyScale) -> None:
    """StateError where a level is not on the scale of the plan; nothing is converted."""
    if level.scale != scale:
        raise StateError(
            what,
            code=Code.WRONG_UNIT,
            why=f"{level} was given, and this session counts in {scale.shown_unit}",
            what_to_do=f"give a value in {scale.shown_unit}",
        )


class Adjusting:
    """The intents that change a run while it goes on, or tell of it."""

    def __init__(
        self, core: Core, log: EventLog, supervision: Supervision, procedure: Procedure
    ) -> None:
        self._procedure = procedure
        self._core = core
        self._log = log
        self._supervision = supervision
        self.table: Mapping[type, Callable[[int, Any], None]] = {
            intents.Raise: self._raise,
            intents.Lower: self._lower,
            intents.Follow: self._follow,
            intents.Unlock: self._unlock,
            intents.Link: self._link,
            intents.Unlink: self._unlink,
            intents.Less: self._less,
            intents.NextStage: self._next_stage,
            intents.Felt: self._felt,
            intents.Found: self._found,
            intents.Answer: self._answer,
            intents.MarkThreshold: self._mark,
            intents.LeadsChecked: self._leads_checked,
        }

    def _lower(self, now_ns: int, intent: intents.Lower) -> None:
        self._need_channel("lower refused", intent.channel)
        run = self._core.run
        if run is not None:
            check_scale("lower refused", intent.level, run.scale)
        self._supervision.lower(now_ns, intent.channel, intent.level.value)
        self.seen(now_ns)

    def _raise(self, now_ns: int, intent: intents.Raise) -> None:
        run = self._core.run
        assert run is not None
        check_scale("raise refused", intent.level, run.scale)
        self.seen(now_ns)
        if run.stage.kind is StageKind.EVENTS:
            channel, unit = intent.channel, run.scale.unit
            row = rows.Refused("raise", RULE_RAISES, channel, intent.level.value, unit)
            self._log.emit(now_ns, row)
            return
        run.raising.by_hand(now_ns, intent.channel, intent.level.value, intent.since)

    def _follow(self, now_ns: int, intent: intents.Follow) -> None:
        self._need_channel("follow refused", intent.channel)
        self._supervision.follow(now_ns, intent.channel, intent.level, intent.at_ns)

    def _less(self, now_ns: int, _intent: intents.Less) -> None:
        """A19: lowering is free, and is the same for all."""
        run = self._core.run
        if run is not None:
            for channel, plateau in run.raising.snapshot().items():
                less = plateau * (1_000 - run.plan.drop_permille) // 1_000
                self._supervision.lower(now_ns, channel, less)
        self.seen(now_ns)

    def _next_stage(self, now_ns: int, _intent: intents.NextStage) -> None:
        assert self._core.run is not None
        self.seen(now_ns)
        reason = self._core.run.next_stage(now_ns)
        if reason is not None:
            raise StateError(
                "next stage refused",
                code=reason.code,
                why=reason.text,
                what_to_do="stop ends the session" if reason is LAST_STAGE else "wait, then again",
            )

    def _unlock(self, now_ns: int, intent: intents.Unlock) -> None:
        self._need_channel("unlock refused", intent.channel)
        assert self._core.run is not None
        self.seen(now_ns)
        self._core.run.raising.unlock(now_ns, intent.channel)

    def _need_channel(self, what: str, channel: int) -> None:
        """A channel that is named by mistake must not be taken for one that is at zero."""
        run = self._core.run
        if run is not None and channel not in run.channels:
            planned = ", ".join(str(one) for one in run.channels)
            raise StateError(
                what,
                code=Code.NOT_IN_PLAN,
                why=f"the plan does not use channel {channel}",
                what_to_do=f"name a channel of the plan: {planned}",
            )

    def _link(self, now_ns: int, intent: intents.Link) -> None:
        run = self._core.run
        if run is None:
            raise StateError(
                "link refused",
                code=Code.NO_PLAN,
                why="there is no plan",
                what_to_do="load one first",
            )
        if run.finding.open:
            left = ", ".join(str(one) for one in run.finding.open)
            raise StateError(
                "link refused",
                code=Code.LINKED_NOT_FOUND,
                why=f"linked channels rise together, and channel {left} is not found yet",
                what_to_do="raise one after the other, and name where each is felt",
            )
        run.links.link(intent.channels)
        run.raising.end(now_ns, intent.channels, LINKED)
        self._tell_links(now_ns, run)

    def _unlink(self, now_ns: int, _intent: intents.Unlink) -> None:
        run = self._core.run
        if run is not None:
            linked = [channel for group in run.links.groups for channel in group]
            run.links.unlink()
            run.raising.end(now_ns, linked, LINKED)
            self._tell_links(now_ns, run)

    def _tell_links(self, now_ns: int, run: Run) -> None:
        self._log.emit(now_ns, rows.Linked(run.links.groups), durable=True)

    def _felt(self, now_ns: int, intent: intents.Felt) -> None:
        self._need_channel("felt refused", intent.channel)
        self.seen(now_ns)
        run = self._core.run
        if run is not None:
            plateau = run.raising.plateau(intent.channel)
            run.prompts.felt(intent.channel, plateau)
            run.finding.felt(intent.channel, plateau)
            row = rows.Felt(intent.channel, plateau, run.scale.unit)
            self._log.emit(now_ns, row, durable=True)
            self._procedure.felt(now_ns, intent.channel)

    def _answer(self, now_ns: int, intent: intents.Answer) -> None:
        self.seen(now_ns)
        self._procedure.answer(now_ns, intent.answer)

    def _mark(self, now_ns: int, intent: intents.MarkThreshold) -> None:
        self.seen(now_ns)
        self._procedure.mark(now_ns, intent.mark)

    def _found(self, now_ns: int, intent: intents.Found) -> None:
        what, channel = "found refused", intent.channel
        self._need_channel(what, channel)
        run = self._core.run
        assert run is not None
        if not run.finding.sites:
            raise StateError(
                what,
                code=Code.NOT_FINDING,
                why="this session does not find its channels one by one",
                what_to_do="begin a session with find-channels",
            )
        plateau = run.raising.plateau(channel)
        if not plateau or not run.acknowledged.peak(channel):
            raise StateError(
                what,
                code=Code.NO_OUTPUT_TO_FEEL,
                why=f"channel {channel} has no output that could be felt",
                what_to_do="raise it until the person feels it",
            )
        self.seen(now_ns)
        differs = run.finding.name(channel, intent.site)
        run.prompts.felt(channel, plateau)
        unit, planned = run.scale.unit, run.finding.sites[channel]
        if differs is None:
            found = rows.ChannelFound(channel, plateau, unit, intent.site, planned)
            self._log.emit(now_ns, found, durable=True)
            return
        reason = Reason(Code.FELT_ELSEWHERE, differs)
        elsewhere = rows.ChannelMismatch(channel, plateau, unit, intent.site, planned, reason)
        self._log.emit(now_ns, elsewhere, durable=True)
        self._core.felt_elsewhere(now_ns, Mismatch(channel, reason, run.finding.sites))

    def _leads_checked(self, now_ns: int, _intent: intents.LeadsChecked) -> None:
        if self._core.mismatch is None:
            raise StateError(
                "leads_checked refused",
                code=Code.NO_MISMATCH,
                why="no channel was felt at another site than planned",
                what_to_do="go on",
            )
        self._core.leads_checked(now_ns, "operator")

    def seen(self, now_ns: int) -> None:
        """The operator is there."""
        if self._supervision.attendance.seen(now_ns):
            self._log.emit(now_ns, rows.Attendance(answered=True), durable=True)
