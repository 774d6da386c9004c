"""`stimctl sessions course`: one person over sessions, on the screen, as a page or as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stimctl.cli.output import put, put_table, say
from stimctl.cli.page_output import Force, Html, Open, Output, Pdf, check_form, put_page
from stimctl.cli.sessions import journals
from stimctl.errors import ExitCode

if TYPE_CHECKING:
    from stimctl.report.course import PersonCourse

Code = Annotated[str, typer.Argument(metavar="CODE", help="The person's code.")]


def register(group: typer.Typer) -> None:
    group.command("course")(course)


def course(
    person: Code,
    html: Html = False,
    pdf: Pdf = False,
    output: Output = None,
    force: Force = False,
    open_it: Open = False,
) -> None:
    """Show one person's course: delivered of planned minutes, dose, thresholds, pain.

    A table on the screen, or a file with plots with --html or --pdf. Exit code 7 where a record
    of this person is not whole.
    """
    from stimctl.report.course_page import render_course
    from stimctl.report.pdf import render_pdf
    from stimctl.report.recorded import recorded_course

    check_form(html=html, pdf=pdf)
    found = recorded_course(journals(), person)
    if html or pdf or output is not None or open_it:
        page = render_course(found)
        path = output or Path(f"course-{found.person}.{'pdf' if pdf else 'html'}")
        put_page(render_pdf(page) if pdf else page, path, force=force, open_it=open_it)
    else:
        _put(found)
    bad = [one.session for one in found.visits if not one.is_whole]
    if bad or found.missing:
        say(f"not whole: {', '.join((*bad, *found.missing))}")
        raise typer.Exit(int(ExitCode.INTEGRITY))


def _put(found: PersonCourse) -> None:
    from stimctl.report.course_page import DOSE_HEADS, HEADS, dose_cells, summary, visit_cells

    put(f"{found.person}: {summary(found)}")
    put_table([head.upper() for head in HEADS], [visit_cells(one, found) for one in found.visits])
    put("acknowledged dose of all sessions together, in brackets at least and at most")
    put_table([head.upper() for head in DOSE_HEADS], [dose_cells(one) for one in found.doses])
