"""How an openEMSstim twin is made and what its command line takes, for `firmware_sim.devices`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from .openemsstim import BOOT_US, Bootloader, Dialect, OpenEmsStimTwin
from .recorder import Row


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only the command line of this twin takes."""
    from firmware_sim.options import time_us

    parser.add_argument(
        "--dialect",
        choices=[dialect.value for dialect in Dialect],
        default=Dialect.HEX_ONLY.value,
        help="which firmware: a takes plain text, b (the released one) only its hex form (b)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end with a failure when the host provokes one of the firmware's defects",
    )
    parser.add_argument(
        "--boot",
        type=lambda text: time_us(text, 100_000_000),
        default=BOOT_US,
        dest="boot_us",
        metavar="US",
        help=f"us from the start of its program until it is ready ({BOOT_US})",
    )
    parser.add_argument(
        "--bootloader",
        choices=[one.name.lower() for one in Bootloader],
        default=Bootloader.NONE.name.lower(),
        help="what runs first after each reset, and hears nothing: old lasts 0.2 s when it hears "
        "bytes and 1.33 s in silence, optiboot 1.40 s (none)",
    )


def make(
    *,
    seed: int = 0,  # noqa: ARG001 - nothing about it is by chance
    dialect: str = Dialect.HEX_ONLY.value,
    strict: bool = False,
    boot_us: int = BOOT_US,
    bootloader: str = Bootloader.NONE.name,
    sink: Callable[[Row], None] | None = None,
    wiretap: bool = False,
) -> OpenEmsStimTwin:
    """An openEMSstim at time 0."""
    return OpenEmsStimTwin(
        dialect=Dialect(dialect),
        boot_us=boot_us,
        bootloader=Bootloader[bootloader.upper()],
        strict=strict,
        sink=sink,
        wiretap=wiretap,
    )
