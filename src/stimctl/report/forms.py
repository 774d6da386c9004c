"""The forms in which one session can be handed on: who each of them is for, and what makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stimctl.report.chart import chart_lines
from stimctl.report.html import render_session
from stimctl.report.model import SessionReport
from stimctl.report.patient import render_patient
from stimctl.report.pdf import render_pdf


@dataclass(frozen=True, slots=True)
class Form:
    """`ending`: what a file of it has after the session's id."""

    id: str
    words: str
    ending: str
    make: Callable[[SessionReport], str | bytes]


FORMS: Final = (
    Form("html", "session report as a web page", ".html", render_session),
    Form("pdf", "session report as PDF", ".pdf", lambda made: render_pdf(render_session(made))),
    Form("patient", "patient sheet as a web page", "-patient.html", render_patient),
    Form("patient-pdf", "patient sheet as PDF", "-patient.pdf",
         lambda made: render_pdf(render_patient(made))),
    Form("chart", "three lines for the chart", "-chart.txt", chart_lines),
)  # fmt: skip
FORM_BY_ID: Final = {one.id: one for one in FORMS}
