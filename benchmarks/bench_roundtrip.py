"""Commands per second over a pty, one after the other, with a device that answers after 1 ms.

Method: one responder process (the P24 twin in real time, its turnaround set to 1 ms) for each
client and round; the clients run in turn, interleaved. Every command is `Ml_get_current_data` on
a running train, and the next one is sent when the answer to the last one is complete. Clients:

* bare pyserial: frames made beforehand, `write`, then `read` of exactly the answer's length,
  nothing decoded;
* stimctl: what the supervisor runs, i.e. driver, port, reader thread and inbox;
* science-mode-4 (PyPI, unmodified): `await mid_level.get_current_data()`, its logger set to
  WARNING.

Figures: median over rounds of commands per second, and ratios of the medians. The limit nobody
passes is 1 000 per second minus what the two processes cost.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import serial

from stimctl.devices.events import Ready, StatusRead
from stimctl.devices.family import family_row
from stimctl.devices.p24.driver import P24Driver
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.safety import Cleared, Electrode, clear, envelope_for
from stimctl.stimulus import Pulse, PulseShape, Stimulus
from stimctl.supervisor.inbox import Arrived, Inbox
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.port import open_port
from stimctl.supervisor.port_types import Port
from stimctl.wire.sciencemode4.framing import FrameDecoder, encode_frame

AMPLITUDE_UA, WIDTH_US, GAP_US, FREQUENCY_MHZ = 10_000, 200, 100, 50_000
_ANSWER_BYTES = 19
_TIMEOUT_S = 5.0


class Responder:
    """The twin as another process behind a pty."""

    def __enter__(self) -> str:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "firmware_sim", "p24"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()[1]

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def _cleared() -> Cleared:
    stimulus = Stimulus(
        pulse=Pulse(
            shape=PulseShape.SYMMETRIC,
            amplitude_ua=AMPLITUDE_UA,
            phase_width_us=WIDTH_US,
            interphase_gap_us=GAP_US,
        ),
        frequency_mhz=FREQUENCY_MHZ,
    )
    answer = clear(stimulus, envelope_for(P24_SHEET.bounds, Electrode(area_mm2=2500)))
    if not isinstance(answer, Cleared):
        raise RuntimeError(answer.message)
    return answer


Opener = Callable[[], Port]


def through_stimctl(
    address: str, count: int, tapped: Callable[[Opener], Opener] = lambda opener: opener
) -> float:
    """Commands per second. `tapped`: puts something between port and supervisor."""
    inbox, driver = Inbox(), P24Driver()
    opener = tapped(lambda: open_port(address, family_row("p24").lines))
    line = DeviceLine(opener(), opener, inbox)

    def turn_until(kind: type) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while time.monotonic() < deadline:
            line.send(driver.transmit())
            item = inbox.get(0.01)
            now_ns = time.monotonic_ns()
            if isinstance(item, Arrived):
                driver.receive(now_ns, item.data)
            driver.advance(now_ns)
            if any(isinstance(event, kind) for event in driver.events()):
                return
        raise RuntimeError(f"no {kind.__name__} within {_TIMEOUT_S} s")

    try:
        driver.connect(time.monotonic_ns())
        turn_until(Ready)
        driver.apply(time.monotonic_ns(), {1: _cleared().point(AMPLITUDE_UA)})
        while not driver.events():
            turn_until_any(driver, line, inbox)
        begun = time.perf_counter()
        for _ in range(count):
            driver.keep_alive(time.monotonic_ns())
            turn_until(StatusRead)
        return count / (time.perf_counter() - begun)
    finally:
        line.drop()


def turn_until_any(driver: P24Driver, line: DeviceLine, inbox: Inbox) -> None:
    """One turn of the loop while the train is being started."""
    line.send(driver.transmit())
    item = inbox.get(0.05)
    if isinstance(item, Arrived):
        driver.receive(time.monotonic_ns(), item.data)
    driver.advance(time.monotonic_ns())


def _start_bare(port: serial.Serial) -> None:
    """Ml_init and Ml_update by hand: one 10 mA, 200 us, 50 Hz train on channel 1."""
    points = b""
    for time_us, current_ua in ((WIDTH_US, AMPLITUDE_UA), (GAP_US, 0), (WIDTH_US, -AMPLITUDE_UA)):
        code = 300 + current_ua // 500
        points += (time_us << 20 | code << 10).to_bytes(4, "big")
    train = b"\x01\x20" + (40 << 1).to_bytes(2, "big") + points
    decoder = FrameDecoder()
    for number, (command, data) in enumerate(((30, b"\x00"), (32, train))):
        port.write(encode_frame(number, command, data))
        while not decoder.feed(port.read(1)):
            pass


def _through_pyserial(address: str, count: int) -> float:
    with serial.Serial(address, timeout=_TIMEOUT_S) as port:
        _start_bare(port)
        # Packet 60 is left out: its number is stuffed, and its answer one byte longer.
        frames = [encode_frame(number, 36, b"\x04") for number in range(60)]
        begun = time.perf_counter()
        for index in range(count):
            port.write(frames[index % 60])
            if len(port.read(_ANSWER_BYTES)) != _ANSWER_BYTES:
                raise RuntimeError("a short answer")
        return count / (time.perf_counter() - begun)


def _through_science_mode_4(address: str, count: int) -> float:
    from science_mode_4 import (
        ChannelPoint,
        DeviceP24,
        MidLevelChannelConfiguration,
        SerialPortConnection,
    )

    logging.getLogger("science_mode_4").setLevel(logging.WARNING)

    async def run() -> float:
        connection = SerialPortConnection(address)
        connection.open()
        try:
            device = DeviceP24(connection)
            await device.initialize()
            mid = device.get_layer_mid_level()
            await mid.init(False)
            shape = ((WIDTH_US, 10), (GAP_US, 0), (WIDTH_US, -10))
            points = [ChannelPoint(time_us, current_ma) for time_us, current_ma in shape]
            await mid.update([MidLevelChannelConfiguration(True, 0, 20, points)])
            begun = time.perf_counter()
            for _ in range(count):
                await mid.get_current_data()
            return count / (time.perf_counter() - begun)
        finally:
            connection.close()

    return asyncio.run(run())


CLIENTS: dict[str, tuple[Callable[[str, int], float], int]] = {
    "bare pyserial": (_through_pyserial, 600),
    "stimctl": (through_stimctl, 600),
    "science-mode-4": (_through_science_mode_4, 120),
}


def measure(*, quick: bool = False) -> dict[str, Any]:
    samples: dict[str, list[float]] = {name: [] for name in CLIENTS}
    for _ in range(2 if quick else 7):
        for name, (client, count) in CLIENTS.items():
            with Responder() as address:
                samples[name].append(client(address, count // 4 if quick else count))
    medians = {name: statistics.median(values) for name, values in samples.items()}
    return {
        "commands_per_second": {name: round(value) for name, value in medians.items()},
        "times_science_mode_4": round(medians["stimctl"] / medians["science-mode-4"], 2),
        "time_over_bare_pyserial": round(medians["bare pyserial"] / medians["stimctl"], 3),
    }


def report(result: dict[str, Any]) -> str:
    lines = ["commands per second over a pty, device answers after 1 ms"]
    lines += [f"  {name:16s} {rate:6d}" for name, rate in result["commands_per_second"].items()]
    lines += [
        f"  stimctl is {result['times_science_mode_4']} times as fast as science-mode-4 "
        "(promise: 6)",
        f"  stimctl takes {result['time_over_bare_pyserial']} times the time of bare pyserial "
        "(promise: at most 1.15)",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = measure(quick="--quick" in sys.argv)
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
