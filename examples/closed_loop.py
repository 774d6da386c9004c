"""A closed loop: a channel follows an angle, within the bounds that the session keeps.

    python closed_loop.py [DEVICE]

A hand brings the channel to a level; the controller moves it around that, fifty times a second.
The knee is a made-up one: put the reading of your own sensor in its place.
"""

from __future__ import annotations

import sys

import stimctl
from stimctl.api import Device, Turn
from stimctl.errors import StimctlError

WANTED_DEG = 40.0
GAIN_MA_PER_DEG = 0.05


class Knee:
    """It swings slowly, and more current brings it further."""

    def __init__(self) -> None:
        self.angle_deg = 30.0

    def read(self, level_ma: float) -> float:
        """The angle, a turn later."""
        self.angle_deg += (8.0 * level_ma - self.angle_deg) * 0.02
        return self.angle_deg


def control(device: Device, seconds: float, level_ma: float = 5.0) -> float:
    """Raise to a level, hold the angle for a while; gives the angle at the end."""
    knee = Knee()
    device.raise_to(1, f"{level_ma} mA")

    def turn(now: Turn) -> dict[int, str]:
        error_deg = WANTED_DEG - knee.read(now.readings[1].commanded.value / 1000)
        wanted_ma = level_ma + GAIN_MA_PER_DEG * error_deg
        return {1: now.ranges[1].nearest(wanted_ma)}  # outside of its range it would be refused

    device.loop(turn, rate_hz=50, duration=seconds)
    device.lower_to(1, "0 mA")  # or the channel keeps its level for 2 s more, and ramps to zero
    return knee.angle_deg


def main(words: list[str]) -> int:
    """Run the example."""
    try:
        with stimctl.connect(*words[:1] or ["sim:p24"], follow=True) as device:
            device.load("tens-conventional", amplitudes={1: "8 mA"}, areas={1: "25 cm2"})
            device.arm()
            device.start(hold="5 s")
            print(f"the knee is at {control(device, seconds=3):.0f} degrees")
            device.stop()
    except StimctlError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
