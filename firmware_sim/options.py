"""What can be said on the command line of the twins."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from .devices import BUILT_IN, TwinFamily, find_twin, load

_FOR_EVERY_TWIN = frozenset({
    "device", "link", "tcp", "lock_step", "seed", "record", "idle_exit_ns", "owner", "wiretap",
    "faults", "json", "scenario", "allow_remote", "leads",
})  # fmt: skip

#: What can be done with the record that a twin has left: `firmware_sim.record_verbs`.
RECORD_VERBS = {
    "judge": "tell whether a record keeps the safety rules: exit 0, or 1 with the rule as JSON",
    "ledger": "print what a record comes to on each channel, as JSON",
}


def make_parser(device: str) -> argparse.ArgumentParser:
    """Return the parser: one subcommand for each twin; only that of `device` has all its options.

    device: the first word of the command line. One that is not built in may be a package's.
    """
    parser = argparse.ArgumentParser(
        prog="firmware_sim", description="Digital twins of electrical stimulators."
    )
    devices = parser.add_subparsers(dest="device", required=True, metavar="DEVICE")
    for verb, what in RECORD_VERBS.items():
        devices.add_parser(verb, help=what)
    asked = None if device.startswith("-") else find_twin(device)
    for row in dict.fromkeys((*BUILT_IN, *([] if asked is None else [asked]))):
        if row == asked:
            _add_options(_device(devices, row.name, row.title), row)
        else:
            devices.add_parser(row.name, help=row.title)
    return parser


def own_options(options: argparse.Namespace) -> dict[str, Any]:
    """What the command line said for this twin's `make`, beside what goes for every twin."""
    return {name: value for name, value in vars(options).items() if name not in _FOR_EVERY_TWIN}


def _add_options(parser: argparse.ArgumentParser, row: TwinFamily) -> None:
    if row.worn:
        _add_worn(parser)
    load(row.options)(parser)


_Devices = argparse._SubParsersAction  # argparse has no public name for it


def _device(
    devices: _Devices[argparse.ArgumentParser], name: str, title: str
) -> argparse.ArgumentParser:
    """Add a device with what all have in common."""
    parser = devices.add_parser(
        name,
        help=title,
        description=f"Twin of a {title}, in real time. "
        "Its first line of output is: ready PATH-OR-URL",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--link", type=Path, metavar="PATH", help="name the pseudo terminal PATH")
    place.add_argument(
        "--tcp",
        type=_address,
        metavar="[HOST:]PORT",
        help="listen there instead, on 127.0.0.1 without a host; port 0 = any free one",
    )
    place.add_argument(
        "--lock-step",
        action="store_true",
        help="virtual time, moved by commands on stdin; answers as JSON lines on stdout",
    )
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="with --tcp: HOST may be one that other machines reach (0.0.0.0 in a container)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="names the device and seeds all chance (0, or that of the scenario)",
    )
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write what reaches the electrodes, JSON lines"
    )
    parser.add_argument(
        "--idle-exit",
        type=_seconds_ns,
        metavar="SECONDS",
        dest="idle_exit_ns",
        help="end after so long without a byte, but not while stimulating",
    )
    parser.add_argument(
        "--owner",
        type=int,
        metavar="PID",
        help="end when this process, which started it, has ended (on Windows: when stdin ends)",
    )
    parser.add_argument(
        "--wiretap", action="store_true", help="record the bytes of both directions"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        dest="faults",
        metavar="NAME@TIME",
        help="what goes wrong and when: mute@2.5s or drop@1s,permille=300,for=5s; "
        "list shows all; may be repeated",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help='the lines on stdout as JSON: {"event": "ready", "url": PATH-OR-URL}',
    )
    return parser


def _add_worn(parser: argparse.ArgumentParser) -> None:
    clipped = parser.add_mutually_exclusive_group()
    clipped.add_argument(
        "--scenario", metavar="NAME", help="a person, a device and what happens; list shows them"
    )
    clipped.add_argument(
        "--load", type=_load, default=500, dest="load_ohm", metavar="OHM",
        help="on every channel, or open (500)",
    )  # fmt: skip

    parser.add_argument(
        "--leads", type=Path, metavar="FILE",
        help="the channels named in this file, one a line, have their leads off; it may change",
    )  # fmt: skip


def add_turnaround(parser: argparse.ArgumentParser, default_us: int) -> None:
    """Add how long the device takes to answer; None = default_us, which is what the help says."""
    parser.add_argument(
        "--turnaround",
        type=lambda text: time_us(text, 10_000_000),
        dest="turnaround_us",
        metavar="US",
        help=f"us from a command to its answer ({default_us})",
    )


def _load(text: str) -> int | None:
    if text == "open":
        return None
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r}: give 1 to 10000000 (ohm), or open")
    return int(text)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that IPv4 address."""
    return host.startswith("127.")


def _address(text: str) -> tuple[str, int]:
    from ipaddress import AddressValueError, IPv4Address  # 3 ms, and seldom needed

    host, _, port = text.rpartition(":")
    try:
        host = str(IPv4Address("127.0.0.1" if host in ("", "localhost") else host))
    except AddressValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r}: give HOST as an IPv4 address, such as 0.0.0.0"
        ) from error
    if not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise argparse.ArgumentTypeError(
            f"{text!r}: give PORT as 0 to 65535; 0 takes any free port"
        )
    return host, int(port)


def _seconds_ns(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 1e9:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number of seconds above 0")
    return round(seconds * 1e9)


def time_us(text: str, highest: int) -> int:
    """Read a time in us, up to `highest`, as an option of a command line."""
    if not (text.isascii() and text.isdigit()) or int(text) > highest:
        raise argparse.ArgumentTypeError(f"{text!r}: give 0 to {highest} (us)")
    return int(text)
