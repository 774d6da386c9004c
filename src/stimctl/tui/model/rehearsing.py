"""The rehearsal that hardware demands, in a process of its own: a face holds no twin."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.quantity import format_area, format_duration, format_permille
from stimctl.tui.model.seats import WHOLE

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_LONGEST_S = 120


def rehearse(desk: Desk) -> None:
    """Start it; its four characters are shown, and have to be typed before arming."""
    bed = desk.bed
    choice = bed.choice
    if choice is None:
        desk.say("choose a protocol first (4)")
        return
    path, _ = choice.file(bed.state_folder)
    command = [sys.executable, "-P", "-m", "stimctl", "rehearse", str(path), "--json"]
    command += ["--device", bed.device, "--duration", format_duration(choice.duration_us)]
    if bed.live.serial:
        command += ["--serial", bed.live.serial]  # it counts for this one device
    scale = choice.measure.scale
    for seat in choice.seats:
        command += [f"--{scale.name}", f"{seat.channel}={scale.format(seat.ceiling_level)}"]
        command += ["--area", f"{seat.channel}={format_area(seat.area_mm2)}"]
        command += ["--site", f"{seat.channel}={seat.site}"] if seat.site else []
        if seat.contact_permille != WHOLE:
            command += ["--contact", f"{seat.channel}={format_permille(seat.contact_permille)}"]
    for layer, file in choice.limit_files:
        command += [f"--{layer}-limits", str(file.path.resolve())]
    command += ["--profile", choice.profile]
    for warning in sorted(choice.acknowledged):
        command += ["--acknowledge", warning]
    desk.say("Simulating these settings …")

    def done(told: dict[str, Any]) -> None:
        desk.say(f"Simulation passed. Type {told['confirmation']} to confirm.")
        desk.expects = str(told["confirmation"])

    bed.jobs.run(lambda: _run(command), done, lambda error: desk.say(str(error)))


def _run(command: list[str]) -> dict[str, Any]:
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=_LONGEST_S, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        told = json.loads(ran.stdout)
    except ValueError:
        told = {}
    if ran.returncode or not isinstance(told, dict) or not told.get("confirmation"):
        why = str(told.get("why", ran.stderr.strip()[-300:])) if isinstance(told, dict) else ""
        raise StateError("the rehearsal failed", code=Code.REHEARSAL_FAILED, why=why)
    return told
