"""One stage of single events: which comes when at which level, what was answered, what ends it.

It knows times and levels only, and commands nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from stimctl.codes import Code
from stimctl.session import rows
from stimctl.session.ladder import Ladder
from stimctl.session.reasons import Reason
from stimctl.treatment.event_parts import AnswerWord
from stimctl.treatment.event_plan import StageEvents
from stimctl.treatment.program import CurrentChannel, PlanChannel
from stimctl.treatment.rules import Rule, rule_of

MOST_FALSE_ALARMS_PERMILLE: Final = 300
"""More false alarms than that, and the answers say nothing of the threshold (D)."""
_BLANKS_TO_JUDGE: Final = 4
"""So many blanks at least before false alarms end a stage early (D)."""
_AT_TOP: Final = 2
"""So many events at the ceiling without an answer: the threshold is not reached (D)."""

GIVEN, BLANK, REFUSED, UNCONFIRMED = "given", "blank", "refused", "unconfirmed"
ALL_GIVEN: Final = Reason("", "every event was given")
NOT_FOUND: Final = Reason("", "its events were over before the rule had found it")
FOUND: Final = Reason("", "the rule has found it")
NOT_REACHED: Final = Reason("", "not reached: twice no answer at the highest level allowed")
FALSE_ALARMS: Final = Reason("", "more than 30 % of the events without a pulse were answered")
TOO_MUCH: Final = Reason(Code.TOO_MUCH, "the person said too much")
IN_TIME: Final = Reason("", "the stage is over")
_ROUNDED_US: Final = 1
_NONE: Final = Reason("", "")


@dataclass(slots=True)
class Event:
    """One event on its way. Levels in uA, `at_us` in plan time."""

    number: int
    at_us: int
    planned_ns: int
    level: int
    wanted: int | None = None
    permille: int | None = None
    outcome: str = ""
    reason: Reason = _NONE
    raising: bool = False
    """Its step of the ladder was asked for."""
    asked: bool = False
    """Its pulse is with those that give it."""
    pulse: int | None = None
    sent_ns: int | None = None
    acked_ns: int | None = None
    answer: str = ""
    answer_ns: int | None = None
    until_ns: int = 0
    """Until when an answer belongs to it."""

    @property
    def is_with_pulses(self) -> bool:
        """Its pulse waits, or was sent; what became of it is not known yet."""
        return self.asked and not self.outcome


@dataclass(slots=True)
class EventStage:
    """The events of one stage of a plan in one run."""

    name: str
    events: StageEvents
    one: PlanChannel
    next_us: int
    group_us: int
    rule: Rule | None = None
    turn: int = 0
    """How many events were due so far."""
    number: int = 0
    """How many of them are on the record."""
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys((GIVEN, BLANK, REFUSED, UNCONFIRMED), 0)
    )
    false_alarms: int = 0
    at_top: int = 0
    marked: list[str] = field(default_factory=list)
    ended: bool = False

    @classmethod
    def begin(cls, name: str, events: StageEvents, one: PlanChannel, from_us: int) -> EventStage:
        """The stage begins: output is possible from this plan time on."""
        first_us = from_us + events.interval_us(0)
        grid = max(one.step, one.cleared.lowest)
        rule = None if events.rule is None else rule_of(events.rule, grid, one.most)
        return cls(name, events, one, first_us, first_us, rule)

    def choose(self, at_ns: int, plateau: int, ladder: Ladder) -> Event | None:
        """The event that is due next, taken off the list; None where nothing is to be given: a hand
        has raised nothing yet."""
        at_us, turn = self.next_us, self.turn
        self.turn += 1
        if self.events.group_every_us and turn % self.events.group == 0:
            self.group_us = at_us
        self.next_us = self.events.next_us(self.turn, at_us, self.group_us)
        if self.events.by_hand and not plateau:
            return None
        self.number += 1
        event = Event(self.number, at_us, at_ns, plateau)
        if self.rule is not None:
            event.wanted = int(self.rule.wants())
            event.level = self._on_grid(self._allowed(event.wanted, ladder))
            if self.events.is_blank(turn):
                event.level, event.outcome = 0, BLANK
        elif not self.events.by_hand:
            event.permille = self.events.levels[turn]
            event.level = self._on_grid(plateau * event.permille // 1000)
            if event.permille == 0:
                event.outcome = BLANK
        if event.level == 0 and not event.outcome:
            event.outcome = REFUSED
            event.reason = Reason(Code.EVENT_BLANK, "its level comes to less than a step")
        return event

    def _allowed(self, wanted: int, ladder: Ladder) -> int:
        """A17: whatever a rule wants, no more than a step above what was given, and no more than
        the ceiling."""
        assert self.events.rule is not None
        channel, step = self.events.channel, self.events.rule.steps_ua[0]
        top = ladder.ceiling(channel, self.one.most)
        return max(0, min(wanted, top, ladder.reach(channel) + step))

    def _on_grid(self, level: int) -> int:
        level -= level % self.one.step
        return level if level >= self.one.cleared.lowest else 0

    def over(self, event: Event, ladder: Ladder) -> Reason | None:
        """The event is over: why the stage is, too; None where it goes on."""
        self.counts[event.outcome] += 1
        self._was_sent(event)
        felt = event.answer == AnswerWord.FELT.value
        if event.outcome == GIVEN:
            if self.rule is not None:
                self.rule.heard(event.level, felt=felt)
                at_top = self._is_top(event.level, ladder) and not felt
                self.at_top = self.at_top + 1 if at_top else 0
        elif event.outcome == BLANK and felt:
            self.false_alarms += 1
        if event.answer == AnswerWord.TOO_MUCH.value and not self.events.by_hand:
            return TOO_MUCH
        return self.end()

    def _was_sent(self, event: Event) -> None:
        """The next event is counted from this pulse, so that no interval is ever shorter."""
        if event.sent_ns is None:
            return
        # Plan time is in whole us, rounded down: a pulse may come up to 1 us after its time in it.
        late_us = -(-max(0, event.sent_ns - event.planned_ns) // 1_000) + _ROUNDED_US
        begins_group = self.events.group_every_us and self.turn % self.events.group == 0
        self.next_us += 0 if begins_group else late_us
        self.next_us = max(self.next_us, event.at_us + late_us + self.events.shortest_us)

    def interrupted(self, event: Event) -> None:
        """An event was cut short: it counts, and no rule hears of it."""
        self.counts[event.outcome] += 1
        self._was_sent(event)

    def _is_top(self, level: int, ladder: Ladder) -> bool:
        top = ladder.ceiling(self.events.channel, self.one.most)
        return level == self._on_grid(top)

    def end(self) -> Reason | None:
        """Why the stage is over now; None where a further event may come."""
        if self.rule is not None:
            if self.rule.done:
                return FOUND
            if self.at_top >= _AT_TOP:
                return NOT_REACHED
            if self.counts[BLANK] >= _BLANKS_TO_JUDGE and not self.is_valid:
                return FALSE_ALARMS
        if self.events.count and self.turn >= self.events.count:
            return ALL_GIVEN if self.rule is None else NOT_FOUND
        return None

    @property
    def is_valid(self) -> bool:
        """Whether the answers say something: few enough came to events without a pulse."""
        return self.false_alarms * 1_000 <= MOST_FALSE_ALARMS_PERMILLE * self.counts[BLANK]

    # -- what goes on the record

    def row_of(self, event: Event) -> rows.EventOver:
        """The row of an event that is over."""
        return rows.EventOver(
            number=event.number, stage=self.name, role=self.one.role, channel=self.one.channel,
            level=event.level, unit="uA", phase_width_us=self._width_us,
            planned_ns=event.planned_ns, outcome=event.outcome, reason=event.reason,
            level_permille=event.permille, wanted=event.wanted, pulse=event.pulse,
            sent_ns=event.sent_ns, acked_ns=event.acked_ns, answer=event.answer,
            answer_ns=event.answer_ns,
        )  # fmt: skip

    @property
    def _width_us(self) -> int:
        one = self.one
        return one.stimulus.pulse.phase_width_us if isinstance(one, CurrentChannel) else 0

    def result(self, digest: str, why: Reason) -> rows.Result:
        """What the stage has found by now."""
        rule, setup = self.rule, self.events.rule
        found = None if rule is None or not rule.done or not self.is_valid else rule.value()
        how = "levels" if self.events.levels else "hand"
        return self._result(
            digest,
            mark="" if setup is None else setup.gives,
            value=found,
            how=how if setup is None else setup.kind.value,
            why=why,
        )

    def marks(self, mark: str, level: int, digest: str) -> rows.Result:
        """A threshold that a person marks by hand."""
        self.marked.append(mark)
        why = Reason("", "marked by hand")
        return self._result(digest, mark=mark, value=level, how="hand", why=why)

    def _result(
        self, digest: str, *, mark: str, value: int | None, how: str, why: Reason
    ) -> rows.Result:
        one, electrode = self.one, self.one.setup.electrode
        shape = one.stimulus.pulse.shape.value if isinstance(one, CurrentChannel) else ""
        refused = self.counts[REFUSED] + self.counts[UNCONFIRMED]
        return rows.Result(
            mark=mark, stage=self.name, role=one.role, channel=one.channel, value=value,
            unit="uA", valid=self.is_valid, how=how,
            estimates=tuple(self.rule.estimates) if self.rule else (),
            reversals=tuple(self.rule.reversals) if self.rule else (),
            events=self.number, given=self.counts[GIVEN], refused=refused,
            blanks=self.counts[BLANK], false_alarms=self.false_alarms, why=why,
            seed=self.events.seed, shape=shape, phase_width_us=self._width_us,
            site=electrode.site, electrode_mm2=electrode.area_mm2, plan=digest,
        )  # fmt: skip
