"""Hangs the invariant on a virtual bench: bytes, electrodes, and the marks of its session."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from firmware_sim.invariant import STRICT, Judge, Rules, Violation, fitted, lets_through, watch
from stimctl.session.row_base import Kind
from stimctl.testing.marks import SessionMarks, limit_to

if TYPE_CHECKING:
    from stimctl.bench import Bench
    from stimctl.devices.sheet import CapabilitySheet
    from stimctl.session.events import SessionEvent


def watch_bench(
    bench: Bench,
    rules: Rules = STRICT,
    *,
    raising: bool = True,
    log: list[Violation] | None = None,
) -> Judge:
    """Judge a bench from now on, which should be from its beginning."""
    fitting = rules_for(rules, bench.driver.sheet)
    invariant = watch(bench.twin.recorder, fitting, raising=raising, log=log)
    _Ears(bench, invariant)
    return invariant


def rules_for(rules: Rules, sheet: CapabilitySheet) -> Rules:
    """The rules with the numbers of a device family. One whose bytes the shadow model cannot read
    is judged at its electrodes; one without a current (an openEMSstim lets through, in percent,
    what another device makes) at its relays, and by its own percent."""
    fitting = fitted(rules, sheet.family)
    if lets_through(sheet.family):
        lasts_us = sheet.run_after_host_death.under_our_rules_us
        return replace(fitting, dead_man_us=lasts_us or fitting.dead_man_us)
    return replace(
        fitting,
        step=sheet.bounds.amplitude_step_ua,
        dead_man_us=sheet.watchdog_us or rules.dead_man_us,
    )


class _Ears:
    """Stands between engine, line and twin of a bench, and changes nothing that passes."""

    def __init__(self, bench: Bench, invariant: Judge) -> None:
        self._bench = bench
        self._invariant = invariant
        self._marks = SessionMarks(invariant)
        self._sent: deque[tuple[int, bytes]] = deque()
        self._plan: Any = None
        engine: Any = bench.engine
        line: Any = bench.to_device
        watched: Any = bench
        self._events, self._notify = engine.events, engine.notify
        self._send, self._hold, self._command = line.send, watched._hold, bench.command
        self._receive = engine.receive
        engine.events, engine.notify = self._heard_events, self._heard_fact
        engine.receive = self._heard_device
        line.send, watched.command = self._heard_bytes, self._heard_intent
        watched._hold = self._heard_writing
        # The host can be watched: what it orders, and what it knows, is judged there.
        invariant.sent(0, b"")
        invariant.heard(0, b"")

    def _heard_intent(self, intent: Any) -> None:
        if type(intent).__name__ == "LoadPlan":
            self._plan = intent.plan
        self._command(intent)

    def _heard_bytes(self, now_ns: int, data: bytes) -> None:
        self._sent.append((now_ns // 1_000, data))
        self._send(now_ns, data)

    def _heard_writing(self, unread: Any, frame: Any) -> None:
        """A host orders when it writes, not when the device reads again."""
        self._sent.append((self._bench.now_ns // 1_000, frame.data))
        self._hold(unread, frame)

    def _heard_device(self, now_ns: int, data: bytes) -> None:
        self._invariant.heard(now_ns // 1_000, data)
        self._receive(now_ns, data)

    def _heard_events(self) -> list[SessionEvent]:
        events: list[SessionEvent] = self._events()
        for event in events:
            if event.kind is Kind.PLAN and self._plan is not None:
                limit_to(self._invariant, self._plan)
            self._judge_sent(event.at_ns // 1_000)
            self._marks.take(event.as_dict())
        self._judge_sent(None)
        return events

    def _judge_sent(self, before_us: int | None) -> None:
        """Bytes are judged after the events of the same moment, which say what they rest on."""
        while self._sent and (before_us is None or self._sent[0][0] < before_us):
            self._invariant.sent(*self._sent.popleft())

    def _heard_fact(self, now_ns: int, fact: Any) -> None:
        name = type(fact).__name__
        if name == "FaceAlive":
            self._invariant.sign(now_ns // 1_000, "face")
        elif name == "JournalDurable":
            self._invariant.sign(now_ns // 1_000, "journal")
        self._notify(now_ns, fact)
