"""One `stimctl run` from its request to its summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stimctl.cli.checklist import (
    Passed,
    Preconditions,
    check_readiness,
    commands_of,
    pads_of,
    said_by,
)
from stimctl.cli.live import LiveSession
from stimctl.cli.outcome import NOT_STARTED, Outcome
from stimctl.cli.output import put, put_json, say, styled
from stimctl.cli.planning import Prepared, Request, compile_prepared, prepare
from stimctl.cli.progress import Progress
from stimctl.cli.report import amount, duration_text, plan_as_dict, stimulus_lines
from stimctl.errors import ExitCode, NoDeviceError, UsageError
from stimctl.keyboard import is_elsewhere, need_keyboard
from stimctl.quantity import format_clock, format_current
from stimctl.records.delivered import HOW, describe
from stimctl.records.pads import count_use
from stimctl.records.person import check_person_code
from stimctl.records.places import state_folder

if TYPE_CHECKING:
    from stimctl.treatment.prediction import ChannelDose
    from stimctl.treatment.program import AnyPlan, CurrentPlan, PlanChannel

_VERDICTS = {
    ExitCode.DONE: ("green", "done: zero verified"),
    ExitCode.REFUSED: ("yellow", "not completed: zero verified"),
    ExitCode.DEVICE_FAULT: ("red", "DEVICE FAULT: zero verified"),
    ExitCode.NOT_CONFIRMED_ZERO: (
        "red",
        "OUTPUT UNKNOWN: ZERO IS NOT CONFIRMED. Pull the electrode cable or switch off the device",
    ),
    ExitCode.INTEGRITY: ("red", "the journal is not complete; zero verified"),
    ExitCode.INTERRUPTED: ("yellow", "stopped by the operator: zero verified"),
    ExitCode.TERMINATED: ("yellow", "stopped by a signal: zero verified"),
}


def run_session(
    request: Request,
    preconditions: Preconditions,
    markers: Sequence[str],
    *,
    as_json: bool,
    inputs: Sequence[str] = (),
) -> int:
    """Run it; returns the exit code. Raises StimctlError for what keeps it from starting."""
    if preconditions.person:
        check_person_code(preconditions.person)
    from stimctl.markers.names import parse_markers
    from stimctl.markers.open import open_markers
    from stimctl.records.planned import planned_notes
    from stimctl.treatment.prediction import predict
    from stimctl.treatment.program import gives_events, makes_current

    parse_markers(markers)
    prepared = prepare(request)
    plan = compile_prepared(prepared)
    if not makes_current(plan):
        raise UsageError(
            f"{plan.protocol.id} is in percent, and no script raises a percent",
            why="a person raises it by hand and says what is felt",
            what_to_do="Add --manual: stimctl run --manual ...",
        )
    from stimctl.inputs.bindings import KEY, check_bindings, parse_binding

    bound = check_bindings(
        plan, tuple(map(parse_binding, inputs)), simulation=prepared.is_simulation
    )
    if any(one.source == KEY for one in bound):
        raise UsageError(
            "a scripted run has no key that is an input",
            why="every key that is typed there says that somebody attends",
            what_to_do="Add --manual, or use the terminal UI",
        )
    if gives_events(plan):
        raise UsageError(
            f"{plan.protocol.id} is a procedure, and no script runs one",
            why="a person attends, raises by hand and answers",
            what_to_do="Add --manual: stimctl run --manual ...",
        )
    need_port(prepared)
    if not prepared.is_simulation:
        need_keyboard("stimctl run on a device")
    passed = checked(prepared, plan, preconditions)
    _announce(prepared, plan, preconditions, passed)
    planned = predict(plan)
    progress = Progress(plan.duration_us, simulation=prepared.is_simulation)
    outputs = open_markers(markers, prepared.device.address)
    session = LiveSession(
        prepared,
        plan,
        person=preconditions.person,
        show=_shower(progress, as_json=as_json),
        notes={**planned_notes(planned), **(passed.notes() if passed else {})},
        prepare=commands_of(said_by(preconditions, passed)),
        operator=preconditions.operator,
        stop_faces=preconditions.stop_faces,
        inputs=bound,
        on_row=outputs.take,
    )
    try:
        outcome = session.run()
    finally:
        progress.close()
        for trouble in outputs.close():
            say(f"markers: {trouble}")
    on_hardware = passed is not None or session.simulation is False
    if on_hardware and preconditions.person and outcome.word != NOT_STARTED:
        count_use(
            state_folder(),
            preconditions.person,
            pads_of(plan),
            int(time.time()),
            new=preconditions.new_pads,
        )
    _summarise(
        prepared, plan, planned, outcome, simulation=bool(session.simulation), as_json=as_json
    )
    return outcome.exit_code


def checked(prepared: Prepared, plan: AnyPlan, preconditions: Preconditions) -> Passed | None:
    """The checklist of a run on hardware; None where a twin may answer, and the supervisor asks."""
    unsure = prepared.is_simulation or prepared.is_open
    return None if unsure else check_readiness(prepared.text, plan, preconditions, state_folder())


def need_port(prepared: Prepared) -> None:
    address = prepared.device.address
    if address.startswith("/") and not Path(address).exists():
        raise NoDeviceError(
            f"there is no device at {address}",
            why="nothing has that name",
            what_to_do="Plug it in and switch it on, then see: stimctl ports",
        )


def _shower(progress: Progress, *, as_json: bool) -> Any:
    from stimctl.session.events import SCHEMA

    def show(row: Mapping[str, Any]) -> None:
        progress.show(row)
        if as_json:
            put_json(SCHEMA, {key: value for key, value in row.items() if key != "schema"})

    return show


def _announce(
    prepared: Prepared, plan: CurrentPlan, preconditions: Preconditions, passed: Passed | None
) -> None:
    announce(prepared, plan, preconditions, passed)
    if is_elsewhere():
        say(f"In the background no key reaches this: stimctl stop {prepared.device} stops it.")
    else:
        say("Ctrl-C stops the device and verifies zero.")


def announce(
    prepared: Prepared, plan: AnyPlan, preconditions: Preconditions, passed: Passed | None
) -> None:
    """What is about to be done, and what to watch for, on stderr."""
    from stimctl.treatment.program import makes_current

    person = preconditions.person
    real = "REAL CURRENT" if makes_current(plan) else "REAL OUTPUT"
    kind = f"{real}, unless a twin answers, on" if prepared.is_open else f"{real} on"
    kind = "SIMULATION on" if prepared.is_simulation else kind
    say(styled(f"{kind} {prepared.device}: {plan.protocol.id} {plan.protocol.version}", "bold"))
    if person:
        say(styled(f"person {person}", "bold"))
    from stimctl.supervisor.stage_words import stage_of_plan_text

    say(f"duration {duration_text(prepared, plan)}")
    for one in plan.channels:
        place = one.setup.electrode.site
        # The side in capitals: left and right are what is mixed up (H41).
        where = "" if place is None else f" at {_with_side(place)}"
        say(f"channel {one.channel} {one.role}{where}: {_up_to(one)}")
    for stage in plan.named_stages:
        single = stage.events is not None
        does = (f"channel {one.channel} {_waveform(one, single=single)}" for one in stage.channels)
        say("; ".join((f"stage {stage_of_plan_text(plan, stage)}", *does)))
    for note in plan.notes:
        say(f"note: {note}")
    for caution in passed.cautions if passed else ():
        say(f"{styled('caution:', 'yellow', sys.stderr)} {caution}")


def _up_to(one: PlanChannel) -> str:
    from stimctl.treatment.program import CurrentChannel

    if not isinstance(one, CurrentChannel):
        return f"0 % to {one.most} %"
    return f"0 to {format_current(one.most)}, {_waveform(one)}"


def _waveform(one: PlanChannel, *, single: bool = False) -> str:
    """Its pulses and their rate (`single`: they have none); nothing where another unit gives
    them."""
    from stimctl.treatment.program import CurrentChannel

    if not isinstance(one, CurrentChannel):
        return ""
    return ", ".join(
        " ".join(line.split()[1:]) for line in stimulus_lines(one)[: 1 if single else 2]
    )


def _with_side(site: str) -> str:
    side, dash, rest = site.partition("-")
    return f"{side.upper()}{dash}{rest}" if side in ("left", "right") else site


def _summarise(
    prepared: Prepared,
    plan: CurrentPlan,
    planned: tuple[ChannelDose, ...],
    outcome: Outcome,
    *,
    simulation: bool,
    as_json: bool,
) -> None:
    if as_json:
        told = {**plan_as_dict(prepared, plan), "simulation": simulation}
        put_json("stimctl.run/1", {**_outcome_dict(outcome), "plan": told})
        return
    style, verdict = _VERDICTS[ExitCode(outcome.exit_code)]
    put(styled(verdict, style))
    put(f"outcome    {outcome.word}{f' ({outcome.reason})' if outcome.reason else ''}")
    done_us = min(outcome.plan_time_us, plan.duration_us)
    put(f"time       {format_clock(done_us)} of {format_clock(plan.duration_us)} (minutes:seconds)")
    if prepared.is_shortened:
        put(f"           {duration_text(prepared, plan)}")
    _put_dose(planned, outcome)
    for alarm in outcome.alarms:
        put(f"alarm      {alarm}")
    if outcome.journal:
        put(f"journal    {outcome.journal}")
    if prepared.device.is_twin:
        put("SIMULATION: no device and no person was involved.")
    elif simulation:
        put("SIMULATION: a digital twin was at the other end of the line.")


def _put_dose(planned: tuple[ChannelDose, ...], outcome: Outcome) -> None:
    """What was acknowledged, and what was planned: two numbers that may differ."""
    told = outcome.delivered.by_channel
    for dose in planned:
        found = told.get(str(dose.channel))
        words = describe(found) if found else "nothing on record"
        put(f"channel {dose.channel}  acknowledged: {words}")
        put(
            f"           planned: {dose.pulses} pulses, "
            f"{amount(dose.charge_uc / 1000, 'mC')} in first phases, "
            f"{amount(dose.rms_plateau_ma, 'mA')} r.m.s. in the worst second, "
            f"peak {format_current(dose.peak_ua)}"
        )
    put(f"           acknowledged: {HOW}")


def _outcome_dict(outcome: Outcome) -> dict[str, Any]:
    return {
        "exit_code": outcome.exit_code,
        "outcome": outcome.word,
        "reason": outcome.reason,
        "zero_verified": outcome.zero_verified,
        "zero_after_us": outcome.zero_after_us,
        "plan_time_us": outcome.plan_time_us,
        "session": outcome.session,
        "journal": outcome.journal,
        "alarms": outcome.alarms,
        "acknowledged": outcome.delivered.by_channel,
        "acknowledged_how": HOW,
    }
