"""`stimctl sessions list|show`: what was recorded. The other verbs are in modules of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stimctl.cli import completion
from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, say, styled
from stimctl.cli.session_list import PAGE, journals, put_sessions
from stimctl.session.row_base import Kind

if TYPE_CHECKING:
    from stimctl.records.rows import Row
    from stimctl.records.sessions import SessionRecord

Session = Annotated[
    str,
    typer.Argument(
        metavar="SESSION",
        help="An id from `sessions list`, the beginning of one, or `last`.",
        autocompletion=completion.sessions,
    ),
]
_STYLES = {"complete": "green", "unfinished": "yellow", "damaged": "red", "missing": "red"}
_LONGEST_VALUE = 60
_BOOK_KEEPING = frozenset({"event", "at_ns"})
_IN_PARTS = frozenset({"channels", "stages"})
"""What of the setup has a line for each part."""

group = typer.Typer(
    help="List, verify, sign, report and export recorded sessions.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    from stimctl.cli import course, session_evidence, session_export, session_report

    session_evidence.register(group)
    session_report.register(group)
    course.register(group)
    session_export.register(group)
    app.add_typer(group, name="sessions", rich_help_panel=None)


@group.command("list")
def list_all(
    as_json: Json = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Rebuild the catalogue from the journal files.")
    ] = False,
    list_each: Annotated[
        bool, typer.Option("--all", help=f"All of them, not only the newest {PAGE}.")
    ] = False,
) -> None:
    """List the newest sessions, the oldest of them first; with --json all of them."""
    from stimctl.records import sessions

    folder = journals()
    if rebuild:
        aside = sessions.rebuild(folder) if folder.is_dir() else None
        say(f"The catalogue was rebuilt from the files. {_kept(aside)}")
    most = None if as_json or list_each else PAGE
    put_sessions(folder, most=most, as_json=as_json)


@group.command("show")
def show(session: Session = "last", as_json: Json = False) -> None:
    """Show one session: what was fixed before it, what happened, how it ended."""
    from stimctl.cli.session_evidence import describe_added
    from stimctl.records.checked import evidence_of_session
    from stimctl.records.places import state_folder
    from stimctl.records.sessions import show_session

    record = show_session(journals(), session)
    found = evidence_of_session(journals(), state_folder(), record.entry.session)
    if as_json:
        told = {**record.as_dict(), "added": [one.as_dict() for one in found.added]}
        put_json("stimctl.session/1", {**told, "signature": found.signature.as_dict()})
        return
    _put_record(record)
    put(f"signature {found.signature.says} {found.signature.key or found.signature.why}")
    for one in found.added:
        put(f"added     {describe_added(one)}")


def _kept(aside: Path | None) -> str:
    return f"The old one is kept as {aside}" if aside else "There was none before."


def _put_record(record: SessionRecord) -> None:
    from stimctl.records.delivered import HOW, describe

    entry = record.entry
    put(f"session   {entry.session}{'  SIMULATION' if entry.sim else ''}")
    put(f"file      {entry.file}")
    put(f"state     {styled(entry.state.value, _STYLES[entry.state.value])}, {entry.rows} rows")
    if entry.person:
        put(f"person    {entry.person}")
    for problem in record.verification.problems:
        put(f"          {problem.message}")
    put(f"warnings  {record.warned.text}")
    for channel, told in record.acknowledged.items():
        put(f"channel {channel} acknowledged: {describe(told)} ({HOW})")
    put("fixed before the start")
    for name, value in record.header.items():
        if value not in ("", None, {}):
            put(f"  {name:<16} {_shown(value)}")
    for row in record.timeline:
        if row.kind == Kind.SETUP:
            _put_setup(row)
    put("timeline (UTC)")
    for row in record.timeline:
        if row.kind == Kind.SETUP:
            put(f"  {row.t[11:23]}  {row.kind:<14} as above")
            continue
        put(f"  {row.t[11:23]}  {row.kind:<14} {_facts(row)}")
    others = [
        f"{count} {kind}" for kind, count in record.counts.items() if not _listed(record, kind)
    ]
    if others:
        put(f"not listed: {', '.join(others)} (all rows are in the file)")


def _put_setup(row: Row) -> None:
    """Every value of it, one line for each part: what a plan was is not to be guessed."""
    put(f"setup (row {row.seq})")
    for name, value in row.data.items():
        if name in _BOOK_KEEPING or value in ("", None, {}, []):
            continue
        parts = value if name in _IN_PARTS else (value,)
        for part in parts:
            put(f"  {name.removesuffix('s') if name in _IN_PARTS else name:<16} {_flat(part)}")


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        told = (f"{name} {_flat(one)}" for name, one in value.items() if one not in (None, {}, []))
        return ", ".join(told)
    if isinstance(value, list):
        return " ".join(f"[{_flat(one)}]" if isinstance(one, dict) else str(one) for one in value)
    return str(value)


def _listed(record: SessionRecord, kind: str) -> bool:
    return any(row.kind == kind for row in record.timeline)


def _facts(row: Row) -> str:
    if row.kind == Kind.HEADER:
        return ""
    return "  ".join(
        f"{name}={_shown(value)}" for name, value in row.data.items() if name not in _BOOK_KEEPING
    )


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
