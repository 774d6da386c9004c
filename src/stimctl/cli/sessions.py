"""`stimctl sessions`: what was recorded, whether it is still that, and what it comes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stimctl.cli import completion
from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, put_table, say, short_time, styled
from stimctl.errors import ExitCode
from stimctl.session.row_base import Kind

if TYPE_CHECKING:
    from stimctl.records.rows import Row
    from stimctl.records.sessions import SessionEntry, SessionRecord
    from stimctl.records.verify import Verification

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

group = typer.Typer(
    help="List, show, verify, report and export recorded sessions.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    from stimctl.cli import course, session_export, session_report

    session_report.register(group)
    course.register(group)
    session_export.register(group)
    app.add_typer(group, name="sessions", rich_help_panel=None)


def journals() -> Path:
    """The folder of the recorded sessions."""
    from stimctl.records.places import journal_folder, state_folder

    return journal_folder(state_folder())


@group.command("list")
def list_all(
    as_json: Json = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Rebuild the catalogue from the journal files.")
    ] = False,
) -> None:
    """List all sessions, oldest first."""
    from stimctl.records import sessions

    folder = journals()
    if rebuild:
        aside = sessions.rebuild(folder) if folder.is_dir() else None
        say(f"The catalogue was rebuilt from the files. {_kept(aside)}")
    entries = sessions.list_sessions(folder)
    if as_json:
        put_json("stimctl.sessions/1", {"sessions": [entry.as_dict() for entry in entries]})
        return
    if not entries:
        say(f"There is no session yet in {folder}")
        return
    heads = ("SESSION", "STARTED", "DEVICE", "PROTOCOL", "PERSON", "OUTCOME", "STATE")
    put_table(heads, [_line(entry) for entry in entries])


@group.command("show")
def show(session: Session = "last", as_json: Json = False) -> None:
    """Show one session: what was fixed before it, what happened, how it ended."""
    from stimctl.records.sessions import show_session

    record = show_session(journals(), session)
    if as_json:
        put_json("stimctl.session/1", record.as_dict())
        return
    _put_record(record)


@group.command("verify")
def verify(
    session: Annotated[
        str | None,
        typer.Argument(
            metavar="[SESSION]",
            help="An id, the beginning of one, or `last`; all sessions if left out.",
            autocompletion=completion.sessions,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the hash chain, the closing row and the anchor. Exit code 7 when anything is wrong."""
    from stimctl.records.sessions import verify_all, verify_session

    folder = journals()
    results = verify_all(folder) if session is None else (verify_session(folder, session),)
    sound = all(result.ok for result in results)
    if as_json:
        told = [result.as_dict() for result in results]
        put_json("stimctl.verification/1", {"ok": sound, "sessions": told})
    else:
        for result in results:
            _put_verification(result)
        if not results:
            say(f"There is no session yet in {folder}")
    if not sound:
        raise typer.Exit(int(ExitCode.INTEGRITY))


def _kept(aside: Path | None) -> str:
    return f"The old one is kept as {aside}" if aside else "There was none before."


def _line(entry: SessionEntry) -> tuple[str, ...]:
    return (
        entry.session,
        short_time(entry.started),
        entry.device,
        entry.protocol or "-",
        entry.person or "-",
        entry.outcome or "-",
        entry.state.value,
    )


def _put_record(record: SessionRecord) -> None:
    from stimctl.records.delivered import HOW, describe

    entry = record.entry
    put(f"session   {entry.session}{'  SIMULATION' if entry.sim else ''}")
    put(f"file      {entry.file}")
    put(f"state     {styled(entry.state.value, _STYLES[entry.state.value])}, {entry.rows} rows")
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
        for part in value if name == "channels" else (value,):
            put(f"  {name.removesuffix('s') if name == 'channels' else name:<16} {_flat(part)}")


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        told = (f"{name} {_flat(one)}" for name, one in value.items() if one not in (None, {}, []))
        return ", ".join(told)
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
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


def _put_verification(result: Verification) -> None:
    name = result.path.name.removesuffix(".jsonl")
    if result.ok:
        anchored = "" if result.anchored else ", no anchor"
        put(f"{styled('ok', 'green')}      {name}  {result.rows} rows{anchored}")
        return
    word = "unfinished" if result.unfinished_only else "DAMAGED"
    put(f"{styled(word, 'red')}  {name}  {result.rows} sound rows")
    for problem in result.problems:
        put(f"        {problem.finding.value}: {problem.message}")
