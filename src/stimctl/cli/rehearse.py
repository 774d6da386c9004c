"""`stimctl rehearse`: the whole session against the digital twin, in virtual time."""

from __future__ import annotations

import gc
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stimctl.cli.disturbance_options import Faults, LockStep, ScenarioName, Seed
from stimctl.cli.fault_report import put_ending, put_happenings, put_session, put_withheld
from stimctl.cli.options import (
    Acknowledge,
    Amplitudes,
    Areas,
    Contacts,
    Device,
    Duration,
    Intensities,
    Json,
    PersonLimits,
    ProfileName,
    Protocol,
    SiteLimits,
    Sites,
)
from stimctl.cli.output import is_terminal, put, put_json, put_table, say, styled
from stimctl.errors import ExitCode, StimctlError, UsageError
from stimctl.quantity import format_current

if TYPE_CHECKING:
    from collections.abc import Callable

    from stimctl.bench import ChannelReport, Disturbance, FaultRehearsal, Rehearsal
    from stimctl.cli.planning import Prepared
    from stimctl.session.events import SessionEvent
    from stimctl.treatment.program import AnyPlan, CurrentPlan

_BAR = 30


def register(app: typer.Typer) -> None:
    app.command("rehearse")(rehearse)


def rehearse(
    protocol: Protocol,
    device: Device,
    amplitude: Amplitudes = None,
    intensity: Intensities = None,
    area: Areas = None,
    site: Sites = None,
    contact: Contacts = None,
    duration: Duration = None,
    site_limits: SiteLimits = None,
    person_limits: PersonLimits = None,
    profile: ProfileName = "clinic",
    acknowledge: Acknowledge = None,
    scenario: ScenarioName = None,
    fault: Faults = None,
    seed: Seed = None,
    lock_step: LockStep = None,
    serial: Annotated[
        str, typer.Option("--serial", metavar="NUMBER", help="Of the one device it is for.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Rehearse a session on the twin, in virtual time. Moves no device.

    Prints what reached the electrodes beside what was planned, the events, and at the end the
    four characters that a run on hardware asks for with --confirm.

    With --scenario, --fault or --lock-step it shows what happens when something goes wrong, how
    the session ends and what the person feels; then there are no four characters.

    Exit code: 0 the session ran to its end as planned; 1 it was stopped, or delivered something
    else than planned, and zero was confirmed in time; 6 zero was not confirmed, or the output did
    not end in time.
    """
    # Nothing here makes garbage in cycles, and the process ends with the rehearsal: looking for
    # such garbage among everything that is recorded would take a tenth of the time.
    gc.disable()
    from stimctl.cli.disturbance_options import disturbance_of
    from stimctl.cli.planning import Request, compile_prepared, prepare
    from stimctl.cli.rehearse_by_hand import rehearse_by_hand
    from stimctl.treatment.program import gives_events, in_percent, makes_current

    disturbance = disturbance_of(scenario, fault, seed, lock_step)
    request = Request(
        protocol=protocol, device=device, duration=duration, profile=profile,
        amplitudes=amplitude or (), intensities=intensity or (), areas=area or (),
        sites=site or (), contacts=contact or (),
        site_limits=site_limits, person_limits=person_limits, acknowledged=acknowledge or (),
    )  # fmt: skip
    prepared = prepare(request)
    plan = compile_prepared(prepared)
    if in_percent(plan):
        if scenario is not None or fault:
            raise UsageError(
                "--scenario and --fault are for sessions in milliampere",
                why=f"{plan.protocol.id} is in percent, and is rehearsed as it should go only",
                what_to_do="Leave them out",
            )
        raise typer.Exit(rehearse_by_hand(prepared, plan, lock_step, serial, as_json=as_json))
    assert makes_current(plan)
    if disturbance is not None and gives_events(plan):
        raise UsageError(
            "--scenario, --fault and --lock-step are for pulse trains",
            why=f"{plan.protocol.id} is a procedure, and is rehearsed as it should go only",
            what_to_do="Leave them out",
        )
    if disturbance is None:
        raise typer.Exit(_rehearse(prepared, plan, seed or 0, serial, as_json=as_json))
    raise typer.Exit(_rehearse_fault(prepared, plan, disturbance, as_json=as_json))


def _rehearse_fault(
    prepared: Prepared, plan: CurrentPlan, disturbance: Disturbance, *, as_json: bool
) -> int:
    from stimctl.bench import rehearse_fault

    begun = time.monotonic()
    rehearsal = rehearse_fault(plan, disturbance, progress=_progress())
    if is_terminal(sys.stderr):
        say("")
    if as_json:
        put_json("stimctl.rehearsal/1", rehearsal_dict(prepared, plan, rehearsal))
    else:
        _put_fault_rehearsal(prepared, plan, rehearsal)
        say(f"rehearsed in {time.monotonic() - begun:.1f} s of real time")
    return int(rehearsal.exit_code)


def _rehearse(
    prepared: Prepared, plan: CurrentPlan, seed: int, serial: str, *, as_json: bool
) -> int:
    from stimctl.bench import rehearse as rehearse_on_bench

    begun = time.monotonic()
    rehearsal = rehearse_on_bench(plan, seed=seed, progress=_progress())
    if is_terminal(sys.stderr):
        say("")
    recorded = remember(plan, rehearsal, device_at(prepared.device.address, serial))
    if as_json:
        told = rehearsal_dict(prepared, plan, rehearsal) | recorded.as_dict()
        put_json("stimctl.rehearsal/1", told)
    else:
        _put_rehearsal(prepared, plan, rehearsal)
        say(f"rehearsed in {time.monotonic() - begun:.1f} s of real time")
    return recorded.exit_code(rehearsal.ok)


def _progress() -> Callable[[int, int], None]:
    """A bar on a terminal, nothing elsewhere: it takes seconds."""
    drawn = ""

    def show(done_us: int, whole_us: int) -> None:
        nonlocal drawn
        filled = _BAR * done_us // whole_us
        text = f"rehearsing [{'#' * filled}{'.' * (_BAR - filled)}]"
        if text != drawn and is_terminal(sys.stderr):
            drawn = text
            sys.stderr.write(f"\r{text}")
            sys.stderr.flush()

    return show


@dataclass(frozen=True, slots=True)
class Recorded:
    """Whether a rehearsal is on record for the run on hardware that it allows."""

    ok: bool
    error: StimctlError | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"recorded": self.ok, "not_recorded": str(self.error) if self.error else ""}

    def exit_code(self, rehearsed: bool) -> int:
        """Say on stderr what kept it from the record; the exit code of the command."""
        if self.error is None:
            return int(ExitCode.DONE if rehearsed else ExitCode.REFUSED)
        from stimctl.cli.failures import explain

        explain(self.error, as_json=False)
        say("  The rehearsal went as planned, but a run on hardware will not find it.")
        return int(ExitCode.INTEGRITY)


def device_at(address: str, serial: str = "") -> str:
    """The name of the one device that a rehearsal is for, "" where it is not known.

    By its serial number, or by that of the USB adapter at `address`; no port is opened.
    """
    import os

    from stimctl.records.devices import names_of
    from stimctl.supervisor.port_facts import usb_identity

    usb = usb_identity(os.path.realpath(address)) if address.startswith("/") else ""
    return next(iter(names_of(serial, usb)), "")


def remember(plan: AnyPlan, rehearsal: Rehearsal, device: str) -> Recorded:
    """Put a successful one on record, for one device where that is named.

    Where that fails, its report is still worth showing.
    """
    if not rehearsal.ok:
        return Recorded(ok=False)
    try:
        _write(plan, rehearsal, device)
    except StimctlError as error:
        return Recorded(ok=False, error=error)
    return Recorded(ok=True)


def _write(plan: AnyPlan, rehearsal: Rehearsal, device: str) -> None:
    from stimctl.records import approvals
    from stimctl.records.places import state_folder
    from stimctl.records.rows import utc_text
    from stimctl.version import __version__

    record = approvals.Rehearsal(
        digest=rehearsal.digest,
        confirmation=rehearsal.confirmation,
        protocol=plan.protocol.id,
        family=plan.sheet.family,
        rehearsed=utc_text(time.time_ns()),
        stimctl=__version__,
        device=device,
    )
    approvals.remember_rehearsal(state_folder(), record)


def rehearsal_dict(
    prepared: Prepared, plan: AnyPlan, rehearsal: Rehearsal | FaultRehearsal
) -> dict[str, Any]:
    """What was rehearsed, and all that came of it."""
    return {
        "protocol": plan.protocol.id,
        "protocol_sha256": prepared.text.sha256,
        "device": str(prepared.device),
        "simulation": True,
        "notes": list(plan.notes),
        **rehearsal.as_dict(),
        "events": [event.as_dict() for event in rehearsal.events],
    }


def _put_fault_rehearsal(prepared: Prepared, plan: CurrentPlan, rehearsal: FaultRehearsal) -> None:
    from stimctl.bench.fault_rehearsal import WITHHELD

    _put_delivery(prepared, plan, rehearsal, rehearsal.disturbance.what)
    put_happenings(rehearsal)
    put_ending(rehearsal)
    put_withheld(WITHHELD)


def _put_delivery(
    prepared: Prepared, plan: CurrentPlan, rehearsal: Rehearsal | FaultRehearsal, on_what: str
) -> None:
    from stimctl.cli.report import put_heading

    put_heading(prepared, plan)
    put(f"rehearsed  on {on_what}, in virtual time. SIMULATION")
    for note in plan.notes:
        put(f"note       {note}")
    for report in rehearsal.report:
        _put_channel(report)


def _put_rehearsal(prepared: Prepared, plan: CurrentPlan, rehearsal: Rehearsal) -> None:
    _put_delivery(prepared, plan, rehearsal, "the digital twin")
    _put_events(rehearsal.events)
    if rehearsal.ok:
        put(f"\n{styled('ok', 'green')}: delivered as planned, zero at the end")
        put(f"confirm    {styled(rehearsal.confirmation, 'bold')}")
        return
    put_failed(rehearsal)


def put_failed(rehearsal: Rehearsal) -> None:
    """What was wrong with it."""
    put(f"\n{styled('FAILED', 'red')}: this session must not be run")
    for problem in rehearsal.problems:
        put(f"  - {problem}")


def _put_channel(report: ChannelReport) -> None:
    planned = report.planned
    put(f"\nchannel {report.channel}")
    rows = [
        ("  pulses", str(planned.pulses), str(report.pulses)),
        ("  charge", f"{planned.charge_uc / 1000:.6g} mC", f"{report.charge_uc / 1000:.6g} mC"),
        ("  net charge", "-", f"{report.net_charge_uc:.4g} uC"),
        ("  r.m.s., worst second", *_in_ma(planned.rms_plateau_ma, report.rms_plateau_ma)),
        ("  r.m.s., session", *_in_ma(planned.rms_session_ma, report.rms_session_ma)),
        ("  peak", format_current(planned.peak_ua), format_current(report.peak_ua)),
    ]
    put_table(("  DOSE", "PLANNED", "DELIVERED"), rows)


def _in_ma(planned: float, delivered: float) -> tuple[str, str]:
    return f"{planned:.4g} mA", f"{delivered:.4g} mA"


def _put_events(events: tuple[SessionEvent, ...]) -> None:
    put("\nevents (minutes:seconds of virtual time)")
    put_session(events)
