"""A verb that has gone: it says in one sentence which command to use now."""

from __future__ import annotations

from typing import Annotated

import typer

from stimctl.deprecation import refuse

_ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    app.command("gate", hidden=True, context_settings=_ANYTHING)(gate)


def gate(_words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
    """Gone; see stimctl run --manual."""
    refuse("`stimctl gate`")
