"""`stimctl replay`: a recorded session on the Run screen of the terminal UI."""

from __future__ import annotations

from typing import Annotated

import typer

from stimctl.cli import completion

Session = Annotated[
    str,
    typer.Argument(
        metavar="SESSION",
        help="An id from `sessions list`, the beginning of one, or `last`.",
        autocompletion=completion.sessions,
    ),
]
Speed = Annotated[int, typer.Option("--speed", metavar="N", help="1, 4, 16 or 64 times as fast.")]


def register(app: typer.Typer) -> None:
    app.command("replay")(replay)


def replay(session: Session = "last", speed: Speed = 1, theme: str = "") -> None:
    """Show a recorded session again. Nothing is sent to any device."""
    from stimctl.tui.model.opening import Wishes
    from stimctl.tui.program import open_tui

    raise typer.Exit(open_tui(Wishes(replay=session, speed=speed, theme=theme)))
