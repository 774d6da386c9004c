"""The rules of raising and lowering one channel's plateau (A1-A5, A8, A9), whoever asks.

A plateau is an integer in the scale of its run: microampere, or percent of a device's own scale.

A plateau is what the on phase reaches: zero at every start, one increment at a time (a device step,
or by hand up to 1 mA where the grid has it), never above the cleared amplitude. Nothing is queued:
a raise that may not happen now is refused with a reason. The one exception is the off time of a
cycle: what is raised then, 2 mA at most, is pending until the next on ramp.
"""

from dataclasses import dataclass
from typing import Final

from stimctl.codes import Code
from stimctl.session.config import (
    AUTO_LOCK_NS,
    LADDER_STEP_UA,
    MS,
    RAISE_INTERVAL_NS,
    SECOND,
)
from stimctl.session.log import Waiting
from stimctl.session.reasons import (
    AUTO_LOCKED,
    NOT_ABOVE,
    NOT_ON_RECORD,
    PENDING,
    SETTLING,
    TOO_EARLY,
    Reason,
)
from stimctl.session.settling import Settling
from stimctl.stimulus.level import AnyScale

FOLLOW: Final = "follow"
"""Who raises or lowers, in the words of the record: the target of a program (A21)."""
_FOLLOW_PER_S: Final = 1_000
"""Rule A21: in microampere (D)."""
_FOLLOW_PERMILLE: Final = 200
"""Rule A21: how far from the level that a hand has reached (D)."""


class PlanViolation(Exception):  # noqa: N818 - it never leaves the session; the engine turns it to FAULT
    """The programme asks for what the rules forbid: commanded zero and FAULT."""


@dataclass(frozen=True, slots=True)
class AskedRaise:
    """A raise whose row is on its way to the disk."""

    waiting: Waiting
    plateau: int
    by: str


