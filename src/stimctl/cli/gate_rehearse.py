"""`stimctl gate --rehearse`: a session in percent on the twin, in virtual time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from stimctl.cli.output import put, put_json, say, styled

if TYPE_CHECKING:
    from stimctl.bench.gate_rehearsal import GateRehearsal
    from stimctl.treatment.program import PercentPlan


def rehearse_plan(
    plan: PercentPlan, address: str, *, as_json: bool, lock_step: str | None = None
) -> int:
    """Run it, put it on record where all went well, and tell; the exit code.

    `lock_step`: a command that starts a firmware in the place of the twin; what that does is no
    rehearsal for a run on hardware.
    """
    from stimctl.bench.gate_rehearsal import rehearse_gate
    from stimctl.cli.rehearse import device_at, remember

    begun = time.monotonic()
    if lock_step is not None:
        return _rehearse_on(plan, lock_step, begun, as_json=as_json)
    rehearsal = rehearse_gate(plan)
    recorded = remember(plan, rehearsal, device_at(address))
    if as_json:
        put_json("stimctl.rehearsal/1", _as_dict(plan, rehearsal) | recorded.as_dict())
    else:
        _put(rehearsal, time.monotonic() - begun)
    return recorded.exit_code(rehearsal.ok)


def _rehearse_on(plan: PercentPlan, command: str, begun: float, *, as_json: bool) -> int:
    from stimctl.bench.gate_rehearsal import rehearse_gate
    from stimctl.bench.lockstep import lock_step_device
    from stimctl.cli.disturbance_options import command_of
    from stimctl.errors import DeviceFaultError, ExitCode

    with lock_step_device(command_of(command)) as device:
        if device.family not in ("", plan.sheet.family):
            raise DeviceFaultError(
                f"the lock-step firmware is a {device.family}, the plan is for {plan.sheet.family}"
            )
        rehearsal = rehearse_gate(plan, device)
    if as_json:
        put_json("stimctl.rehearsal/1", _as_dict(plan, rehearsal) | {"confirmation": ""})
    else:
        _put(rehearsal, time.monotonic() - begun, confirm=False)
    return int(ExitCode.DONE if rehearsal.ok else ExitCode.REFUSED)


def _put(rehearsal: GateRehearsal, took_s: float, *, confirm: bool = True) -> None:
    for channel, percent in rehearsal.reached_percent.items():
        put(f"channel {channel}: raised by hand to {percent} % in the time of the plan")
    say(f"rehearsed in {took_s:.1f} s of real time")
    if rehearsal.ok:
        put(
            f"confirm    {styled(rehearsal.confirmation, 'bold')}"
            if confirm
            else "confirm    none: this was not the twin. Rehearse without --lock-step for it"
        )
        return
    put(styled("FAILED: this session must not be run", "red"))
    for problem in rehearsal.problems:
        put(f"  - {problem}")


def _as_dict(plan: PercentPlan, rehearsal: GateRehearsal) -> dict[str, Any]:
    """As `stimctl rehearse --json`; without characters where it must not be run."""
    return {
        "protocol": plan.protocol.id,
        "simulation": True,
        "notes": list(plan.notes),
        "ok": rehearsal.ok,
        "confirmation": rehearsal.confirmation if rehearsal.ok else "",
        "digest": rehearsal.digest,
        "duration_us": rehearsal.duration_us,
        "reached_percent": {str(ch): percent for ch, percent in rehearsal.reached_percent.items()},
        "problems": list(rehearsal.problems),
        "why": "; ".join(rehearsal.problems),
        "events": [event.as_dict() for event in rehearsal.events],
    }
