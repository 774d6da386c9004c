"""What the verbs that write a page have in common: where it goes, and that it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stimctl.cli.output import put, say
from stimctl.errors import UsageError

Html = Annotated[bool, typer.Option("--html", help="As one web page.")]
Pdf = Annotated[bool, typer.Option("--pdf", help="As PDF; needs the extra `stimctl[pdf]`.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write it; a name of its own in the current folder if left out.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")]
Open = Annotated[bool, typer.Option("--open", help="Show it in the web browser.")]


def check_form(*, html: bool, pdf: bool) -> None:
    """Raises UsageError for two forms at once."""
    if html and pdf:
        raise UsageError(
            "--html and --pdf exclude each other",
            why="one file is written at a time",
            what_to_do="Give one of them, and repeat the command for the other one",
        )


def put_page(page: str | bytes, path: Path, *, force: bool, open_it: bool) -> None:
    """Write it, say where it is, and show it where that is asked for."""
    from stimctl.report.file import open_page, write_page

    write_page(path, page, replace=force)
    put(str(path))
    if open_it and not open_page(path):
        say("There is no desktop that could show it here; open the file yourself.")
