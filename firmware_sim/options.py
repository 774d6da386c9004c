"""What can be said on the command line of the twins."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from .firmware import openemsstim, p24, rehastim2


def make_parser() -> argparse.ArgumentParser:
    """Return the parser: one subcommand for each device."""
    parser = argparse.ArgumentParser(
        prog="firmware_sim", description="Digital twins of electrical stimulators."
    )
    devices = parser.add_subparsers(dest="device", required=True, metavar="DEVICE")
    _add_p24(devices)
    _add_rehastim2(devices)
    _add_openemsstim(devices)
    return parser


_Devices = argparse._SubParsersAction  # argparse has no public name for it


def _add_p24(devices: _Devices[argparse.ArgumentParser]) -> None:
    parser = _device(devices, "p24", "HASOMED P24 (ScienceMode 4)")
    _add_worn(parser)
    _add_turnaround(parser, p24.TURNAROUND_US)


def _add_rehastim2(devices: _Devices[argparse.ArgumentParser]) -> None:
    parser = _device(devices, "rehastim2", "HASOMED RehaStim2 (ScienceMode 2)")
    _add_worn(parser)
    _add_turnaround(parser, rehastim2.TURNAROUND_US)


def _add_openemsstim(devices: _Devices[argparse.ArgumentParser]) -> None:
    parser = _device(devices, "openemsstim", "openEMSstim (open attenuator board)")
    parser.add_argument(
        "--dialect",
        choices=[dialect.value for dialect in openemsstim.Dialect],
        default=openemsstim.Dialect.HEX_ONLY.value,
        help="which firmware: a takes plain text, b (the released one) only its hex form (b)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end with a failure when the host provokes one of the firmware's defects",
    )
    parser.add_argument(
        "--boot",
        type=_boot,
        default=openemsstim.BOOT_US,
        dest="boot_us",
        metavar="US",
        help=f"us from the start of its program until it is ready ({openemsstim.BOOT_US})",
    )
    parser.add_argument(
        "--bootloader",
        choices=[one.name.lower() for one in openemsstim.Bootloader],
        default=openemsstim.Bootloader.NONE.name.lower(),
        help="what runs first after each reset, and hears nothing: old lasts 0.2 s when it hears "
        "bytes and 1.33 s in silence, optiboot 1.40 s (none)",
    )


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
        "--tcp", type=_port, metavar="PORT", help="listen on 127.0.0.1 instead; 0 = any free port"
    )
    place.add_argument(
        "--lock-step",
        action="store_true",
        help="virtual time, moved by commands on stdin; answers as JSON lines on stdout",
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
        help="end when this process, which started it, has ended",
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
        "--load", type=_load, default=500, metavar="OHM", help="on every channel, or open (500)"
    )


def _add_turnaround(parser: argparse.ArgumentParser, default_us: int) -> None:
    parser.add_argument(
        "--turnaround",
        type=_turnaround,
        metavar="US",
        help=f"us from a command to its answer ({default_us})",
    )


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
    return _time_us(text, 10_000_000)


def _boot(text: str) -> int:
    return _time_us(text, 100_000_000)


def _time_us(text: str, highest: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > highest:
        raise argparse.ArgumentTypeError(f"{text!r}: give 0 to {highest} (us)")
    return int(text)
