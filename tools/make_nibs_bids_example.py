"""Makes examples/nibs-bids: the NIBS-BIDS data set of a simulated session.

`python tools/make_nibs_bids_example.py` writes it; a test says when it is not up to date.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from firmware_sim.faults.model import parse_fault
from firmware_sim.situation import faulty_twin
from stimctl.bench import Bench
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.export.nibs_bids import nibs_bids_files
from stimctl.export.recorded import recorded_content
from stimctl.records.planned import planned_notes
from stimctl.safety import Electrode
from stimctl.session.config import SECOND
from stimctl.session.intents import Close, Felt
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.prediction import predict
from stimctl.treatment.program import CurrentPlan, makes_current
from tests.support.recorded import Extra, record
from tests.support.session_world import BY_SCRIPT, is_brought_to_running

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "examples" / "nibs-bids"
_PROTOCOL = ROOT / "protocols" / "nmes-tka.toml"


def files() -> dict[str, bytes]:
    """NMES of a left quadriceps on a simulated P24, whose link is lost in the fifth on time."""
    plan = _plan()
    bench = Bench(BY_SCRIPT, twin=faulty_twin("p24", faults=[parse_fault("unplug@250s,for=6s")]))
    is_brought_to_running(bench, plan, 5 * SECOND)
    bench.run_for(10 * SECOND)
    bench.command(Felt(1))
    bench.run_to_state(State.FAULT, within_ns=plan.duration_us * 1_000)
    bench.command(Close())
    extra: list[Extra] = [
        ("note", {"topic": topic, "text": text})
        for topic, text in planned_notes(predict(plan)).items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        record(bench, Path(folder), extra=extra, person="SIM-1")
        return nibs_bids_files(recorded_content(Path(folder), "last"))


def _plan() -> CurrentPlan:
    electrode = Electrode(area_mm2=9_600, site="left-quadriceps")
    plan = compile_plan(
        load_protocol(_PROTOCOL.read_text("utf-8"), _PROTOCOL.stem),
        P24_SHEET,
        [ChannelSetup(1, Level(CURRENT, 18_000), electrode)],
        duration_us=480_000_000,
    )
    assert isinstance(plan, Plan), plan
    assert makes_current(plan)
    return plan


def main() -> int:
    """Write the data set in place of the one that is there."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, data in files().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
