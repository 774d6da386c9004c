"""`stimctl sim`: digital twins to connect to, from stimctl or from any other client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import typer

from stimctl import supervisor
from stimctl.cli import sim_compare
from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, say
from stimctl.supervisor.device_names import EXAMPLE, FAMILIES, installed_families
from stimctl.supervisor.twin import twin_name

group = typer.Typer(help="Run and list digital twins.", no_args_is_help=True)
_PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True}


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="sim", rich_help_panel=None)


def _command(family: str) -> Callable[[typer.Context], None]:
    def sim(context: typer.Context) -> None:
        _become(family, context.args)

    sim.__doc__ = f"""Run the twin of a {family} in real time until Ctrl-C.

    Its first line is: ready PATH-OR-URL. All options go to the twin (stimctl sim {family} --help
    shows them): --link, --tcp, --seed, --record, --fault and others.
    """
    return sim


for _family in (*FAMILIES, *installed_families()):
    group.command(_family, context_settings=_PASS_ON, add_help_option=False)(_command(_family))
sim_compare.register(group)


def _become(family: str, options: list[str]) -> None:
    """The twin is a program of its own and replaces this one: signals and streams are its."""
    arguments = _announced(family, options)
    command = [sys.executable, "-P", "-m", "firmware_sim", twin_name(family), *arguments]
    sys.stdout.flush()
    if not supervisor.RUNS_HERE:
        raise typer.Exit(_run_beside(command))
    os.execv(sys.executable, command)


def _run_beside(command: list[str]) -> int:
    """Where no program can take another's place (on Windows a shell would not wait for it)."""
    twin = subprocess.Popen(command)
    while True:
        try:
            return twin.wait()
        except KeyboardInterrupt:  # has gone to the twin, too, which ends by it
            continue


def _announced(family: str, arguments: list[str]) -> list[str]:
    """The twin's options, with a place for its pty; noted, so that `stop sim:...` finds it."""
    if not supervisor.RUNS_HERE:  # it has no pty, and no session that could be stopped
        return arguments
    from stimctl.supervisor.twin import announce_twin, twin_place

    given = {
        name: value
        for name in ("--link", "--tcp")
        for option, value in _pairs(arguments)
        if option == name
    }
    if "-h" in arguments or "--help" in arguments:
        return arguments
    if "--tcp" in given:
        announce_twin(family, f"socket://127.0.0.1:{given['--tcp']}")
        return arguments
    if "--link" in given:
        announce_twin(family, os.path.abspath(given["--link"]))  # noqa: PTH100 - no link followed
        return arguments
    place = str(twin_place(family))
    announce_twin(family, place)
    return ["--link", place, *arguments]


def _pairs(arguments: list[str]) -> list[tuple[str, str]]:
    """Every option with what follows it, also as `--option=value`."""
    pairs = []
    for one, following in zip(arguments, [*arguments[1:], ""], strict=False):
        option, equals, value = one.partition("=")
        pairs.append((option, value if equals else following))
    return pairs


@group.command("list")
def list_running(as_json: Json = False) -> None:
    """List the twins of your `sim:` sessions that still run."""
    from stimctl.supervisor.families import every_family
    from stimctl.supervisor.locks import read_holder
    from stimctl.supervisor.platform_support import need_session
    from stimctl.supervisor.twin import running_twins

    need_session("stimctl sim list")
    found = [
        {
            "family": family,
            "device": f"{family}:{address}",
            "holder": str(read_holder(address) or ""),
        }
        for family in every_family()
        for address in running_twins(family)
    ]
    if as_json:
        put_json("stimctl.twins/1", {"twins": found})
        return
    for twin in found:
        put(f"{twin['device']}  {twin['holder'] or 'free'}")
    if not found:
        say(f"No twin of yours is running. Start one: stimctl sim {EXAMPLE}")
