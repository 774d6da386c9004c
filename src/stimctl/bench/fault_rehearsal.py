"""A session on a disturbed twin: what happened, and whether it ended safely.

Nobody acts on what happens: the plan's script raises, and what ends the session is the session.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from firmware_sim.faults import FaultyTwin
from stimctl.bench.disturbances import Disturbance
from stimctl.bench.families import driver_of
from stimctl.bench.rehearsal import ChannelReport, Progress, began_us, channel_reports
from stimctl.bench.virtual import Bench
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import ExitCode, StimctlError
from stimctl.session.config import SECOND, STOP_OVERDUE_NS, TRIP_MARGIN_NS, EngineConfig
from stimctl.session.events import Kind, SessionEvent
from stimctl.session.intents import Arm, Close, Connect, LoadPlan, Start
from stimctl.session.states import State
from stimctl.treatment.program import CurrentPlan

WITHHELD = (
    "what is rehearsed with a scenario, a fault or another firmware shows what happens then, not "
    "that this session is delivered as planned"
)
"""Why there are no four characters for a run on hardware."""
_SLICES = 100
_STEP_WITHIN_NS = 10 * SECOND
_ZERO_WITHIN_NS = 30 * SECOND
_WATCHED_NS = 10 * SECOND
"""So long it is watched after the end: what comes back is seen."""
_HAS_OUTPUT = frozenset({State.ARMED, State.RUNNING, State.PAUSED})
_AT_ZERO = frozenset({State.DISCONNECTED, State.STOPPED, State.CLOSED, State.FAULT})
_TOLD = frozenset({"fault", "body", "log", "defect"})

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended. Times are us of the twin's clock.

    `completed`: the plan ran to its end. `confirmed`: the session says zero, and has verified it.
    `stopped_us`: when it first ordered the last zero. `last_output_us`: by the twin's own record;
    None = there was no output. `allowed_us`: from the order to the last output, at most.
    `output_left`: at the end current may still flow. `recorded`: the device keeps a record.
    """

    state: State
    completed: bool
    reason: str
    confirmed: bool
    stopped_us: int | None
    last_output_us: int | None
    allowed_us: int
    output_left: bool
    recorded: bool

    @property
    def after_us(self) -> int | None:
        """From the order to the last output; 0 where there was none after it."""
        if self.stopped_us is None or self.last_output_us is None:
            return None
        return max(0, self.last_output_us - self.stopped_us)

    @property
    def in_time(self) -> bool:
        """Zero at the electrodes, early enough, to the end."""
        if self.output_left:
            return False
        if self.last_output_us is None:
            return True
        return self.after_us is not None and self.after_us <= self.allowed_us

    @property
    def safe(self) -> bool:
        """Zero in time, and the session knows it."""
        return self.in_time and self.confirmed


@dataclass(frozen=True, slots=True)
class FaultRehearsal:
    """What a disturbed session showed. `rows`: what the twin told of itself and the person."""

    disturbance: Disturbance
    report: tuple[ChannelReport, ...]
    events: tuple[SessionEvent, ...]
    rows: tuple[Row, ...]
    never_begun: tuple[str, ...]
    ending: Ending
    problems: tuple[str, ...]
    duration_us: int
    digest: str
    stop_instruction: str

    @property
    def exit_code(self) -> ExitCode:
        """DONE as planned; REFUSED stopped or changed, but at zero; else NOT_CONFIRMED_ZERO."""
        if not self.ending.safe:
            return ExitCode.NOT_CONFIRMED_ZERO
        as_planned = self.ending.completed and not self.problems
        return ExitCode.DONE if as_planned else ExitCode.REFUSED

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, without the session's events. There is never a confirmation."""
        ending = self.ending
        return {
            "ok": self.exit_code is ExitCode.DONE,
            "problems": list(self.problems),
            "duration_us": self.duration_us,
            "digest": self.digest,
            "confirmation": None,
            "confirmation_withheld": WITHHELD,
            "situation": self.disturbance.as_dict(),
            "exit_code": int(self.exit_code),
            "ending": {
                **asdict(ending),
                "after_us": ending.after_us,
                "in_time": ending.in_time,
                "safe": ending.safe,
            },
            "channels": [asdict(one) for one in self.report],
            "faults": [dict(row) for row in self.rows if row["kind"] == "fault"],
            "faults_never_begun": list(self.never_begun),
            "person": [dict(row) for row in self.rows if row["kind"] == "body"],
            "device": [dict(row) for row in self.rows if row["kind"] in ("log", "defect")],
        }


def rehearse_fault(
    plan: CurrentPlan, disturbance: Disturbance, *, progress: Progress | None = None
) -> FaultRehearsal:
    """Run a disturbed plan, from connection until the output is over and stays so.

    UsageError for a device family without a twin, and for a fault that the device cannot have;
    DeviceFaultError where a lock-step firmware fails.
    """
    family = plan.sheet.family
    with disturbance.twin(family) as twin:
        config = EngineConfig(scripted_raise=True, watchdog_test=True, attended_by_prompt=False)
        bench = Bench(config, twin=twin, driver=driver_of(family))
        failed = _play(bench, plan, progress)
        return _summed_up(bench, twin, plan, disturbance, failed)


