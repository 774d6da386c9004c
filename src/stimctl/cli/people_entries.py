"""`stimctl people maximum|threshold|electrodes ...`: what is entered of a person by hand."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put_json, put_table, say
from stimctl.cli.person_code import HELP, code_from
from stimctl.errors import UsageError

Code = Annotated[str, typer.Argument(metavar="CODE", callback=code_from, help=HELP)]
Site = Annotated[str, typer.Option("--site", metavar="SITE", help="Where, such as left-knee.")]
Area = Annotated[
    str, typer.Option("--area", metavar="AREA", help="Size of one electrode, such as 25cm2.")
]
LevelText = Annotated[
    str, typer.Option("--level", metavar="LEVEL", help="With its unit, such as 20mA or 40%.")
]
Named = Annotated[
    str,
    typer.Option("--electrodes", metavar="NAME", help="Electrodes by name; they give the size."),
]


def register(group: typer.Typer) -> None:
    group.command("maximum")(maximum)
    group.command("threshold")(threshold)
    group.command("electrodes")(electrodes)
    group.command("add-electrodes")(add_electrodes)
    group.command("retire-electrodes")(retire_electrodes)


def maximum(
    code: Code, site: Site, level: LevelText, area: Area = "", electrodes: Named = ""
) -> None:
    """Set the highest level for one person at one site; a run that may go higher is refused."""
    from stimctl.records.people.kept import set_maximum
    from stimctl.stimulus.level import Level

    state = _state()
    size = _area(state, area, electrodes)
    set_maximum(
        state, code, site, size, Level.parse(level), datetime.now().astimezone().date(), electrodes
    )
    say(f"{code}: nothing over {level} at {site} from now on, on a device.")


def threshold(
    code: Code,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="sensory, motor or tolerance.")],
    site: Site,
    level: LevelText,
    area: Area = "",
    electrodes: Named = "",
) -> None:
    """Enter a threshold that was found today. It is shown and never set."""
    from stimctl.records.people.kept import add_threshold
    from stimctl.stimulus.level import Level

    state = _state()
    size = _area(state, area, electrodes)
    add_threshold(state, code, what, site, size, Level.parse(level), int(time.time()), electrodes)
    say(f"{code}: {what} {level} at {site} is kept.")


def electrodes(as_json: Json = False) -> None:
    """List the electrodes that are kept under names."""
    from stimctl.quantity import format_area
    from stimctl.records.people.electrodes import list_electrodes
    from stimctl.records.people.kept import day_of_s
    from stimctl.records.people.keys import ERASED, people_files

    state, now_s = _state(), int(time.time())
    codes = {str(told.get("key", "")): code for code, told in people_files(state)}
    told = [
        {
            "name": one.name,
            "area": format_area(one.area_mm2),
            "kind": one.kind,
            "person": codes.get(one.person, ERASED) if one.person else "",
            "sessions": one.sessions,
            "since": str(day_of_s(one.since_s)) if one.since_s else "",
            "retired": one.retired,
            "worn": one.is_worn(now_s),
        }
        for one in list_electrodes(state)
    ]
    if as_json:
        put_json("stimctl.electrodes/1", {"electrodes": told})
        return
    if not told:
        say("No electrodes are kept. Enter some with: stimctl people add-electrodes")
        return
    heads = ("NAME", "AREA", "KIND", "PERSON", "SESSIONS", "SINCE", "STATE")
    put_table(
        heads,
        [(*(str(one[head.lower()]) or "-" for head in heads[:-1]), _words(one)) for one in told],
    )


def add_electrodes(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As on their bag: E-12.")],
    area: Area,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="self-adhesive, rubber or textile.")
    ] = "self-adhesive",
) -> None:
    """Enter a new pair of electrodes. It belongs to the first patient it is used on."""
    from stimctl.quantity import parse_area_mm2
    from stimctl.records.people.electrodes import add_electrodes as add

    one = add(_state(), name, parse_area_mm2(area), kind)
    say(f"{one.name} are kept. Use them with: stimctl run ... --electrodes 1={one.name}")


def retire_electrodes(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As on their bag: E-12.")],
) -> None:
    """Enter that a pair was thrown away; nobody uses it any more."""
    from stimctl.records.people.electrodes import retire_electrodes as retire

    say(f"{retire(_state(), name).name} are retired.")


def _words(one: dict[str, object]) -> str:
    if one["retired"]:
        return "retired"
    return "CHANGE THEM (E1)" if one["worn"] else "-"


def _area(state: Path, text: str, name: str) -> int:
    from stimctl.quantity import parse_area_mm2
    from stimctl.records.people.electrodes import list_electrodes

    if bool(text) is bool(name):
        raise UsageError(
            "one size of electrode is needed",
            why="a level means something only with the electrodes that it was found with",
            what_to_do="give `--area 25cm2`, or --electrodes with the name of kept ones",
        )
    if text:
        return parse_area_mm2(text)
    for one in list_electrodes(state):
        if one.name == name:
            return one.area_mm2
    raise UsageError(
        f"there are no electrodes {name} on record", what_to_do="see: stimctl people electrodes"
    )


def _state() -> Path:
    from stimctl.records.places import state_folder

    return state_folder()
