"""`stimctl protocols sign|verify|trust|distrust|lock|unlock|station`: signed clinic libraries."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, say
from stimctl.errors import UsageError

if TYPE_CHECKING:
    from stimctl.records.library_station import Station
    from stimctl.records.signed_library import SignedLibrary

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the library.")]
Fingerprint = Annotated[
    str, typer.Argument(metavar="FINGERPRINT", help="Of the clinic's key, from the clinic.")
]


def register(group: typer.Typer) -> None:
    for verb in (sign, verify, trust, distrust, lock, unlock):
        group.command(verb.__name__)(verb)
    group.command("station")(show_station)


def sign(
    folder: Folder,
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The clinic's private key (mode 0600).")
    ],
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="Of the library; the folder's if left out."),
    ] = "",
    version: Annotated[
        str, typer.Option("--library-version", metavar="1.0", help="Counted by the clinic.")
    ] = "1.0",
    new_key: Annotated[bool, typer.Option("--new-key", help="Make the key first.")] = False,
    as_json: Json = False,
) -> None:
    """Sign a folder of protocols: writes library.json. Every file is checked before.

    Give the fingerprint that this prints to each station on another way than the folder.
    """
    from stimctl.records.protocol_files import (
        list_information,
        list_percent_protocols,
        list_protocols,
    )
    from stimctl.records.rows import utc_text
    from stimctl.records.signed_library import make_key, read_key, sign_library

    folder = _folder(folder)
    shipped = (*list_protocols(), *list_percent_protocols(), *list_information())
    private = make_key(key) if new_key else read_key(key)
    library = sign_library(
        folder, private, name=name or folder.name, version=version,
        at=utc_text(time.time_ns()), taken={one.name for one in shipped},
    )  # fmt: skip
    if new_key:
        say(f"A new key is in {key}. Whoever has it signs for the clinic: keep it off stations.")
    _tell(folder, library, as_json=as_json)


def verify(folder: Folder, as_json: Json = False) -> None:
    """Check a signed library: its signature, and that no file was changed, added or removed."""
    from stimctl.records.signed_library import check_files, open_library

    folder = _folder(folder)
    library = open_library(folder)
    check_files(folder, library)
    _tell(folder, library, as_json=as_json)


def trust(fingerprint: Fingerprint, as_json: Json = False) -> None:
    """Trust libraries signed by a key, on this station.

    Compare the fingerprint with one that came on another way than the library itself.
    """
    from stimctl.records import library_station
    from stimctl.records.rows import utc_text

    at = utc_text(time.time_ns())
    _tell_station(library_station.trust(_state(), fingerprint, at), as_json=as_json)


def distrust(fingerprint: Fingerprint, as_json: Json = False) -> None:
    """Trust libraries signed by a key no more."""
    from stimctl.records import library_station

    _tell_station(library_station.distrust(_state(), fingerprint), as_json=as_json)


def lock(
    with_shipped: Annotated[
        bool, typer.Option("--with-shipped", help="The shipped protocols may run, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Locked mode: on hardware, this station runs protocols of trusted signed libraries only."""
    from stimctl.records import library_station

    found = library_station.lock_station(_state(), with_shipped=with_shipped)
    _tell_station(found, as_json=as_json)


def unlock(as_json: Json = False) -> None:
    """End locked mode: every valid protocol may run again."""
    from stimctl.records import library_station

    _tell_station(library_station.unlock_station(_state()), as_json=as_json)


def show_station(as_json: Json = False) -> None:
    """Show whether this station is in locked mode, and which keys it trusts."""
    from stimctl.records import library_station

    _tell_station(library_station.station(_state()), as_json=as_json)


def _state() -> Path:
    from stimctl.records.places import state_folder

    return state_folder()


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", what_to_do="name the folder of the library")
    return folder.resolve()


def _tell(folder: Path, library: SignedLibrary, *, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {
            "folder": str(folder),
            "name": library.name,
            "version": library.version,
            "signed": library.signed,
            "fingerprint": library.fingerprint,
            "files": dict(library.files),
        }
        put_json("stimctl.protocol-library/1", told)
        return
    put(f"library     {library.name} {library.version}, {len(library.files)} files, as signed")
    put(f"signed      {library.signed}")
    put(f"fingerprint {library.fingerprint}")


def _tell_station(found: Station, *, as_json: bool) -> None:
    if as_json:
        told = {
            "only_signed": found.only_signed,
            "with_shipped": found.with_shipped,
            "trusted": dict(found.trusted),
            "damaged": found.damaged,
        }
        put_json("stimctl.protocol-station/1", told)
        return
    if found.damaged:
        put("locked      the station's file is damaged: nothing runs on hardware until it is set "
            "again with lock or unlock")  # fmt: skip
        return
    also = " and shipped ones" if found.with_shipped else ""
    put(f"locked      {f'yes: signed protocols{also} only' if found.only_signed else 'no'}")
    for name, at in found.trusted.items():
        put(f"trusted     {name} since {at}")
    if not found.trusted:
        put("trusted     none")
