"""Copies of protocols under a name of one's own: they keep id, version and hash of the parent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stimctl.errors import BugError, JournalError, StimctlError, UsageError
from stimctl.records.protocol_files import ProtocolText, read_protocol
from stimctl.records.whole_file import FOR_OTHERS_TOO, write_whole
from stimctl.treatment.compare import Difference, differences
from stimctl.treatment.load import load_any
from stimctl.treatment.schema import ProtocolBase

_ID: Final = re.compile(r'^id\s*=\s*"[^"\n]*"', re.MULTILINE)
_PARENT: Final = re.compile(r"^\[parent\]\n(?:[^\[\n][^\n]*\n?)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ancestry:
    """A parent as it is now. `found`: "shipped" or "own", "" where no file has its name.

    `same`: its file has the hash that the fork has kept. `differences`: of the fork from it.
    """

    found: str
    same: bool
    differences: tuple[Difference, ...]


def fork(text: ProtocolText, name: str, folder: Path, taken: Sequence[str]) -> Path:
    """Write a copy called `name` into `folder`, with its parent in it.

    Comments stay. Raises UsageError where the name is taken, ProtocolFileError where it is no name,
    JournalError where it cannot be written.
    """
    path = folder / f"{name}.toml"
    if name in taken or path.exists():
        raise UsageError(
            f"there is a protocol called {name} already",
            why="a name means one protocol on this computer",
            what_to_do="choose another name",
        )
    parent = load_any(text.text, text.path.name)
    new = forked(text, name, parent)
    made = load_any(new, path.name)
    if [one.field for one in differences(made, parent)]:
        raise BugError(f"the copy of {text.name} is not a copy")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, new, replace=False, mode=FOR_OTHERS_TOO)
    except OSError as error:
        raise JournalError(
            f"{path} cannot be written",
            why=error.strerror or str(error),
            what_to_do="make the folder writable, or set STIMCTL_PROTOCOLS to one that is",
        ) from error
    return path


def forked(text: ProtocolText, name: str, parent: ProtocolBase) -> str:
    """The text of a copy with another id, and with the parent at its end."""
    renamed, count = _ID.subn(f'id = "{name}"', text.text, count=1)
    if not count:
        raise UsageError(
            f"{text.path} cannot be copied under another name",
            why='its id does not stand in a line id = "..." of its own',
            what_to_do="write it so, then fork it",
        )
    rest = _PARENT.sub("", renamed).rstrip("\n")
    return (
        f'{rest}\n\n[parent]\nid = "{parent.id}"\nversion = "{parent.version}"\n'
        f'sha256 = "{text.sha256}"\n'
    )


def ancestry(protocol: ProtocolBase, folders: Sequence[Path]) -> Ancestry | None:
    """What became of the parent; None of a protocol without one."""
    if protocol.parent is None:
        return None
    try:
        text = read_protocol(protocol.parent.id, folders)
        parent = load_any(text.text, text.path.name)
    except StimctlError:  # gone, twice there, or broken: not the one it was made from
        return Ancestry("", False, ())
    return Ancestry(
        "shipped" if text.shipped else "own",
        text.sha256 == protocol.parent.sha256,
        differences(protocol, parent),
    )
