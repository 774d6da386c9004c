"""Makes docs/pictures/session-report.html: the report of a session on a simulated P24.

`python tools/make_session_report.py` writes the page; a test says when it is not up to date.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from firmware_sim.faults.model import parse_fault
from firmware_sim.situation import faulty_twin
from stimctl.bench import Bench
from stimctl.records.planned import planned_notes
from stimctl.report.html import render_session
from stimctl.report.recorded import recorded_report
from stimctl.session.config import SECOND, EngineConfig
from stimctl.session.intents import Close
from stimctl.session.states import State
from stimctl.treatment.prediction import predict
from stimctl.treatment.program import CurrentPlan
from tests.support.recorded import Extra, record
from tests.support.session_world import is_brought_to_running, plan_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "session-report.html"
_CONFIG = EngineConfig(scripted_raise=True, watchdog_test=False, attended_by_prompt=False)
_SAID = (
    ("pain before 0-10", "6"),
    ("threshold", "sensory ch1 3.5 mA"),
    ("threshold", "motor ch1 11.0 mA"),
    ("outcome", "pain before 0-10: 6; pain after 0-10: 4; skin: slightly red; comfort: bearable"),
    ("note", "The cable was pulled in the fifth contraction and plugged in again."),
)


def page() -> str:
    """A link that is lost and comes back in the middle of an NMES session."""
    plan = plan_of("nmes-tka", 18_000, duration_s=480)
    extra: list[Extra] = [
        ("note", {"topic": topic, "text": text})
        for topic, text in (*planned_notes(predict(plan)).items(), *_SAID)
    ]
    with tempfile.TemporaryDirectory() as folder:
        record(_disturbed(plan), Path(folder), extra=extra, person="P-017")
        return render_session(recorded_report(Path(folder), "last"))


def _disturbed(plan: CurrentPlan) -> Bench:
    bench = Bench(_CONFIG, twin=faulty_twin("p24", faults=[parse_fault("unplug@250s,for=6s")]))
    is_brought_to_running(bench, plan, 5 * SECOND)
    bench.run_to_state(State.FAULT, within_ns=plan.duration_us * 1_000)
    bench.command(Close())
    return bench


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
