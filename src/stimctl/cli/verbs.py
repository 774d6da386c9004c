"""Which module has which verb, so that a command line loads the one it names and no other.

The words are for the list in `stimctl --help`; a test compares them with those of the verbs.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

VERBS = {
    "ports": ("ports", "List serial ports, what is plugged in, and who uses it."),
    "identify": ("ports", "Identify a device, with its output at zero."),
    "spec": ("spec", "Show a device family's outputs, protections, assumptions."),
    "check": ("check", "Show plan, dose, and the distance to every limit."),
    "rehearse": ("rehearse", "Rehearse a session on the twin, in virtual time."),
    "run": ("run", "Run a protocol."),
    "capture": ("capture", "Run a command of stimctl and capture its bytes."),
    "commission": ("commission", "Measure a device on the bench before it is used."),
    "replay": ("replay", "Show a recorded session again."),
    "stop": ("stop", "Stop a device NOW, whoever holds it; wait for verified zero."),
    "screening": ("screening", "Print the screening questions as a form to fill in."),
    "devices": ("devices", "List device families; check and trust others' drivers."),
    "doctor": ("doctor", "Check this machine for sessions."),
    "paths": ("paths", "Show the folders that stimctl uses."),
    "protocols": ("protocols", "List, show, copy and sign treatment protocols."),
    "stop-face": ("stop_face", "List and try pedals and buttons that stop."),
    "sim": ("sim", "Run and list digital twins."),
    "wire": ("wire_tool", "Dissect and build wire frames, a line at a time."),
    "sync": ("sync", "Send recorded sessions to the server of a clinic."),
    "sessions": ("sessions", "List, verify, sign, report and export recorded sessions."),
    "station-key": ("station_key", "List, change and add the keys that sign sessions."),
    "compliance": ("compliance", "Write hazards with their proofs, dependencies and outputs."),
    "backup": ("backup", "Back up everything that is on record, and verify the copy."),
    "restore": ("backup", "Verify a backup, then restore it into an empty state folder."),
    "people": ("people", "List, export and erase people; enter maxima, electrodes."),
    "gate": ("moved", "Gone; see stimctl run --manual."),
}
_HIDDEN = frozenset({"gate"})


class Verbs(TyperGroup):
    """The verbs by name; each is loaded when it is asked for, and none for the list of them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._listing = False
        for name, (_, words) in VERBS.items():
            hidden = name in _HIDDEN
            self.add_command(TyperCommand(name, help=words, rich_markup_mode=None, hidden=hidden))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb of that name, or None."""
        if self._listing or cmd_name not in VERBS:
            return super().get_command(ctx, cmd_name)
        return load(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list for the help."""
        self._listing = True
        try:
            super().format_commands(ctx, formatter)
        finally:
            self._listing = False


@cache
def load(name: str) -> Any:
    """The verb itself, from its module. Made once a process: a module adds its verbs to its group,
    and done twice the group would have them twice, each with a signature to be read."""
    one = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    import_module(f"stimctl.cli.{VERBS[name][0]}").register(one)
    return get_group(one).commands[name]
