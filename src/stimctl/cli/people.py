"""`stimctl people list|show|export|erase`: of whom something is kept, what, and how it goes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import is_terminal, put, put_json, put_table, say
from stimctl.cli.person_code import HELP, code_from
from stimctl.errors import UsageError
from stimctl.quantity import format_count

if TYPE_CHECKING:
    from stimctl.records.people.erase import Erasure

Code = Annotated[str, typer.Argument(metavar="CODE", callback=code_from, help=HELP)]

group = typer.Typer(
    help="List, export and erase people; enter maxima, electrodes.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    from stimctl.cli import people_entries

    people_entries.register(group)
    app.add_typer(group, name="people", rich_help_panel=None)


def state() -> Path:
    """The folder of what is kept."""
    from stimctl.records.places import state_folder

    return state_folder()


@group.command("list")
def list_all(as_json: Json = False) -> None:
    """List everybody of whom something is kept, the one of the latest session first."""
    from stimctl.records.people.listing import list_people

    people = list_people(state())
    if as_json:
        put_json("stimctl.people/1", {"people": [one.as_dict() for one in people]})
        return
    if not people:
        say(f"Nothing is kept of anybody in {state()}")
        return
    rows = [
        (one.code, str(one.sessions), one.last_session or "-", _state_of(one)) for one in people
    ]
    put_table(("CODE", "SESSIONS", "LAST SESSION", "STATE"), rows)


@group.command("show")
def show(code: Code, as_json: Json = False) -> None:
    """Show what is kept of one person: screening, PIN, maxima, thresholds, electrodes, sessions."""
    from stimctl.records.people.export import gather

    told = gather(state(), code)
    if as_json:
        put_json("stimctl.person-export/1", told)
        return
    _put(told)


@group.command("export")
def export(
    code: Code,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write to a new file, for its owner."),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="With every row of every session.")] = False,
) -> None:
    """Write everything that is kept of one person, as JSON."""
    from stimctl.records.people.export import gather, write_export

    told = gather(state(), code, rows=rows)
    if out is None:
        put_json("stimctl.person-export/1", told)
        return
    write_export(out, told)
    say(f"Written to {out}. It names the person's sessions: erasing does not reach this file.")


@group.command("erase")
def erase(code: Code) -> None:
    """Erase one person: nothing links the sessions to the person any more, the journals stay."""
    from datetime import UTC, datetime

    from stimctl.records.people.change import nobody_uses
    from stimctl.records.people.erase import erase_person, plan_erasure
    from stimctl.supervisor.person_lock import forget_person

    folder = state()
    planned = plan_erasure(folder, code)
    with nobody_uses(folder, code):  # said before anything is typed
        _put_erasure(planned)
    confirm(code)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = erase_person(folder, code, now, forget_person)
    said = format_count(len(done.all_sessions), "session")
    say(f"{code} is erased. What is nobody's now: {said}.")


def confirm(code: str) -> None:
    """Somebody types the code. Raises UsageError where nobody can, or something else is typed."""
    if not is_terminal(sys.stdin):
        raise UsageError(
            "erasing needs somebody who confirms it",
            why="it cannot be undone, and the input of this command is not a terminal",
            what_to_do="run it at a terminal, and type the code when it asks",
        )
    sys.stderr.write(f"Type {code} to erase this person: ")
    sys.stderr.flush()
    typed = sys.stdin.readline().strip()
    if typed != code:
        raise UsageError(
            "nothing was erased",
            why=f"{code} was not typed",
            what_to_do="run it again, and type the code exactly",
        )


def _put_erasure(planned: Erasure) -> None:
    if planned.begun:
        say("Erasing was begun before and not finished. This finishes it.")
    say(f"Erased for {planned.code}, and not to be had back:")
    say("  the code with its key, PIN, screening answers, maxima, thresholds and last settings,")
    say("  counters and owner of the electrodes, devices of the last sessions, report pages here:")
    for path in planned.files:
        say(f"    {path}")
    say("What stays:")
    kept = format_count(len(planned.sessions), "journal")
    say(f"  {kept} with a key that nobody can tell a person from, verifying as before")
    if planned.readable:
        older = format_count(len(planned.readable), "journal")
        say(f"  {older} of an older stimctl, with the code in the rows:")
        for session in planned.readable:
            say(f"    {session}")
        say("    A row cannot be changed without breaking the chain. stimctl takes these sessions")
        say("    for nobody's; see docs/how-to/people.md for what else can be done.")
    say("  notes that somebody typed, and what was copied elsewhere: exports, reports, backups")


def _state_of(one: Any) -> str:
    if one.erasing:
        return "ERASING NOT FINISHED: run people erase again"
    return "FILE DAMAGED" if one.is_damaged else "-"


def _put(told: dict[str, Any]) -> None:
    from stimctl.records.people.keys import key_of

    screening = told["screening"]
    put(f"patient    {told['code']}{', PIN kept' if told['pin_kept'] else ', no PIN'}")
    put(f"key        {key_of(state(), told['code']) or 'none yet'} (in journals and exports)")
    if screening["answers"]:
        words = "EXPIRED" if screening["expired"] else f"count until {screening['until']}"
        yes = [id_ for id_, answer in screening["answers"].items() if answer == "yes"]
        put(f"screening  {screening['answered']}, {words}; yes: {' '.join(yes) or 'none'}")
    else:
        put("screening  not answered")
    _put_levels("maxima", told["maxima"], ("DAY", "SITE", "SIZE", "ELECTRODES", "MAXIMUM"))
    _put_levels(
        "thresholds", told["thresholds"], ("DAY", "SITE", "SIZE", "ELECTRODES", "LEVEL", "WHAT")
    )
    names = [(f"{one['name']} {one['area']} {one['kind']}", one) for one in told["electrodes"]]
    used = [(f"{one['site']} {one['area']}", one) for one in told["pads"]]
    for words, one in (*names, *used):
        put(f"electrodes {words}, {format_count(one['sessions'], 'session')}")
    put(f"sessions   {len(told['sessions'])}")
    for one in told["sessions"]:
        put(f"  {one['session']}  {one['protocol'] or '-'}  {one['outcome'] or '-'}")


def _put_levels(name: str, entries: list[dict[str, Any]], heads: tuple[str, ...]) -> None:
    put(f"{name:<10} {len(entries) or 'none'}")
    if entries:
        put_table(heads, [tuple(one[head.lower()] or "-" for head in heads) for one in entries])
