"""A program that uses the PyPI client pysciencemode, told what to do line by line on stdin.

A process of its own, because the client's watchdog thread outlives everything but its process.
"""

from __future__ import annotations

import os
import sys

from pysciencemode import Channel, Device, Modes, Rehastim2


def channel(number: int, current_ma: int) -> Channel:
    return Channel(
        mode=Modes.SINGLE,
        no_channel=number,
        amplitude=current_ma,
        pulse_width=200,
        device_type=Device.Rehastim2,
    )


def main() -> None:
    # What the client prints goes elsewhere: its threads print without a care for whole lines.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    client = Rehastim2(port=sys.argv[1])
    print("connected", file=answers, flush=True)
    for line in sys.stdin:
        word, *numbers = line.split()
        values = [int(number) for number in numbers]
        if word == "init":
            channels = [channel(i, current) for i, current in enumerate(values[1:], start=1)]
            client.init_channel(stimulation_interval=values[0], list_channels=channels)
        elif word == "start":
            client.start_stimulation()
        elif word == "update":
            channels = [channel(i, current) for i, current in enumerate(values, start=1)]
            client.start_stimulation(upd_list_channels=channels)
        elif word == "pause":
            client.pause_stimulation()
        elif word == "end":
            client.end_stimulation()
        print("done", word, file=answers, flush=True)


main()
# Its threads are not daemons: only this ends them at once.
os._exit(0)
