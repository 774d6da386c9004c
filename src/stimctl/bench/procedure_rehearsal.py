"""A procedure against the twin in virtual time, twice: a made-up person answers always, and never.

It shows that engine, driver and twin give what the plan says, and no more (N7). It shows nothing of
a real person's threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from firmware_sim.twin import LocalTwin
from stimctl.bench.families import driver_of, twin_of
from stimctl.bench.rehearsal import (
    ChannelReport,
    Rehearsal,
    began_us,
    channel_reports,
    run_problems,
    to_running,
)
from stimctl.bench.virtual import Bench
from stimctl.errors import StimctlError
from stimctl.session.config import LADDER_STEP_UA, MS, SECOND, EngineConfig
from stimctl.session.confirmation import confirmation_of
from stimctl.session.events import Kind
from stimctl.session.intents import Answer, Close, MarkThreshold, NextStage, Raise
from stimctl.session.states import State
from stimctl.stimulus.level import Level
from stimctl.treatment.event_parts import AnswerWord
from stimctl.treatment.program import CurrentChannel, CurrentPlan, Stage, StageKind

Progress = Callable[[int, int], None]

_LOOK_NS = 100 * MS
_ANSWER_AFTER_NS = 100 * MS
_OVER = (State.STOPPED, State.FAULT, State.UNKNOWN)
_AFTER_END_NS = 10 * SECOND
_BLANK = "event-blank"


def rehearse_procedure(
    plan: CurrentPlan,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    device: LocalTwin | None = None,
) -> Rehearsal:
    """Both runs; what goes wrong in one of them is in `problems`, with its name."""
    problems: list[str] = []
    benches = []
    for place, answers in enumerate((True, False)):
        name = plan.sheet.family
        twin = twin_of(name, seed) if device is None or place else device
        config = EngineConfig(watchdog_test=True, attended_by_prompt=False)
        bench = Bench(config, twin=twin, driver=driver_of(name))
        benches.append(bench)
        try:
            _perform(bench, plan, answers=answers)
        except StimctlError as error:
            problems.append(str(error))
        if progress is not None:
            progress(plan.duration_us * (place + 1) // 2, plan.duration_us)
        how = "answered always" if answers else "answered never"
        found = [*run_problems(bench), *_wrong(bench, plan)]
        problems += [f"{how}: {one}" for one in found]
    report = tuple(_report(plan, bench) for bench in benches)
    most = max(report, key=lambda one: sum(each.pulses for each in one))
    over = [problem for one in report for each in one for problem in each.problems()]
    return Rehearsal(
        report=most,
        events=tuple(benches[0].events),
        duration_us=plan.duration_us,
        digest=plan.digest(),
        confirmation=confirmation_of(plan),
        problems=tuple(problems + over),
    )


class _Hand:
    """The made-up person at the twin, and at the answer button."""

    def __init__(self, bench: Bench, plan: CurrentPlan, *, answers: bool) -> None:
        self._bench, self._plan, self._answers = bench, plan, answers
        self._stage: Stage[CurrentChannel] = plan.stages[0]
        self._read = 0
        self._given_ua = 0
        self._left: set[int] = set()

    def go_on(self) -> None:
        """Everything that is due for a person."""
        bench = self._bench
        if bench.state is not State.RUNNING or bench.engine.stopping:
            return
        news = bench.events[self._read :]
        self._read = len(bench.events)
        gave = False
        for event in news:
            if event.kind is Kind.STAGE:
                self._stage = self._plan.stages[int(event.data["number"]) - 1]
            elif event.kind is Kind.PULSE_ACKED:
                gave, self._given_ua = True, int(event.data["amplitude_ua"])
        if gave and self._answers:
            bench.run_for(_ANSWER_AFTER_NS)
            with suppress(StimctlError):  # the event of this pulse has no time for an answer
                bench.command(Answer(AnswerWord.FELT))
        elif self._stage.kind is StageKind.TUNE and self._stage.number not in self._left:
            self._climb(self._stage)

    def _climb(self, stage: Stage[CurrentChannel]) -> None:
        """On the ladder: a step whenever one may be made, then the marks, then on."""
        bench, events = self._bench, stage.events
        assert events is not None
        one = self._plan.channel(events.channel)
        reading = bench.engine.readings(bench.now_ns)[one.channel]
        if reading.wait or bench.now_ns < reading.due_ns:
            return
        following = reading.plateau + one.step
        if following <= one.most:
            bench.command(Raise(one.channel, Level(self._plan.scale, following)))
        elif self._given_ua == reading.plateau:
            self._left.add(stage.number)
            for mark in events.marks:
                bench.command(MarkThreshold(mark))
            if stage.number + 1 < len(self._plan.stages):
                bench.command(NextStage())


def _perform(bench: Bench, plan: CurrentPlan, *, answers: bool) -> None:
    to_running(bench, plan)
    end_ns = bench.now_ns + plan.duration_us * 1_000 + _AFTER_END_NS
    hand = _Hand(bench, plan, answers=answers)
    while bench.state not in _OVER and bench.now_ns < end_ns:
        bench.run_for(_LOOK_NS)
        hand.go_on()
    bench.run_to_state(*_OVER, within_ns=_AFTER_END_NS)
    bench.command(Close())


def _wrong(bench: Bench, plan: CurrentPlan) -> Iterator[str]:
    """What must be so of every event, by the record and by the twin's own."""
    for event in bench.told(Kind.EVENT):
        row = event.data
        if row["outcome"] not in ("given", "blank") and row.get("code") != _BLANK:
            yield f"event {row['number']} of {row['stage']} was not given: {row['reason']}"
    ledger, from_us = bench.ledger(), began_us(bench)
    given = [one.data for one in bench.told(Kind.EVENT) if one.data["outcome"] == "given"]
    for one in plan.channels:
        runs = [run for run in ledger[one.channel].runs if run.start_us >= from_us]
        pulses = sum(run.count for run in runs)
        told = sum(row["channel"] == one.channel for row in given)
        if pulses != told:
            yield f"channel {one.channel}: {pulses} pulses came, and {told} events were given"
        reach = 0
        for run in sorted(runs, key=lambda run: run.start_us):
            if run.peak_ua > reach + LADDER_STEP_UA:
                yield f"channel {one.channel}: A16: {run.peak_ua} uA after at most {reach} uA"
            reach = max(reach, run.peak_ua)


def _report(plan: CurrentPlan, bench: Bench) -> tuple[ChannelReport, ...]:
    """What came out beside the most that may; only more than that is a difference."""
    found = []
    for one in channel_reports(plan, bench.ledger(), began_us(bench)):
        most = one.planned
        over = tuple(
            f"{name}: {value} is more than the {bound} that were planned at most"
            for name, value, bound in (
                ("pulses", one.pulses, most.pulses),
                ("charge (uC)", one.charge_uc, most.charge_uc),
                ("peak (uA)", one.peak_ua, most.peak_ua),
                ("r.m.s. of the worst second (mA)", one.rms_plateau_ma, most.rms_plateau_ma),
            )
            if value > bound * 1.000001
        )
        found.append(replace(one, differences=over))
    return tuple(found)
