"""`stimctl sessions report`: one recorded session as a page that can be read, printed and sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stimctl.cli.output import put, say
from stimctl.cli.session_list import journals
from stimctl.cli.sessions import Session
from stimctl.errors import ExitCode

Html = Annotated[
    bool, typer.Option("--html", help="As one HTML page. The only form, so it may be left out.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write it; the session's id in the current folder if left out.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")]
Open = Annotated[bool, typer.Option("--open", help="Show it in the web browser.")]


def register(group: typer.Typer) -> None:
    group.command("report")(report)


def report(
    session: Session = "last",
    html: Html = False,  # noqa: ARG001 - the form that is written anyway
    output: Output = None,
    force: Force = False,
    open_it: Open = False,
) -> None:
    """Write a report of one session: planned, commanded, acknowledged and measured, told apart.

    The page needs nothing else: no network, no script. Exit code 7 where the record is not whole;
    the page is written all the same, and says so.
    """
    from stimctl.report.file import open_page, write_page
    from stimctl.report.html import render_session
    from stimctl.report.recorded import recorded_report

    made = recorded_report(journals(), session)
    path = output or Path(f"{made.session}.html")
    write_page(path, render_session(made), replace=force)
    put(str(path))
    if open_it and not open_page(path):
        say("There is no desktop with a web browser here; open the file yourself.")
    if not made.integrity.ok:
        say(f"record: {made.integrity.words}")
        raise typer.Exit(int(ExitCode.INTEGRITY))
