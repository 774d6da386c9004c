"""The two channels of an openEMSstim: potentiometer and relays, and the record of them.

The device passes on a part of what an external unit puts out; there are no milliamperes here.
"""

from __future__ import annotations

from .openemsstim_fields import DEFAULT_MAX, DEFAULT_MIN
from .recorder import Recorder

WEAKEST = 255
#: What the potentiometer holds at power-on: the factory's mid-scale.
POWER_ON = 128
#: AD5252 register of each channel.
REGISTERS = (1, 3)


def permille(wiper: int) -> int:
    """Return the part of the external unit's signal that is passed on.

    Linear between the ends, as the potentiometer is [POLICY]: the load makes it another curve.
    """
    return (WEAKEST - wiper) * 1000 // WEAKEST


class Channel:
    """Channel index 0 or 1, in rows 1 or 2 as printed on the device."""

    def __init__(self, index: int, recorder: Recorder) -> None:
        self.index = index
        self._recorder = recorder
        self.wiper = POWER_ON
        self.on = False
        self.restart()
        self._record_wiper(0)

    @property
    def number(self) -> int:
        """The printed number."""
        return self.index + 1

    def restart(self) -> None:
        """Hold what the firmware begins with; the potentiometer keeps its value."""
        self.on_ms = 1
        self.end_ms = 1  # 0 is no end; 1 makes the first pass of the main loop switch it off
        self.highest = DEFAULT_MAX
        self.lowest = DEFAULT_MIN

    def set_wiper(self, at_us: int, value: int) -> None:
        """Turn the potentiometer to 0 (strongest) .. 255 (weakest)."""
        self.wiper = value
        self._record_wiper(at_us)

    def switch(self, at_us: int, on: bool) -> None:
        """Open or close the relays."""
        if on == self.on:
            return
        self.on = on
        row = {"at_us": at_us, "channel": self.number, "on": on}
        self._recorder.add({"kind": "relay", **row, "wiper": self.wiper})
        self._recorder.add({"kind": "output", **row})

    def _record_wiper(self, at_us: int) -> None:
        self._recorder.add(
            {
                "kind": "wiper",
                "at_us": at_us,
                "channel": self.number,
                "register": REGISTERS[self.index],
                "value": self.wiper,
                "permille": permille(self.wiper),
            }
        )
