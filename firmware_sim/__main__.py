"""`python -m firmware_sim p24`: a twin in real time on a pseudo terminal or a TCP port."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from .firmware.p24 import TURNAROUND_US, P24Twin
from .firmware.recorder import Row
from .line import Line, LinkRefusedError, PtyLine, TcpLine
from .serve import RecordFile, ServeOptions, Server, complain, end_signals

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


def _load(text: str) -> int | None:
    if text == "open":
        return None
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r}: give 1 to 10000000 (ohm), or open")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r}: give 0 to 65535; 0 takes any free port")
    return int(text)


def _seconds_ns(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 1e9:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number of seconds above 0")
    return round(seconds * 1e9)


def _turnaround(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r}: give 0 to 10000000 (us)")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="firmware_sim", description="Digital twins of electrical stimulators."
    )
    devices = parser.add_subparsers(dest="device", required=True, metavar="DEVICE")
    p24 = devices.add_parser(
        "p24",
        help="HASOMED P24 (ScienceMode 4)",
        description="A P24 twin in real time. Its first line of output is: ready PATH-OR-URL",
    )
    place = p24.add_mutually_exclusive_group()
    place.add_argument("--link", type=Path, metavar="PATH", help="name the pseudo terminal PATH")
    place.add_argument(
        "--tcp", type=_port, metavar="PORT", help="listen on 127.0.0.1 instead; 0 = any free port"
    )
    p24.add_argument("--seed", type=int, default=0, metavar="N", help="names the device (0)")
    p24.add_argument(
        "--load", type=_load, default=500, metavar="OHM", help="on every channel, or open (500)"
    )
    p24.add_argument(
        "--record", type=Path, metavar="FILE", help="write what reaches the electrodes, JSON lines"
    )
    p24.add_argument(
        "--idle-exit",
        type=_seconds_ns,
        metavar="SECONDS",
        dest="idle_exit_ns",
        help="end after so long without a byte, but not while stimulating",
    )
    p24.add_argument(
        "--turnaround",
        type=_turnaround,
        default=TURNAROUND_US,
        metavar="US",
        help=f"us from a command to its answer ({TURNAROUND_US})",
    )
    p24.add_argument("--wiretap", action="store_true", help="record the bytes of both directions")
    return parser


class _BadOptionError(Exception):
    """An option that names something that cannot be had."""


def _open_record(path: Path | None, stack: ExitStack) -> Callable[[Row], None]:
    if path is None:
        return _nowhere
    try:
        record = RecordFile(path)
    except FileExistsError as exists:
        raise _BadOptionError(f"--record: {exists}; choose another file") from exists
    except OSError as error:
        raise _BadOptionError(f"--record: {path}: {error.strerror}") from error
    stack.callback(record.close)
    return record.add


def _open_line(options: argparse.Namespace, stack: ExitStack) -> Line:
    line: Line
    try:
        line = PtyLine(options.link) if options.tcp is None else TcpLine(options.tcp)
    except LinkRefusedError as refused:
        raise _BadOptionError(f"--link: {refused}; choose another path or remove it") from refused
    except OSError as error:
        place = f"--link {options.link}" if options.tcp is None else f"--tcp {options.tcp}"
        raise _BadOptionError(f"{place}: {error.strerror}") from error
    stack.callback(line.close)
    return line


def _serve(options: argparse.Namespace) -> None:
    with end_signals() as wake, ExitStack() as stack:
        sink = _open_record(options.record, stack)
        line = _open_line(options, stack)
        twin = P24Twin(
            options.seed,
            options.load,
            turnaround_us=options.turnaround,
            sink=sink,
            wiretap=options.wiretap,
        )
        origin_ns = time.monotonic_ns()
        twin.recorder.add({"kind": "clock", "monotonic_ns": origin_ns})
        Server(twin, line, ServeOptions(options.idle_exit_ns), origin_ns).run(wake)


def _nowhere(row: Row) -> None:
    """Take a row that nobody wants to keep."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 (done), 1 (failed while running) or 2 (bad options)."""
    options = _parser().parse_args(arguments)
    try:
        _serve(options)
    except _BadOptionError as bad:
        complain(str(bad))
        return EXIT_USAGE
    except OSError as error:
        complain(f"ended, the record or the line failed: {error.strerror or error}")
        return EXIT_FAILED
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
