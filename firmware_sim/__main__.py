"""`python -m firmware_sim p24`: a twin in real time on a line, or in lock-step on its streams."""

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
from .lockstep import LockStep, serve_lockstep
from .serve import Cable, RecordFile, ServeOptions, Server, complain, end_signals
from .twin import LocalTwin

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
    place.add_argument(
        "--lock-step",
        action="store_true",
        help="virtual time, moved by commands on stdin; answers as JSON lines on stdout",
    )
    p24.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="names the device and seeds all chance (0, or that of the scenario)",
    )
    clipped = p24.add_mutually_exclusive_group()
    clipped.add_argument(
        "--load", type=_load, default=500, metavar="OHM", help="on every channel, or open (500)"
    )
    clipped.add_argument(
        "--scenario", metavar="NAME", help="a person, a device and what happens; list shows them"
    )
    p24.add_argument(
        "--fault",
        action="append",
        default=[],
        dest="faults",
        metavar="NAME@TIME",
        help="what goes wrong and when: mute@2.5s or drop@1s,permille=300,for=5s; "
        "list shows all; may be repeated",
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
        twin, cable = _make_twin(options, sink)
        line = _open_line(options, stack)
        origin_ns = time.monotonic_ns()
        twin.recorder.add({"kind": "clock", "monotonic_ns": origin_ns})
        serve_options = ServeOptions(options.idle_exit_ns)
        Server(twin, line, serve_options, origin_ns, cable).run(wake)


def _lock_step(options: argparse.Namespace) -> None:
    if options.idle_exit_ns is not None:
        raise _BadOptionError("--idle-exit: in lock-step the twin ends when stdin ends")
    with ExitStack() as stack:
        keep = _open_record(options.record, stack)
        twin, _ = _make_twin(options, None)
        serve_lockstep(LockStep(twin, options.device, keep), sys.stdin.buffer, sys.stdout.buffer)


def _make_twin(
    options: argparse.Namespace, sink: Callable[[Row], None] | None
) -> tuple[LocalTwin, Cable | None]:
    if not options.faults and options.scenario is None:
        turnaround_us = TURNAROUND_US if options.turnaround is None else options.turnaround
        twin = P24Twin(
            options.seed or 0,
            options.load,
            turnaround_us=turnaround_us,
            sink=sink,
            wiretap=options.wiretap,
        )
        return twin, None
    # Only here: a healthy twin starts sooner without them.
    from .faults import FaultError
    from .situation import faulty_twin

    try:
        faulty = faulty_twin(
            options.scenario,
            options.faults,
            seed=options.seed,
            load_ohm=options.load,
            turnaround_us=options.turnaround,
            sink=sink,
            wiretap=options.wiretap,
        )
    except FaultError as error:
        raise _BadOptionError(str(error)) from error
    return faulty, faulty


def _list(options: argparse.Namespace) -> bool:
    """Print what there is, if that was asked; return whether it was."""
    if "list" in options.faults:
        from .faults import listing
    elif options.scenario == "list":
        from .scenarios import listing
    else:
        return False
    sys.stdout.write(listing() + "\n")
    return True


def _nowhere(row: Row) -> None:
    """Take a row that nobody wants to keep."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 (done), 1 (failed while running) or 2 (bad options)."""
    options = _parser().parse_args(arguments)
    try:
        if not _list(options):
            (_lock_step if options.lock_step else _serve)(options)
    except _BadOptionError as bad:
        complain(str(bad))
        return EXIT_USAGE
    except OSError as error:
        complain(f"ended, the record or the line failed: {error.strerror or error}")
        return EXIT_FAILED
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
