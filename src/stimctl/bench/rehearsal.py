"""A whole session against the twin in virtual time: what the plan says beside what came out.

What came out is held against the plan, and against the limits themselves.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from firmware_sim.ledger import ChannelLedger, Ledger
from firmware_sim.twin import LocalTwin
from stimctl.bench.by_hand import problems_let_through, raise_by_hand
from stimctl.bench.families import driver_of, twin_of
from stimctl.bench.functional_rehearsal import FunctionalPart, is_switched, shortened
from stimctl.bench.verdict import Output, differences, pulses_of_contractions
from stimctl.bench.virtual import Bench
from stimctl.errors import StimctlError
from stimctl.safety import Delivered, limits_exceeded
from stimctl.session.alarms import Condition
from stimctl.session.config import SECOND, EngineConfig
from stimctl.session.confirmation import confirmation_of
from stimctl.session.events import Kind, SessionEvent
from stimctl.session.intents import Arm, Close, Connect, LoadPlan, Start
from stimctl.session.states import State
from stimctl.treatment.prediction import ChannelDose, predict
from stimctl.treatment.program import AnyPlan, CurrentPlan, gives_events, makes_current

_SLICES = 100
_STEP_WITHIN_NS = 25 * SECOND
_AFTER_END_NS = 10 * SECOND
_EXPECTED = {Condition.INPUT_LOST.value}
"""Broken sensors are part of a rehearsal with inputs, and alarm."""

Progress = Callable[[int, int], None]
"""Called with the plan time reached and the plan's duration, both in microseconds."""


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """One channel: the dose that was planned, and what the twin recorded at the electrodes."""

    channel: int
    planned: ChannelDose
    pulses: int
    charge_uc: float
    net_charge_uc: float
    rms_plateau_ma: float
    rms_session_ma: float
    peak_ua: int
    contractions: tuple[int, ...] = ()
    over_limits: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    def problems(self) -> Iterator[str]:
        """Where delivered and planned differ (`verdict`), and what must never be."""
        for over in self.over_limits:
            yield f"channel {self.channel}: {over}"
        for difference in self.differences:
            yield f"channel {self.channel}: {difference}"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal showed. `ok`: it may be confirmed with the four characters.

    `report`: of plans whose pulses are known. `reached`: of those that a hand has raised, by
    channel how far it came in the time of the plan.
    """

    report: tuple[ChannelReport, ...]
    events: tuple[SessionEvent, ...]
    duration_us: int
    digest: str
    confirmation: str
    problems: tuple[str, ...]
    reached: Mapping[int, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Nothing went another way than planned."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, without the events."""
        return {
            "ok": self.ok,
            "problems": list(self.problems),
            "duration_us": self.duration_us,
            "digest": self.digest,
            "confirmation": self.confirmation if self.ok else None,
            "channels": [asdict(one) for one in self.report],
        }


def rehearse(
    plan: AnyPlan,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    device: LocalTwin | None = None,
) -> Rehearsal:
    """Run a plan from connection to verified zero on its twin.

    The script raises the amplitude, or where no script may (rule K3), a made-up hand. `device`:
    what stands in the place of the twin. UsageError for a device family that has no twin here.
    What goes wrong in the session itself is in `problems`.
    """
    if makes_current(plan) and gives_events(plan):
        from stimctl.bench.procedure_rehearsal import rehearse_procedure

        return rehearse_procedure(plan, seed=seed, progress=progress, device=device)
    name = plan.sheet.family
    twin = twin_of(name, seed) if device is None else device
    config = EngineConfig()
    if makes_current(plan):
        config = EngineConfig(scripted_raise=True, watchdog_test=True, attended_by_prompt=False)
    bench = Bench(config, twin=twin, driver=driver_of(name))
    problems: list[str] = []
    whole, switched = plan, None
    if makes_current(plan) and is_switched(plan):
        plan = shortened(plan)
        switched = FunctionalPart(bench, plan)
    reached: dict[int, int] = {}
    report: tuple[ChannelReport, ...] = ()
    try:
        _perform(bench, plan, progress, reached, switched)
    except StimctlError as error:
        problems.append(str(error))
    if makes_current(plan):
        report = tuple(channel_reports(plan, bench.ledger(), began_us(bench)))
        problems += _kept_off(bench)
    else:
        problems += problems_let_through(bench, plan)
    problems += run_problems(bench)
    problems += () if switched is None else switched.problems()
    problems += [problem for one in report for problem in one.problems()]
    return Rehearsal(
        report=report,
        events=tuple(bench.events),
        duration_us=plan.duration_us,
        digest=whole.digest(),
        confirmation=confirmation_of(whole),
        problems=tuple(problems),
        reached=reached,
    )


