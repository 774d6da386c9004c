"""A recruitment curve: single pulses at amplitudes that rise step by step, with their times.

    python recruitment_curve.py [DEVICE] > stimuli.csv

stimctl records no EMG. The table has, for every pulse, between which two moments it was given, on
the monotonic clock of this computer. Your recorder's samples are joined to it by time; on a P24 the
two moments are some milliseconds apart, so take an artefact or a trigger where that is too much.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import stimctl
from stimctl.api import Device, GivenPulse
from stimctl.errors import LinkError, StateError, StimctlError

PROTOCOL = Path(__file__).with_name("single-pulses.toml")
COLUMNS = ("amplitude_ma", "sent_ns", "acknowledged_ns")


def curve(
    device: Device, amplitudes_ma: list[float], pulses: int, chance: random.Random
) -> Iterator[GivenPulse]:
    """Give `pulses` at each amplitude, at uneven distances, so that nobody expects them."""
    for amplitude in (f"{value} mA" for value in amplitudes_ma):
        device.raise_to(1, amplitude)  # no pulse may be above what the channel was raised to
        for _ in range(pulses):
            device.hold("10 s")
            device.wait(chance.uniform(0.2, 0.4))  # a reflex needs seconds between two pulses
            try:
                yield device.pulse(1, amplitude)
            except StateError as refused:  # it was not given, so it is no part of the curve
                print(f"no pulse: {refused}", file=sys.stderr)
            except LinkError as unknown:  # it may have been given: nothing can be said of it
                print(f"perhaps a pulse: {unknown}", file=sys.stderr)


def main(words: list[str]) -> int:
    """Run the example; the table is on stdout."""
    table = csv.writer(sys.stdout)
    table.writerow(COLUMNS)
    try:
        with stimctl.connect(*words[:1] or ["sim:p24"], single_pulses=True) as device:
            device.load(PROTOCOL, amplitudes={1: "5 mA"}, areas={1: "25 cm2"})
            device.arm()
            device.start(hold="10 s")
            for given in curve(device, [1, 2, 3, 4, 5], pulses=2, chance=random.Random()):
                table.writerow((given.amplitude_ua / 1000, given.sent_ns, given.acked_ns))
            device.stop()
    except StimctlError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
