"""The shadow model: takes bytes, record rows and marks as they come, and judges each at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .families import current_row
from .judge import Judge
from .orders import Order
from .output_permission import Latest
from .outputs import AllAsked, Outputs, Span
from .rules import Rule, Rules, Violation


class Invariant(Judge):
    """Judges a source of current by its trains and pulses; currents uA."""

    _timed = frozenset({"state", "log", "fault", "rx", "tx", "line"})  # "output" tells the future

    def __init__(
        self, rules: Rules, *, raising: bool = True, log: list[Violation] | None = None
    ) -> None:
        family = current_row(rules)
        super().__init__(rules, family.answer_reader(), family.endings, raising=raising, log=log)
        self._outputs = Outputs()
        self._effects = family.effects()
        self._host = family.reader()
        self._asked = AllAsked(self._plateaus.channels)

    # -- what happens

    def _put_out(self, kind: str, row: Mapping[str, Any]) -> None:
        """A train or a pulse."""
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
        elif kind == "relay" and row["on"]:  # a record that is judged as another device's
            self._fail(Rule.DEVICE, row["at_us"], row["channel"], "the device has no relays")

    def to_device(self, at_us: int, data: bytes) -> None:
        """Bytes have arrived at the device."""
        self.advance(at_us)
        for when_us, order in self._effects.receive(at_us, data):
            self._obeyed(when_us, order)

    def sent(self, at_us: int, data: bytes) -> None:
        """The host has put bytes on the line."""
        self._host_seen = True
        self.advance(at_us)
        for order in self._host.feed(data):
            if order.gives_output:
                self._need_permission(at_us)
            self._ordered(at_us, order, 0)

    def advance(self, at_us: int) -> None:
        """Time has passed: whatever began before at_us is judged now."""
        if self.violation is not None:
            return
        for when_us, order in self._effects.settle(at_us):
            self._judge(self._outputs.until(when_us))
            self._obeyed(when_us, order)
        self._judge(self._outputs.until(at_us))
        self._see_notices(at_us)

    # -- orders

    def _obeyed(self, at_us: int, order: Order) -> None:
        if not self._host_seen:
            self._ordered(at_us, order, self.rules.line_us)
        if order.initialises:
            self._verdict.exemptions.initialised()
        self._asked.ordered(at_us, order)
        if order.trains is not None:
            self._notices.taken_up(order.trains)
        if order.feeds:
            self._permission.fed(at_us)

    def _ordered(self, at_us: int, order: Order, slack_us: int) -> None:
        """Judge what the host wants, on its own side of the line if that can be seen."""
        paused = self._permission.paused_us is not None
        if self._plateaus.loses_all(order, paused=paused):
            self._zero(f"a stop at {at_us} us")
        self._plateaus.ordered(at_us, order, slack_us)

    # -- the device

    def _from_device(self, at_us: int, data: bytes) -> None:
        """Bytes leave the device."""
        if not self._host_hears:
            self._told(at_us, data)
        for when_us, order in self._effects.told(at_us, data):
            self._obeyed(when_us, order)

    def _logged(self, row: Mapping[str, Any]) -> None:
        """The device has ended output by itself: the host must know soon."""
        ending = self._endings.get(row["event"])
        if ending is None:
            return
        at_us = row["at_us"]
        channels = (row["channel"],) if "channel" in row else self._plateaus.channels
        left = self._effects.ended(at_us, row["event"])
        if left is not None:
            self._asked.ordered(at_us, left)
        else:
            self._asked.nothing(at_us, channels)
        # In a pause there is nothing to end, nor after it before anything was ordered again.
        if self._permission.paused_us is None and not self._plateaus.resuming:
            raised = tuple(number for number in channels if self._plateaus.plateau(number))
            self._notices.ended(at_us, raised, ending)

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
        for bound in self._permission.past(span.last_us):
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
        # An order that comes between a test pulse and its pulse is too late for this one.
        if train.peak_ua <= asked.at(span.first_us - train.lead_us):
            later = since_us + train.lead_us
            at_us = span.after(later) if train.peak_ua > level_ua else None
        if at_us is not None:
            words = f"{train.peak_ua} uA, {asked.at(at_us)} uA asked for"
            self._fail(Rule.ASKED, at_us, train.channel, words)

    def _at_electrodes_off(self, row: Mapping[str, Any]) -> None:
        at_us = row["start_us"] + row["count"] * row["period_us"]
        self._plateaus.off(at_us, row["channel"])