def to_running(bench: Bench, plan: AnyPlan) -> None:
    """From connecting to the start."""
    bench.command(Connect())
    bench.run_to_state(State.IDENTIFIED, within_ns=_STEP_WITHIN_NS)
    bench.command(LoadPlan(plan))
    bench.run_to_state(State.CHECKED, State.FAULT, within_ns=_STEP_WITHIN_NS)
    bench.command(Arm())
    bench.run_to_state(State.ARMED, within_ns=_STEP_WITHIN_NS)
    bench.command(Start())


def _perform(
    bench: Bench,
    plan: AnyPlan,
    progress: Progress | None,
    reached: dict[int, int],
    switched: FunctionalPart | None,
) -> None:
    to_running(bench, plan)
    began_ns = bench.now_ns
    if switched is not None:
        switched.perform(progress)
    elif makes_current(plan):
        for done in range(1, _SLICES + 1):
            until_us = plan.duration_us * done // _SLICES
            bench.run_for(began_ns + until_us * 1_000 - bench.now_ns)
            if progress is not None:
                progress(until_us, plan.duration_us)
    else:
        reached |= {one.channel: 0 for one in plan.channels}
        raise_by_hand(bench, plan, reached, began_ns + plan.duration_us * 1_000 + _AFTER_END_NS)
    bench.run_to_state(State.STOPPED, State.FAULT, State.UNKNOWN, within_ns=_AFTER_END_NS)
    bench.command(Close())


def _kept_off(bench: Bench) -> Iterator[str]:
    """Nobody is there in a script whom a refusal could have been meant for."""
    for event in bench.told(Kind.REFUSED):
        yield f"refused: {event.data['reason']}"
    for event in bench.told(Kind.WITHHELD):
        yield f"channel {event.data['channel']} was kept off: {event.data['reason']}"


def run_problems(bench: Bench) -> Iterator[str]:
    """What went another way in the session itself."""
    for event in bench.told(Kind.ALARM):
        if event.data.get("code") in _EXPECTED:
            continue
        yield f"alarm: {event.data['what']}"
    if not any(event.data["outcome"] == "completed" for event in bench.told(Kind.ENDED)):
        yield f"the run did not complete; the session is {bench.state.value}"
    if bench.twin.stimulating:
        yield "the twin may still give output at the end"


def began_us(bench: Bench) -> int:
    """When the run began, in the time of the twin's record; 0 where it never did."""
    return next((event.at_ns // 1_000 for event in bench.told(Kind.START)), 0)


def channel_reports(plan: CurrentPlan, ledger: Ledger, from_us: int = 0) -> Iterator[ChannelReport]:
    """What was planned for each channel beside what reached its electrodes from `from_us` on."""
    for planned in predict(plan):
        delivered: ChannelLedger = ledger[planned.channel]
        # What a device gives by itself while its watchdog is checked is not of the plan.
        run = delivered.since(from_us)
        one = plan.channel(planned.channel)
        output = Output(
            pulses=delivered.pulses,
            charge_uc=delivered.charge_uc,
            rms_plateau_ma=run.rms_worst_second_ma,
            rms_session_ma=run.rms_over_ma(plan.duration_us),
            peak_ua=round(delivered.peak_ma * 1_000),
            contractions=tuple(_of_contractions(plan, planned.channel, delivered, from_us)),
        )
        yield ChannelReport(
            channel=planned.channel,
            planned=planned,
            net_charge_uc=delivered.net_charge_uc,
            **asdict(output),
            differences=tuple(differences(planned, output, plan.duration_us, one.pulses_at_once)),
            over_limits=limits_exceeded(one.cleared, _by(delivered)),
        )


def _of_contractions(
    plan: CurrentPlan, channel: int, ledger: ChannelLedger, began_us: int
) -> Iterator[int]:
    for stage in plan.stages:
        one = stage.channel(channel)
        if one is not None:
            yield from pulses_of_contractions(stage, one, ledger, began_us + stage.start_us)


def _by(ledger: ChannelLedger) -> Delivered:
    """What the safety model asks of a channel's record."""
    return Delivered(
        peak_ua=max((run.peak_ua for run in ledger.runs), default=0),
        phase_ua_us=max((run.first_phase_pc for run in ledger.runs), default=0),
        net_ua_us=max((abs(run.net_pc) for run in ledger.runs), default=0),
        pulse_ua2_us=max((run.energy for run in ledger.runs), default=0),
        second_ua2_us=ledger.worst_second_ua2_us,
        second_rectified_ua_us=ledger.worst_second_rectified_ua_us,
        second_net_ua_us=ledger.worst_second_net_ua_us,
    )
