"""`stimctl doctor`: looks at what a session needs, and names the command that mends a gap."""

from __future__ import annotations

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, say, styled
from stimctl.errors import ExitCode

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(as_json: Json = False) -> None:
    """Check this machine for sessions. Exit code 1 when something is in the way of one."""
    from stimctl.cli.doctor_checks import run_checks

    checks = run_checks()
    failed = sum(check.verdict == "fail" for check in checks)
    warned = sum(check.verdict == "warn" for check in checks)
    if as_json:
        told = [check.as_dict() for check in checks]
        put_json("stimctl.doctor/1", {"ok": not failed, "checks": told})
    else:
        for check in checks:
            word = styled(f"{check.verdict:<4}", _STYLES[check.verdict])
            put(f"{word}  {check.name:<16} {check.detail}")
            if check.fix:
                put(f"      {'':<16} fix: {check.fix}")
        say(", ".join((_count(len(checks), "check"), _count(warned, "warning"),
                       _count(failed, "failure"))))  # fmt: skip
    if failed:
        raise typer.Exit(int(ExitCode.REFUSED))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
