"""A program that keeps both channels of an openEMSstim open until it is killed.

usage: ems_program.py JOURNAL. Prints the supervisor's pid once both channels are open, and then a
line for each time that it renews its hold.
"""

from __future__ import annotations

import sys
from pathlib import Path

import stimctl


def main() -> None:
    with stimctl.connect("sim:openemsstim", journal=Path(sys.argv[1])) as device:
        device.load(
            "gate-tens",
            intensities={1: "20 %", 2: "20 %"},
            areas={1: "25 cm2", 2: "25 cm2"},
            acknowledge=["L-ATT"],
        )
        device.arm()
        device.start("60 s")
        device.raise_to(1, "2 %")
        device.raise_to(2, "2 %")
        print(device._client.pid, flush=True)
        while True:
            device.hold("10 s")
            device.wait(1)
            print("held", flush=True)


main()
