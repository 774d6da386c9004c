"""`stimctl protocols upgrade`: a file without stages, written as one with stages."""

from __future__ import annotations

from typing import Annotated

import typer

from stimctl.cli.options import Protocol
from stimctl.cli.output import put, say


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
    from stimctl.treatment.upgrade import changes, must_do_the_same, upgraded

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
    must_do_the_same(before, after)
    for line in changes(found.text, text):
        put(line)
    if write:
        write_whole(found.path, text)
        say(f"Written: {found.path}. Rehearse it again: its digest is another one.")
    else:
        say("Both do the same, on every device. --write changes the file.")
