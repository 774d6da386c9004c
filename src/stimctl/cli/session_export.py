"""`stimctl sessions export`: one recorded session in a form that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stimctl.cli.output import put, say
from stimctl.cli.sessions import Session, journals
from stimctl.errors import UsageError
from stimctl.suggestion import meant_by

FORMATS = ("csv", "parquet", "jsonl", "nibs-bids", "fhir", "redcap")
To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="FORMAT",
        help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
        autocompletion=lambda: list(FORMATS),
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help="A new or empty folder; SESSION-FORMAT in the current folder if left out.",
    ),
]
Map = Annotated[
    Path | None,
    typer.Option("--field-map", metavar="FILE", help="For redcap: which figure goes where, TOML."),
]


def register(group: typer.Typer) -> None:
    group.command("export")(export)


def export(session: Session, to: To, out: Out = None, field_map: Map = None) -> None:
    """Export one session: planned, commanded, acknowledged and measured figures, told apart.

    The files hold the pseudonym and nothing else about the patient, and no free text. A damaged
    record is not exported (exit code 7); an unfinished one is, and says so.
    """
    if to not in FORMATS:
        near = meant_by(to, FORMATS)
        raise UsageError(
            f"there is no export to {to!r}",
            why=f"there are {', '.join(FORMATS)}",
            what_to_do=f"Did you mean --to {near[0]}?" if near else "Name one of these with --to",
        )
    if field_map is not None and to != "redcap":
        raise UsageError(
            "--field-map is for REDCap only",
            why=f"an export to {to} has the same fields for every session",
            what_to_do="Leave it out, or export with --to redcap",
        )
    from stimctl.export.folder import write_folder
    from stimctl.export.formats import Format, files_of
    from stimctl.export.recorded import recorded_content
    from stimctl.export.redcap_map import read_field_map
    from stimctl.records.text_files import read_text_file

    content = recorded_content(journals(), session)
    mapped = None
    if field_map is not None:
        mapped = read_field_map(read_text_file(field_map, "field map").text, str(field_map))
    folder = out or Path(f"{content.report.session}-{to}")
    write_folder(folder, files_of(content, Format(to), mapped))
    put(str(folder))
    if content.report.state != "complete":
        say(f"record: {content.report.integrity.words}")
