"""`stimctl sim compare`: a capture of a device beside the device's twin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, say, styled
from stimctl.errors import ExitCode
from stimctl.quantity import format_count, format_duration, parse_duration_us

if TYPE_CHECKING:
    from stimctl.bench.capture_compare import Comparison

_PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True}
_MOST_LINES = 50

Capture = Annotated[Path, typer.Argument(metavar="CAPTURE", help="A file of `stimctl capture`.")]
Tolerance = Annotated[
    str,
    typer.Option("--tolerance", metavar="TIME", help="How much earlier or later an answer may be."),
]
CutOk = Annotated[bool, typer.Option("--cut-ok", help="Read a file without its end, too.")]
WriteTest = Annotated[
    Path | None,
    typer.Option(
        "--write-test", metavar="FOLDER", help="Also write a pytest file and a copy of the capture."
    ),
]


def register(group: typer.Typer) -> None:
    group.command("compare", context_settings=_PASS_ON)(compare)


def compare(
    context: typer.Context,
    capture: Capture,
    tolerance: Tolerance = "50 ms",
    cut_ok: CutOk = False,
    write_test: WriteTest = None,
    as_json: Json = False,
) -> None:
    """Feed the twin what the host sent in a capture, and compare what it says with the device.

    Bytes are fed at their times, in virtual time. Differences are told field by field. Options
    that are not listed here go to the twin (--load, --turnaround, --fault and others).

    Exit code: 0 no difference, 1 differences, 2 the file is no whole capture.
    """
    from stimctl.bench.capture_compare import compare_file

    tolerance_ns = parse_duration_us(tolerance) * 1_000
    options = tuple(context.args)
    compared = compare_file(capture, options, tolerance_ns=tolerance_ns, cut_ok=cut_ok)
    if as_json:
        put_json("stimctl.sim-compare/1", compared.as_dict())
    else:
        _put(compared)
    if write_test is not None:
        from stimctl.bench.capture_test import write_test as write

        for path in write(write_test, capture, compared, options, cut_ok=cut_ok):
            say(f"written: {path}")
    raise typer.Exit(int(ExitCode.DONE if compared.same else ExitCode.REFUSED))


def _put(compared: Comparison) -> None:
    for one in compared.differences[:_MOST_LINES]:
        put(str(one))
    if len(compared.differences) > _MOST_LINES:
        put(f"and {len(compared.differences) - _MOST_LINES} more; --json has all of them")
    serial_number, firmware = (text or "unknown" for text in compared.device)
    put(f"device        {compared.family}, serial number {serial_number}, firmware {firmware}")
    put(f"compared      {format_count(compared.compared, 'message')}")
    if compared.later_ns is not None:
        median, largest = (ns / 1e6 for ns in compared.later_ns)
        tolerance = format_duration(compared.tolerance_ns // 1_000)
        put(
            f"times         {median:+.3f} ms median, {largest:+.3f} ms at most (tolerance "
            f"{tolerance}; plus: the device answers later than the twin)"
        )
    for left in compared.left_out:
        values = ", ".join(map(str, left.capture))
        put(f"not compared  {left.row.message}.{left.row.field}: {left.row.reason} ({values[:60]})")
    for note in compared.notes:
        put(f"note          {note}")
    count = format_count(len(compared.differences), "difference")
    put(styled(count if compared.differences else "no difference", _style(compared)))
    sys.stdout.flush()


def _style(compared: Comparison) -> str:
    return "green" if compared.same else "red"
