"""Two channels that alternate: while one is on, the other one rests.

    python alternating_channels.py [DEVICE]

The times stand in the protocol file (`start_after`), not in this script: stimctl checks them before
output, and a script that hangs cannot leave both on. DEVICE is a simulated one unless you name
another; what hardware needs besides is in README.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import stimctl
from stimctl.errors import LimitRefusedError, StimctlError

PROTOCOL = Path(__file__).with_name("alternating.toml")


def run(device_name: str, amplitude: str = "2 mA", maximum: str = "4 mA") -> str:
    """One session; returns its last state."""
    maxima, areas = {1: maximum, 2: maximum}, {1: "50 cm2", 2: "50 cm2"}
    with stimctl.connect(device_name) as device:
        device.load(PROTOCOL, amplitudes=maxima, areas=areas)
        device.arm()
        device.start(
            hold="10 s"
        )  # output ends 10 s after the last renewal, should this script hang
        for channel in (1, 2):
            # Returns when the device has acknowledged it. It renews the hold, and waits for the on
            # time of the channel by itself.
            device.raise_to(channel, amplitude)
        for channel, reading in device.readings.items():
            print(f"channel {channel}: {reading.commanded} commanded")
        device.hold("10 s")
        device.wait(4)  # one cycle of each; raises if the session ends before
        device.stop()  # returns when the device has confirmed zero, raises where it does not
        return device.state


def main(words: list[str]) -> int:
    """Run the example; the exit code is that of `stimctl run`."""
    try:
        print(f"the session is {run(*words[:1] or ['sim:p24'])}")
    except LimitRefusedError as refused:  # nothing was sent
        print(f"above a limit: {refused}", file=sys.stderr)
        return refused.exit_code
    except StimctlError as error:  # each says what happened, why and what to do
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
