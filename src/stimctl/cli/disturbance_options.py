"""The options of a rehearsal in which something goes wrong, and what they mean together."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from stimctl.cli import completion
from stimctl.cli.output import put, put_json
from stimctl.errors import UsageError

if TYPE_CHECKING:
    from stimctl.bench import Disturbance

_LIST = "list"


def _scenario_list(context: typer.Context, value: str | None) -> str | None:
    """`--scenario list` needs no protocol."""
    if value == _LIST:
        from stimctl.bench.disturbances import scenario_listing

        _put_list(context, "scenarios", scenario_listing())
        raise typer.Exit
    return value


def _fault_list(context: typer.Context, values: list[str] | None) -> list[str] | None:
    if values and _LIST in values:
        from stimctl.bench.disturbances import fault_listing

        _put_list(context, "faults", fault_listing())
        raise typer.Exit
    return values


def _put_list(context: typer.Context, what: str, listing: str) -> None:
    """A name and what it does in each line; the whole command line says whether as JSON."""
    if not context.find_root().obj:
        put(listing)
        return
    pairs = [line.split(maxsplit=1) for line in listing.splitlines()]
    rows = [{"name": name, "what": does.strip()} for name, does in pairs]
    put_json(f"stimctl.{what}/1", {what: rows})


ScenarioName = Annotated[
    str | None,
    typer.Option(
        "--scenario",
        metavar="NAME",
        is_eager=True,
        callback=_scenario_list,
        help="A person, a device and what happens; list shows all.",
        autocompletion=completion.scenarios,
    ),
]
Faults = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="NAME@TIME",
        is_eager=True,
        callback=_fault_list,
        help="What goes wrong and when, from the connection on: mute@25s or "
        "drop@12s,permille=300,for=5s; list shows all. May be repeated.",
        autocompletion=completion.faults,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Another person, device and chance."),
]
LockStep = Annotated[
    str | None,
    typer.Option(
        "--lock-step",
        metavar="COMMAND",
        help="A firmware that speaks the lock-step contract, in the place of the twin.",
    ),
]


def disturbance_of(
    scenario: str | None, faults: Sequence[str] | None, seed: int | None, lock_step: str | None
) -> Disturbance | None:
    """What the options say; None for the rehearsal that nothing disturbs. Raises UsageError."""
    if scenario is None and not faults and lock_step is None:
        return None
    from stimctl.bench import Disturbance

    return Disturbance.named(scenario, faults or (), seed=seed, lock_step=command_of(lock_step))


def command_of(text: str | None) -> tuple[str, ...]:
    """What --lock-step starts; nothing for None. Raises UsageError."""
    if text is None:
        return ()
    try:
        command = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--lock-step {text!r} is not a command", why=str(error)) from error
    if not command:
        raise UsageError("--lock-step has no command", what_to_do="write what is to be started")
    return command
