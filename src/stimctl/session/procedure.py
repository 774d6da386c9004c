"""The single events of a procedure: each on the record before it, each with what became of it.

An event that cannot be given in its time is skipped and recorded; nothing is queued. A rule climbs
the ladder one step at a time (A16), and what it wants beside that is recorded only (A17).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.safety.cleared import Cleared
from stimctl.session import rows
from stimctl.session.config import EVENT_LEAD_NS, EVENT_WAIT_NS, EngineConfig
from stimctl.session.core import Core
from stimctl.session.event_stage import (
    BLANK,
    GIVEN,
    IN_TIME,
    REFUSED,
    TOO_MUCH,
    UNCONFIRMED,
    Event,
    EventStage,
)
from stimctl.session.ladder import NOT_GIVEN, Ladder
from stimctl.session.log import EventLog
from stimctl.session.pulses import EVENT_LATE, NOT_CONFIRMED, NOT_RUNNING, Pulses
from stimctl.session.reasons import FADING, Reason
from stimctl.session.run import Run
from stimctl.session.states import State
from stimctl.treatment.event_parts import AnswerWord

_US: Final = 1_000
_NO_STEP: Final = Reason(
    Code.EVENT_NO_STEP, "the step of the ladder was not made in time: the event was skipped"
)
_UNCONFIRMED: Final = frozenset({Code.PULSE_NOT_CONFIRMED})


def check_procedure(config: EngineConfig) -> None:
    """N8: StateError where nobody would attend a procedure."""
    if config.scripted_raise:
        raise StateError(
            "plan refused",
            code=Code.PROCEDURE_BY_SCRIPT,
            why="a procedure raises by hand and asks a person, and this session has a script",
            what_to_do="begin a session that a person operates (stimctl run --manual)",
        )


class Procedure:
    """Gives the events of the present stage of a procedure, and takes answers and marks."""

    def __init__(self, core: Core, pulses: Pulses, log: EventLog) -> None:
        self._core = core
        self._pulses = pulses
        self._log = log
        self._stage: EventStage | None = None
        self._stage_number = -1
        self._event: Event | None = None
        self._due_ns: int | None = None

    # -- time

    def advance(self, now_ns: int) -> None:
        """Everything that is due."""
        self._due_ns = None
        run, core = self._core.run, self._core
        ladder = None if run is None else run.ladder
        if run is None or ladder is None:
            return
        ladder.follow(run.raising.snapshot())
        if core.state is State.PAUSED:
            self._interrupt(now_ns, NOT_RUNNING)
        elif core.state is not State.RUNNING or core.stopping:
            self._interrupt(now_ns, NOT_RUNNING)
            self._leave(now_ns, run, Reason("", core.why_stopping))
        else:
            self._follow(now_ns, run)
            if self._stage is not None and not self._stage.ended:
                self._go_on(now_ns, run, ladder, self._stage)

    def deadline(self) -> int | None:
        """When the next of it is due."""
        return self._due_ns

    def _follow(self, now_ns: int, run: Run) -> None:
        """Be in the stage that the run is in."""
        stage = run.stage
        if self._stage_number == stage.number:
            return
        self._interrupt(now_ns, NOT_RUNNING)
        self._leave(now_ns, run, IN_TIME)
        self._stage_number = stage.number
        events = stage.events
        one = None if events is None else stage.channel(events.channel)
        if events is not None and one is not None:
            self._stage = EventStage.begin(stage.name, events, one, stage.output_from_us)

    def _leave(self, now_ns: int, run: Run, why: Reason) -> None:
        stage, self._stage, self._stage_number = self._stage, None, -1
        if stage is not None and not stage.ended:
            self._log.emit(now_ns, stage.result(run.plan_digest, why), durable=True)

    def _go_on(self, now_ns: int, run: Run, ladder: Ladder, stage: EventStage) -> None:
        if self._event is not None:
            if run.fader.fading_out:
                self._withdraw(now_ns, self._event)
            self._see_to(now_ns, run, ladder, self._event)
        while self._event is None and not stage.ended:
            if not run.running or run.fader.fading_out:
                return
            why = stage.end()  # also after a pause, which may have cut the last event short
            if why is not None:
                self._end_stage(now_ns, run, stage, why)
                return
            if stage.next_us >= run.stage.end_us:
                return
            at_ns = now_ns + (stage.next_us - run.time_us(now_ns)) * _US
            if now_ns < at_ns - EVENT_LEAD_NS:
                self._due_ns = at_ns - EVENT_LEAD_NS
                return
            plateau = run.raising.plateau(stage.events.channel)
            self._event = stage.choose(at_ns, plateau, ladder)
            if self._event is not None:
                self._see_to(now_ns, run, ladder, self._event)

    def _see_to(self, now_ns: int, run: Run, ladder: Ladder, event: Event) -> None:
        """Bring an event one step on."""
        assert self._stage is not None
        if not event.outcome and not event.asked:
            self._ask(now_ns, run, event)
        if event.outcome == BLANK and not event.until_ns:
            event.until_ns = event.planned_ns + self._answer_ns
        if event.outcome in (GIVEN, BLANK) and not event.answer and now_ns < event.until_ns:
            self._due_ns = event.until_ns
        elif event.outcome:
            self._over(now_ns, run, ladder, event)

    @property
    def _answer_ns(self) -> int:
        assert self._stage is not None
        return self._stage.events.answer_within_us * _US

    def _ask(self, now_ns: int, run: Run, event: Event) -> None:
        """Its step of the ladder first, then its pulse."""
        assert self._stage is not None
        channel, stale_ns = self._stage.one.channel, event.planned_ns + EVENT_WAIT_NS
        if event.level > run.raising.plateau(channel):
            if now_ns > stale_ns:
                event.outcome, event.reason = REFUSED, _NO_STEP
                return
            self._due_ns = stale_ns + 1
            if not event.raising:
                event.raising = True
                reason = run.raising.by_rule(now_ns, channel, event.level)
                if reason is not None:
                    event.outcome, event.reason = REFUSED, reason
            return
        if now_ns > stale_ns:
            event.outcome, event.reason = REFUSED, EVENT_LATE
            return
        cleared = self._stage.one.cleared
        assert isinstance(cleared, Cleared)
        event.asked = True
        reason = self._pulses.at(
            now_ns, event.planned_ns, channel, cleared.point(event.level),
            partial(self._pulse_over, event),
        )  # fmt: skip
        if reason is not None:
            event.outcome, event.reason = REFUSED, reason

    def _pulse_over(self, event: Event, row: int, told: rows.PulseAcked | Reason) -> None:
        """What became of the pulse of an event; of one that was cut short, nothing more is said."""
        stage, run = self._stage, self._core.run
        if event is not self._event or stage is None or run is None:
            return
        event.pulse = row
        self._due_ns = event.planned_ns  # at once: nothing else wakes it when the device answers
        if isinstance(told, Reason):
            event.outcome = UNCONFIRMED if told.code in _UNCONFIRMED else REFUSED
            event.reason = told
            return
        channel, ladder = stage.one.channel, self._core.ladder
        event.outcome, event.sent_ns, event.acked_ns = GIVEN, told.sent_ns, told.acked_ns
        event.until_ns = told.acked_ns + self._answer_ns
        if event.level > ladder.reach(channel):
            # A16: the next step comes 250 ms after this one was acknowledged, at the soonest. The
            # same level once more is no step: quick events would let no hand climb.
            self._core.raised[channel] = told.acked_ns
        ladder.given(channel, event.level)

    def _withdraw(self, now_ns: int, event: Event) -> None:
        """The output fades, because the next stage was asked for or all of it ends: what was not
        sent yet is given no more. What was sent is waited for."""
        if event.is_with_pulses:
            self._pulses.drop(now_ns, FADING)
        elif not event.outcome:
            event.outcome, event.reason = REFUSED, FADING

    def _interrupt(self, now_ns: int, reason: Reason) -> None:
        """The output stops: an event that is under way is none any more."""
        event, stage = self._event, self._stage
        if event is None or stage is None:
            return
        if event.is_with_pulses:
            self._pulses.drop(now_ns, reason)
        if event.is_with_pulses:  # nothing waited: it was sent
            event.outcome, event.reason = UNCONFIRMED, NOT_CONFIRMED
        elif not event.outcome:
            event.outcome, event.reason = REFUSED, reason
        self._event = None
        self._log.emit(now_ns, stage.row_of(event))
        stage.interrupted(event)

    def _over(self, now_ns: int, run: Run, ladder: Ladder, event: Event) -> None:
        stage = self._stage
        assert stage is not None
        self._event = None
        self._log.emit(now_ns, stage.row_of(event), durable=bool(event.answer))
        why = stage.over(event, ladder)
        if why is not None:
            self._end_stage(now_ns, run, stage, why)

    def _end_stage(self, now_ns: int, run: Run, stage: EventStage, why: Reason) -> None:
        stage.ended = True
        self._log.emit(now_ns, stage.result(run.plan_digest, why), durable=True)
        run.finish_stage(now_ns)
        self._due_ns = now_ns

    # -- what a person says

    def answer(self, now_ns: int, word: AnswerWord) -> None:
        """An answer to the event of now. StateError where none waits for it; too much always
        counts."""
        run, stage = self._at_events("answer refused")
        if word is AnswerWord.TOO_MUCH:
            self._too_much(now_ns, run, stage)
            self.advance(now_ns)
            return
        event = self._event
        waits = event is not None and now_ns >= event.planned_ns and not event.answer
        if waits and event is not None:
            event.answer, event.answer_ns = word.value, now_ns
        else:
            raise StateError(
                "answer refused",
                code=Code.NO_EVENT_WAITS,
                why="no event waits for an answer now",
                what_to_do="answer after an event, in the time of its stage",
            )
        self.advance(now_ns)

    def felt(self, now_ns: int, channel: int) -> None:
        """A sensation was told in another way: it is the answer, where an event waits for one."""
        event, stage = self._event, self._stage
        if stage is None or event is None or stage.one.channel != channel:
            return
        if now_ns >= event.planned_ns and not event.answer:
            event.answer, event.answer_ns = AnswerWord.FELT.value, now_ns
            self.advance(now_ns)

    def _too_much(self, now_ns: int, run: Run, stage: EventStage) -> None:
        """A17: no higher than a step below that, for the rest of the session."""
        one, event = stage.one, self._event
        if event is not None and not self._was_felt(now_ns, event):
            self._interrupt(now_ns, TOO_MUCH)
        felt, ladder, plateau = self._event, self._core.ladder, run.raising.plateau(one.channel)
        level = 0 if felt is None else felt.level
        if felt is not None:
            felt.answer, felt.answer_ns = AnswerWord.TOO_MUCH.value, now_ns
        if not level:  # what came before it: no event counts that nobody could feel
            level = min(ladder.last(one.channel) or plateau, plateau)
        if not level and event is not None:
            level = event.level
        ceiling = ladder.too_much(one.channel, level, one.step)
        if plateau > ceiling:
            run.lower(now_ns, one.channel, ceiling)
        if felt is None and not stage.events.by_hand and not stage.ended:
            self._end_stage(now_ns, run, stage, TOO_MUCH)

    def _was_felt(self, now_ns: int, event: Event) -> bool:
        """Whether its pulse may have been felt by now; of one without a pulse: whether it was due.
        What waits is dropped."""
        if event.outcome == BLANK:
            return now_ns >= event.planned_ns
        if event.is_with_pulses:
            return not self._pulses.drop(now_ns, TOO_MUCH)
        return event.outcome in (GIVEN, UNCONFIRMED)

    def mark(self, now_ns: int, name: str) -> None:
        """The level given last is this threshold; "": the next one that the stage marks."""
        what = "mark refused"
        run, stage = self._at_events(what)
        left = [one for one in stage.events.marks if one not in stage.marked]
        mark = name or (left[0] if left else "")
        if not mark or mark not in stage.events.marks:
            known = ", ".join(stage.events.marks) or "none"
            raise StateError(
                what,
                code=Code.NOTHING_TO_MARK,
                why=f"the thresholds of this stage are: {known}",
                what_to_do="name one of them, or go on to the next stage",
            )
        level, channel = run.raising.plateau(stage.one.channel), stage.one.channel
        if not level or self._core.ladder.reach(channel) < level:
            raise StateError(
                what,
                code=NOT_GIVEN.code,
                why="the present level was not given yet",
                what_to_do="wait for its event, then mark",
            )
        self._log.emit(now_ns, stage.marks(mark, level, run.plan_digest), durable=True)

    def _at_events(self, what: str) -> tuple[Run, EventStage]:
        run, stage = self._core.run, self._stage
        if run is None or stage is None:
            raise StateError(
                what,
                code=Code.NOT_A_PROCEDURE,
                why="this plan has no events, or its stage has none",
                what_to_do="load a protocol of the class procedure, and start it",
            )
        return run, stage
