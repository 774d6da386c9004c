"""The forms in which one session can be handed on: what each is, and what makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # a screen that lists the forms begins without what they are made from
    from stimctl.report.model import SessionReport


@dataclass(frozen=True, slots=True)
class Form:
    """`ending`: what a file of it has after the session's id."""

    id: str
    words: str
    ending: str

    def make(self, report: SessionReport) -> str | bytes:
        """The report in this form. Raises UsageError where what makes it is not installed."""
        # Imported when it is used: the templates take a tenth of a second, a PDF a whole one.
        if self.id == "chart":
            from stimctl.report.chart import chart_lines

            return chart_lines(report)
        if self.id.startswith("patient"):
            from stimctl.report.patient import render_patient as render
        else:
            from stimctl.report.html import render_session as render
        page = render(report)
        if not self.ending.endswith(".pdf"):
            return page
        from stimctl.report.pdf import render_pdf

        return render_pdf(page)


FORMS: Final = (
    Form("html", "session report, web page", ".html"),
    Form("pdf", "session report, PDF", ".pdf"),
    Form("patient", "patient sheet, web page", "-patient.html"),
    Form("patient-pdf", "patient sheet, PDF", "-patient.pdf"),
    Form("chart", "three lines for the chart, text", "-chart.txt"),
)
FORM_BY_ID: Final = {one.id: one for one in FORMS}
