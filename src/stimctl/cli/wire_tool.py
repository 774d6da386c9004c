"""`stimctl wire decode|encode`: hex lines to JSON objects and back, for logs and for tests."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from stimctl.cli.options import choice
from stimctl.cli.output import put, say, styled
from stimctl.errors import ExitCode, UsageError, WireFormatError
from stimctl.terminal_text import is_unicode
from stimctl.wire.names import WIRES

_PROTOCOLS = {name: name for name in WIRES}
# Far above any frame (1200 bytes), so that a file without line ends cannot fill the memory.
_LONGEST_LINE = 1 << 20
_BYTE_ORDER_MARK = "\ufeff"  # some editors and shells put it before the first line

Wire = Annotated[
    str,
    typer.Argument(
        metavar="WIRE",
        help=f"The wire protocol: {', '.join(_PROTOCOLS)}.",
        autocompletion=lambda: list(_PROTOCOLS),
    ),
]
File = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="A file of lines; standard input if left out or -."),
]

group = typer.Typer(help="Dissect and build wire frames, a line at a time.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="wire", rich_help_panel=None)


@group.command("decode")
def decode(
    wire: Wire,
    file: File = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON it is anyway; this puts its schema field first.")
    ] = False,
) -> None:
    """Read hex lines, print one JSON object a line: {"frames": [...], "errors": [...]}.

    Blank lines and lines that begin with # are left out. A line that is not hex gives an object
    with the error "hex", words on stderr, and exit code 2 at the end.
    """
    from stimctl.wire.hexlines import decode_line

    choice("WIRE", wire, _PROTOCOLS)

    head = {"schema": "stimctl.wire-frames/1"} if as_json else {}

    def shown(line: str) -> str:
        return json.dumps(
            {**head, **decode_line(line, wire)}, ensure_ascii=not is_unicode(sys.stdout)
        )

    _each_line(file, shown, instead=json.dumps({**head, "frames": [], "errors": ["hex"]}))


@group.command("encode")
def encode(
    wire: Wire,
    file: File = None,
    invalid: Annotated[
        bool, typer.Option("--invalid", help="Also encode frames that the device would refuse.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, with the hex in it.")
    ] = False,
) -> None:
    """Read JSON lines as `decode` prints them, print one hex line for each.

    A line that cannot be encoded gives an empty line, words on stderr, and exit code 2 at the
    end.
    """
    from stimctl.wire.hexlines import encode_text

    choice("WIRE", wire, _PROTOCOLS)

    def shown(line: str) -> str:
        encoded = encode_text(line, wire, invalid=invalid)
        for note in encoded.notes:
            say(f"{styled('note:', 'yellow', sys.stderr)} {note}")
        return as_row(encoded.hex)

    def as_row(hex_text: str) -> str:
        row = {"schema": "stimctl.wire-hex/1", "hex": hex_text}
        return json.dumps(row) if as_json else hex_text

    _each_line(file, shown, instead=as_row(""))


def _each_line(file: Path | None, convert: Callable[[str], str], *, instead: str) -> None:
    wrong = 0
    for number, line in _lines(file):
        try:
            if len(line) > _LONGEST_LINE:
                raise WireFormatError(
                    f"the line is longer than {_LONGEST_LINE} characters",
                    why="no frame is that long",
                    what_to_do="give one frame or one short recording a line",
                )
            put(convert(line))
        except WireFormatError as error:
            wrong += 1
            put(instead)
            say(f"{styled('error:', 'red', sys.stderr)} line {number}: {error}")
        sys.stdout.flush()
    if wrong:
        raise typer.Exit(int(ExitCode.USAGE))


def _lines(file: Path | None) -> Iterator[tuple[int, str]]:
    if file is None or str(file) == "-":
        yield from _lines_of(sys.stdin.buffer)
        return
    try:
        with file.open("rb") as opened:
            yield from _lines_of(opened)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read",
            why=error.strerror or str(error),
            what_to_do="Check the path, or give the lines on standard input",
        ) from error


def _lines_of(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """Every line with its number; of one that is too long no more than shows that it is."""
    number = 0
    while data := stream.readline(_LONGEST_LINE + 1):
        number += 1
        if len(data) > _LONGEST_LINE:
            yield number, "?" * len(data)
            while data and not data.endswith(b"\n"):
                data = stream.readline(_LONGEST_LINE)
            continue
        line = data.decode("utf-8", "replace").lstrip(_BYTE_ORDER_MARK).strip()
        if line and not line.startswith("#"):
            yield number, line
