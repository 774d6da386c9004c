"""`stimctl protocols import`: a published pulse profile as a protocol file of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stimctl.cli.output import put, say


def register(group: typer.Typer) -> None:
    """Put the verb among those of `stimctl protocols`."""
    group.command("import")(import_profile)


def import_profile(
    profile: Annotated[Path, typer.Argument(metavar="PROFILE", help="A file of pulses, as JSON.")],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Of the protocol; its id.")],
    muscle: Annotated[
        list[str],
        typer.Option("--muscle", metavar="NAME=SITE", help="Where its electrodes are; for each."),
    ],
    rest: Annotated[
        str, typer.Option("--rest", metavar="TIME", help="Between two times of the profile.")
    ],
    repeats: Annotated[
        int, typer.Option("--repeats", metavar="N", help="How often it is given.", min=1)
    ] = 1,
) -> None:
    """Write a pulse profile of pyScienceMode (version 1) as a protocol in your own folder.

    Times, widths, rates and shares are taken. Its amplitudes become a maximum and shares of
    the level that a hand finds. Nothing is put out: check and rehearse it as any other.
    """
    from stimctl.errors import JournalError, UsageError
    from stimctl.quantity import parse_duration_us
    from stimctl.records import protocol_files
    from stimctl.records.places import user_protocol_folder, user_protocol_folders
    from stimctl.records.profile_import import ImportSettings, protocol_text
    from stimctl.records.text_files import read_text_file
    from stimctl.records.whole_file import FOR_OTHERS_TOO, write_whole
    from stimctl.treatment.load import load_any

    sites: dict[str, tuple[str, ...]] = {}
    for one in muscle:
        told, equals, site = one.partition("=")
        if not (told and equals and site):
            raise UsageError(
                f"{one!r} is not NAME=SITE", what_to_do="Write --muscle BIClong=left-biceps"
            )
        sites[told] = (*sites.get(told, ()), site)
    text = read_text_file(profile, "profile").text
    settings = ImportSettings(name, parse_duration_us(rest), repeats, sites)
    made = protocol_text(text, profile.name, settings)
    path = user_protocol_folder() / f"{name}.toml"
    load_any(made, path.name)
    taken = {one.name for one in protocol_files.list_protocols(user_protocol_folders())}
    if name in taken or path.exists():
        raise UsageError(
            f"there is a protocol called {name} already",
            why="a name means one protocol on this computer",
            what_to_do="choose another name",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, made, replace=False, mode=FOR_OTHERS_TOO)
    except OSError as error:
        raise JournalError(f"{path} cannot be written", why=error.strerror or str(error)) from error
    put(str(path))
    say(f"Nobody has judged it. Look at it, then: stimctl check {name}")
