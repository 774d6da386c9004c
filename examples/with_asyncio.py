"""The asyncio form: two channels rise together, while another task marks the record.

    python with_asyncio.py [DEVICE]

A task that is cancelled, by a timeout too, stops the output.
"""

from __future__ import annotations

import asyncio
import sys

import stimctl
from stimctl.errors import StimctlError


async def mark(device: stimctl.aio.AsyncDevice) -> None:
    """Mark the record twice a second; a mark has the time of the pulses and of every event."""
    number = 0
    while True:
        number += 1
        await device.mark(f"beat {number}")
        await asyncio.sleep(0.5)


async def session(name: str) -> None:
    """One session."""
    async with stimctl.aio.connect(name) as device:
        most, areas = {1: "4 mA", 2: "4 mA"}, {1: "25 cm2", 2: "25 cm2"}
        await device.load("tens-conventional", amplitudes=most, areas=areas)
        await device.arm()
        await device.start(hold="5 s")
        marking = asyncio.create_task(mark(device))
        await asyncio.gather(device.raise_to(1, "2 mA"), device.raise_to(2, "1.5 mA"))
        await asyncio.sleep(0.5)  # this is what was asked for
        for channel, reading in (await device.readings()).items():
            print(f"channel {channel}: {reading.acknowledged}")
        await device.stop()
        marking.cancel()


def main(words: list[str]) -> int:
    """Run the example."""
    try:
        asyncio.run(session(*words[:1] or ["sim:p24"]))
    except StimctlError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
