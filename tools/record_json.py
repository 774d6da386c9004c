"""Records what `--json` prints, for docs/reference/json.md: a run of each command that has it.

`python -m tools.record_json` runs the commands (about a minute; a session on a simulated device
runs in real time) and writes tools/json_examples.json; then `python -m tools.make_json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.json_shape import shape, shortened

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "tools" / "json_examples.json"
_CHANNEL = "--device sim:p24 --amplitude 1=12mA --area 1=25cm2 --site 1=left-knee"
_SHARE = "--intensity 1=40% --area 1=25cm2"
_PLAN = f"tens-conventional {_CHANNEL} --duration 2min"
#: By schema: the commands whose output it is. Those of the first part need nothing and end at once.
QUICK: dict[str, Sequence[str]] = {
    "stimctl.check/1": (
        f"check {_PLAN}",
        "check nmes-tka --device sim:p24 --amplitude 1=20mA --area 1=96cm2",
        f"check gate-tens --device sim:openemsstim {_SHARE} --acknowledge L-ATT",
    ),
    "stimctl.spec/1": ("spec p24", "spec openemsstim"),
    "stimctl.paths/1": ("paths",),
    "stimctl.ports/1": ("ports",),
    "stimctl.devices/1": ("devices list",),
    "stimctl.protocols/1": ("protocols list",),
    "stimctl.protocol/1": (
        "protocols show nmes-tka", "protocols show tens-modulated", "protocols show nmes-icu",
        "protocols show gate-tens", "protocols show fes-cycling",
    ),
    "stimctl.protocol-station/1": ("protocols station",),
    "stimctl.screening/1": ("screening",),
    "stimctl.stop-faces/1": ("stop-face list",),
    "stimctl.twins/1": ("sim list",),
    "stimctl.scenarios/1": (f"rehearse {_PLAN} --scenario list",),
    "stimctl.faults/1": (f"rehearse {_PLAN} --fault list",),
    "stimctl.wire-frames/1": ("wire decode sciencemode4 frame.hex",),
    "stimctl.station-keys/1": ("station-key list",),
    "stimctl.error/1": (
        "check nonsense --device sim:p24",
        "check tens-conventional --device sim:p24 --amplitude 1=90mA --area 1=5cm2",
        "sessions show 1",
        "check",
    ),
}  # fmt: skip
#: In this order, in one state folder; these need a session that was recorded, or take seconds.
SLOW: dict[str, Sequence[str]] = {
    "stimctl.rehearsal/1": (f"rehearse {_PLAN}", f"rehearse {_PLAN} --scenario usb-unplug"),
    "stimctl.identity/1": ("identify sim:p24",),
    "stimctl.run/1": (f"run {_PLAN.replace('2min', '20s')} --person K-17",),
    "stimctl.stop/1": ("stop sim:p24",),
    "stimctl.sessions/1": ("sessions list",),
    "stimctl.session/1": ("sessions show last",),
    "stimctl.verification/1": ("sessions verify last",),
    "stimctl.people/1": ("people list",),
    "stimctl.person-export/1": ("people show K-17",),
    "stimctl.electrodes/1": ("people electrodes",),
    "stimctl.doctor/1": ("doctor",),
    "stimctl.backup/1": ("backup copy.tar.gz",),
}  # fmt: skip


#: A Get_stim_status, as bytes in a file.
FRAME = ("frame.hex", "f08155815981ef814604340f\n")


def json_lines(text: str) -> Iterator[dict[str, Any]]:
    """The objects of an output."""
    for line in text.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def main() -> int:
    """Run each, and keep what it printed."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / FRAME[0]).write_text(FRAME[1], encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"], "HOME": name, "STIMCTL_STATE_HOME": f"{name}/state",
            "XDG_RUNTIME_DIR": f"{name}/run",
        }  # fmt: skip
        (folder / "run").mkdir(mode=0o700)
        _run("people add-electrodes E-12 --area 25cm2 --kind self-adhesive", folder, environment)
        for schema, commands in {**QUICK, **SLOW}.items():
            printed = [_run(one, folder, environment, schema) for one in commands]
            known: dict[str, list[str]] = {}
            for one in printed:
                for path, kinds in shape(one).items():
                    known[path] = sorted({*known.get(path, ()), *kinds})
            text = json.dumps(shortened(printed[0]), ensure_ascii=False)
            text = text.replace(name, "HOME").replace(str(ROOT), "INSTALLED")
            found[schema] = {
                "commands": list(commands), "fields": known, "example": json.loads(text),
            }  # fmt: skip
    RECORDED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _run(
    command: str, folder: Path, environment: dict[str, str], schema: str = ""
) -> dict[str, Any]:
    as_json = ["--json"] if schema else []
    done = subprocess.run(
        [sys.executable, "-m", "stimctl", *command.split(), *as_json],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    rows = [one for one in json_lines(done.stdout) if one["schema"] == schema] if schema else [{}]
    if not rows:
        raise SystemExit(f"{command}: no {schema}\n{done.stdout}{done.stderr}")
    return rows[-1]


if __name__ == "__main__":
    sys.exit(main())