def _play(bench: Bench, plan: CurrentPlan, progress: Progress | None) -> str:
    """The whole session; why it could not be begun, or nothing."""
    try:
        failed = _begin(bench, plan)
    except StimctlError as error:
        failed = str(error)
    if not failed:
        began_ns = bench.now_ns
        for done in range(1, _SLICES + 1):
            until_us = plan.duration_us * done // _SLICES
            if bench.run_until(lambda: bench.state not in _HAS_OUTPUT, began_ns + until_us * 1_000):
                break
            if progress is not None:
                progress(until_us, plan.duration_us)
    if progress is not None:
        progress(plan.duration_us, plan.duration_us)
    _end(bench)
    return failed


def _begin(bench: Bench, plan: CurrentPlan) -> str:
    steps = (
        (Connect(), State.IDENTIFIED, "the device could not be connected"),
        (LoadPlan(plan), State.CHECKED, "the device did not pass the check before the start"),
        (Arm(), State.ARMED, "zero could not be verified before the start"),
        (Start(), State.RUNNING, "the session could not be started"),
    )
    for intent, state, failed in steps:
        bench.command(intent)
        reached = (state, State.FAULT, State.UNKNOWN)
        bench.run_to_state(*reached, within_ns=_STEP_WITHIN_NS)
        if bench.state is not state:
            return failed
    return ""


def _end(bench: Bench) -> None:
    def at_zero() -> bool:
        return bench.state in _AT_ZERO and not bench.engine.stopping

    bench.run_until(at_zero, bench.now_ns + _ZERO_WITHIN_NS)
    if bench.state is State.STOPPED:  # a fault is left for a person to look at
        bench.command(Close())
    bench.run_for(_WATCHED_NS)


def _summed_up(
    bench: Bench, twin: FaultyTwin, plan: CurrentPlan, disturbance: Disturbance, failed: str
) -> FaultRehearsal:
    rows = twin.records()
    recorded = not disturbance.lock_step or any(row["kind"] not in _TOLD for row in rows)
    ending = _ending(bench, plan.sheet, failed, recorded=recorded)
    report = tuple(channel_reports(plan, bench.ledger(), began_us(bench))) if recorded else ()
    begun = {row["fault"] for row in rows if row["kind"] == "fault"}
    return FaultRehearsal(
        disturbance=disturbance,
        report=report,
        events=tuple(bench.events),
        rows=tuple(row for row in rows if row["kind"] in _TOLD),
        never_begun=tuple(str(one) for one in disturbance.every_fault if one.name not in begun),
        ending=ending,
        problems=tuple(_problems(bench, report, failed)),
        duration_us=plan.duration_us,
        digest=plan.digest(),
        stop_instruction=plan.sheet.stop_instruction,
    )


def _problems(bench: Bench, report: tuple[ChannelReport, ...], failed: str) -> Iterator[str]:
    if failed:
        yield failed
    for event in bench.told(Kind.CONNECT_FAILED):
        yield f"connection: {event.data['reason']}"
    for event in bench.told(Kind.ALARM):
        yield f"alarm: {event.data['what']}"
    for event in bench.told(Kind.REFUSED):
        yield f"refused: {event.data['reason']}"
    for one in report:
        yield from one.problems()


def _ending(bench: Bench, sheet: CapabilitySheet, failed: str, *, recorded: bool) -> Ending:
    ended = bench.told(Kind.ENDED)
    stops = [one.at_ns for one in _for_good(bench, Kind.STOPPING)]
    unknown = bench.told(Kind.UNKNOWN)
    last = ended[-1:] or unknown[-1:]
    watchdog_us = sheet.watchdog_us or STOP_OVERDUE_NS // 1_000
    return Ending(
        state=bench.state,
        completed=any(one.data["outcome"] == "completed" for one in ended),
        reason=failed or (str(last[0].data["reason"]) if last else ""),
        # A stop that is merely repeated takes nothing back; one that fails leads to UNKNOWN.
        confirmed=bench.state in _AT_ZERO
        and (not bench.engine.stopping or bool(_for_good(bench, Kind.ZERO_VERIFIED))),
        stopped_us=stops[0] // 1_000 if stops else None,
        last_output_us=bench.ledger().last_output_us,
        allowed_us=watchdog_us + TRIP_MARGIN_NS // 1_000,
        output_left=bench.twin.stimulating,
        recorded=recorded,
    )


def _for_good(bench: Bench, kind: Kind) -> list[SessionEvent]:
    return [one for one in bench.told(kind) if one.data["purpose"] == "stop"]
