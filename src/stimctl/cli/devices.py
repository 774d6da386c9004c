"""`stimctl devices list|check|trust`: the families there are, and drivers of other packages."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import is_terminal, put, put_json, put_table, say
from stimctl.errors import ExitCode

group = typer.Typer(
    help="List device families; check and trust others' drivers.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="devices", rich_help_panel=None)


@group.command("list")
def list_all(as_json: Json = False) -> None:
    """List built-in and installed families. Runs nothing of other packages, opens no port."""
    from stimctl.records.places import state_folder
    from stimctl.supervisor.drivers import listed

    found = listed(state_folder())
    if as_json:
        put_json("stimctl.devices/1", {"devices": [one._asdict() for one in found]})
        return
    put_table(
        ("FAMILY", "PACKAGE", "VERSION", "DRIVES"),
        [
            (
                one.family, one.package, one.version,
                f"its twin only: {one.trouble}" if one.trouble else "devices and its twin",
            )
            for one in found
        ],
    )  # fmt: skip


@group.command("check")
def check(
    family: Annotated[str, typer.Argument(metavar="NAME", help="The family of a package.")],
    as_json: Json = False,
) -> None:
    """Check a driver against its contract and its twin. Exit code 1 where a check fails."""
    from stimctl.records.places import state_folder
    from stimctl.supervisor import drivers

    checks = drivers.check(state_folder(), family)
    passed = all(one["ok"] for one in checks)
    if as_json:
        put_json("stimctl.devices-check/1", {"family": family, "ok": passed, "checks": checks})
    else:
        for one in checks:
            put(f"{'ok  ' if one['ok'] else 'FAIL'}  {one['name']:<30} {one['detail']}".rstrip())
        release = drivers.release(family)
        say(
            f"{family} has passed. To drive a device: stimctl devices trust {release}"
            if passed
            else f"{family} has not passed: it drives its twin only."
        )
    if not passed:
        raise typer.Exit(int(ExitCode.REFUSED))


@group.command("trust")
def trust(
    release: Annotated[
        str, typer.Argument(metavar="DIST==VERSION", help="As stimctl devices list shows it.")
    ],
    yes: Annotated[
        bool, typer.Option("--not-sandboxed", help="Agree without being asked.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Trust one release of a package: its driver, once checked, may drive a device."""
    from stimctl.records.places import state_folder
    from stimctl.records.trusted import NOT_SANDBOXED
    from stimctl.supervisor import drivers

    drivers.release_of(release)
    say(NOT_SANDBOXED)
    said = yes or _asks(release)
    package = drivers.trust(state_folder(), release, said=said)
    if as_json:
        told = {"release": package.release, "sha256": package.sha256}
        put_json("stimctl.devices-trust/1", told)
    else:
        put(f"{package.release} is trusted. An update of it is not.")


def _asks(release: str) -> bool:
    if not is_terminal(sys.stdin):
        say("There is no terminal to ask at: --not-sandboxed agrees.")
        return False
    say(f"Type the release to trust it: {release}")
    return sys.stdin.readline().strip() == release
