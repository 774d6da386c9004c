"""`stimctl protocols upgrade`: a file without stages, written as one with stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stimctl.cli.options import Protocol
from stimctl.cli.output import put, say

if TYPE_CHECKING:
    from stimctl.treatment.schema import TreatmentProtocol
    from stimctl.treatment.staged import StagedProtocol

_PROBE_UA = 4_000
_PROBE_AREA_MM2 = 9_600


def register(group: typer.Typer) -> None:
    """Put the verb among those of `stimctl protocols`."""
    group.command("upgrade")(upgrade)


def upgrade(
    protocol: Protocol,
    write: Annotated[bool, typer.Option("--write", help="Change the file itself.")] = False,
) -> None:
    """Show a treatment-v1 file as treatment-v2, where stages can be added.

    Comments and order stay. Nothing is written unless both do the same at every moment, on every
    device that can do the file. Files of version 1 stay valid: nobody has to.
    """
    from stimctl.cli.planning import read_named_protocol
    from stimctl.errors import UsageError
    from stimctl.records.whole_file import write_whole
    from stimctl.treatment.load import load_any, load_protocol
    from stimctl.treatment.schema import TreatmentProtocol
    from stimctl.treatment.staged import StagedProtocol
    from stimctl.treatment.upgrade import changes, upgraded

    found = read_named_protocol(protocol)
    name = found.path.name
    before = load_any(found.text, name)
    if not isinstance(before, TreatmentProtocol):
        raise UsageError(
            f"{found.name} is no {TreatmentProtocol.schema_id} file",
            why=f"its schema is {before.schema_id}",
        )
    text = upgraded(found.text)
    after = load_protocol(text, name)
    assert isinstance(after, StagedProtocol)
    _must_do_the_same(before, after)
    for line in changes(found.text, text):
        put(line)
    if write:
        write_whole(found.path, text)
        say(f"Written: {found.path}. Rehearse it again: its digest is another one.")
    else:
        say("Both do the same, on every device. --write changes the file.")


def _must_do_the_same(before: TreatmentProtocol, after: StagedProtocol) -> None:
    from stimctl.devices.registry import FAMILIES
    from stimctl.errors import BugError, UsageError
    from stimctl.safety import Electrode, Refusal
    from stimctl.stimulus.level import CURRENT, Level
    from stimctl.treatment.plan import ChannelSetup, compile_plan
    from stimctl.treatment.upgrade import difference

    compared = 0
    for family, declared in FAMILIES.items():
        if declared.sheet.current is None:
            continue
        setups = [
            ChannelSetup(channel, Level(CURRENT, _PROBE_UA), Electrode(area_mm2=_PROBE_AREA_MM2))
            for channel in range(1, len(before.channels) + 1)
        ]
        old = compile_plan(before, declared.sheet, setups)
        new = compile_plan(after, declared.sheet, setups)
        if isinstance(old, Refusal):
            continue
        compared += 1
        why = new.message if isinstance(new, Refusal) else difference(old, new)
        if why is not None:
            raise BugError(f"the two files do not do the same on {family}", why=why)
    if not compared:
        raise UsageError(
            f"{before.id} cannot be compared",
            why="no device here can do it",
            what_to_do="stimctl check says what forbids it",
        )
