"""An openEMSstim as a test writes it down: what a host says, what relays do, what is allowed."""

from __future__ import annotations

from typing import Any

from firmware_sim.firmware.openemsstim_fields import wiper
from firmware_sim.invariant import STRICT, GateInvariant, Rules, Violation, fitted

MS = 1_000
SECOND = 1_000_000
READY_US = 1_000 * MS
EFFECT_US = 80 * MS
"""From a message to what it does."""
BURST_MS = 750
WEAKEST = 255
STOP = b"Connection End\n"


def hexed(text: str) -> bytes:
    return b"WV,0018," + text.encode().hex().upper().encode() + b".\n"


def says(channel: int, percent: int, on_ms: int = BURST_MS) -> bytes:
    return hexed(f"C{channel - 1}I{percent}T{on_ms}G")


class GateWorld:
    """A board that has started, and a session with a plan of channel 1 up to 60 %."""

    def __init__(
        self, rules: Rules = STRICT, *, licensed: bool = True, heard: bool = True, raised: int = 0
    ) -> None:
        self.judge = GateInvariant(fitted(rules, "openemsstim"), raising=False)
        self.now_us = READY_US
        self._closed: set[int] = set()
        self.tx(READY_US - 300 * MS, b"\nSETUP:\r\n")
        self.tx(READY_US - 200 * MS, b"SETUP DONE (LED 13 WILL BE ON)\r\n")
        self.judge.limit(1, 60)
        self.judge.limit_others()
        if heard:
            self.judge.sent(READY_US - 100 * MS, b"")
        if licensed:
            self.judge.armed(READY_US)
            self.judge.started(READY_US)
        for percent in range(1, raised + 1):
            self.raise_to(percent)

    @property
    def violation(self) -> Violation | None:
        return self.judge.violation

    @property
    def rule(self) -> str | None:
        """The broken rule, in words."""
        return None if self.violation is None else self.violation.rule.value

    # -- one thing each

    def row(self, kind: str, at_us: int, **more: Any) -> GateWorld:
        self.judge.row({"kind": kind, "at_us": at_us, **more})
        return self

    def tx(self, at_us: int, data: bytes) -> GateWorld:
        return self.row("tx", at_us, hex=data.hex())

    def send(self, at_us: int, data: bytes) -> GateWorld:
        """The host says something that arrives at once."""
        self.judge.sent(at_us, data)
        return self.row("rx", at_us, hex=data.hex())

    def turn(self, at_us: int, value: int, channel: int = 1) -> GateWorld:
        return self.row("wiper", at_us, channel=channel, value=value)

    def relay(self, at_us: int, *, on: bool, channel: int = 1) -> GateWorld:
        if on != (channel in self._closed):  # a record tells of changes
            self._closed ^= {channel}
            self.row("relay", at_us, channel=channel, on=on)
        return self

    def log(self, at_us: int, event: str) -> GateWorld:
        return self.row("log", at_us, event=event)

    # -- what a healthy board does

    def burst(self, at_us: int, percent: int, *, on_ms: int = BURST_MS, channel: int = 1) -> int:
        """The host says it, and the board does it; returns when it was done."""
        self.send(at_us, says(channel, percent, on_ms))
        done_us = at_us + EFFECT_US
        self.turn(done_us, wiper(percent), channel)
        self.relay(done_us, on=True, channel=channel)
        return done_us

    def off(self, at_us: int, channel: int = 1) -> GateWorld:
        """The board switches off, as at the end of an on-time."""
        self.turn(at_us, WEAKEST, channel)
        return self.relay(at_us + 50 * MS, on=False, channel=channel)

    def raise_to(self, percent: int, *, channel: int = 1) -> int:
        """A step of the plateau that is followed; the time goes on by 300 ms."""
        self.judge.plateau(self.now_us, channel, percent)
        done_us = self.burst(self.now_us, percent, channel=channel)
        self.now_us += 300 * MS
        return done_us

    def hold(self, percent: int, until_us: int) -> None:
        """Renewed in time, again and again."""
        while self.now_us <= until_us:
            self.burst(self.now_us, percent)
            self.now_us += 400 * MS
