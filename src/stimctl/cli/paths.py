"""`stimctl paths`: where stimctl reads from and writes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json
from stimctl.errors import StimctlError


def register(app: typer.Typer) -> None:
    app.command("paths")(paths)


def paths(as_json: Json = False) -> None:
    """Show the folders that stimctl uses. Creates none."""
    from stimctl.records.places import journal_folder, state_folder, user_protocol_folder
    from stimctl.records.protocol_files import shipped_folder

    found = {
        "state": _told(state_folder),
        "journal": _told(lambda: journal_folder(state_folder())),
        "reports": _told(lambda: state_folder() / "reports"),
        "shipped_protocols": _told(shipped_folder),
        "own_protocols": _told(user_protocol_folder),
    }
    if as_json:
        put_json("stimctl.paths/1", found)
        return
    for name, path in found.items():
        put(f"{name.replace('_', ' '):<18} {path}")


def _told(find: Callable[[], Path]) -> str:
    """The folder, or why there is none: the others are still worth showing."""
    try:
        return str(find())
    except StimctlError as error:
        return f"none: {error}"
