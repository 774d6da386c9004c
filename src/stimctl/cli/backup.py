"""`stimctl backup|restore`: a verified copy of everything that is on record, and the way back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, say
from stimctl.quantity import format_count

if TYPE_CHECKING:
    from stimctl.records.backup import Backup


def register(app: typer.Typer) -> None:
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|FOLDER", help="A new folder, or a name that ends in .tar or .tar.gz."
        ),
    ],
    private_key: Annotated[
        bool,
        typer.Option(
            "--private-key",
            help="With the private keys: who has this backup can sign as this station.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Back up everything that is on record, and verify the copy.

    Journals, catalogue, records of persons and devices, and public keys. Nothing is written over;
    while a session is running nothing is copied.
    """
    from stimctl.records.backup import make_backup
    from stimctl.records.places import state_folder
    from stimctl.records.rows import utc_text

    made = utc_text(time.time_ns())
    done = make_backup(state_folder(), target, made, private_keys=private_key)
    _put(done, as_json=as_json, verb="backed up to")


def restore(
    source: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="What `stimctl backup` has made.")
    ],
    as_json: Json = False,
) -> None:
    """Verify a backup, then restore it into an empty state folder."""
    from stimctl.records.backup import restore_backup
    from stimctl.records.places import state_folder

    done = restore_backup(source, state_folder())
    _put(done, as_json=as_json, verb="restored from")
    if not done.private_keys and done.station_key:
        say("The private key was not in it. Make a new one with: stimctl station-key new")


def _put(done: Backup, *, as_json: bool, verb: str) -> None:
    if as_json:
        put_json("stimctl.backup/1", done.as_dict())
        return
    keys = "with" if done.private_keys else "without"
    put(
        f"{verb} {done.path}: {format_count(done.sessions, 'session')}, "
        f"{format_count(done.files, 'file')}, "
        f"{done.size / 1e6:.1f} MB, {keys} private keys; every file and session was verified"
    )
    put(f"station key  {done.station_key or '-'}")
    put(f"backup.json  {done.sha256}")
    for session in done.faulty:
        say(f"{session} was not sound when it was copied; see: stimctl sessions verify {session}")
