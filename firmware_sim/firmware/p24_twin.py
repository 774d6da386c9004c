"""How a P24 twin is made and what its command line takes, for `firmware_sim.devices`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from .p24 import TURNAROUND_US, P24Twin
from .recorder import Row


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only the command line of this twin takes."""
    from firmware_sim.options import add_turnaround

    add_turnaround(parser, TURNAROUND_US)


def make(
    *,
    seed: int = 0,
    load_ohm: int | None = 500,
    turnaround_us: int | None = None,
    sink: Callable[[Row], None] | None = None,
    wiretap: bool = False,
    kind: type[P24Twin] = P24Twin,
) -> P24Twin:
    """A P24 at time 0."""
    answers_us = TURNAROUND_US if turnaround_us is None else turnaround_us
    return kind(seed, load_ohm, turnaround_us=answers_us, sink=sink, wiretap=wiretap)
