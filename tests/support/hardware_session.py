"""The session that the tests of hardware run, rehearsed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from stimctl.cli.planning import Request, compile_prepared, prepare
from stimctl.records.approvals import Rehearsal, remember_rehearsal
from stimctl.session.confirmation import confirmation_of

SERIAL = "160550017"
DAY = datetime.now().astimezone().date().isoformat()


def rehearsed(state: Path, for_device: str = "") -> str:
    """The session of these tests has been rehearsed; its four characters."""
    request = Request(
        protocol="tens-conventional", device="p24:/dev/null", amplitudes=("1=3mA",),
        areas=("1=25cm2",), sites=("1=left-knee",),
    )  # fmt: skip
    plan = compile_prepared(prepare(request))
    confirmation = confirmation_of(plan)
    record = Rehearsal(plan.digest(), confirmation, "p", "p24", "now", "0", for_device)
    remember_rehearsal(state, record)
    return confirmation
