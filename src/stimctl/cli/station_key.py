"""`stimctl station-key list|new|add`: the keys that sign sessions, and those that are known."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, put_table, say, short_time

group = typer.Typer(help="List, change and add the keys that sign sessions.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="station-key", rich_help_panel=None)


@group.command("list")
def list_keys(as_json: Json = False) -> None:
    """List every public key that is known here; write a fingerprint down to compare it later."""
    from stimctl.records.places import state_folder
    from stimctl.records.station_keys import known_keys

    keys = known_keys(state_folder()).values()
    if as_json:
        put_json("stimctl.station-keys/1", {"keys": [key.as_dict() for key in keys]})
        return
    if not keys:
        say("There is no key yet; the first session that ends makes one.")
        return
    rows = [
        (
            key.fingerprint,
            "this station" if key.own else "another",
            short_time(key.since),
            short_time(key.retired) or "-",
        )
        for key in keys
    ]
    put_table(("FINGERPRINT", "WHOSE", "SINCE", "RETIRED"), rows)


@group.command("new")
def new() -> None:
    """Make a new key from now on. Old signatures stay valid; the old private key is deleted."""
    from stimctl.records.places import state_folder
    from stimctl.records.rows import utc_text
    from stimctl.records.station_keys import new_key

    key = new_key(state_folder(), utc_text(time.time_ns()))
    put(key.public.fingerprint)
    say("Write this fingerprint down where this machine cannot change it.")


@group.command("add")
def add(
    public_key: Annotated[
        str, typer.Argument(metavar="PUBLIC_KEY", help="64 hex digits, from `list --json` there.")
    ],
) -> None:
    """Make another station's key known; compare the fingerprint with what is told there."""
    from stimctl.records.places import state_folder
    from stimctl.records.rows import utc_text
    from stimctl.records.station_keys import add_key

    put(add_key(state_folder(), public_key, utc_text(time.time_ns())).fingerprint)
