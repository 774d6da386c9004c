"""`stimctl sessions report`: one recorded session as a page to read, to print and to send."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stimctl.cli.output import put, say
from stimctl.cli.page_output import Force, Html, Open, Output, Pdf, check_form, put_page
from stimctl.cli.sessions import Session, journals
from stimctl.errors import ExitCode, UsageError


class Reader(StrEnum):
    """Who reads it."""

    CLINIC = "clinic"
    PATIENT = "patient"
    CHART = "chart"


For = Annotated[
    Reader,
    typer.Option(
        "--for",
        help="clinic: all that was recorded. patient: half a page in plain words. chart: three "
        "lines of text to copy, on the screen unless --output names a file.",
    ),
]


def register(group: typer.Typer) -> None:
    group.command("report")(report)


def report(
    session: Session = "last",
    html: Html = False,
    pdf: Pdf = False,
    reader: For = Reader.CLINIC,
    output: Output = None,
    force: Force = False,
    open_it: Open = False,
) -> None:
    """Write a report of one session: planned, commanded, acknowledged and measured, told apart.

    A web page unless --pdf is given; it needs nothing else: no network, no script. Exit code 7
    where the record is not whole; the report is written all the same, and says so.
    """
    from stimctl.report.forms import FORM_BY_ID
    from stimctl.report.recorded import recorded_report

    check_form(html=html, pdf=pdf)
    form = FORM_BY_ID[_form(reader, html=html, pdf=pdf, open_it=open_it)]
    made = recorded_report(journals(), session)
    page = form.make(made)
    if reader is Reader.CHART and output is None:
        put(str(page).rstrip("\n"))
    else:
        path = output or Path(f"{made.session}{form.ending}")
        put_page(page, path, force=force, open_it=open_it)
    if not made.integrity.ok:
        say(f"record: {made.integrity.words}")
        raise typer.Exit(int(ExitCode.INTEGRITY))


def _form(reader: Reader, *, html: bool, pdf: bool, open_it: bool) -> str:
    match reader:
        case Reader.CLINIC:
            return "pdf" if pdf else "html"
        case Reader.PATIENT:
            return "patient-pdf" if pdf else "patient"
        case Reader.CHART:
            if html or pdf or open_it:
                raise UsageError(
                    "the lines for the chart are plain text",
                    why="they are made to be copied",
                    what_to_do="Leave out --html, --pdf and --open",
                )
            return "chart"
