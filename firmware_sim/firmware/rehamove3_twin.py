"""How a RehaMove3 twin is made and what its command line takes, for `firmware_sim.devices`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from .recorder import Row
from .rehamove3 import TURNAROUND_US, RehaMove3Twin


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only the command line of this twin takes."""
    from firmware_sim.options import add_turnaround

    add_turnaround(parser, TURNAROUND_US)
    parser.add_argument(
        "--battery",
        type=_percent,
        default=100,
        dest="battery_percent",
        metavar="PERCENT",
        help="what is left of its charge at the start, 1 to 100 (100); a full one lasts 4 h",
    )


def make(
    *,
    seed: int = 0,
    load_ohm: int | None = 500,
    turnaround_us: int | None = None,
    sink: Callable[[Row], None] | None = None,
    wiretap: bool = False,
    battery_percent: int = 100,
    kind: type[RehaMove3Twin] = RehaMove3Twin,
) -> RehaMove3Twin:
    """A RehaMove3 at time 0."""
    answers_us = TURNAROUND_US if turnaround_us is None else turnaround_us
    twin = kind(seed, load_ohm, turnaround_us=answers_us, sink=sink, wiretap=wiretap)
    twin.set_battery(battery_percent)
    return twin


def _percent(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r}: give 1 to 100 (percent)")
    return int(text)
