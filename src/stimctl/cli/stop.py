"""`stimctl stop` as help and completion show it; the real one starts before this is loaded."""

from __future__ import annotations

from typing import Annotated

import typer

from stimctl.cli import completion
from stimctl.cli.options import Json
from stimctl.supervisor.device_names import EXAMPLE


def register(app: typer.Typer) -> None:
    app.command("stop")(stop)


def stop(
    device: Annotated[
        str,
        typer.Argument(
            metavar="DEVICE",
            help=f"sim:{EXAMPLE} (every running twin of yours), or {EXAMPLE}:/dev/ttyACM0.",
            autocompletion=completion.devices,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Stop a device NOW, whoever holds it; wait for verified zero.

    Works from every shell, during every session. Exit code 6 means: zero is not confirmed,
    go and pull the electrode cable.
    """
    from stimctl.supervisor.stop import stop_main

    raise typer.Exit(stop_main([device, *(["--json"] if as_json else [])]))
