"""`stimctl compliance`: hazards with their proofs, SOUP and outputs, as one CSV and one page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from stimctl.cli.output import say
from stimctl.cli.page_output import Force, Open, put_page
from stimctl.errors import UsageError

NAME = "stimctl-compliance"

Folder = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="FOLDER", help="Where to write both files; here if left out."
    ),
]


def register(app: typer.Typer) -> None:
    app.command("compliance")(compliance)


def compliance(output: Folder = Path(), force: Force = False, open_it: Open = False) -> None:
    """Write hazards with their proofs, dependencies and outputs. One CSV, one page.

    No certificate, no declaration of conformity; stimctl is no medical device. Results are those
    that were recorded; where none came with this program the cell says so.
    """
    from stimctl.compliance.csv_file import csv_file
    from stimctl.compliance.gather import gather
    from stimctl.compliance.page import render

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the folder {output} cannot be made",
            why=error.strerror or str(error),
            what_to_do="name a folder of yours with --output",
        ) from None
    found = gather(datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"))
    put_page(csv_file(found), output / f"{NAME}.csv", force=force, open_it=False)
    put_page(render(found), output / f"{NAME}.html", force=force, open_it=open_it)
    say("This is no certificate and no declaration of conformity; it says itself what it is not.")
