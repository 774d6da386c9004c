"""A person's code without the command line, which every user of the computer can read (`ps`)."""

from __future__ import annotations

import os

from stimctl.errors import UsageError

HELP = (
    "A pseudonym such as K-17, never a name. Other users of this computer can read a command line: "
    "@FILE takes the first line of a file instead, - the first line of the input."
)
_LONGEST = 64


def code_from(given: str) -> str:
    """`given`, or the line that it points to. Raises `UsageError` or `ProtocolFileError`."""
    if given == "-":
        return _line_of_input()
    if given.startswith("@"):
        from pathlib import Path

        from stimctl.records.text_files import read_text_file

        return (
            read_text_file(Path(given[1:]), "file of the person's code").text.split("\n")[0].strip()
        )
    return given


def _line_of_input() -> str:
    """Not a byte more: what follows is for whoever reads the keyboard later."""
    line = b""
    try:
        while not line.endswith(b"\n") and len(line) <= _LONGEST and (byte := os.read(0, 1)):
            line += byte
    except OSError:
        line = b""
    code = line.decode("utf-8", "replace").strip()
    if not code:
        raise UsageError(
            "the input has no line with a person's code",
            why="--person - takes the code from there",
            what_to_do="type it, or write: echo K-17 | stimctl ... --person -",
        )
    return code
