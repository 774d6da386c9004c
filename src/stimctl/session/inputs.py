"""What is known of the inputs of a plan: the newest sample, whether it counts, and what it says.

Times are us of the receiver's clock. A sender's own time can make a sample older, never younger
(K12). Whatever is not plausible counts as if nothing had come (K14).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stimctl.session.facts import InputSample
from stimctl.treatment.inputs_schema import TURN, InputKind, PhaseUnit, Source
from stimctl.treatment.switching import InputSpec

JUMP_MDEG = 45_000
"""More than this between two samples is a jump (K14, D)."""
BACK_MDEG = 2_000
"""As much back may be noise of the encoder; more is backwards (D)."""
SPAN_MDEG, SPAN_US = 60_000, 200_000
"""A rate is measured over this angle or this time (K14, D)."""
HIGHEST_LEVEL = 10_000
"""Levels are in percent; more than this is out of range (D)."""
SIM = "sim"
"""Of a made-up sensor: whoever takes samples from outside lets it pass on a simulated device."""
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """What an input says while it counts: `on` of a state, `angle_mdeg` and `mdeg_per_s` of a
    phase, `level_permille` of a level, and how many `events` came so far."""

    on: bool = False
    angle_mdeg: int = 0
    mdeg_per_s: int = 0
    level_permille: int = 0
    events: int = 0


class Input:
    """One input. `said` is None while it does not count."""

    def __init__(self, spec: InputSpec) -> None:
        self.spec = spec
        by_key = Source.KEY in spec.sources
        self.said: Said | None = Said() if by_key else None
        self.lost = 0
        """How often it has ceased to count."""
        self.why = "no sample has come"
        """Why it does not count."""
        self.since_us = 0
        """Since when it has counted, or not."""
        self.sample_us = 0
        """When the newest sample was true, by the receiver's clock."""
        self._seqs: dict[str, int] = {}
        """By source, the number of its newest sample."""
        self._fresh_until_us = 0
        self._turned: deque[tuple[int, int]] = deque()
        """Times and angles, whole turns added up, of a phase."""
        self._raw: bool | None = None
        self._raw_since_us = 0
        self._keyed = by_key
        """Only keys have spoken: they need no heartbeat."""
        self._events = 0

    def take(self, now_us: int, sample: InputSample) -> None:
        """A sample has arrived."""
        self.advance(now_us)
        if sample.beat and self.spec.kind is not InputKind.EVENT:
            return  # it says nothing of what is there now, so that it keeps nothing fresh (K11)
        if sample.seq <= self._seqs.get(sample.source, sample.seq - 1):
            return  # said before, or by somebody who does not know what was said
        self._seqs[sample.source] = sample.seq
        older_us = max(0, sample.age_us)
        if sample.arrived_ns is not None:  # it may have waited here before it was handled (K12)
            older_us += max(0, now_us - sample.arrived_ns // 1_000)
        if older_us >= self.spec.fresh_for_us:
            self._doubt(now_us, "the sample is too old")
            return
        why = self._why_not(sample)
        if why:
            self._doubt(now_us, why)
            return
        self._keyed = self._keyed and sample.keyed
        if sample.keyed and not self._keyed:
            # A press renews nothing of what another source has said, and does not bring it back.
            if self.said is None:
                return
        else:
            self._fresh_until_us = now_us - older_us + self.spec.fresh_for_us
        self.sample_us = now_us - older_us
        self._read(now_us, sample)

    def advance(self, now_us: int) -> None:
        """Time passes: what was said grows old, and a change that lasts counts."""
        if self.said is None and self._raw is None:
            return
        if not self._keyed and now_us >= self._fresh_until_us:
            self._doubt(self._fresh_until_us, "no sample came in time")
        elif self._settling and now_us - self._raw_since_us >= self.spec.settles_us:
            self._believe(now_us, Said(on=bool(self._raw)))

    def deadline_us(self) -> int | None:
        """When `advance` changes something."""
        if self.said is None and self._raw is None:
            return None
        due = None if self._keyed else self._fresh_until_us
        if self._settling:
            settles_us = self._raw_since_us + self.spec.settles_us
            due = settles_us if due is None else min(due, settles_us)
        return due

    # -- inside

    @property
    def _settling(self) -> bool:
        """Whether a state has yet to last before it counts: a change, and the first after a loss,
        or one bounce of a contact would be believed."""
        return self._raw is not None and (self.said is None or self._raw != self.said.on)

    def _why_not(self, sample: InputSample) -> str:
        """Why a sample cannot be believed by itself."""
        kind, value = self.spec.kind, sample.value
        if kind is InputKind.EVENT:
            return "" if value is None else "an event has no value"
        if isinstance(value, bool):
            value = int(value)
        if not isinstance(value, int | float):
            return "the value is no number"
        low, high = _range(self.spec)
        if not low <= value <= high:
            return "the value is out of range"
        return "" if kind is not InputKind.STATE or value in (0, 1) else "a state is 0 or 1"

    def _read(self, now_us: int, sample: InputSample) -> None:
        kind, value = self.spec.kind, sample.value or 0
        if kind is InputKind.EVENT:
            # One that comes after silence only shows that the sender is there (K13).
            self._events += not sample.beat and self.said is not None
            self._believe(now_us, Said(events=self._events))
        elif kind is InputKind.STATE:
            if bool(value) != self._raw:
                self._raw, self._raw_since_us = bool(value), now_us
            if self.spec.settles_us == 0:
                self._believe(now_us, Said(on=bool(value)))
        elif kind is InputKind.LEVEL:
            self._believe(now_us, Said(level_permille=int(value * 10)))
        else:
            self._turn(now_us, int(value * (1_000 if self.spec.unit is PhaseUnit.DEG else 3_600)))

    def _turn(self, now_us: int, angle_mdeg: int) -> None:
        angle_mdeg %= TURN
        turned = self._turned
        if turned:
            last_us, last = turned[-1]
            step = (angle_mdeg - last + TURN // 2) % TURN - TURN // 2
            if now_us - last_us > self.spec.fresh_for_us:
                turned.clear()
            elif step < -BACK_MDEG or step > JUMP_MDEG:
                turned.clear()
                self._doubt(now_us, "the angle went backwards" if step < 0 else "the angle jumped")
            else:
                angle_mdeg = last + step
        turned.append((now_us, angle_mdeg))
        while len(turned) > 2 and self._spans(turned[1], turned[-1]):
            turned.popleft()
        if len(turned) < 2 or not self._spans(turned[0], turned[-1]):
            return  # too little is known of its rate yet
        (from_us, from_mdeg), (until_us, until_mdeg) = turned[0], turned[-1]
        if until_us == from_us:
            return
        rate_mrpm = (until_mdeg - from_mdeg) * _MINUTE_US * 1_000 // (TURN * (until_us - from_us))
        if not self.spec.slowest_mrpm <= rate_mrpm <= self.spec.fastest_mrpm:
            slow = rate_mrpm < self.spec.slowest_mrpm
            self._doubt(now_us, f"it turns too {'slowly' if slow else 'fast'}")
            return
        per_s = (until_mdeg - from_mdeg) * 1_000_000 // (until_us - from_us)
        self._believe(now_us, Said(angle_mdeg=angle_mdeg % TURN, mdeg_per_s=per_s))

    def _spans(self, first: tuple[int, int], last: tuple[int, int]) -> bool:
        return last[1] - first[1] >= SPAN_MDEG or last[0] - first[0] >= SPAN_US

    def _believe(self, now_us: int, said: Said) -> None:
        if self.said is None:
            self.since_us, self.why = now_us, ""
        self.said = said

    def _doubt(self, now_us: int, why: str) -> None:
        """It does not count from now on; what comes next begins anew."""
        if self.said is not None:
            self.lost += 1
            self.since_us = now_us
        self.said, self.why, self._raw = None, why, None


def _range(spec: InputSpec) -> tuple[int, int]:
    if spec.kind is InputKind.STATE:
        return 0, 1
    if spec.kind is InputKind.LEVEL:
        return 0, HIGHEST_LEVEL // 10
    return 0, 360 if spec.unit is PhaseUnit.DEG else 100


class Inputs:
    """All inputs of a plan, by name."""

    def __init__(self, specs: Iterable[InputSpec] = ()) -> None:
        self._by_name = {spec.name: Input(spec) for spec in specs}

    def __iter__(self) -> Iterator[Input]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Input:
        return self._by_name[name]

    def take(self, now_us: int, sample: InputSample) -> None:
        """A sample has arrived; one of an input that the plan has not is nobody's, and so is one
        that came by a way that the file does not name."""
        one = self._by_name.get(sample.input)
        if one is not None and sample.source in (*one.spec.sources, SIM):
            one.take(now_us, sample)

    def advance(self, now_us: int) -> None:
        """Time passes."""
        for one in self:
            one.advance(now_us)

    def deadline_us(self) -> int | None:
        """When that changes something."""
        due = [at_us for one in self if (at_us := one.deadline_us()) is not None]
        return min(due, default=None)
