"""A sensory threshold by a staircase: the rule of the file chooses, a person answers each pulse.

    python sensory_staircase.py [DEVICE]

On a simulated device a made-up person answers, whose threshold is 2.3 mA. On hardware ask the real
one: wait for a key, a button or your own program in `felt`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import stimctl
from stimctl.api import Device, GivenPulse
from stimctl.errors import StateError, StimctlError

PROTOCOL = Path(__file__).with_name("sensory-staircase.toml")
THRESHOLD_UA = 2_300


def felt(given: GivenPulse) -> bool:
    """What the made-up person says. A pulse says its level here: a real person must not see it."""
    return given.amplitude_ua >= THRESHOLD_UA


def search(device: Device) -> None:
    """Answer until the rule has found it. Events without a pulse are not told, so nobody answers
    them here; a real person may, and that is what they are for."""
    for given in device.pulses_given():
        print(f"{given.amplitude_ua / 1000} mA: {'felt' if felt(given) else 'not felt'}")
        if felt(given):
            try:
                device.answer("felt")
            except StateError as late:  # the time for an answer was over: it counts as not felt
                print(f"too late: {late}", file=sys.stderr)


def main(words: list[str]) -> int:
    """Run the example."""
    try:
        with stimctl.connect(*words[:1] or ["sim:p24"]) as device:
            device.load(PROTOCOL, amplitudes={1: "5 mA"}, areas={1: "25 cm2"})
            device.arm()
            device.start(hold="10 s")
            search(device)
            for found in device.results():
                value = found["value"]
                told = "not found" if value is None else f"{value / 1000} mA"
                print(f"{found['mark']}: {told} ({found['why']})")
    except StimctlError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
