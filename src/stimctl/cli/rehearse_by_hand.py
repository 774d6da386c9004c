"""`stimctl rehearse` of a protocol in percent: on the twin, raised by a made-up hand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stimctl.cli.output import put, put_json, say, styled
from stimctl.cli.report import put_heading
from stimctl.errors import DeviceFaultError, ExitCode

if TYPE_CHECKING:
    from stimctl.bench import Rehearsal
    from stimctl.cli.planning import Prepared
    from stimctl.treatment.program import PercentPlan


def rehearse_by_hand(
    prepared: Prepared, plan: PercentPlan, lock_step: str | None, serial: str, *, as_json: bool
) -> int:
    """Run it, put it on record where all went well, and tell; the exit code.

    `lock_step`: a command that starts a firmware in the place of the twin; what that does is no
    rehearsal for a run on hardware.
    """
    from stimctl.cli.rehearse import device_at, rehearsal_dict, remember

    begun = time.monotonic()
    rehearsal = _rehearsed(plan, lock_step)
    recorded = None
    if lock_step is None:
        recorded = remember(plan, rehearsal, device_at(prepared.device.address, serial))
    if as_json:
        confirmed = rehearsal.ok and recorded is not None
        told = rehearsal_dict(prepared, plan, rehearsal) | {
            "confirmation": rehearsal.confirmation if confirmed else "",
            "reached_percent": {str(ch): percent for ch, percent in rehearsal.reached.items()},
            "why": "; ".join(rehearsal.problems),
        }
        told |= {} if recorded is None else recorded.as_dict()
        put_json("stimctl.rehearsal/1", told)
    else:
        put_heading(prepared, plan)
        _put(rehearsal, time.monotonic() - begun, confirm=recorded is not None)
    if recorded is None:
        return int(ExitCode.DONE if rehearsal.ok else ExitCode.REFUSED)
    return recorded.exit_code(rehearsal.ok)


def _rehearsed(plan: PercentPlan, lock_step: str | None) -> Rehearsal:
    from stimctl.bench import rehearse

    if lock_step is None:
        return rehearse(plan)
    from stimctl.bench.lockstep import lock_step_device
    from stimctl.cli.disturbance_options import command_of

    with lock_step_device(command_of(lock_step)) as device:
        if device.family not in ("", plan.sheet.family):
            raise DeviceFaultError(
                f"the lock-step firmware is a {device.family}, the plan is for {plan.sheet.family}"
            )
        return rehearse(plan, device=device)


def _put(rehearsal: Rehearsal, took_s: float, *, confirm: bool) -> None:
    from stimctl.cli.rehearse import put_failed

    for channel, percent in rehearsal.reached.items():
        put(f"channel {channel}: raised by hand to {percent} % in the time of the plan")
    say(f"rehearsed in {took_s:.1f} s of real time")
    if rehearsal.ok:
        put(
            f"confirm    {styled(rehearsal.confirmation, 'bold')}"
            if confirm
            else "confirm    none: this was not the twin. Rehearse without --lock-step for it"
        )
        return
    put_failed(rehearsal)
