"""`python -m firmware_sim DEVICE`: a twin in real time on a line, or in lock-step."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import cast

from .devices import UnknownTwinError, make_twin, twin_named
from .firmware.machine import HostWrongError
from .firmware.recorder import Row
from .line import Line, LinkRefusedError, TcpLine
from .lockstep import LockStep, serve_lockstep
from .options import RECORD_VERBS, is_loopback, make_parser, own_options
from .owner import end_with
from .serve import (
    Cable,
    RecordFile,
    ServeOptions,
    Server,
    complain,
    end_signals,
)
from .twin import LocalTwin

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


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
        line = _open_pty(options) if options.tcp is None else _tcp(options)
    except LinkRefusedError as refused:
        raise _BadOptionError(f"--link: {refused}; choose another path or remove it") from refused
    except OSError as error:
        place = f"--link {options.link}" if options.tcp is None else f"--tcp {options.tcp[1]}"
        raise _BadOptionError(f"{place}: {error.strerror}") from error
    stack.callback(line.close)
    return line


def _tcp(options: argparse.Namespace) -> TcpLine:
    host, port = options.tcp
    if not (options.allow_remote or is_loopback(host)):
        raise _BadOptionError(
            f"--tcp: at {host} other machines reach this twin too, and nothing asks who they are; "
            "add --allow-remote if that is meant, as in a container"
        )
    return TcpLine(port, host)


def _open_pty(options: argparse.Namespace) -> Line:
    try:
        from .dtr import DtrPtyLine
        from .pty_line import PtyLine
    except ImportError as missing:
        raise _BadOptionError(
            "this system has no pseudo terminals; give --tcp PORT (0 = any free port)"
        ) from missing
    kind = DtrPtyLine if twin_named(options.device).resets_by_dtr else PtyLine
    return kind(options.link)


def _serve(options: argparse.Namespace) -> None:
    with end_signals() as wake, ExitStack() as stack:
        if options.owner is not None:
            end_with(options.owner)
        sink = _open_record(options.record, stack)
        device, twin, cable = _make_twin(options, sink)
        if (leads := getattr(options, "leads", None)) is not None:
            from .leads import Leads

            twin = cast("LocalTwin", Leads(twin, leads))
        line = _open_line(options, stack)
        origin_ns = time.monotonic_ns()
        clock = {"kind": "clock", "monotonic_ns": origin_ns, "device": options.device}
        twin.recorder.add(clock)
        # Behind its port a real UART may wait: who sets the line otherwise is not understood.
        wanted, on_open = twin_named(options.device).line, getattr(device, "line_opened", None)
        serve_options = ServeOptions(options.idle_exit_ns, wanted, on_open, options.json)
        Server(twin, line, serve_options, origin_ns, cable).run(wake)


def _lock_step(options: argparse.Namespace) -> None:
    if options.idle_exit_ns is not None:
        raise _BadOptionError("--idle-exit: in lock-step the twin ends when stdin ends")
    with ExitStack() as stack:
        keep = _open_record(options.record, stack)
        _, twin, _ = _make_twin(options, None)
        serve_lockstep(LockStep(twin, options.device, keep), sys.stdin.buffer, sys.stdout.buffer)


def _make_twin(
    options: argparse.Namespace, sink: Callable[[Row], None] | None
) -> tuple[LocalTwin, LocalTwin, Cable | None]:
    """The device itself, the same behind its line, and its plug (None: nothing pulls it)."""
    told = {**own_options(options), "sink": sink, "wiretap": options.wiretap}
    scenario = getattr(options, "scenario", None)
    if not options.faults and scenario is None:
        device = make_twin(options.device, seed=options.seed or 0, **told)
        return device, device, None
    # Only here: a healthy twin starts sooner without them.
    from .faults import FaultError
    from .situation import faulty_twin

    try:
        faulty = faulty_twin(options.device, scenario, options.faults, seed=options.seed, **told)
    except FaultError as error:
        raise _BadOptionError(str(error)) from error
    return faulty.device, faulty, faulty


def _list(options: argparse.Namespace) -> bool:
    """Print what there is, if that was asked; return whether it was."""
    if "list" in options.faults:
        from .faults import listing as faults

        sys.stdout.write(faults(options.device) + "\n")
    elif getattr(options, "scenario", None) == "list":
        from .scenarios import listing as scenarios

        sys.stdout.write(scenarios() + "\n")
    else:
        return False
    return True


def _nowhere(row: Row) -> None:
    """Take a row that nobody wants to keep."""


def _sensor(words: Sequence[str]) -> int:
    from .sensor_verb import run_sensor

    try:
        return run_sensor(words[0] if words else "")
    except ValueError as wrong:
        complain(str(wrong))
        return EXIT_USAGE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 (done), 1 (failed while running; a rule is broken) or 2 (bad
    options)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in RECORD_VERBS:
        from .record_verbs import run_record_verb  # it loads the invariant

        return run_record_verb(words)
    if words and words[0] == "sensor":
        return _sensor(words[1:])
    try:
        options = make_parser(words[0] if words else "").parse_args(words)
        if not _list(options):
            (_lock_step if options.lock_step else _serve)(options)
    except (_BadOptionError, UnknownTwinError) as bad:
        complain(str(bad))
        return EXIT_USAGE
    except HostWrongError as wrong:
        complain(str(wrong))
        return EXIT_FAILED
    except OSError as error:
        complain(f"ended, the record or the line failed: {error.strerror or error}")
        return EXIT_FAILED
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
