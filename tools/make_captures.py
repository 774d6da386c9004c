"""Makes the captures in `tests/captures` anew: clients from PyPI, unmodified, on our twins.

`python -m tools.make_captures [FOLDER]`. The clients are those of the test dependencies.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import science_mode_4 as sm
from science_mode_4.utils.logger import logger

from firmware_sim.process import TwinProcess
from stimctl.bench.wiretap import capture_of_record
from stimctl.records.captures import SUFFIX, pack_capture

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "captures"
_PROGRAM = ROOT / "tests" / "interop" / "pysciencemode_program.py"


def capture(
    place: Path, device: str, client: str, use: Callable[[str], None], *options: str
) -> None:
    """Have a client use a twin, and write what passed between them."""
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.jsonl"
        with TwinProcess("--wiretap", *options, device=device, record=record) as twin:
            use(twin.url)
            time.sleep(0.3)  # the twin notices that its client has gone
        told = capture_of_record(
            twin.rows(), device, started=started, os=platform.system(),
            origin=f"PyPI client {client}, unmodified, on the twin of a {device}",
        )  # fmt: skip
    place.write_bytes(pack_capture(told.header, told.rows))


def use_science_mode_4(address: str) -> None:
    """Every layer of a P24: general, low level with a measurement, mid level, and its watchdog."""
    logger().setLevel(logging.CRITICAL)
    connection = sm.SerialPortConnection(address)
    connection.open()
    try:
        asyncio.run(_steps(sm.DeviceP24(connection)))
    finally:
        connection.close()


def _points(current_ma: float) -> list[sm.ChannelPoint]:
    return [
        sm.ChannelPoint(200, current_ma),
        sm.ChannelPoint(100, 0),
        sm.ChannelPoint(200, -current_ma),
    ]


def _channel(current_ma: float, ramp: int = 0) -> sm.MidLevelChannelConfiguration:
    return sm.MidLevelChannelConfiguration(True, ramp, 20, _points(current_ma))


async def _steps(device: sm.DeviceP24) -> None:
    await device.initialize()
    general, low, mid = (
        device.get_layer_general(),
        device.get_layer_low_level(),
        device.get_layer_mid_level(),
    )
    await general.get_stim_status()
    await general.get_version()
    await low.init(sm.LowLevelMode.STIM_CURRENT, sm.LowLevelHighVoltageSource.STANDARD)
    for colour in (sm.Channel.RED, sm.Channel.WHITE):
        low.send_channel_config(True, colour, sm.Connector.YELLOW, _points(20))
    await asyncio.sleep(0.3)
    await low.stop()
    await mid.init(True)
    await mid.update([_channel(20), None, _channel(10, ramp=2)])
    for _ in range(8):
        await mid.get_current_data()
        await asyncio.sleep(0.25)
    await mid.update([_channel(30)])
    await asyncio.sleep(0.2)
    await mid.stop()
    await mid.init(True)
    await mid.update([_channel(20)])
    await asyncio.sleep(2.4)  # nothing is sent: the device's watchdog ends it
    await general.get_stim_status()
    await general.reset()


def use_pysciencemode(address: str) -> None:
    """A RehaStim2 is initialised, started, updated, paused and ended."""
    client = subprocess.Popen(
        [sys.executable, str(_PROGRAM), address],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, bufsize=1,
    )  # fmt: skip
    assert client.stdin is not None
    assert client.stdout is not None
    _expect(client.stdout.readline(), "connected")
    for line in ("init 20 10 20", "start", "update 30 20", "pause", "update 40 20", "end"):
        client.stdin.write(line + "\n")
        _expect(client.stdout.readline(), f"done {line.split()[0]}")
        time.sleep(0.3)
    time.sleep(2)  # its watchdog thread goes on
    client.kill()
    client.communicate()


def _expect(line: str, wanted: str) -> None:
    if line.rstrip("\n") != wanted:
        raise RuntimeError(f"the client said {line!r} instead of {wanted!r}")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    place = folder / f"science-mode-4{SUFFIX}"
    capture(place, "p24", "science-mode-4 0.0.23", use_science_mode_4, "--seed", "24")
    place = folder / f"pysciencemode{SUFFIX}"
    capture(place, "rehastim2", "pysciencemode 1.1.5", use_pysciencemode)


if __name__ == "__main__":
    main()
