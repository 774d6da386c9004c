"""A line, electrodes and marks as a test writes them down, told to an invariant in order."""

from __future__ import annotations

from typing import Any

from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import encode
from firmware_sim.invariant import BARE, STRICT, Invariant, Pattern, Rules, Violation, fitted

MS = 1_000
SECOND = 1_000_000
READY_US = 100 * MS
PERIOD_US = 20 * MS


def points(level_ua: int, width_us: int) -> bytes:
    words = [width_us << 20 | (300 + sign * level_ua // 500) << 10 for sign in (1, -1)]
    return b"".join(word.to_bytes(4, "big") for word in words)


def update(
    levels: dict[int, int], *, width_us: int = 200, period_us: int = PERIOD_US, ramp: int = 0
) -> bytes:
    """An Ml_update with biphasic pulses on these channels."""
    data = bytes((sum(1 << channel - 1 for channel in levels),))
    for channel in sorted(levels):
        half_ms, rest = divmod(period_us, 500)
        period = half_ms << 1 if not rest else period_us // 250 << 1 | 1
        data += bytes((1 << 4 | ramp,)) + period.to_bytes(2, "big")
        data += points(levels[channel], width_us)
    return encode(1, Command.ML_UPDATE, data)


def pulse(channel: int, level_ua: int) -> bytes:
    head = 0x80 | (channel - 1) % 4 << 5 | (channel - 1) // 4 << 4 | 1
    return encode(1, Command.LL_CHANNEL_CONFIG, bytes((head,)) + points(level_ua, 200))


KEEP_ALIVE = encode(1, Command.ML_GET_CURRENT_DATA, b"\x04")
ML_INIT = encode(1, Command.ML_INIT, b"\0")
ML_STOP = encode(1, Command.ML_STOP, b"")
LL_INIT = encode(1, Command.LL_INIT, b"\0")


def row(kind: str, start_us: int, peak_ua: int, *, channel: int = 1, **more: Any) -> dict[str, Any]:
    """A record row with biphasic points."""
    wave = [[200, peak_ua], [200, -peak_ua]]
    return {"kind": kind, "channel": channel, "start_us": start_us, "points": wave, **more}


def louder(
    trace: list[dict[str, Any]], where: int, more_ua: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A record with one of its trains, whose row comes along, stronger by more_ua."""
    opened = [row for row in trace if row["kind"] == "train_open" and row["points"][0][1]]
    changed = opened[where % len(opened)]
    (time_us, current_ua), *rest = changed["points"]
    other = {**changed, "points": [[time_us, current_ua + more_ua], *rest]}
    return [other if row is changed else row for row in trace], changed


class World:
    """An invariant that is told; `violation` is what it found. A raise of 500 uA is one step."""

    def __init__(self, rules: Rules = STRICT, *, licensed: bool = True) -> None:
        self.invariant = Invariant(fitted(rules, rules.family or "p24"), raising=False)
        self.tell = self.invariant
        self.tell.to_device(0, ML_INIT)
        if licensed:
            self.tell.armed(READY_US)
            self.tell.started(READY_US)

    @property
    def violation(self) -> Violation | None:
        return self.invariant.violation

    @property
    def rule(self) -> str | None:
        """The broken rule, in words."""
        return None if self.violation is None else self.violation.rule.value

    def order(self, at_us: int, level_ua: int, **how: Any) -> World:
        """The host wants a level on channel 1, and the device obeys at once."""
        data = update({1: level_ua} if level_ua else {}, **how)
        self.tell.sent(at_us, data)
        self.tell.to_device(at_us, data)
        return self

    def raise_to(self, level_ua: int, at_us: int = READY_US) -> int:
        """Step by step as the rules allow; returns the time of the last step."""
        for level in range(500, level_ua + 1, 500):
            self.order(at_us, level)
            at_us += 250 * MS
        return at_us - 250 * MS

    def pattern(self, **what: Any) -> World:
        self.tell.limit(1, 130_000, Pattern(**what))
        return self

    def pulse(self, at_us: int, peak_ua: int, channel: int = 1) -> World:
        """One pulse at the electrodes."""
        self.tell.row(row("pulse", at_us, peak_ua, channel=channel))
        return self


def bare() -> World:
    return World(BARE, licensed=False)