class Plateau:
    """One channel's plateau, and what is allowed to it: all in `scale`."""

    def __init__(
        self, channel: int, ceiling: int, step: int, scale: AnyScale, *, scripted: bool
    ) -> None:
        self.channel = channel
        self.ceiling = ceiling
        """What was cleared, or less: above it was too much in this session (A17)."""
        self._cleared = ceiling
        self.step = step
        self.scale = scale
        self.now = 0
        self.by_hand = 0
        """The level that a hand has reached, and a program may follow around (A21); 0: none."""
        self.hands = 0
        """How often a hand has changed it."""
        self.asked: AskedRaise | None = None
        self.pending: AskedRaise | None = None
        """Rule A9: what waits for the next on ramp."""
        self.settling = Settling(None)
        self.one_waits = False
        """Inputs switch the channel: one raise may wait, and no more (A18)."""
        self.script = 0
        self.script_on = scripted
        self._raised: dict[int, int] = {}
        """By channel, when it was raised last."""
        self._changed_ns = 0
        self._script_ns: int | None = None
        rules = scale.rules
        self._script_interval_ns = _interval_ns(step, rules.script_per_s)
        self.most = rules.most_by_hand(step)
        """The largest increment by hand."""
        self._hand_interval_ns = _interval_ns(self.most, rules.hand_per_s)
        self._follow_interval_ns = _interval_ns(step, _FOLLOW_PER_S)
        self._rest_most = max(self.most, rules.rest_most - rules.rest_most % step)

    def recall(self, raised: dict[int, int]) -> None:
        """Know when which channel was raised last, and note it there: a new run, and a new plan,
        are no reason to raise it sooner (rule A3)."""
        self._raised = raised

    def begin(self, now_ns: int) -> None:
        """The run starts, or goes on from zero."""
        self.zero()
        self._changed_ns = now_ns

    def enter(self, now_ns: int, plateau: int) -> None:
        """Another stage begins, at this plateau; its script begins anew."""
        self.zero()
        self.now = plateau
        self.script, self._script_ns = 0, None
        self._changed_ns = now_ns

    def zero(self) -> None:
        """A discontinuity: the plateau is lost, and what was asked for with it."""
        self.now = self.by_hand = 0
        self.asked = self.pending = None

    def touched(self, now_ns: int) -> None:
        """The operator is at this channel, or a contraction begins: raises open (rule A5)."""
        self._changed_ns = now_ns

    def unlock(self, now_ns: int) -> None:
        """By hand; the press that unlocks is none that raises, nor is it the same held key's."""
        self._changed_ns = self._raised[self.channel] = now_ns

    def locked(self, now_ns: int) -> bool:
        """Whether nobody has changed the channel for too long to raise it (rule A5)."""
        return now_ns - self._changed_ns > AUTO_LOCK_NS

    @property
    def following(self) -> int:
        """The plateau of the next on ramp: with what is pending."""
        return self.now if self.pending is None else self.pending.plateau

    @property
    def highest_followed(self) -> int:
        """How high a program may follow a target now (A21)."""
        return min(self.ceiling, self.by_hand + self.by_hand * _FOLLOW_PERMILLE // 1_000)

    @property
    def lowest_followed(self) -> int:
        """Below this a lowering is one for good: a hand, not the target, brings it back (A21)."""
        return self.by_hand - self.by_hand * _FOLLOW_PERMILLE // 1_000

    @property
    def from_hand(self) -> int:
        """The level without what a target has added to it (A21)."""
        return min(self.now, self.by_hand) if self.by_hand else self.now

    def _interval_ns(self, by: str) -> int:
        if by == FOLLOW:
            return self._follow_interval_ns
        return self._script_interval_ns if by == "script" else self._hand_interval_ns

    def over_ceiling(self, plateau: int) -> bool:
        """Whether the clearance forbids this plateau, or the person has (A17)."""
        return plateau > self.ceiling

    def refusal(
        self, now_ns: int, plateau: int, by: str, *, resting: bool = False
    ) -> Reason | None:
        """Why this raise may not be asked for now; None when it may. `resting`: in the off time of
        a cycle, in which nothing locks and the increments of a hand add up."""
        if self.over_ceiling(plateau):
            return Reason(Code.ABOVE_CLEARED, "above the cleared amplitude")
        if plateau <= self.now:
            return NOT_ABOVE
        if plateau % self.step:
            return Reason(Code.OFF_STEP, "not a multiple of the device's step")
        most = {"hand": self.most, "rule": LADDER_STEP_UA}.get(by, self.step)
        if self.pending is not None and (by != "hand" or plateau <= self.following):
            return PENDING
        if plateau > self.following + most:
            text = f"more than one increment at a time: {self.scale.format(most)} at most"
            return Reason(Code.MORE_THAN_A_STEP, text)
        if self.asked is not None:
            return NOT_ON_RECORD
        if self.settling.refuses(plateau):
            return SETTLING
        if self.pending is not None and plateau > self.now + self._together:
            text = f"{self.scale.format(self._together)} wait for the next contraction already"
            return PENDING.with_text(text)
        if now_ns < self.due_ns(by):
            return self._too_early(by)
        if by != "script" and self.script_on:
            return Reason(
                Code.SCRIPT_RAISES,
                "the script is raising this channel; lowering it ends the script",
            )
        # Fresh data are somebody at this channel, as the schedule of a script and a rule are.
        by_hand = by not in ("script", "rule", FOLLOW)
        if by_hand and not resting and self.locked(now_ns):
            return AUTO_LOCKED
        return None

    def _too_early(self, by: str) -> Reason:
        every_ms = self._interval_ns(by) // MS
        return TOO_EARLY.and_(f": a raise of {self.scale.format(self.most)} needs {every_ms} ms")

    @property
    def _together(self) -> int:
        """How much may be pending: of a channel without output one increment, as ever."""
        return self._rest_most if self.now and not self.one_waits else self.most

    def wait(self, now_ns: int, asked: AskedRaise) -> None:
        """It goes out with the next on ramp, with what is pending already."""
        self.pending = asked
        self._raised[self.channel] = now_ns

    def grant(self, now_ns: int) -> AskedRaise:
        """The row is durable: the plateau rises."""
        asked = self.asked or self.pending
        assert asked is not None
        self.asked = self.pending = None
        self.now = asked.plateau
        if asked.by != FOLLOW:
            self.by_hand = self.now
            self.hands += 1
        self._raised[self.channel] = self._changed_ns = now_ns
        return asked

    def lower(self, now_ns: int, plateau: int, by: str = "hand") -> None:
        """Never limited. What was asked for is dropped, and a script raises it no more (A8)."""
        self.now = min(self.now, max(plateau, 0))
        self.now -= self.now % self.step
        self.hands += by != FOLLOW
        # A lowering never widens what may be followed: a target could climb on it again and again.
        if by != FOLLOW or self.now < self.lowest_followed:
            self.by_hand = min(self.by_hand, self.now)
        self.asked = self.pending = None
        self.script_on = False
        self._changed_ns = now_ns

    def fall_back(self, plateau: int) -> None:
        """The device never got the raise: the plateau is what it was before."""
        self.now = min(self.now, plateau)
        self.by_hand = min(self.by_hand, self.now)
        self.asked = self.pending = None

    def script_says(self, at_us: int, plateau: int) -> None:
        """Take one step of the plan's raise schedule; PlanViolation where it breaks the rules."""
        at_ns = at_us * 1_000
        early = self._script_ns is not None and at_ns - self._script_ns < self._script_interval_ns
        steep = plateau > self.script + self.step
        if early or steep or plateau > self._cleared or plateau % self.step:
            raise PlanViolation(
                f"the raise schedule breaks the raise rules on channel {self.channel}: "
                f"{plateau} {self.scale.unit} after {self.script} {self.scale.unit} at {at_us} us"
            )
        self._script_ns = at_ns
        self.script = plateau

    def script_step(self) -> int | None:
        """The next plateau towards what the schedule has reached; None when it is reached."""
        if not self.script_on or self.asked is not None or self.now >= self.script:
            return None
        return self.now + self.step

    def due_ns(self, by: str) -> int:
        """When the interval after the last raise is over."""
        raised_ns = self._raised.get(self.channel)
        return 0 if raised_ns is None else raised_ns + self._interval_ns(by)


def _interval_ns(increment: int, per_s: int | None) -> int:
    """The time between two raises: a coarse increment takes longer than 250 ms (A3)."""
    if per_s is None:
        return RAISE_INTERVAL_NS
    return max(RAISE_INTERVAL_NS, increment * SECOND // per_s)
