"""The list of recorded sessions; without the command-line framework, so that it comes at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stimctl.cli.output import put_json, put_table, say, short_time

if TYPE_CHECKING:
    from stimctl.records.sessions import SessionEntry

PAGE = 50
_HEADS = ("SESSION", "STARTED", "DEVICE", "PROTOCOL", "PERSON", "OUTCOME", "STATE")


def journals() -> Path:
    """The folder of the recorded sessions."""
    from stimctl.records.places import journal_folder, state_folder

    return journal_folder(state_folder())


def put_sessions(folder: Path, *, most: int | None = PAGE, as_json: bool = False) -> None:
    """Write the newest `most` sessions in `folder`, or all, the oldest of them first."""
    from stimctl.records.sessions import newest_sessions

    entries, older = newest_sessions(folder, most)
    if as_json:
        put_json("stimctl.sessions/1", {"sessions": [entry.as_dict() for entry in entries]})
        return
    if not entries:
        say(f"There is no session yet in {folder}")
        return
    put_table(_HEADS, [_line(entry) for entry in entries])
    if older:
        say(f"{older} older ones are not listed; see: stimctl sessions list --all")


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
