"""The same session on every device: the script asks the plan for its steps, and knows no device.

    python every_device.py [DEVICE ...]

Devices differ in their steps (0.5 mA, 2 mA, 1 %) and in what they know: an attenuator knows no
current, so its protocol and its maximum are in percent of its own scale. That, and nothing else, is
chosen here by the name of the device.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import stimctl
from stimctl.errors import StimctlError

SIMULATED = ["sim:p24", "sim:rehamove3", "sim:rehastim2", "sim:openemsstim"]
CURRENT: dict[str, Any] = {"protocol": "tens-conventional", "amplitudes": {1: "6 mA"}}
#: Somebody attends, with a hand on the switch of the unit behind the attenuator.
PERCENT: dict[str, Any] = {
    "protocol": "gate-tens", "intensities": {1: "20 %"}, "acknowledge": ["L-ATT"],
}  # fmt: skip
ATTENUATORS = ("openemsstim",)


def settings(device_name: str) -> dict[str, Any]:
    """What to load on that device."""
    return PERCENT if any(name in device_name for name in ATTENUATORS) else CURRENT


def amount(plan: Mapping[str, Any], steps: int) -> str:
    """So many steps of channel 1 on this device, as text with its unit."""
    level = steps * int(plan["steps"]["1"])
    return f"{level} %" if plan["unit"] == "%" else f"{level / 1000} mA"


def run(device_name: str) -> str:
    """Raise channel 1 by two steps, lower it by one, stop; returns what was acknowledged."""
    with stimctl.connect(device_name) as device:
        plan = device.load(**settings(device_name), areas={1: "25 cm2"})
        device.arm()
        device.start(hold="10 s")
        device.raise_to(1, amount(plan, steps=2))
        highest = device.readings[1].acknowledged
        device.lower_to(1, amount(plan, steps=1))
        device.stop()
        return f"{device_name}: up to {highest}, then {device.state}"


def main(words: list[str]) -> int:
    """Run it on each device; the first that refuses decides the exit code, and ends it."""
    for device_name in words or SIMULATED:
        try:
            print(run(device_name), flush=True)
        except StimctlError as error:
            print(f"{device_name}: {error}", file=sys.stderr)
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
