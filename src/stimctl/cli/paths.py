"""`stimctl paths`: where stimctl reads from and writes to."""

from __future__ import annotations

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json


def register(app: typer.Typer) -> None:
    app.command("paths")(paths)


def paths(as_json: Json = False) -> None:
    """Show the folders that stimctl uses. Creates none."""
    from stimctl.records.places import journal_folder, state_folder, user_protocol_folder
    from stimctl.records.protocol_files import shipped_folder

    state = state_folder()
    found = {
        "state": str(state),
        "journal": str(journal_folder(state)),
        "reports": str(state / "reports"),
        "shipped_protocols": str(shipped_folder()),
        "own_protocols": str(user_protocol_folder()),
    }
    if as_json:
        put_json("stimctl.paths/1", found)
        return
    for name, path in found.items():
        put(f"{name.replace('_', ' '):<18} {path}")
