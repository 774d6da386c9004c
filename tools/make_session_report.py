"""Makes the examples of docs/how-to/session-reports.md: a session on a simulated P24 in every
form, a course of five, and a protocol's drawing.

`python tools/make_session_report.py` writes them; a test says when they are not up to date. The
same page gives the same PDF, with the same WeasyPrint and fonts.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from firmware_sim.faults.model import parse_fault
from firmware_sim.situation import faulty_twin
from stimctl.bench import Bench
from stimctl.records.outcome_form import AFTER, BEFORE, TOPIC, outcome_text
from stimctl.records.planned import planned_notes
from stimctl.records.protocol_files import read_protocol
from stimctl.records.said import THRESHOLD, threshold_text
from stimctl.report.chart import chart_lines
from stimctl.report.course_page import render_course
from stimctl.report.drawing import draw_protocol
from stimctl.report.html import render_session
from stimctl.report.model import SessionReport
from stimctl.report.patient import render_patient
from stimctl.report.pdf import render_pdf
from stimctl.report.recorded import recorded_course, recorded_report
from stimctl.session.config import SECOND, EngineConfig
from stimctl.session.intents import Close, Stop
from stimctl.session.states import State
from stimctl.treatment.prediction import predict
from stimctl.treatment.program import CurrentPlan
from tests.support.recorded import Extra, record
from tests.support.session_world import is_brought_to_running, plan_of
from tests.support.treatment_samples import loaded_v1

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
PAGES_AS_PDF = ("session-report", "patient-sheet", "course")
_CONFIG = EngineConfig(scripted_raise=True, watchdog_test=False, attended_by_prompt=False)
_PROTOCOL, _SITE, _PERSON = "nmes-tka", "left-quadriceps", "P-017"
_PLANNED_S, _CABLE = 480, "unplug@250s,for=6s"
#: Day, highest amplitude in uA, pain before and after, and the second at which it was stopped by
#: hand. The cable is pulled in the last one.
_VISITS = ((0, 12_000, 7, 6, 0), (2, 14_000, 7, 5, 0), (5, 16_000, 6, 5, 300),
           (7, 16_000, 6, 4, 0), (9, 18_000, 6, 4, 0))  # fmt: skip


@contextmanager
def recorded() -> Iterator[Path]:
    """A folder with the journals of five sessions of one code."""
    protocol = read_protocol(_PROTOCOL, [])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for day, level_ua, before, after, stop_s in _VISITS:
            plan = plan_of(_PROTOCOL, level_ua, duration_s=_PLANNED_S, site=_SITE)
            is_last = day == _VISITS[-1][0]
            record(
                _session(plan, stop_s, _CABLE if is_last else ""), folder, day=day, person=_PERSON,
                extra=list(_said(plan, level_ua, before, after, is_last=is_last)),
                protocol=_PROTOCOL, protocol_sha256=protocol.sha256,
            )  # fmt: skip
        yield folder


def _said(
    plan: CurrentPlan, level_ua: int, before: int, after: int, *, is_last: bool
) -> Iterator[Extra]:
    notes = [*planned_notes(predict(plan)).items(), (BEFORE, str(before))]
    for what, share in (("sensory", 0.2), ("motor", 0.6)):
        level = f"{round(level_ua * share / 500) / 2:g} mA"
        notes.append((THRESHOLD, threshold_text(what, 1, _SITE, level)))
    told = {BEFORE: before, AFTER: after, "skin": "slightly red"}
    notes.append((TOPIC, outcome_text({key: str(value) for key, value in told.items()})))
    if is_last:
        text = "The cable was pulled in the fifth contraction and plugged in again."
        notes.append(("note", text))
    for topic, text in notes:
        yield "note", {"topic": topic, "text": text}


def _session(plan: CurrentPlan, stop_s: int, fault: str) -> Bench:
    faults = [parse_fault(fault)] if fault else []
    bench = Bench(_CONFIG, twin=faulty_twin("p24", faults=faults))
    is_brought_to_running(bench, plan, 5 * SECOND)
    if stop_s:
        bench.run_for(stop_s * SECOND)
        bench.command(Stop())
    end = State.FAULT if fault else State.STOPPED
    assert bench.run_to_state(end, within_ns=2 * _PLANNED_S * SECOND)
    bench.command(Close())
    return bench


def texts() -> Mapping[str, str]:
    """Every example that is text, by its file name."""
    with recorded() as folder:
        made: SessionReport = recorded_report(folder, "last")
        course = recorded_course(folder, _PERSON)
    source = read_protocol(_PROTOCOL, [])
    return {
        "session-report.html": render_session(made),
        "patient-sheet.html": render_patient(made),
        "chart-lines.txt": chart_lines(made),
        "course.html": render_course(course),
        f"{_PROTOCOL}.svg": draw_protocol(loaded_v1(source.text, source.path.name)),
    }


def main() -> int:
    """Write them."""
    found = texts()
    for name, text in found.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    for stem in PAGES_AS_PDF:
        (FOLDER / f"{stem}.pdf").write_bytes(render_pdf(found[f"{stem}.html"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
