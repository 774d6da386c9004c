"""How a RehaStim2 twin is made and what its command line takes, for `firmware_sim.devices`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from .recorder import Row
from .rehastim2 import TURNAROUND_US, RehaStim2Twin


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
) -> RehaStim2Twin:
    """A RehaStim2 at time 0."""
    return RehaStim2Twin(
        seed,
        load_ohm,
        turnaround_us=TURNAROUND_US if turnaround_us is None else turnaround_us,
        sink=sink,
        wiretap=wiretap,
    )
