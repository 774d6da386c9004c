"""The shadow model: takes bytes, record rows and marks as they come, and judges each at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .families import FAMILIES
from .licence import Latest, Licence
from .notices import Notices
from .orders import Order
from .outputs import AllAsked, Outputs, Span
from .plateaus import Plateaus
from .rules import STRICT, Pattern, Rule, Rules, Violation
from .verdict import Verdict

#: Rows whose `at_us` is the device's clock when they were made ("output" tells the future).
_TIMED = frozenset({"state", "log", "fault", "rx", "tx", "line"})


class Invariant:
    """Judges one device. Times are us of the twin's clock, currents uA.

    Raises InvariantBrokenError at the first violation and is silent from then on; `check` raises
    it again. With raising=False it only keeps the violation; log: a list that takes it too.
    Give each call at its time: rows and bytes of the device, bytes of the host (`sent`, before the
    line can alter them; `heard`, as the line has left them), marks.
    """

    def __init__(
        self, rules: Rules = STRICT, *, raising: bool = True, log: list[Violation] | None = None
    ) -> None:
        self.rules = rules
        self.spans_judged = 0
        self._verdict = Verdict(rules, raising=raising, log=log)
        self._fail = self._verdict.fail
        self._licence = Licence(rules)
        self._outputs = Outputs()
        family = FAMILIES[rules.family]
        self._endings = family.endings
        self._obedience = family.obedience()
        self._host = family.reader()
        self._host_seen = self._host_hears = False
        self._plateaus = Plateaus(rules, self._verdict)
        self._asked = AllAsked(self._plateaus.channels)
        self._notices = Notices(rules, family.teller())

    @property
    def violation(self) -> Violation | None:
        """The first violation, if any."""
        return self._verdict.violation

    @property
    def excused(self) -> list[str]:
        """The faults that excused something, once for each time."""
        return self._verdict.excuses.used

    def check(self) -> None:
        """Raise what was found, if anything."""
        self._verdict.check()

    # -- what happens

    def row(self, row: Mapping[str, Any]) -> None:
        """Take a row of the twin's record, in the order of the record."""
        if self.violation is not None:
            return
        kind = row["kind"]
        if kind in _TIMED:
            self.advance(row["at_us"])
        if kind == "train_open":
            self._device_limits(row)
            self._outputs.opened(row)
        elif kind == "train":
            if row["count"]:  # one that never began may lie ahead
                self.advance(row["start_us"])
            self._judge(self._outputs.closed(row))
            if not self.rules.line:
                self._at_electrodes_off(row)
        elif kind == "pulse":
            self._device_limits(row)
            self.advance(row["start_us"])
            self._judge(self._outputs.pulse(row))
        elif kind == "rx":
            self.to_device(row["at_us"], bytes.fromhex(row["hex"]))
        elif kind == "tx":
            self._from_device(row["at_us"], bytes.fromhex(row["hex"]))
        elif kind == "log":
            self._logged(row)
        elif kind == "fault":
            self._verdict.excuses.row(row)

    def to_device(self, at_us: int, data: bytes) -> None:
        """Bytes have arrived at the device."""
        self.advance(at_us)
        for when_us, order in self._obedience.receive(at_us, data):
            self._obeyed(when_us, order)

    def sent(self, at_us: int, data: bytes) -> None:
        """The host has put bytes on the line."""
        self._host_seen = True
        self.advance(at_us)
        for order in self._host.feed(data):
            if order.gives_output:
                self._need_licence(at_us)
            self._ordered(at_us, order, 0)

    def heard(self, at_us: int, data: bytes) -> None:
        """Bytes have reached the host: what the line has lost of what the device tells, it does
        not know."""
        self._host_hears = True
        self.advance(at_us)
        self._notices.told(at_us, data)

    def advance(self, at_us: int) -> None:
        """Time has passed: whatever began before at_us is judged now."""
        if self.violation is not None:
            return
        for when_us, order in self._obedience.settle(at_us):
            self._judge(self._outputs.until(when_us))
            self._obeyed(when_us, order)
        self._judge(self._outputs.until(at_us))
        for notice in self._notices.due(at_us):
            # A device that goes on by a fault of its own does not tell the host that it ended.
            if not self._verdict.excuses.excuse(Rule.RETURN):
                self._plateaus.interrupt(notice.channels, notice.ending.why)

    # -- what is declared

    def limit(self, channel: int, ceiling_ua: int, pattern: Pattern | None = None) -> None:
        """Put a ceiling on a channel, and say what belongs to its pattern."""
        self._verdict.limit(channel, ceiling_ua)
        self._plateaus.pattern(channel, pattern or Pattern())

    def limit_others(self) -> None:
        """Nothing may come out of a channel that was given no ceiling."""
        self._verdict.limit_others()

    def unlimit(self) -> None:
        """Forget the ceilings: another plan, another device."""
        self._verdict.unlimit()

    def armed(self, at_us: int) -> None:
        """Output may be started."""
        self.advance(at_us)
        self._licence.armed()

    def started(self, at_us: int) -> None:
        """Output may begin, from zero."""
        self.advance(at_us)
        if (wrong := self._licence.started()) is not None:
            self._fail(Rule.START, at_us, None, wrong)
        self._zero("a start")

    def paused(self, at_us: int) -> None:
        """Output must end, and may come back slowly."""
        self.advance(at_us)
        self._licence.paused(at_us)
        # The host ended the output before it had to know that the device had done so.
        self._notices.clear()

    def resumed(self, at_us: int, *, from_zero: bool = False) -> None:
        """A pause is over."""
        self.advance(at_us)
        kept = self._licence.resumed(at_us)
        if kept is None:
            self._fail(Rule.START, at_us, None, "resumed what was not paused")
        if from_zero or not kept:
            self._zero("a long pause")
            return
        self._plateaus.resume(at_us)

    def ended(self, at_us: int, why: str = "a stop") -> None:
        """Output must end, and needs arming and start to come back."""
        self.advance(at_us)
        self._licence.ended(at_us, why)
        self._zero(why)

    def plateau(self, at_us: int, channel: int, plateau_ua: int) -> None:
        """The session says which plateau is in force on a channel."""
        self.advance(at_us)
        rises = self._plateaus.declare(at_us, channel, plateau_ua)
        if rises and self.rules.needs_start and not self._licence.running:
            self._fail(Rule.START, at_us, channel, "a plateau was raised without a start")

    def sign(self, at_us: int, name: str) -> None:
        """Something whose life the keep-alive depends on ("face", "journal") was alive."""
        self._licence.sign(at_us, name)

    def lost(self, at_us: int, why: str) -> None:
        """The host, or the line to it, is gone: output must end after the dead-man's time."""
        self.advance(at_us)
        self._licence.lost(at_us, why)

    # -- orders

    def _obeyed(self, at_us: int, order: Order) -> None:
        if not self._host_seen:
            self._ordered(at_us, order, self.rules.line_us)
        if order.initialises:
            self._verdict.excuses.initialised()
        self._asked.ordered(at_us, order)
        if order.trains is not None:
            self._notices.taken_up(order.trains)
        if order.feeds:
            self._licence.fed(at_us)

    def _ordered(self, at_us: int, order: Order, slack_us: int) -> None:
        """Judge what the host wants, on its own side of the line if that can be seen."""
        paused = self._licence.paused_us is not None
        if self._plateaus.loses_all(order, paused=paused):
            self._zero(f"a stop at {at_us} us")
        self._plateaus.ordered(at_us, order, slack_us)

    def _need_licence(self, at_us: int) -> None:
        if self.rules.needs_start and not self._licence.running:
            self._fail(Rule.START, at_us, None, "output was ordered without arming and start")

    # -- the device

    def _from_device(self, at_us: int, data: bytes) -> None:
        """Bytes leave the device."""
        if not self._host_hears:
            self._notices.told(at_us, data)
        for when_us, order in self._obedience.told(at_us, data):
            self._obeyed(when_us, order)

    def _logged(self, row: Mapping[str, Any]) -> None:
        """The device has ended output by itself: the host must know soon."""
        ending = self._endings.get(row["event"])
        if ending is None:
            return
        at_us = row["at_us"]
        channels = (row["channel"],) if "channel" in row else self._plateaus.channels
        left = self._obedience.ended(at_us, row["event"])
        if left is not None:
            self._asked.ordered(at_us, left)
        else:
            self._asked.nothing(at_us, channels)
        # In a pause there is nothing to end, nor after it before anything was ordered again.
        if self._licence.paused_us is None and not self._plateaus.resuming:
            raised = tuple(number for number in channels if self._plateaus.plateau_ua(number))
            self._notices.ended(at_us, raised, ending)

    def _zero(self, why: str) -> None:
        """Everything begins anew, whatever else was going on."""
        self._notices.clear()
        self._plateaus.interrupt(self._plateaus.channels, why)

    def _device_limits(self, row: Mapping[str, Any]) -> None:
        number = row["channel"]
        at_us = row["start_us"]
        if number not in self._asked:
            self._fail(Rule.DEVICE, at_us, number, "the device has no such channel")
        if row.get("period_us", 1) <= 0:
            self._fail(Rule.DEVICE, at_us, number, "a train without a period")

    # -- judging

    def _judge(self, spans: Iterable[Span]) -> None:
        for span in spans:
            if self.violation is None:
                self.spans_judged += 1
                self._judge_span(span)

    def _judge_span(self, span: Span) -> None:
        train = span.train
        if span.fresh:
            self._verdict.ceiling(span.first_us, train.channel, train.peak_ua, "at the electrodes")
        for bound in self._licence.past(span.last_us):
            self._too_late(span, bound)
        if self.rules.line:
            self._judge_asked(span)
        elif span.fresh and self.rules.limits_rise:
            self._plateaus.at_electrodes(span.first_us, train.channel, train.peak_ua)

    def _too_late(self, span: Span, bound: Latest) -> None:
        at_us = span.after(bound.until_us)
        if at_us is not None:
            words = f"{span.train.peak_ua} uA, but {bound.why}"
            self._fail(bound.rule, at_us, span.train.channel, words)

    def _judge_asked(self, span: Span) -> None:
        asked, train = self._asked[span.train.channel], span.train
        level_ua, since_us = asked.since()
        at_us: int | None = span.first_us
        if train.peak_ua <= asked.at(span.first_us):
            at_us = span.after(since_us) if train.peak_ua > level_ua else None
        if at_us is not None:
            words = f"{train.peak_ua} uA, {asked.at(at_us)} uA asked for"
            self._fail(Rule.ASKED, at_us, train.channel, words)

    def _at_electrodes_off(self, row: Mapping[str, Any]) -> None:
        at_us = row["start_us"] + row["count"] * row["period_us"]
        self._plateaus.off_electrodes(at_us, row["channel"])
