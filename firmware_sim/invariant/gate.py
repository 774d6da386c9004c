"""The judge of a device that has no current of its own: it lets through what another one gives.

Levels are percent of its own scale. What is judged at the electrodes are the relays and how far the
potentiometers are turned while they are closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firmware_sim.firmware.openemsstim_output import WEAKEST

from .families import gate_row
from .gate_orders import Message
from .gate_relays import OnTheLine, Received, Relay, Waiting
from .judge import Judge
from .orders import Train
from .output_permission import Latest
from .rules import Rule, Rules, Violation

#: Width and rate are the other unit's business: as narrow and as slow as none that is told.
_WIDTH_US, _PERIOD_US = 1, 10**12


@dataclass(slots=True)
class Broken:
    """What happened to the board since the last start, and from when on its host must know it."""

    why: str
    known_us: int


class GateInvariant(Judge):
    """Judges an attenuator with relays by its rows, the bytes to it, and what a session allowed."""

    _timed = frozenset({"wiper", "relay", "log", "fault", "defect", "rx", "tx"})

    def __init__(
        self, rules: Rules, *, raising: bool = True, log: list[Violation] | None = None
    ) -> None:
        family = gate_row(rules)
        super().__init__(rules, family.answer_reader(), family.endings, raising=raising, log=log)
        self._board = family.answer_reader()
        self._host, self._line = family.reader(), family.reader()
        self._on_line, self._waiting = OnTheLine(rules.line_us), Waiting()
        self._relays = {number: Relay(number) for number in self._plateaus.channels}
        self._lasts_us: dict[int, int] = {}  # until when a channel is on, for its host
        self._said_us: dict[int, int] = {}  # when the last message for a channel arrived
        self._wrong = ""  # why nothing may come out, whatever channel it is
        self._noisy = False  # the line has, or had, a fault
        self._guilty = False  # its host has said itself what no host may
        self._stray_us: int | None = None  # when the line made such a message of another one
        self._broken: Broken | None = None

    # -- what happens

    def row(self, row: Mapping[str, Any]) -> None:
        """A row of the record."""
        self._noisy |= row["kind"] == "fault"
        super().row(row)

    def _put_out(self, kind: str, row: Mapping[str, Any]) -> None:
        """A potentiometer is turned, or a relay switched."""
        if kind == "wiper":
            self._turned(row["at_us"], self._relays[row["channel"]], row["value"])
        elif kind == "relay":
            self._switched(row["at_us"], self._relays[row["channel"]], closed=row["on"])

    def to_device(self, at_us: int, data: bytes) -> None:
        """Bytes have arrived at the device."""
        self.advance(at_us)
        for relay in self._relays.values():
            relay.heard_us = at_us
        for when_us, message in self._line.feed(at_us, data):
            self._received(when_us, message)

    def sent(self, at_us: int, data: bytes) -> None:
        """The host has put bytes on the line."""
        self._host_seen = True
        self.advance(at_us)
        for when_us, message in self._host.feed(at_us, data):
            self._ordered(when_us, message, 0)

    def advance(self, at_us: int) -> None:
        """Time has passed: whether a relay may have been closed until at_us is judged now."""
        if self.violation is not None:
            return
        for when_us, message in self._line.settle(at_us):
            self._received(when_us, message)
        for when_us, message in self._host.settle(at_us):
            self._ordered(when_us, message, 0)
        for relay in self._relays.values():
            if relay.closed:
                self._judge(relay, at_us)
        self._see_notices(at_us)

    def started(self, at_us: int) -> None:
        """Output may begin, from zero."""
        super().started(at_us)
        self._broken = None

    # -- orders

    def _ordered(self, at_us: int, message: Message, slack_us: int) -> None:
        """Judge what the host wants, on its own side of the line if that can be seen."""
        for number, until_us in list(self._lasts_us.items()):
            if message.stops or until_us < at_us:
                del self._lasts_us[number]
                self._plateaus.off(min(until_us, at_us), number)
        channel, percent = message.channel, message.percent
        if channel is None or percent is None:
            self._guilty |= bool(message.wrong)
            return
        if message.ends and channel in self._lasts_us:
            del self._lasts_us[channel]
            self._plateaus.off(at_us, channel)
            return
        if self._host_seen:
            self._need_permission(at_us)
            self._on_line.sent(at_us, channel, self._opening(at_us, channel, 0))
        self._lasts_us[channel] = at_us + 1_000 * (message.on_ms or 0)
        self._plateaus.train(at_us, channel, Train(percent, _WIDTH_US, _PERIOD_US), slack_us)

    def _received(self, at_us: int, message: Message) -> None:
        """The board has got a message; what comes of it the record tells."""
        channel = message.channel
        if channel is None:
            if message.stops:
                self._on_line.stopped()
            self._take_wrong(at_us, message.wrong)
            if not self._host_seen:
                self._ordered(at_us, message, self.rules.line_us)
            return
        self._said_us[channel] = at_us
        broken = self._broken
        stale = broken.why if broken is not None and at_us > broken.known_us else ""
        opening = self._on_line.arrived(at_us, channel)
        opening = max(opening, self._opening(at_us, channel, self.rules.line_us))
        # Until its host knows that the board has opened a relay by itself, it renews what was.
        judged = self.rules.limits_rise and self._host_seen and broken is None
        self._waiting.received(Received(at_us, message, opening if judged else None, stale))

    def _take_wrong(self, at_us: int, wrong: str) -> None:
        """A host that says it may close nothing more; what the line has made of other bytes its
        host must notice, and end, as soon as output ends after its own death."""
        if not wrong:
            return
        if self._guilty or not (self._host_seen or self._noisy):
            self._wrong = self._wrong or wrong
        elif self._stray_us is None:
            self._stray_us = at_us

    def _opening(self, at_us: int, channel: int, slack_us: int) -> int:
        """With how much a relay that is open may be closed: no more than a ramp begins with."""
        rules = self.rules
        plateau = self._plateaus.in_force(at_us, channel, slack_us)
        return 2 * rules.step + plateau * rules.ramp_burst_us // rules.ramp_us if plateau else 0

    # -- the device

    def _from_device(self, at_us: int, data: bytes) -> None:
        """Bytes leave the device."""
        was_ready = self._board.ready
        self._board.feed(data)
        if self._board.ready and not was_ready:
            self._waiting.started(at_us)
        if not self._host_hears:
            self._told(at_us, data)

    def _told(self, at_us: int, data: bytes) -> None:
        """What the board says is known to its host."""
        told, broken = self._notices.told(at_us, data), self._broken
        if told and broken is not None:
            broken.known_us = min(broken.known_us, at_us + self.rules.line_us)

    def _turned(self, at_us: int, relay: Relay, value: int) -> None:
        """A potentiometer is turned: by a message, or down before its relay opens."""
        relay.value = value
        found = self._find(at_us, relay, value)
        if found is not None:
            self._obeys(at_us, relay, found)
        elif not self.rules.line and value != WEAKEST:
            relay.obeyed_us = at_us
        if relay.closed:
            stray = self._stray_us is not None
            if found is None and value != WEAKEST and self.rules.line and not stray:
                self._fail(Rule.ASKED, at_us, relay.channel, f"turned to {value}, and no message")
            self._level(at_us, relay)

    def _switched(self, at_us: int, relay: Relay, *, closed: bool) -> None:
        """A relay is switched."""
        relay.closed, relay.judged_us = closed, at_us
        relay.stray_us = None
        if not closed:
            relay.fresh = False
            if not any(one.closed for one in self._relays.values()):
                self._stray_us = None
            return
        if not relay.fresh and (found := self._find(at_us, relay, None)) is not None:
            self._obeys(at_us, relay, found)
        elif not self.rules.line:  # any message may have closed it
            relay.obeyed_us = at_us
        if not relay.fresh and self._stray_us is not None:
            relay.stray_us = at_us
        self._level(at_us, relay)
        self._judge(relay, at_us + 1)
        if self.rules.line:
            self._as_asked(at_us, relay)
        relay.fresh = False

    def _find(self, at_us: int, relay: Relay, value: int | None) -> Received | None:
        late = not self._board.ready
        return self._waiting.obeyed(at_us, relay.channel, value, late=late)

    def _obeys(self, at_us: int, relay: Relay, found: Received) -> None:
        relay.obeyed, relay.obeyed_us, relay.fresh = found, at_us, True
        relay.stray_us = None
        if not self._host_seen:
            self._ordered(at_us, found.message, self.rules.line_us)

    def _as_asked(self, at_us: int, relay: Relay) -> None:
        """A relay that was open is closed: for a message, and with no more than it may begin."""
        found = relay.obeyed if relay.fresh else None
        asked = None if found is None else found.message.percent
        if found is None and self._stray_us is not None:
            return  # its time is bounded, in `_past`
        if found is None or asked is None:
            self._fail(Rule.ASKED, at_us, relay.channel, "closed, and no message")
            return
        if found.stale and self.rules.needs_start:
            words = f"closed after {found.stale}, without a start"
            self._fail(Rule.RETURN, at_us, relay.channel, words)
        if relay.percent > asked:
            words = f"{relay.percent} % let through, {asked} % asked for"
            self._fail(Rule.ASKED, at_us, relay.channel, words)
        if found.opening is not None and relay.percent > found.opening:
            words = f"closed at once with {relay.percent} %, {found.opening} % at most"
            self._fail(Rule.RISE, at_us, relay.channel, words)

    def _logged(self, row: Mapping[str, Any]) -> None:
        """The board has ended output by itself, or could not turn a potentiometer."""
        at_us = row["at_us"]
        if row["event"] == "potentiometer does not answer":
            relay = self._relays[row["channel"]]
            if relay.closed and (found := self._find(at_us, relay, None)) is not None:
                self._obeys(at_us, relay, found)
        ending = self._endings.get(row["event"])
        if ending is None:
            return
        self._waiting.clear()
        self._broken = Broken(ending.why, at_us + self.rules.notice_us)
        if row["event"] == "reset":
            self._wrong, self._guilty, self._stray_us = "", False, None
            self._board.ready = False
            self._verdict.exemptions.initialised()
        if self._permission.paused_us is None and not self._plateaus.resuming:
            raised = tuple(one for one in self._relays if self._plateaus.plateau(one))
            self._notices.ended(at_us, raised, ending)

    # -- judging

    def _level(self, at_us: int, relay: Relay) -> None:
        """Judge what a closed relay lets through, and by which message."""
        wrong = self._wrong or (relay.obeyed.message.wrong if relay.obeyed is not None else "")
        if wrong:
            self._fail(Rule.DEVICE, at_us, relay.channel, f"closed after {wrong}")
        if relay.stray_us is None:  # how much that is, no host has chosen
            self._verdict.ceiling(at_us, relay.channel, relay.percent, "at the electrodes")

    def _judge(self, relay: Relay, at_us: int) -> None:
        """Judge whether a relay may have been closed until then."""
        if not relay.closed or relay.judged_us >= at_us or self.violation is not None:
            return
        self.spans_judged += 1
        first_us, relay.judged_us = relay.judged_us, at_us
        for bound in self._past(relay, at_us - 1):
            words = f"{relay.percent} % let through, but {bound.why}"
            self._fail(bound.rule, max(first_us, bound.until_us + 1), relay.channel, words)
        if self._wrong:
            self._fail(Rule.DEVICE, first_us, relay.channel, f"closed after {self._wrong}")

    def _past(self, relay: Relay, at_us: int) -> list[Latest]:
        """Every bound on the time of output that has passed by then, the earliest first."""
        if relay.stray_us is not None:
            # Bytes that the line has made up close a relay whenever they come, and no host can
            # keep them from it. It can have it open again as soon as after its own death.
            after_us = relay.stray_us + self.rules.dead_man_us + self.rules.margin_us
            words = f"what the line made of a message closed it at {relay.stray_us} us"
            return [Latest(after_us, Rule.DEVICE, words)] if after_us < at_us else []
        bounds = self._permission.past(at_us)
        until_us = relay.until_us()
        if until_us < at_us:
            words = f"its on-time began at {relay.obeyed_us} us"
            bounds.append(Latest(until_us, Rule.ASKED, words))
        said_us = self._said_us.get(relay.channel)
        if said_us is not None and self.rules.needs_start:
            after_us = said_us + self.rules.dead_man_us + self.rules.margin_us
            if after_us < at_us:
                words = f"the last message for it came at {said_us} us"
                bounds.append(Latest(after_us, Rule.DEAD_MAN, words))
        return sorted(bounds, key=lambda one: one.until_us) if bounds else bounds
