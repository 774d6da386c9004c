"""How fast one channel may rise: steps of its plateau, ramps back to it, and its pattern."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from .orders import Train
from .rules import Pattern, Rule, Rules


class Wrong(NamedTuple):
    """What is wrong with a level."""

    rule: Rule
    words: str


class SlewRules:
    """The levels one channel is ordered to, in time order; all times us, levels in
    the unit of the rules.

    The plateau is what was raised: declared by marks, or else the highest level that was reached
    step by step. `reach` is the level a ramp of the shortest allowed time would have come to by
    now, times ramp_us, so that all is exact in integers.
    """

    def __init__(self, rules: Rules) -> None:
        self.pattern = Pattern()
        self.level = 0
        self._rules = rules
        self._unit = rules.unit
        self._plateau = 0
        self._declared = False
        self._highest = 0  # plateau that was declared since all began at zero
        self._given = 0  # highest single pulse since all began at zero
        self._lowered: deque[tuple[int, int]] = deque()  # until when a plateau was in force
        self._next_raise_us: int | None = None
        self._reach: int | None = None
        self._reach_us = 0
        self._gained = 0  # by raises since the channel was last on
        self._off_us: int | None = None  # since when it is off, where it was on
        self._held: deque[tuple[int, int]] = deque()  # until when a level held
        self._resumed_us: int | None = None
        self._interrupted: str | None = None
        self._widest_us = self._fastest_us = 0
        self._lasted: dict[int, int] = {}  # how long each level has lasted
        self._since_us = 0
        self._quick_to = 0  # up to this level ramps may be quick: it was held

    @property
    def plateau(self) -> int:
        """What has been raised."""
        return self._plateau

    # -- what is declared

    def declare(self, at_us: int, plateau: int) -> Wrong | None:
        """The session says which plateau is in force."""
        self._declared = True
        before, self._plateau = self._plateau, plateau
        self._highest = max(self._highest, plateau)
        if plateau > before and self._added_up(at_us, before, plateau):
            self._next_raise_us = at_us + self._rules.largest_every_us
            return None
        if plateau > before:
            wrong = self._raise(at_us, before, plateau, 0, "a plateau was declared")
            self._interrupted = None  # raised afresh: what comes late from now on is a rise
            return wrong
        if plateau < before:
            self._lowered.append((at_us, before))
            self._given = min(self._given, plateau)
        return None

    def climb(self, at_us: int, plateau: int) -> Wrong | None:
        """A step of the ladder of a procedure: larger than by hand, and only once the plateau
        before it was given."""
        self._declared = True
        before, self._plateau = self._plateau, plateau
        self._highest = max(self._highest, plateau)
        early = self._next_raise_us is not None and at_us < self._next_raise_us
        self._next_raise_us = at_us + self._rules.raise_every_us
        told = f"a step from {before} to {plateau} {self._unit}"
        if before > self._given:
            return Wrong(Rule.RISE, f"{told}, and {before} {self._unit} was not given yet")
        if plateau - before > self._rules.ladder_gain or early:
            return Wrong(Rule.RISE, f"{told}, too large or too early")
        return None

    def _added_up(self, at_us: int, before: int, plateau: int) -> bool:
        """Whether so much more than one increment may have been asked for by hand while the channel
        was off; once."""
        rules, gain = self._rules, plateau - before
        if not before or self._off_us is None or not rules.largest < gain <= rules.rest_gain:
            return False
        took_us, self._off_us = at_us - self._off_us, at_us
        return took_us * rules.raise_per_s >= gain * 1_000_000

    def take_again(self, at_us: int, plateau: int) -> Wrong | None:
        """A part of the treatment begins with what was raised in an earlier one, or a share of it:
        no increments, but the ramps stay, and nothing above what there was."""
        if plateau > self._highest:
            words = f"{plateau} {self._unit} taken from an earlier part, where {self._highest} was"
            return Wrong(Rule.RISE, f"{words} the most that was raised")
        self._declared = True
        if plateau < self._plateau:
            self._lowered.append((at_us, self._plateau))
        self._plateau, self._interrupted = plateau, None
        return None

    def interrupt(self, why: str) -> None:
        """Nothing of what was raised counts any more."""
        if self._plateau or self.level:
            self._interrupted = why
        self._plateau = self.level = self._highest = self._given = 0
        self._reach, self._resumed_us, self._gained, self._off_us = None, None, 0, None
        self._widest_us = self._fastest_us = 0
        self._held.clear()
        self._lowered.clear()
        self._lasted.clear()
        self._quick_to = 0

    def switched(self, at_us: int) -> None:
        """An input switches the channel on: up to what was held its ramp may be quick."""
        self._count(at_us)
        total_us = 0
        for level in sorted(self._lasted, reverse=True):
            total_us += self._lasted[level]
            if total_us >= self._rules.held_us:
                self._quick_to = level
                return

    def resume(self, at_us: int) -> None:
        """A pause is over: the plateau is kept, and returned to slowly."""
        self._resumed_us = at_us

    def off(self, at_us: int) -> None:
        """The channel is off."""
        self._set(at_us, 0)

    # -- what is ordered

    def order(self, at_us: int, train: Train, slack_us: int) -> Wrong | None:
        """Take a train; slack_us is how much late bytes may blur the times."""
        plateau = self.in_force(at_us, slack_us)
        wrong = None
        if train.level > plateau:
            if self._declared:
                return self._above(train.level, plateau)
            wrong = self._raise(at_us, plateau, train.level, slack_us, "the level was raised")
            self._plateau = train.level
        wrong = wrong or self._too_steep(at_us, train, slack_us) or self._stronger(train)
        self._gained = 0
        self._set(at_us, train.level)
        return wrong

    def pulse(self, at_us: int, train: Train, slack_us: int) -> Wrong | None:
        """Take a single pulse: bounded by the plateau; between pulses nothing ramps."""
        plateau = self.in_force(at_us, slack_us)
        self._given = max(self._given, min(train.level, self._plateau))
        if train.level <= plateau:
            return None
        if self._declared:
            return self._above(train.level, plateau)
        self._plateau = train.level
        return self._raise(at_us, plateau, train.level, slack_us, "the pulses were raised")

    def in_force(self, at_us: int, slack_us: int) -> int:
        """The plateau; what was lowered a moment ago may still be on the line."""
        kept_us = max(slack_us, self._rules.line_us)
        while self._lowered and self._lowered[0][0] + kept_us < at_us:
            self._lowered.popleft()
        before = (one for until_us, one in self._lowered if until_us + slack_us >= at_us)
        return max(self._plateau, max(before, default=0))

    # -- inside

    def _above(self, level: int, plateau: int) -> Wrong:
        rule = Rule.RISE
        unit = self._unit
        words = f"{level} {unit} ordered, above the plateau of {plateau} {unit} that was raised"
        if self._interrupted is not None and not plateau:
            rule, words = Rule.RETURN, f"{level} {unit} ordered after {self._interrupted}"
        return Wrong(rule, words)

    def _raise(self, at_us: int, before: int, after: int, slack_us: int, what: str) -> Wrong | None:
        """One increment in each interval, nothing saved up but what a late line has held back."""
        rules = self._rules
        largest, every_us = rules.largest, rules.largest_every_us
        steps = -(-(after - before) // largest)
        self._gained += after - before
        if self._reach is not None:
            self._reach += (after - before) * rules.ramp_us
        due_us = self._next_raise_us
        early_us = 0
        for _ in range(steps):
            due_us = at_us if due_us is None else due_us
            early_us = max(early_us, due_us - at_us)
            due_us = max(due_us, at_us) + every_us
        self._next_raise_us = due_us
        if early_us <= slack_us:
            return None
        # What is told, or excused, once is not held against every later step.
        self._next_raise_us = at_us + every_us
        told = f"{what} from {before} to {after} {self._unit}"
        if self._interrupted is not None and not before and steps > 1:
            return Wrong(Rule.RETURN, f"{told} at once after {self._interrupted}")
        if steps > 1:
            return Wrong(Rule.RISE, f"{told}, more than {largest} {self._unit} at once")
        return Wrong(Rule.RISE, f"{told}, {early_us} us too early: one in {every_us} us")

    def _too_steep(self, at_us: int, train: Train, slack_us: int) -> Wrong | None:
        """Whether a return to the plateau is faster than its shortest ramp."""
        plateau, level = self._plateau, train.level
        if (soft := self._too_soon(at_us, level, slack_us)) is not None:
            return soft
        recent = self._recent(at_us)
        rules = self._rules
        reach = self._grow(at_us, recent, slack_us)
        if level <= recent or self._modulated(recent):
            return None
        shown = level // (train.ramp + 1)  # the device begins its own ramp with this
        if shown * rules.ramp_us > reach:
            return self._steep(recent, shown, reach)
        lasts_us = train.ramp * train.period_us
        if train.ramp and reach + plateau * lasts_us < level * rules.ramp_us:
            return self._steep(recent, level, reach + plateau * lasts_us)
        return None

    def _steep(self, recent: int, level: int, reach: int) -> Wrong:
        ramp_us, unit = self._rules.ramp_us, self._unit
        return Wrong(
            Rule.RISE,
            f"from {recent} to {level} {unit} faster than to the plateau of "
            f"{self._plateau} {unit} in {ramp_us} us: at most {reach // ramp_us} {unit} by now",
        )

    def _too_soon(self, at_us: int, level: int, slack_us: int) -> Wrong | None:
        """Whether the soft return after a pause is faster than it may be."""
        rules, resumed_us = self._rules, self._resumed_us
        if resumed_us is None:
            return None
        since_us = at_us - resumed_us + rules.ramp_burst_us + slack_us
        if since_us >= rules.resume_us:
            self._resumed_us = None
            return None
        highest = self._plateau * since_us // rules.resume_us + rules.step
        if level <= highest:
            return None
        unit, late_us = self._unit, at_us - resumed_us
        words = f"{level} {unit} {late_us} us after a pause, at most {highest} {unit} by then"
        return Wrong(Rule.RETURN, words)

    def _grow(self, at_us: int, recent: int, slack_us: int) -> int:
        rules = self._rules
        ahead_us = rules.ramp_burst_us + slack_us
        spare = rules.step + rules.largest * (slack_us // rules.raise_every_us)
        highest = (recent + self._gained + spare) * rules.ramp_us
        highest += self._plateau * ahead_us
        quick_highest = (recent + spare) * rules.ramp_us + self._quick(
            rules.quick_burst_us + slack_us
        )
        highest = max(highest, min(quick_highest, (self._quick_to + spare) * rules.ramp_us))
        if self._reach is None:
            self._reach = highest
        grown = self._grown(self._reach, at_us - self._reach_us)
        self._reach, self._reach_us = min(grown, highest), at_us
        return self._reach

    def _quick(self, for_us: int) -> int:
        """What a quick ramp climbs in this time."""
        return self._plateau * for_us * self._rules.ramp_us // self._rules.quick_ramp_us

    def _grown(self, reach: int, for_us: int) -> int:
        """Quickly up to what was held, and from there as any ramp."""
        cap = self._quick_to * self._rules.ramp_us
        quick = reach + self._quick(for_us)
        if reach >= cap or quick <= cap:
            return quick if reach < cap else reach + self._plateau * for_us
        took_us = (cap - reach) * for_us // max(1, quick - reach)
        return cap + self._plateau * (for_us - took_us)

    def _modulated(self, recent: int) -> bool:
        """Whether the level is inside the amplitude modulation, floored to the device's grid."""
        from_permille = self.pattern.modulated_from_permille
        if from_permille >= 1_000:
            return False
        # What was raised since the channel was last on lies between: it was another plateau then.
        recent += self._gained + self._rules.step
        return recent * 1_000 > self._plateau * from_permille

    def _stronger(self, train: Train) -> Wrong | None:
        """Whether the charge jumps because pulses get wider or faster at the same level."""
        if not train.level:
            return None
        widest_us = self.pattern.widest_us or self._widest_us or train.width_us
        fastest_us = self.pattern.fastest_us or self._fastest_us or train.period_us
        self._widest_us, self._fastest_us = widest_us, fastest_us
        if train.width_us > widest_us:
            return Wrong(Rule.RISE, f"pulses of {train.width_us} us, {widest_us} us before")
        if train.period_us < fastest_us:
            return Wrong(Rule.RISE, f"a pulse each {train.period_us} us, {fastest_us} us before")
        return None

    def _recent(self, at_us: int) -> int:
        """The highest level within the longest time that a gate may be shut."""
        held, gap_us = self._held, self.pattern.gap_us
        while held and held[0][0] < at_us - gap_us:
            held.popleft()
        return max(self.level, max((one for _, one in held), default=0))

    def _count(self, at_us: int) -> None:
        """Note how long the present level has lasted."""
        if self.level and at_us > self._since_us:
            lasted_us = self._lasted.get(self.level, 0)
            self._lasted[self.level] = lasted_us + at_us - self._since_us
        self._since_us = at_us

    def _set(self, at_us: int, level: int) -> None:
        self._count(at_us)
        if level == self.level:
            return
        if level < self.level:
            self._held.append((at_us, self.level))
        self._off_us = None if level else at_us
        self.level = level
