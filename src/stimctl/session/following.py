"""Rules A21 and A22: a program moves a plateau towards a target, a little, with fresh data only.

A target is data and no decision of a hand: it moves the plateau within a fifth of the level that a
hand has reached, up by at most 1 mA/s, and never above what was cleared. What lies outside is
refused, not cut off. Where the data grow old the lower value is kept for a moment, then the channel
ramps to zero; from there a hand begins again.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.session import rows
from stimctl.session.config import MS, RAMP_TICK_NS, SECOND, EngineConfig
from stimctl.session.log import EventLog
from stimctl.session.plateaus import FOLLOW, Plateau
from stimctl.session.reasons import FOLLOW_LINKED, Reason
from stimctl.session.run import Run
from stimctl.stimulus.level import CURRENT, AnyLevel

FRESH_NS = 100 * MS
"""Data that are older say nothing of now (D)."""
AHEAD_NS = 20 * MS
"""What the clock of the data may be ahead: a turn of the program that drives the session (D)."""
KEPT_NS = 2 * SECOND
"""How long the lower value is kept without fresh data (D)."""
TO_ZERO_NS = SECOND
"""How long the ramp to zero takes after that (D)."""
AGAIN_NS = 500 * MS
"""After one was dropped: a target that jumps up and down fills no record with steps that are asked
for and dropped (D)."""

_OLD = Reason(Code.FOLLOW_OLD, "the data of the target are older than 100 ms")
_REPEATED = Reason(Code.FOLLOW_OLD, "the data of the target are not newer than those before")
_AHEAD = Reason(Code.FOLLOW_AHEAD, "the data of the target are of a time that has not come")
_BY_HAND = Reason(
    Code.FOLLOW_BY_HAND, "nothing is followed before a hand has brought the channel to a level"
)
_STALE = Reason(Code.FOLLOW_OLD, "no data for 100 ms: the lower value is kept")
_LAPSED = Reason(Code.FOLLOW_LAPSED, "no data for 2 s: the channel ramps to zero")
_AT_ZERO = Reason(Code.FOLLOW_BY_HAND, "the channel is at zero")
_HAND_LEADS = Reason(Code.FOLLOW_BY_HAND, "a hand has changed the channel")
_INTERRUPTED = Reason(Code.INTERRUPTED, "the output was interrupted")


class Phase(StrEnum):
    """How a channel follows: in the words of its rows."""

    FOLLOWS = "follows"
    KEEPS = "keeps"
    FALLS = "falls"
    ENDED = "ended"


@dataclass(slots=True)
class _Target:
    """What one channel follows, in microampere."""

    plateau: Plateau
    level: int
    at_ns: int
    hands: int
    phase: Phase = Phase.FOLLOWS
    fall_ns: int = field(default=0)
    fall_from: int = field(default=0)


class Following:
    """The targets of one session. It needs the run that is under way in every call."""

    def __init__(self, config: EngineConfig, log: EventLog) -> None:
        self._allowed = config.follow and config.requires_hold
        self._allowed &= not (config.scripted_raise or config.single_pulses)
        self._log = log
        self._targets: dict[int, _Target] = {}
        self._seen_ns: dict[int, int] = {}
        """By channel, the time of the newest data of this session."""
        self._again_ns: dict[int, int] = {}
        """By channel, before when no step is asked for again."""

    def take(self, now_ns: int, run: Run, channel: int, wanted: AnyLevel, at_ns: int) -> None:
        """A target with the time of its data; StateError where it is refused, and nothing changed.

        `advance` does what it asks for."""
        plateau = run.raising.plateau_of(channel)
        reason = self._reason_against(now_ns, run, plateau, wanted, at_ns)
        if reason is not None:
            raise StateError(
                "follow refused",
                code=reason.code,
                why=reason.text,
                what_to_do="lower_to and stop are always free",
            )
        self._seen_ns[channel] = at_ns
        known = self._targets.get(channel)
        target = self._targets[channel] = _Target(
            plateau, wanted.value, min(at_ns, now_ns), plateau.hands
        )
        if known is None or known.phase is not Phase.FOLLOWS:
            self._tell(now_ns, target, Phase.FOLLOWS)

    def _reason_against(
        self, now_ns: int, run: Run, plateau: Plateau, wanted: AnyLevel, at_ns: int
    ) -> Reason | None:
        channel, level = plateau.channel, wanted.value
        if not self._allowed or wanted.scale is not CURRENT or run.ladder is not None:
            text = "this session was not opened for it, or gives no trains of a known current"
            return Reason(Code.FOLLOW_OFF, text)
        if len(run.links.with_channel(channel)) > 1:
            return FOLLOW_LINKED
        if at_ns > now_ns + AHEAD_NS:
            return _AHEAD
        if now_ns - at_ns > FRESH_NS:
            return _OLD
        if at_ns <= self._seen_ns.get(channel, -1):
            return _REPEATED
        known = self._targets.get(channel)
        if known is not None and known.phase is Phase.FALLS:
            return _LAPSED
        if not plateau.now or not plateau.by_hand:
            return _BY_HAND
        if level > plateau.highest_followed:
            most = plateau.scale.format(plateau.highest_followed)
            return Reason(Code.FOLLOW_ABOVE, f"channel {channel} may follow up to {most} now")
        if level > plateau.now and level % plateau.step:
            return Reason(Code.OFF_STEP, "not a multiple of the device's step")
        return None

    def advance(self, now_ns: int, run: Run) -> None:
        """Rise by a step, keep the lower value, or fall: whatever is due."""
        for target in list(self._targets.values()):
            plateau = target.plateau
            if plateau is not run.raising.plateau_of(plateau.channel) or not plateau.by_hand:
                self._interrupt(now_ns, run, target, _INTERRUPTED)
                continue
            if len(run.links.with_channel(plateau.channel)) > 1:
                self._interrupt(now_ns, run, target, FOLLOW_LINKED)
                continue
            if plateau.hands != target.hands:
                self._end(now_ns, target, _HAND_LEADS)
                continue
            if target.phase is Phase.FOLLOWS and now_ns > target.at_ns + FRESH_NS:
                self._tell(now_ns, target, Phase.KEEPS, _STALE)
                self._lower(now_ns, run, target, min(target.level, plateau.by_hand), drop=True)
            elif target.phase is Phase.FOLLOWS:
                self._lower(now_ns, run, target, target.level)
            if target.phase is Phase.KEEPS and now_ns > target.at_ns + FRESH_NS + KEPT_NS:
                target.fall_ns, target.fall_from = now_ns, plateau.now
                self._tell(now_ns, target, Phase.FALLS, _LAPSED)
            if target.phase is Phase.FALLS:
                left_ns = max(0, TO_ZERO_NS - RAMP_TICK_NS - (now_ns - target.fall_ns))
                self._lower(now_ns, run, target, target.fall_from * left_ns // TO_ZERO_NS)
            elif target.phase is Phase.FOLLOWS and target.level > plateau.now:
                step = plateau.now + plateau.step
                waits = now_ns < self._again_ns.get(plateau.channel, 0)
                if not waits and step <= min(target.level, plateau.highest_followed):
                    run.raising.by_rule(now_ns, plateau.channel, step, FOLLOW)
            self._end_at_zero(now_ns, target)

    def _lower(
        self, now_ns: int, run: Run, target: _Target, level: int, *, drop: bool = False
    ) -> None:
        """At once, and with it a raise above the level that waits for its row. `drop`: any that
        waits."""
        plateau = target.plateau
        asked = plateau.asked or plateau.pending
        waits = asked is not None and asked.by == FOLLOW and (drop or asked.plateau > level)
        if waits:
            self._again_ns[plateau.channel] = now_ns + AGAIN_NS
        if level < plateau.now or waits:
            run.lower(now_ns, plateau.channel, min(level, plateau.now), FOLLOW)

    def forget(self, now_ns: int, run: Run | None) -> None:
        """The output is paused, stopped or ends: nothing is followed any more."""
        for target in list(self._targets.values()):
            self._interrupt(now_ns, run, target, _INTERRUPTED)

    def _interrupt(self, now_ns: int, run: Run | None, target: _Target, why: Reason) -> None:
        """End it. Neither a pause nor a link gives data back: what was kept without them is
        followed from no more before a hand has raised it, and what was falling has fallen. What
        data had raised above the hand's level does not outlast them; where a hand links the
        channel, it links it at the level that it has."""
        plateau = target.plateau
        above_hand = plateau.now > plateau.from_hand
        if target.phase is not Phase.FOLLOWS:
            plateau.by_hand = 0
        if target.phase is Phase.FALLS and plateau.now and run is not None:
            run.raising.lower(now_ns, plateau.channel, 0, FOLLOW)
        elif above_hand and why is not FOLLOW_LINKED and run is not None:
            run.raising.lower(now_ns, plateau.channel, plateau.by_hand, FOLLOW)
        self._end(now_ns, target, why)

    def _end_at_zero(self, now_ns: int, target: _Target) -> None:
        if not target.plateau.now:
            self._end(now_ns, target, _AT_ZERO)

    def _end(self, now_ns: int, target: _Target, why: Reason) -> None:
        if self._targets.pop(target.plateau.channel, None) is not None:
            self._tell(now_ns, target, Phase.ENDED, why)

    def _tell(self, now_ns: int, target: _Target, phase: Phase, why: Reason | None = None) -> None:
        target.phase = phase
        plateau = target.plateau
        row = rows.Followed(
            plateau.channel,
            plateau.now,
            plateau.scale.unit,
            phase.value,
            plateau.lowest_followed,
            plateau.highest_followed,
            why or Reason("", ""),
        )
        self._log.emit(now_ns, row, durable=True)

    def deadline(self, now_ns: int) -> int | None:
        """When something is due; None where nothing is followed."""
        due: list[int] = []
        for target in self._targets.values():
            if target.phase is Phase.FALLS:
                due.append(now_ns + RAMP_TICK_NS)
                continue
            stale_ns = target.at_ns + FRESH_NS + 1
            due.append(stale_ns if target.phase is Phase.FOLLOWS else stale_ns + KEPT_NS)
            again_ns = self._again_ns.get(target.plateau.channel, 0)
            rises_ns = max(again_ns, target.plateau.due_ns(FOLLOW))
            if target.level > target.plateau.now and rises_ns > now_ns:
                due.append(rises_ns)
        return min(due, default=None)
