"""`stimctl capture`: any session, with what passes the port in a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from stimctl.cli.output import say

# What follows the place belongs to the command that is captured.
_PASS_ON = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
}

Place = Annotated[
    Path,
    typer.Argument(
        metavar="FILE|FOLDER", help="A new file, or a folder: then a file for each session."
    ),
]


def register(app: typer.Typer) -> None:
    app.command("capture", context_settings=_PASS_ON)(capture)


def capture(context: typer.Context, place: Place) -> None:
    """Run a command of stimctl and capture its bytes.

    Both directions, with their times: stimctl capture FILE run nmes-tka --device sim:p24 ...
    Without a command it opens the terminal UI. In Python: connect(..., capture=FILE). The file
    holds no person and no session. `stimctl sim compare FILE` compares it with the device's twin.
    """
    from stimctl.supervisor.platform_support import need_session

    need_session("stimctl capture")
    from stimctl.__main__ import main
    from stimctl.supervisor.link_capture import CAPTURE_VARIABLE

    place = place.absolute()
    before = set(_files(place))
    os.environ[CAPTURE_VARIABLE] = str(place)
    try:
        code = main(context.args)
    finally:
        del os.environ[CAPTURE_VARIABLE]
    for file in sorted(set(_files(place)) - before):
        say(f"{_how(file)}: {file}")
    raise typer.Exit(code)


def _how(file: Path) -> str:
    """Whether the file is whole: a full disk ends a capture, and not its session."""
    from stimctl.errors import CaptureError
    from stimctl.records.captures import read_capture

    try:
        read_capture(file)
    except CaptureError as error:
        return f"captured in part ({error.why})"
    return "captured"


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        return list(place.glob("*.jsonl"))
    return [place] if place.exists() else []
