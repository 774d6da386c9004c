"""The single events of a stage of a plan: when each comes, at which level, and who chooses it.

All that is drawn by chance follows from the seed of the file: one sequence for each stage, role and
use, in whole microseconds, so that a new role changes no other role's sequence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from stimctl.stimulus.stream import drawn, seed_for, shuffled
from stimctl.treatment.event_parts import EventOrder, RuleKind

if TYPE_CHECKING:
    from stimctl.treatment.event_parts import EventsPart
    from stimctl.treatment.staged import StagedProtocol, StagePart

VERSION: Final = 1
"""Of what is drawn, and of the rules: another version is another plan (N10)."""
ANSWER_US: Final = 2_000_000
"""So long an answer belongs to an event that no rule waits for (D)."""
BEFORE_NEXT_US: Final = 500_000
"""Between the end of the time for an answer and the next event: the choice of its level, and the
rows of a step and of the pulse are made in it (D)."""
_BLANK_IN: Final = 1_000


@dataclass(frozen=True, slots=True)
class RuleSetup:
    """A rule of a plan. Sizes in uA, times in us."""

    kind: RuleKind
    steps_ua: tuple[int, ...]
    gives: str
    up_after: int
    down_after: int
    reversals: int
    discard: int
    hits: int
    repeats: int
    blanks_permille: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEvents:
    """The events of one stage, all of one channel.

    `levels`: in permille of the plateau, one for each event in the order in which they come; empty
    where a hand (in a tune stage) or a rule finds the level. `count`: at most so many events, 0:
    as many as the stage has time for.
    """

    channel: int
    role: str
    every_us: int
    jitter_us: int
    group: int
    group_every_us: int
    levels: tuple[int, ...]
    count: int
    answer_within_us: int
    by_hand: bool
    seed: int
    jitter_seed: int
    blank_seed: int
    rule: RuleSetup | None = None
    marks: tuple[str, ...] = ()
    version: int = VERSION

    def interval_us(self, number: int) -> int:
        """From the event before to event `number`, which counts from 0; of the first, from the
        beginning."""
        jitter_us = self.jitter_us
        if jitter_us:
            jitter_us = drawn(self.jitter_seed, number, 2 * jitter_us + 1) - jitter_us
        return self.every_us + jitter_us

    def next_us(self, number: int, before_us: int, group_us: int) -> int:
        """When event `number` is due, after the one at `before_us`; `group_us`: when the first
        event of the present group came."""
        if self.group_every_us and number and number % self.group == 0:
            return group_us + self.group_every_us
        return before_us + self.interval_us(number)

    def is_blank(self, number: int) -> bool:
        """Whether this event gives no pulse, so that an answer to it is a false alarm."""
        share = 0 if self.rule is None else self.rule.blanks_permille
        return drawn(self.blank_seed, number, _BLANK_IN) < share

    @property
    def shortest_us(self) -> int:
        """The shortest interval between two events."""
        return self.every_us - self.jitter_us

    def most_in(self, duration_us: int) -> int:
        """How many events there are at most in so much time (N6)."""
        by_time = duration_us // self.shortest_us
        return min(by_time, self.count) if self.count else by_time


def stage_events(
    protocol: StagedProtocol, part: StagePart, place: int, channel: int, role: str
) -> StageEvents | None:
    """The events of one stage of a plan; None where it has none."""
    events = part.events
    if events is None:
        return None
    seed = protocol.seed or 0
    names = (part.name, str(place), role)
    levels = _levels(events, seed_for(seed, *names, "order"), by_rule=part.rule is not None)
    by_hand = part.kind.value == "tune"
    within_us = max(0, min(ANSWER_US, events.shortest_us - BEFORE_NEXT_US))
    return StageEvents(
        channel=channel, role=role, every_us=events.every_us, jitter_us=events.jitter_us,
        group=events.group, group_every_us=events.group_every_us or 0,
        levels=() if by_hand else levels,
        count=0 if by_hand else events.count or len(levels),
        answer_within_us=within_us if part.rule is None else part.rule.wait_us,
        by_hand=by_hand, seed=seed, jitter_seed=seed_for(seed, *names, "jitter"),
        blank_seed=seed_for(seed, *names, "blank"), rule=_rule(part), marks=part.marks,
    )  # fmt: skip


def _levels(events: EventsPart, seed: int, *, by_rule: bool) -> tuple[int, ...]:
    """One level for each event, in the order in which they come."""
    if by_rule:
        return ()
    once = events.listed_levels
    if events.count is not None and events.levels is None:
        return once * events.count
    if events.order is EventOrder.RANDOM:
        every = once * events.repeats
        return tuple(every[place] for place in shuffled(seed, len(every)))
    if events.order is EventOrder.LISTED:
        return once * events.repeats
    falling = events.order is EventOrder.DESCENDING
    return tuple(sorted(once * events.repeats, reverse=falling))


def _rule(part: StagePart) -> RuleSetup | None:
    rule = part.rule
    if rule is None:
        return None
    return RuleSetup(
        kind=rule.kind, steps_ua=rule.steps_ua, gives=rule.gives, up_after=rule.up_after,
        down_after=rule.down_after, reversals=rule.reversals or 0, discard=rule.discard,
        hits=rule.hits or 0, repeats=rule.repeats or 0, blanks_permille=rule.blanks_permille,
    )  # fmt: skip
